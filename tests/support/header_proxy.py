"""A proxy on loopback that adds headers, for programs that can't send any of their own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What becomes of the head of a request. Bytes in, bytes out: nothing else about it is touched.

    A Host or an Origin that names the proxy is replaced by the upstream's; a foreign one stays, for it is the upstream
    that has to refuse it.
    """

    own: frozenset[bytes]
    upstream: bytes
    added: Mapping[str, str]

    def __call__(self, head: bytes) -> bytes:
        first, *fields = head.split(b"\r\n")
        more = [f"{name}: {value}".encode() for name, value in self.added.items()]
        return b"\r\n".join([first, *map(self._field, fields), *more]) + b"\r\n\r\n"

    def _field(self, field: bytes) -> bytes:
        name, _, value = field.partition(b":")
        match name.strip().lower():
            case b"host" if value.strip() in self.own:
                return b"Host: " + self.upstream
            case b"origin" if value.strip().removeprefix(b"http://") in self.own:
                return b"Origin: http://" + self.upstream
            case _:
                return field


@contextlib.asynccontextmanager
async def header_proxy(url: str, headers: Mapping[str, str]) -> AsyncGenerator[str]:
    """`url`, http only, as it is reached through the proxy."""
    there = urlsplit(url)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port: int = listener.extra(SocketAttribute.local_port)
    own = frozenset(f"{host}:{port}".encode() for host in ("localhost", "127.0.0.1"))
    rewriting = Rewriting(own, there.netloc.encode(), headers)

    async def serve(client: SocketStream) -> None:
        with contextlib.suppress(anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, OSError):
            async with client, await anyio.connect_tcp(there.hostname or "", there.port or 80) as upstream:
                await _relay(client, upstream, rewriting)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield there._replace(netloc=f"127.0.0.1:{port}").geturl()
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def _relay(client: SocketStream, upstream: SocketStream, rewriting: Rewriting) -> None:
    """Until either side closes; then both are closed, so that each learns of the other's end."""
    async with anyio.create_task_group() as tasks:

        async def answer() -> None:
            async for chunk in upstream:
                await client.send(chunk)
            tasks.cancel_scope.cancel()

        tasks.start_soon(answer)
        with contextlib.suppress(anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
            await _requests(BufferedByteReceiveStream(client), upstream, rewriting)
        tasks.cancel_scope.cancel()


async def _requests(client: BufferedByteReceiveStream, upstream: SocketStream, rewriting: Rewriting) -> None:
    while True:
        head = await client.receive_until(b"\r\n\r\n", HEAD_BYTES)
        length = _body_bytes(head)
        await upstream.send(rewriting(head))
        if length:
            await upstream.send(await client.receive_exactly(length))


def _body_bytes(head: bytes) -> int:
    for field in head.split(b"\r\n")[1:]:
        name, _, value = field.partition(b":")
        if name.strip().lower() == b"transfer-encoding":
            raise ValueError("this proxy takes requests with a Content-Length only")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0

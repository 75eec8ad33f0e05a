"""A raw TCP server that plays scripted bytes, one script for each connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketListener, SocketStream
from anyio.streams.tls import TLSStream

from gatehouse.upstreams.http import HttpClient, HttpResponse, Origin

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Peer:
    """The server's side of one connection."""

    stream: SocketStream | TLSStream
    number: int
    closed: anyio.Event = field(default_factory=anyio.Event)
    _buffer: bytes = b""

    async def request(self) -> bytes:
        """Head and body of the next request; empty once the client has closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not await self._more():
                return b""
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")), 0
        )
        while len(rest) < length:
            if not await self._more():
                return b""
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        self._buffer = rest[length:]
        return head + b"\r\n\r\n" + rest[:length]

    async def say(self, data: bytes) -> None:
        await self.stream.send(data)

    async def until_closed(self) -> None:
        while await self._more():
            pass

    async def _more(self) -> bool:
        try:
            self._buffer += await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            self.closed.set()
            return False
        return True


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Played:
    origin: Origin
    peers: list[Peer] = field(default_factory=list)


@asynccontextmanager
async def playing(script: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Played]:
    """Serve on a free port; each connection plays the script, then is closed."""
    multi = await anyio.create_tcp_listener(local_host=host, backlog=1024)
    listener: SocketListener = multi.listeners[0]
    port = listener.extra(SocketAttribute.local_port)
    played = Played(Origin("https" if tls else "http", host, port))

    async def serve(stream: SocketStream) -> None:
        async with stream:
            try:
                wrapped = await TLSStream.wrap(stream, server_side=True, ssl_context=tls) if tls else stream
                peer = Peer(wrapped, len(played.peers))
                played.peers.append(peer)
                await script(peer)
                if tls:
                    await wrapped.aclose()
            except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError, ssl.SSLError):
                pass

    failure: Exception | None = None
    async with multi, anyio.create_task_group() as group:
        group.start_soon(multi.serve, serve)
        try:
            yield played
        except Exception as error:
            failure = error  # raised outside the group, which would wrap it
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


@contextmanager
def full_backlog() -> Iterator[Origin]:
    """An address whose connections are never accepted."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield Origin("http", *listener.getsockname())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def always(answer: bytes) -> Script:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(answer)

    return script


def once(answer: bytes) -> Script:
    """Answer one request, then close."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer)

    return script


@dataclass
class HandClock:
    """A clock that is turned by hand."""

    seconds: float = 1000.0

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds


async def post(client: HttpClient, played: Played, body: bytes = b"{}", timeout: float | None = 5) -> HttpResponse:
    return await client.request(b"POST", played.origin, b"/mcp", b"accept: */*\r\n", body, timeout=timeout)


async def silent(peer: Peer) -> None:
    """Take everything, answer nothing."""
    await peer.until_closed()

"""HTTP as the MCP faces see it: a request that was read, and an exchange to answer on. ASGI's form of it is here too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import msgspec
from starlette.types import Receive, Scope, Send

JSON_HEADERS = ((b"content-type", b"application/json"),)
STREAM_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
)
Headers = tuple[tuple[bytes, bytes], ...]
_HOPS = b"x-forwarded-for"
NO_CONTENT = 204
"""The one status of ours that has neither a body nor its length (RFC 9110 8.6)."""


class HttpRequest(msgspec.Struct):
    """`headers` have lower-case names; of those sent twice (`repeated`) the last one counts."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes = b""
    repeated: frozenset[bytes] = frozenset()
    target: bytes = b""
    """Path and query as they were sent."""
    screening: Screening | None = None
    """What was told of this very head before."""
    peer: str | None = None
    """The address of who holds the connection."""


class Screening(msgspec.Struct, frozen=True):
    """What the head of a request tells by itself, whoever asks and whatever the body says."""

    refusal: tuple[int, str] | None
    """Status and words, where the request is not to be answered."""
    cors: Headers
    server: str
    face: str
    modern: bool | None
    """None where the body has to tell."""
    forwarded: bool = False
    """Another worker of ours sent it on, and has asked what is asked at each request."""


def read_headers(pairs: list[tuple[bytes, bytes]]) -> tuple[dict[bytes, bytes], frozenset[bytes]]:
    """Header fields as a dict, and the names that were sent more than once."""
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers, frozenset()
    names = [name for name, _ in pairs]
    if names.count(_HOPS) > 1:
        # Each proxy may add a line of its own, and they are one list.
        headers[_HOPS] = b", ".join(value for name, value in pairs if name == _HOPS)
    return headers, frozenset(name for name in headers if names.count(name) > 1)


class ClientGone(Exception):
    """Nobody reads the answer any more."""


class Exchange(Protocol):
    """One answer: `reply` whole, or `start`, some `write`, and `end`."""

    @property
    def gone(self) -> bool: ...

    @property
    def started(self) -> bool:
        """Whether a head was sent, so that nothing can be replied any more."""
        ...

    def when_gone(self, callback: Callable[[], object]) -> None:
        """Call this when the client goes away before the answer is complete; at once where it already has."""
        ...

    def cancel_when_gone(self) -> None:
        """The same, to cancel the task that the rest of the work is done in."""
        ...

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """The whole answer. Nothing is waited for: it is as long as it is."""
        ...

    async def start(self, status: int, headers: Headers) -> None: ...

    async def write(self, data: bytes) -> None:
        """Waits while the client reads slowly; raises `ClientGone`."""
        ...

    async def end(self) -> None: ...

    def settle(self) -> None:
        """Nothing more will come: an answer that is not whole is cut off, so that nobody takes it for one."""
        ...


class AsgiExchange:
    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._callback: Callable[[], object] | None = None
        self._answer: tuple[int, Headers, bytes] | None = None
        self.gone = False
        self.started = False

    def when_gone(self, callback: Callable[[], object]) -> None:
        self._callback = callback
        if self.gone:
            callback()

    def cancel_when_gone(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self.when_gone(task.cancel)

    async def watch(self) -> None:
        """Wait for the client to go away. Uvicorn's `send` succeeds for ever after that, so this is the only sign."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._callback is not None:
            self._callback()

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        self._answer = (status, headers, body)

    async def flush(self) -> None:
        """Send what `reply` was given, once nothing else is left to do."""
        if self._answer is None or self.gone:
            return
        status, headers, body = self._answer
        length = () if status == NO_CONTENT else ((b"content-length", b"%d" % len(body)),)
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
        await self._send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def write(self, data: bytes) -> None:
        if self.gone:
            raise ClientGone
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        if not self.gone:
            await self._send({"type": "http.response.body", "body": b""})

    def settle(self) -> None:
        """The server cuts off what an ASGI application leaves unfinished."""


class BodyTooLarge(Exception):
    """More than the limit was sent, or announced."""


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The request's body; None where the client went away meanwhile. Raises `BodyTooLarge`."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return b"".join(chunks)


Work = Coroutine[Any, Any, None]
Handler = Callable[[HttpRequest, Exchange], Work | None]
"""Answers at once what needs no waiting; else the work that is left, to be run in a task of its own."""


async def run_asgi(handler: Handler, request: HttpRequest, receive: Receive, send: Send) -> None:
    """Run a handler on an ASGI request; the client's going away may cancel what it left to do."""
    exchange = AsgiExchange(receive, send)
    left = handler(request, exchange)
    if left is not None:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(exchange.watch())
            work = group.create_task(left)
            work.add_done_callback(lambda _: watcher.cancel())
    await exchange.flush()

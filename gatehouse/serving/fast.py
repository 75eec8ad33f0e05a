"""The fast way: an MCP POST is answered inside uvicorn's HTTP protocol object, without ASGI.

Uvicorn keeps the socket, TLS, keep-alive, pipelining and shutdown; `docs/decisions` tells why and what it saves. What is
unusual (chunked or long bodies, `Expect`, upgrades, pipelined requests) goes the ASGI way; both run the same handler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from gatehouse.serving.http import (
    JSON_HEADERS,
    NO_CONTENT,
    ClientGone,
    Handler,
    Headers,
    HttpRequest,
    Screening,
    read_headers,
)

LARGEST = 1024 * 1024
"""Bytes of body that are gathered here; longer ones go the ASGI way, which reads no faster than it must."""

SMALL = 64 * 1024
"""Answers up to this many bytes are copied behind their head, for one write."""
_JSON_LINE = b"content-type: application/json\r\n"
_UNCOMMON = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
"""Headers of requests that go the ASGI way."""
KEPT_HEADS, LONGEST_KEPT = 2000, 2048
"""How many heads are remembered, and how many bytes they may have."""
LARGEST_HEAD = 64 * 1024
"""Bytes of request line and headers."""


class FastExchange:
    """One request and its answer. Uvicorn takes it for one of its own cycles, and reads the upper attributes."""

    __slots__ = (
        "_callback",
        "_chunked",
        "_protocol",
        "body",
        "disconnected",
        "keep_alive",
        "message_event",
        "more_body",
        "request",
        "response_complete",
        "started",
        "task",
    )

    def __init__(self, protocol: FastProtocol, request: HttpRequest, keep_alive: bool) -> None:
        self.disconnected = False
        self.response_complete = False
        self.keep_alive = keep_alive
        self.more_body = True
        self.body = bytearray()
        self.started = False
        self.message_event = self
        self.request = request
        self.task: asyncio.Task[None] | None = None
        self._protocol = protocol
        self._callback: Callable[[], object] | None = None
        self._chunked = False

    @classmethod
    def over(cls, protocol: FastProtocol) -> FastExchange:
        """One that was answered before it began."""
        exchange = cls(protocol, HttpRequest("", "", b"", {}), False)
        exchange.response_complete = True
        return exchange

    def set(self) -> None:
        """Uvicorn sets the `message_event` of a cycle when its connection is lost, or more of its body is here."""
        if self.disconnected and self.task is not None and not self.task.done():
            # The connection held the task; now the server does, so that it is waited for when it shuts down.
            self._protocol.tasks.add(self.task)
            self.task.add_done_callback(self._protocol.tasks.discard)
        if self.disconnected and self._callback is not None:
            callback, self._callback = self._callback, None
            callback()

    @property
    def gone(self) -> bool:
        return self.disconnected

    def when_gone(self, callback: Callable[[], object]) -> None:
        self._callback = callback
        if self.disconnected:
            callback()

    def cancel_when_gone(self) -> None:
        # The task is known here; asking the loop for it costs a microsecond.
        if self.task is not None:
            self.when_gone(self.task.cancel)

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        if self.disconnected:
            return
        if status == NO_CONTENT:
            self._protocol.transport.write(self._head(status, headers, b""))
            self._complete()
            return
        head = self._head(status, headers, b"content-length: %d\r\n" % len(body))
        if len(body) <= SMALL:
            self._protocol.transport.write(head + body)
        else:
            self._protocol.transport.writelines((head, body))
        self._complete()

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        if not self.disconnected:
            self._protocol.transport.write(self._head(status, headers, b"transfer-encoding: chunked\r\n"))

    async def write(self, data: bytes) -> None:
        if self._protocol.flow.write_paused and not self.disconnected:
            await self._protocol.flow.drain()
        if self.disconnected or self.response_complete:
            raise ClientGone
        self._protocol.transport.write(b"".join((b"%x\r\n" % len(data), data, b"\r\n")))

    async def end(self) -> None:
        if not self.disconnected:
            self._protocol.transport.write(b"0\r\n\r\n")
            self._complete()

    def settle(self) -> None:
        if not self.response_complete and not self.disconnected:
            self._protocol.transport.close()

    def _head(self, status: int, headers: Headers, length: bytes) -> bytes:
        lines = _JSON_LINE if headers is JSON_HEADERS else b"".join([b"%b: %b\r\n" % header for header in headers])
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        return STATUS_LINE[status] + self._protocol.default_lines + lines + length + end

    def _complete(self) -> None:
        self.response_complete = True
        if not self.keep_alive:
            self._protocol.transport.close()
        self._protocol.on_response_complete()


@dataclass(frozen=True, slots=True)
class Ways:
    handler: Handler
    limit: int
    """Bytes of body; with 0 everything goes the ASGI way."""
    drain: Callable[[], None]
    """Ends open streams when the server shuts down."""
    heads: dict[bytes, Head] = field(default_factory=dict["bytes", "Head"])
    """Heads of requests that came before, by their bytes."""


@dataclass(slots=True)
class Head:
    """`length` is that of the body. The request is the first one that had this head, without its body."""

    length: int
    keep_alive: bool
    request: HttpRequest
    screening: Screening | None


class FastProtocol(HttpToolsProtocol):
    """`ways` is set on a subclass by `fast_protocol`."""

    ways: ClassVar[Ways]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.peer: str | None = None
        self._default: tuple[object, bytes] = (None, b"")
        self._in_head = False
        self._head_bytes = 0
        self._chunk = 0
        self._idle_since: float | None = None
        self._between = True
        self._common: FastExchange | None = None

    @property
    def default_lines(self) -> bytes:
        """Uvicorn's own header lines (date); rendered once for each new second."""
        default = self.server_state.default_headers
        if self._default[0] is not default:
            self._default = (default, b"".join(b"%b: %b\r\n" % header for header in default))
        return self._default[1]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        super()._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        if self._between:
            end = data.find(b"\r\n\r\n") + 4
            head = self.ways.heads.get(data[:end])
            before = cast("Any", self.cycle)
            if head is not None and len(data) - end == head.length and (before is None or before.response_complete):
                self._begin(head, data[end:])
                return
        self._parse(data)

    def _begin(self, head: Head, body: bytes) -> None:
        """A whole request whose head came before, byte for byte: what the parser said of it then holds."""
        seen = head.request
        request = HttpRequest(
            "POST", seen.path, seen.query, seen.headers, body, seen.repeated, seen.target, head.screening, self.peer
        )
        cycle = FastExchange(self, request, head.keep_alive)
        self.cycle = cycle  # type: ignore[assignment]
        self._answer(cycle)
        head.screening = request.screening

    def _parse(self, data: bytes) -> None:
        fresh, self._common = self._between, None
        self._chunk = len(data)
        super().data_received(data)
        common: FastExchange | None = self._common
        if fresh and self._between and common is not None:
            self._remember(data, common)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                self._refuse_head()

    def _remember(self, data: bytes, cycle: FastExchange) -> None:
        """Clients send the same head again and again. The one that came is kept where it is all of `data` but the body."""
        end = data.find(b"\r\n\r\n") + 4
        heads = self.ways.heads
        if end <= LONGEST_KEPT and len(data) - end == len(cycle.request.body):
            if len(heads) >= KEPT_HEADS:
                heads.clear()
            seen = msgspec.structs.replace(cycle.request, body=b"")
            heads[data[:end]] = Head(len(data) - end, cycle.keep_alive, seen, seen.screening)

    def _unset_keepalive_if_required(self) -> None:
        """The timer is left to run, and looks at the time when it goes off: that costs a busy connection nothing."""

    def timeout_keep_alive_handler(self) -> None:
        idle = self.loop.time() - self._idle_since if self._idle_since is not None else 0.0
        if idle >= self.timeout_keep_alive:
            super().timeout_keep_alive_handler()
        else:
            again = self.timeout_keep_alive - idle
            self.timeout_keep_alive_task = self.loop.call_later(again, self.timeout_keep_alive_handler)

    def on_response_complete(self) -> None:
        if self.pipeline or self.timeout_keep_alive_task is None:
            super().on_response_complete()
        else:
            self.server_state.total_requests += 1
            self.flow.resume_reading()
        self._idle_since = self.loop.time()

    def _refuse_head(self) -> None:
        """Neither uvicorn nor its parser bounds the head of a request."""
        self._in_head = False
        words = b"The request line and headers are larger than %d bytes.\n" % LARGEST_HEAD
        lines = b"content-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(words)
        self.transport.write(STATUS_LINE[431] + lines + words)
        self.transport.close()

    def on_message_begin(self) -> None:
        """Uvicorn's part is put off until it is known that the request goes the ASGI way."""
        self._in_head, self._head_bytes, self._between = True, 0, False
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        # Uvicorn stops reading at 64 KB until its cycle asks for more; here the whole body is gathered, up to `LARGEST`.
        if isinstance(self.cycle, FastExchange):
            self.cycle.body += body
        else:
            super().on_body(body)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head_bytes + self._chunk > LARGEST_HEAD and self._head_size() > LARGEST_HEAD:
            self._refuse_head()
            self.cycle = FastExchange.over(self)  # type: ignore[assignment]
            return
        headers, repeated = read_headers(self.headers)
        if not self._is_common(headers):
            self._go_the_asgi_way()
            return
        path, _, query = self.url.partition(b"?")
        request = HttpRequest("POST", path.decode("ascii"), query, headers, b"", repeated, self.url, None, self.peer)
        keep_alive = b"connection" not in headers or cast("Any", self.parser).should_keep_alive()
        self.cycle = FastExchange(self, request, keep_alive)  # type: ignore[assignment]

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _go_the_asgi_way(self) -> None:
        """Let uvicorn begin the message, and tell it what came meanwhile."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def _is_common(self, headers: dict[bytes, bytes]) -> bool:
        length = headers.get(b"content-length", b"0")
        if not self.url.endswith(b"/mcp") or not length.isdigit() or not _UNCOMMON.isdisjoint(headers):
            return False
        parser, before = cast("Any", self.parser), cast("Any", self.cycle)
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1" or b"%" in self.url:
            return False
        if before is not None and not before.response_complete:
            return False
        return 0 < int(length) <= min(LARGEST, self.ways.limit)

    def on_message_complete(self) -> None:
        cycle: Any = self.cycle
        if not isinstance(cycle, FastExchange) or cycle.response_complete:
            self._between = True
            super().on_message_complete()
            return
        self._between = True
        cycle.request.body = bytes(cycle.body)
        self._common = cycle
        self._answer(cycle)

    def _answer(self, cycle: FastExchange) -> None:
        cycle.more_body = False
        left = self.ways.handler(cycle.request, cycle)
        if left is not None:
            cycle.task = self.loop.create_task(left)

    def shutdown(self) -> None:
        """Uvicorn asks each connection to end: the open streams among them have to be told."""
        self.ways.drain()
        super().shutdown()


def fast_protocol(ways: Ways) -> type[FastProtocol]:
    """A protocol class for `uvicorn.Config(http=...)`, which makes its instances itself."""
    return type("FastMcpProtocol", (FastProtocol,), {"ways": ways})

"""One connection: writes a request, parses its answer, and says when it can serve again."""

from __future__ import annotations

import asyncio
import math
import select
import ssl
from typing import NamedTuple, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gatehouse.upstreams.http.errors import BadResponse, ConnectionLost, HttpError, ResponseTimedOut
from gatehouse.upstreams.http.response import HttpResponse

HEAD_LIMIT = 64 * 1024
"""Bytes of head, of trailers, or of anything else that brings no byte of body."""
KEPT_HEADS, LONGEST_KEPT = 500, 2048
"""How many heads of an origin's answers are remembered, and how many bytes they may have."""
SMALL = 64 * 1024
"""Requests up to this many bytes go out in one write."""
_BODILESS = frozenset({204, 304})
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


class Head(NamedTuple):
    """The head of an answer as it was understood. `length` is that of the body; the headers are not to be changed."""

    status: int
    headers: dict[bytes, bytes]
    length: int


class Owner(Protocol):
    """The pool, as far as a connection needs it."""

    body_limit: int
    peer: str
    heads: dict[bytes, Head]
    """Heads of answers that came before, by their bytes: servers send few different ones."""

    def in_time(self, seconds: float) -> float:
        """The deadline that many seconds from now; the sweep will look then."""
        ...

    def release(self, connection: Connection) -> None:
        """The connection has finished an exchange and can serve another."""
        ...

    def discard(self, connection: Connection) -> None:
        """The connection will not serve again; told once."""
        ...


class Connection(asyncio.Protocol):
    """Serves one exchange at a time. `deadline` is when the sweep ends it, in use or idle."""

    __slots__ = (
        "_complete",
        "_headers",
        "_loop",
        "_overhead",
        "_owner",
        "_parser",
        "_paused",
        "_response",
        "_reusable",
        "_served",
        "_transport",
        "_unsent",
        "_until_close",
        "_waiter",
        "dead",
        "deadline",
        "idle_since",
    )

    def __init__(self, owner: Owner) -> None:
        self.dead = False
        self.deadline = math.inf
        self.idle_since = 0.0
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[HttpResponse] | None = None
        self._response: HttpResponse | None = None
        self._headers: dict[bytes, bytes] | None = {}  # None: the head is over
        self._overhead = 0
        self._complete = False
        self._reusable = True
        self._until_close = False
        self._paused = False
        self._unsent = False
        self._served = 0

    # What the pool and the client ask.

    def send(self, head: bytes, body: bytes, deadline: float) -> asyncio.Future[HttpResponse]:
        """Write a request; the future gives its answer once the head is here."""
        self.deadline = deadline
        self._waiter = waiter = self._loop.create_future()
        if len(body) <= SMALL:
            self._transport.write(head + body if body else head)
        else:
            self._transport.set_write_buffer_limits(high=0)  # so that _unsent tells the whole truth
            self._transport.write(head)
            self._transport.write(body)
        return waiter

    def ready(self, *, probe: bool) -> bool:
        """Whether an idle connection can serve; `probe` asks the kernel too, for what the loop has not seen yet."""
        if self.dead or self._transport.is_closing():
            return False
        return not (probe and self._readable())

    def give_up(self, waiter: asyncio.Future[HttpResponse]) -> None:
        """The task that waited was cancelled: the answer may be under way, or here already."""
        if waiter is self._waiter:
            self.abort()
        elif waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            waiter.result().abort()

    def expire(self) -> None:
        """The deadline has passed."""
        if self._waiter is None and self._response is None:
            self._retire()
            self._transport.close()
        else:
            what = "did not answer in time" if self._response is None else "did not finish its answer in time"
            self.abort(ResponseTimedOut(f"{self._owner.peer} {what}."))

    def abort(self, error: HttpError | None = None) -> None:
        """Close at once; whoever waits gets `error`."""
        waiter, response = self._waiter, self._response
        self._waiter = self._response = None
        self._retire()
        self._transport.abort()
        error = error or ConnectionLost(f"The request to {self._owner.peer} was given up.")
        if waiter is not None:
            if not waiter.done():
                waiter.set_exception(error)
        elif response is not None:
            response.finish(error)

    # What the answer asks.

    def lift_deadline(self) -> None:
        self.deadline = math.inf

    def limit(self, seconds: float | None) -> None:
        self.deadline = math.inf if seconds is None else self._owner.in_time(seconds)

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    # What the event loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None and self._response is None:
            self.abort()  # nobody asked: whatever it is, it must not become the next answer
            return
        fresh = self._overhead == 0 and self._response is None
        if fresh and self._knows(data):
            return
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._reusable = False
            if not self._complete:
                self.abort(self._bad_response(error))
                return
        response = self._response
        if self._complete and response is not None:
            if fresh:
                self._remember(data, response)
            self._finish(response)
        else:
            self._go_on(response)

    def _knows(self, data: bytes) -> bool:
        """Take a whole answer whose head came before, byte for byte: what the parser said of it then holds."""
        end = data.find(b"\r\n\r\n") + 4
        head = self._owner.heads.get(data[:end])
        if head is None or len(data) - end != head.length or self._waiter is None:
            return False
        self._response = response = HttpResponse(head.status, head.headers, self, self._owner.body_limit)
        if head.length:
            response.feed(data[end:])
        self._finish(response)
        return True

    def _remember(self, data: bytes, response: HttpResponse) -> None:
        end = data.find(b"\r\n\r\n") + 4
        length = response.headers.get(b"content-length", b"")
        if not self._reusable or end > LONGEST_KEPT or response.status in _BODILESS or not length.isdigit():
            return
        if len(data) - end == int(length):
            heads = self._owner.heads
            if len(heads) >= KEPT_HEADS:
                heads.clear()
            heads[data[:end]] = Head(response.status, response.headers, int(length))

    def eof_received(self) -> bool:
        if self._until_close and self._response is not None and self._ended_properly():
            self._finish(self._response)
        else:
            self._lost()
        return False  # the transport closes itself

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()

    def pause_writing(self) -> None:
        self._unsent = True

    def resume_writing(self) -> None:
        self._unsent = False

    # What the parser tells.

    def on_message_begin(self) -> None:
        if self._complete:
            self._reusable = False  # a second answer, to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        headers = self._headers
        if headers is None:
            return  # trailers
        name = name.lower()
        if name in headers:
            value = headers[name] + b", " + value
        headers[name] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        headers = self._headers
        if headers is None or self._complete:
            return  # a second answer, dropped with its connection
        if status < 200:
            self._skip_interim(status)
            return
        if self._overhead > HEAD_LIMIT:
            _check_size(headers)
        self._headers = None
        self._frame(status, headers)
        self._response = HttpResponse(status, headers, self, self._owner.body_limit)

    def on_body(self, data: bytes) -> None:
        self._overhead = 0
        if self._response is not None and not self._complete:
            self._response.feed(data)

    def on_message_complete(self) -> None:
        if self._response is not None:
            self._complete = True

    # Steps of an answer.

    def _skip_interim(self, status: int) -> None:
        if status == 101:
            raise BadResponse("it switched protocols unasked")
        self._headers = {}

    def _frame(self, status: int, headers: dict[bytes, bytes]) -> None:
        """Tell how the body ends, and whether the connection outlives it; refuse what can be read in two ways."""
        coding = headers.get(b"transfer-encoding")
        length = headers.get(b"content-length")
        if coding is not None:
            if length is not None:
                raise BadResponse("it has both content-length and transfer-encoding")
            if coding.lower() != b"chunked":
                raise BadResponse("its transfer-encoding is not chunked")
        if status in _BODILESS:
            self._reusable = self._parser.should_keep_alive() and coding is None and length in (None, b"0")
            return
        self._until_close = coding is None and length is None
        self._reusable = not self._until_close and self._parser.should_keep_alive()

    def _go_on(self, response: HttpResponse | None) -> None:
        """A read is over, and the answer is not."""
        if self._overhead > HEAD_LIMIT:
            self.abort(self._bad_response(BadResponse(f"it sent over {HEAD_LIMIT} bytes of headers")))
            return
        if response is None:
            return
        if self._waiter is not None:
            self._give(response)
        else:
            response.wake()
        if self.dead:
            return
        if response.crowded() and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _finish(self, response: HttpResponse) -> None:
        self._response = None
        response.finish()
        if self._waiter is not None:
            self._give(response)
        if self._reusable and not self._unsent and not self.dead:
            self._renew()
        else:
            self._retire()
            self._transport.close()

    def _give(self, response: HttpResponse) -> None:
        waiter = self._waiter
        self._waiter = None
        if waiter is None:
            return
        if waiter.done():
            response.abort()  # the task that waited was cancelled in this turn of the loop
        else:
            waiter.set_result(response)

    def _renew(self) -> None:
        """Make ready for the next exchange."""
        self._headers = {}
        self._overhead = 0
        self._complete = False
        self._served += 1
        if self._paused:
            self.resume()
        self._owner.release(self)

    def _retire(self) -> None:
        if not self.dead:
            self.dead = True
            self._owner.discard(self)

    def _lost(self) -> None:
        if self._waiter is None and self._response is None:
            self._retire()
            return
        self.abort(self._loss())

    def _loss(self) -> ConnectionLost:
        if self._response is not None:
            return ConnectionLost(f"{self._owner.peer} closed the connection in the middle of its answer.")
        if self._unsent:
            what = "closed the connection before it had the whole request"
            return ConnectionLost(f"{self._owner.peer} {what}.", maybe_delivered=False)
        stale = self._served > 0 and self._overhead == 0
        return ConnectionLost(f"{self._owner.peer} closed the connection without an answer.", stale=stale)

    def _bad_response(self, error: Exception) -> BadResponse:
        cause = error.__context__ if isinstance(error.__context__, BadResponse) else error
        what = "it upgraded unasked" if isinstance(cause, HttpParserUpgrade) else cause
        return BadResponse(f"{self._owner.peer} did not answer in proper HTTP: {what}.")

    def _ended_properly(self) -> bool:
        """False where TLS was cut without its closing alert, which asyncio reports like a proper end."""
        tls: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        if tls is None:
            return True
        try:
            return tls.read(1) == b""
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLError:
            return False

    def _readable(self) -> bool:
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), _READABLE)
        return bool(poll.poll(0))


def _check_size(headers: dict[bytes, bytes]) -> None:
    if sum(len(name) + len(value) + 4 for name, value in headers.items()) > HEAD_LIMIT:
        raise BadResponse(f"it sent over {HEAD_LIMIT} bytes of headers")

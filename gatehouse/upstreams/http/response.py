"""An answer: its head, and its body as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from gatehouse.upstreams.http.errors import BodyTooLarge, HttpError

UNREAD_LIMIT = 256 * 1024
"""Bytes of body that may wait for their reader before the connection stops reading."""
_SOON = 1.0
"""Seconds in which an answer that nobody reads any more may end."""
_LITTLE = 64 * 1024
"""Bytes that may still come of it."""


class Source(Protocol):
    """The connection, as far as an answer needs it."""

    def lift_deadline(self) -> None: ...

    def limit(self, seconds: float | None) -> None: ...

    def resume(self) -> None: ...

    def abort(self, error: HttpError | None = None) -> None: ...


class HttpResponse:
    """Use `read()` or `chunks()`, or `abort()`; an answer left unread keeps its connection until the deadline."""

    __slots__ = (
        "_body_limit",
        "_collecting",
        "_dropping",
        "_error",
        "_pieces",
        "_source",
        "_unread",
        "_waiter",
        "headers",
        "status",
    )

    def __init__(self, status: int, headers: dict[bytes, bytes], source: Source, body_limit: int) -> None:
        self.status = status
        self.headers = headers
        self._unread = 0
        self._collecting = False
        self._dropping = False
        self._body_limit = body_limit
        self._source: Source | None = source  # None: complete, or failed with _error
        self._pieces: list[bytes] = []
        self._error: HttpError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def content_type(self) -> bytes:
        """Lower case, without parameters; empty where the answer has none."""
        value = self.headers.get(b"content-type", b"")
        return value.partition(b";")[0].strip().lower()

    @property
    def complete(self) -> bool:
        """Whether the whole body is here (read or not)."""
        return self._source is None and self._error is None

    def arrived(self) -> bytes | None:
        """The whole body where it is here already and may be read, as it mostly is with a small answer."""
        return self._take() if self.complete and self._unread <= self._body_limit else None

    async def read(self) -> bytes:
        """The whole body; raises `BodyTooLarge`, `ResponseTimedOut`, `ConnectionLost` or `BadResponse`."""
        if self._source is not None:
            await self._collect(self._source)
        if self._error is not None:
            raise self._error
        if self._unread > self._body_limit:
            raise self._too_large()
        return self._take()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, without a time limit: the caller bounds its own waits.

        What came before a failure is given first, then the failure raised. Leaving early closes the connection.
        """
        if self._source is not None:
            self._source.lift_deadline()
        try:
            while True:
                if self._pieces:
                    yield self._take()
                elif self._source is not None:
                    await self._more()
                else:
                    break
        finally:
            self.abort()
        if self._error is not None:
            raise self._error

    async def next(self, quiet: float | None = None) -> bytes:
        """The next piece of the body, empty at its end; raises as `read` does.

        `quiet` is the seconds for which nothing may come; None for ever.
        """
        source = self._source
        if not self._pieces and source is not None:
            source.limit(quiet)
            while not self._pieces and self._source is not None:
                await self._more()
        if not self._pieces and self._error is not None:
            raise self._error
        return self._take()

    def release(self) -> None:
        """What is still to come is of no interest: the connection is kept where that ends soon, else closed."""
        if self._source is not None:
            self._dropping = True
            self._pieces = []
            self._unread = 0
            self._source.limit(_SOON)
            self._source.resume()

    def abort(self) -> None:
        """Close the connection at once; once the answer is complete it is another's, and nothing happens."""
        if self._source is not None:
            self._source.abort()

    # What the connection tells.

    def feed(self, data: bytes) -> None:
        self._unread += len(data)
        if not self._dropping:
            self._pieces.append(data)

    def crowded(self) -> bool:
        """Whether the connection should stop reading; fails the answer where `read()` has met its limit."""
        if self._dropping:
            if self._unread > _LITTLE:
                self.abort()
            return False
        if not self._collecting:
            return self._unread > UNREAD_LIMIT
        if self._unread > self._body_limit and self._source is not None:
            self._source.abort(self._too_large())
        return False

    def wake(self) -> None:
        """Let the reader look again; a `read()` sleeps on until the end."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def finish(self, error: HttpError | None = None) -> None:
        self._source = None
        self._error = error
        self.wake()

    async def _collect(self, source: Source) -> None:
        announced = self.headers.get(b"content-length", b"0")
        if int(announced) > self._body_limit:
            source.abort(self._too_large())
            return
        self._collecting = True
        source.resume()
        while self._source is not None:
            await self._more()  # woken at the end only

    async def _more(self) -> None:
        """Wait until something happened to the body."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            self._waiter = None

    def _take(self) -> bytes:
        pieces = self._pieces
        if not pieces:
            return b""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._pieces = []
        self._unread = 0
        if self._source is not None:
            self._source.resume()
        return data

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The answer is longer than {self._body_limit} bytes.")

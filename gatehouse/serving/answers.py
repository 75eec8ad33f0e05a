"""The answer to one call: a JSON body, or an event stream from the first event that is not the end.

A call that is silent for long gets a stream as well, so that something can be sent to keep the connection open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial

from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.json import Raw
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol import bridge, legacy, sse
from gatehouse.protocol.call import Answer, Ask, Era, Event, Failure, Log, Outcome
from gatehouse.protocol.errors import METHOD_NOT_FOUND, http_status
from gatehouse.protocol.methods import loud_enough
from gatehouse.relay.sessions import ClientSession
from gatehouse.relay.streams import Detached, Stream
from gatehouse.serving.http import JSON_HEADERS, STREAM_HEADERS, ClientGone, Exchange, Headers

SILENCE = 15.0
"""Seconds without a byte after which a comment is sent."""


class ModernAnswer:
    """To a stateless request. The stream ends with the response; nobody can come back to it."""

    __slots__ = ("_exchange", "_headers", "_id", "_level", "_started", "_token", "heard_at")

    def __init__(
        self, exchange: Exchange, headers: Headers, id_: bytes, token: Raw | None, level: str | None, now: float
    ) -> None:
        self._exchange = exchange
        self._headers = headers
        self._id = id_
        self._token = token
        self._level = level
        self._started = False
        self.heard_at = now

    async def emit(self, event: Event) -> None:
        if isinstance(event, Ask):
            # 2026-07-28: a server sends no requests; what it wants to know it says in its result.
            error = {"code": METHOD_NOT_FOUND, "message": "The client can't be asked during a call"}
            await event.reply(Answer(error=json.raw(error)))
            return
        if isinstance(event, Log) and (self._level is None or not loud_enough(bridge.log_level(event), self._level)):
            return
        message = bridge.message_of(event, self._token)
        if message is not None:
            await self._write(sse.encode_event(message))

    async def _write(self, data: bytes) -> None:
        if not self._started:
            self._started = True
            await self._exchange.start(200, STREAM_HEADERS + self._headers)
        await self._exchange.write(data)

    async def keep_alive(self) -> None:
        await self._write(sse.COMMENT)

    def reply(self, outcome: Outcome) -> bool:
        """Answer with a body of JSON, where no stream has begun; False where one has."""
        if not self._started:
            status = http_status(outcome.code, Era.MODERN) if isinstance(outcome, Failure) else 200
            self._exchange.reply(status, JSON_HEADERS + self._headers, bridge.response(self._id, outcome))
        return not self._started

    async def finish(self, outcome: Outcome) -> None:
        """End the stream with the response."""
        await self._exchange.write(sse.encode_event(bridge.response(self._id, outcome)))
        await self._exchange.end()


class LegacyAnswer:
    """To a request in a session. The call goes on when the client's connection breaks, and it can come back for it."""

    def __init__(
        self, session: ClientSession, exchange: Exchange, headers: Headers, id_: bytes, token: Raw | None, tasks: Tasks
    ) -> None:
        self._session = session
        self._exchange = exchange
        self._headers = headers
        self._id = id_
        self._token = token
        self._tasks = tasks
        self._stream: Stream | None = None
        self._pouring: asyncio.Task[None] | None = None
        self.heard_at = session.used_at

    async def emit(self, event: Event) -> None:
        await self._session.say(event, self._token, await self._open())

    async def _open(self) -> Stream:
        if self._stream is None:
            self._stream = self._session.streams.open()
            await self._exchange.start(200, STREAM_HEADERS + self._headers)
            self._pouring = self._tasks.spawn(self._pour(self._stream), "answer stream")
            # Once it reads, nothing that it is to read is let go, however much there is.
            await asyncio.sleep(0)
        return self._stream

    async def _pour(self, stream: Stream) -> None:
        try:
            if self._session.client.version >= legacy.POLLING_VERSION:
                await self._exchange.write(stream.priming())
            await stream.pour(self._exchange, 0)
        except (ClientGone, Detached):
            return
        await self._exchange.end()

    async def keep_alive(self) -> None:
        await self._open()
        await self._exchange.write(sse.COMMENT)

    async def finish(self, outcome: Outcome) -> None:
        """The response; the handler stays until it is read, or the client has gone."""
        message = bridge.response(self._id, outcome)
        if self._stream is None:
            status = http_status(outcome.code, Era.LEGACY) if isinstance(outcome, Failure) else 200
            self._exchange.reply(status, JSON_HEADERS + self._headers, message)
            return
        self._stream.put(message)
        self._stream.finish()
        if self._pouring is not None:
            await self._pouring


class KeepAlive:
    """Calls that wait for their upstream, and open streams; `sweep` sends a sign of life where it has been quiet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: set[ModernAnswer | LegacyAnswer] = set()
        self._streams: set[Exchange] = set()

    @contextmanager
    def open(self, exchange: Exchange) -> Generator[None]:
        """While a stream is open that may have nothing to say for long."""
        self._streams.add(exchange)
        try:
            yield
        finally:
            self._streams.discard(exchange)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._streams)

    def add(self, answer: ModernAnswer | LegacyAnswer) -> None:
        self._waiting.add(answer)

    def remove(self, answer: ModernAnswer | LegacyAnswer) -> None:
        self._waiting.discard(answer)

    async def sweep(self) -> None:
        """To be called every `SILENCE` seconds."""
        now = self._clock.monotonic()
        quiet = [answer for answer in self._waiting if now - answer.heard_at >= SILENCE]
        try:
            async with asyncio.timeout(1.0), asyncio.TaskGroup() as group:
                for answer in quiet:
                    group.create_task(self._poke(answer.keep_alive, lambda one=answer: one in self._waiting))
                for exchange in self._streams:
                    write = partial(exchange.write, sse.COMMENT)
                    group.create_task(self._poke(write, lambda one=exchange: one in self._streams))
        except TimeoutError:
            return  # Who reads slowly is sent enough already.

    async def _poke(self, write: Callable[[], Awaitable[None]], is_open: Callable[[], bool]) -> None:
        """What has ended since the sweep began must not be written to: the connection may serve the next request."""
        try:
            if is_open():
                await write()
        except (ClientGone, RuntimeError):
            return  # It ended just now: that is dealt with where the answer is written.

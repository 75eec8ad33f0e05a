"""Event streams that a legacy client can come back to (2025-11-25 basic/transports "Resumability and Redelivery")."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from typing import Protocol

from gatehouse.protocol import sse

KEPT_EVENTS = 1000
KEPT_BYTES = 4 * 1024 * 1024
AHEAD = 200
"""Events that a writer may be ahead of its reader; `KEPT_BYTES` are as many bytes."""
LONGEST_NUMBER = 18
"""Digits of an event's number."""
KEPT_STREAMS = 64
"""Finished streams of one session that can still be read again."""


class Writer(Protocol):
    """Where a stream goes while a client reads it. `write` raises when nobody does any more."""

    async def write(self, data: bytes) -> None: ...


class Detached(Exception):
    """The stream has another reader now."""


class Stream:
    """Messages in order, each under an id that is unique in the session, kept for a while for who comes back."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.done = False
        self._kept: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._last = 0
        self._read = 0
        self._changed = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._reader = 0

    @property
    def read_now(self) -> bool:
        """Whether somebody is reading."""
        return self._reader % 2 == 1

    @property
    def last(self) -> int:
        """The number of the last event that was put."""
        return self._last

    @property
    def delivered(self) -> int:
        """The number of the last event that a reader was given."""
        return self._read

    @property
    def crowded(self) -> bool:
        """Whether somebody reads, and is too far behind to be given more."""
        unread = self._last - self._read
        return self.read_now and (unread > AHEAD or (unread > 0 and self._bytes > KEPT_BYTES))

    async def send(self, message: bytes) -> None:
        """Put a message once there is room for it: waits while somebody reads slowly."""
        await self.room()
        self.put(message)

    async def room(self) -> None:
        """Wait until a slow reader has caught up, or has gone."""
        while self.crowded:
            self._caught_up.clear()
            await self._caught_up.wait()

    def put(self, message: bytes) -> None:
        """Where nobody reads, the oldest go when it is too much; what somebody is about to read stays."""
        self._last += 1
        self._kept.append((self._last, message))
        self._bytes += len(message)
        unread = self._read if self.read_now else self._last - 1
        while (len(self._kept) > KEPT_EVENTS or self._bytes > KEPT_BYTES) and self._kept[0][0] <= unread:
            self._bytes -= len(self._kept.popleft()[1])
        self._changed.set()

    def finish(self) -> None:
        self.done = True
        self._changed.set()

    def event_id(self, number: int) -> str:
        return f"{self.name}-{number}"

    def priming(self) -> bytes:
        """An event with an id and no message, so that a client can come back before anything was said."""
        return sse.encode_event(b"", event=None, id=self.event_id(self._last))

    async def pour(self, writer: Writer, after: int) -> None:
        """Write what came after event `after`, and go on until the stream is done; raises what `writer` raises.

        A later reader takes the stream over: then this one ends with `Detached`.
        """
        self._reader += 2 if self.read_now else 1
        mine = self._reader
        self._changed.set()
        try:
            await self._pour(writer, after, mine)
        finally:
            if self._reader == mine:
                self._reader += 1
                self._caught_up.set()

    async def _pour(self, writer: Writer, after: int, mine: int) -> None:
        self._read = min(self._read, after)
        while True:
            self._changed.clear()
            for number, message in self._after(after):
                if self._reader != mine:
                    raise Detached
                await writer.write(sse.encode_event(message, id=self.event_id(number)))
                after = self._read = number
            if self._reader != mine:
                raise Detached
            if after >= self._last:
                self._caught_up.set()
                if self.done:
                    return
                await self._changed.wait()

    def _after(self, number: int) -> list[tuple[int, bytes]]:
        """What is kept of the events after this one. Their numbers have no gaps."""
        dropped = self._last - len(self._kept)
        return list(islice(self._kept, max(0, number - dropped), None))


class Streams:
    """The streams of one session; the first is the standalone one, which is never done."""

    def __init__(self) -> None:
        self._next = 0
        self._streams: dict[str, Stream] = {}
        self.standalone = self.open()

    def open(self) -> Stream:
        stream = Stream(str(self._next))
        self._next += 1
        self._streams[stream.name] = stream
        self._forget_finished()
        return stream

    def find(self, event_id: str) -> tuple[Stream, int] | None:
        """The stream that an event belongs to, and the event's number."""
        name, _, number = event_id.partition("-")
        stream = self._streams.get(name)
        if stream is None or not number.isdecimal() or not number.isascii() or len(number) > LONGEST_NUMBER:
            return None
        return (stream, int(number)) if int(number) <= stream.last else None

    def close(self) -> None:
        for stream in self._streams.values():
            stream.finish()

    def _forget_finished(self) -> None:
        finished = [stream.name for stream in self._streams.values() if stream.done]
        for name in finished[: max(0, len(finished) - KEPT_STREAMS)]:
            del self._streams[name]

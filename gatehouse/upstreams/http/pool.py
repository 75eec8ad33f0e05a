"""The connections to one origin: the last one used serves first; past the cap, requests wait their turn."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from gatehouse.kit.clock import Clock
from gatehouse.upstreams.http.connection import Connection, Head
from gatehouse.upstreams.http.dialing import Dialer
from gatehouse.upstreams.http.errors import NotConnected
from gatehouse.upstreams.http.origin import Origin

_PROBE_AFTER = 1.0  # seconds idle; before that, a closed peer has been noticed by the loop or is too rare to ask for


@dataclass(frozen=True, slots=True)
class Limits:
    connect_timeout: float  # seconds
    idle_timeout: float  # seconds
    connections: int  # for each origin
    body: int  # bytes


class Pool:
    """A place is a connection that is open or being opened; one given up goes to the first in the queue."""

    def __init__(
        self, origin: Origin, limits: Limits, dialer: Dialer, clock: Clock, watch: Callable[[float], None]
    ) -> None:
        self.peer = str(origin)
        self.body_limit = limits.body
        self.request_line_end = f" HTTP/1.1\r\nhost: {origin.authority}\r\n".encode()
        self.last_target = b"/"  # known to be fit to send; most pools see one target
        self.heads: dict[bytes, Head] = {}
        self.connections: set[Connection] = set()
        self._origin = origin
        self._limits = limits
        self._dialer = dialer
        self._clock = clock
        self._watch = watch
        self._idle: list[Connection] = []
        self._queue: deque[asyncio.Future[Connection | None]] = deque()
        self._places = 0
        self._closed = False

    @property
    def unused(self) -> bool:
        return self._places == 0 and not self._queue

    @property
    def counts(self) -> tuple[int, int, int]:
        """Connections that are idle, connections in use or being opened, requests that wait for one."""
        idle = len(self._idle)
        return idle, self._places - idle, len(self._queue)

    def take(self, now: float) -> Connection | None:
        """An idle connection that can serve, or None."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if now < connection.deadline and connection.ready(probe=now - connection.idle_since > _PROBE_AFTER):
                return connection
            connection.abort()
        return None

    async def open(self, deadline: float) -> Connection:
        """A new connection, or the first that is free again where no more may be opened; raises `NotConnected`."""
        while True:
            if self._places < self._limits.connections:
                self._places += 1
                return await self._dial(deadline)
            connection = await self._wait(deadline)
            if connection is None:
                return await self._dial(deadline)
            if connection.ready(probe=False):
                return connection

    def in_time(self, seconds: float) -> float:
        deadline = self._clock.monotonic() + seconds
        self._watch(deadline)
        return deadline

    def release(self, connection: Connection) -> None:
        waiter = self._next_in_queue()
        if waiter is not None:
            connection.deadline = math.inf
            waiter.set_result(connection)
            return
        connection.idle_since = now = self._clock.monotonic()
        connection.deadline = now + self._limits.idle_timeout
        self._idle.append(connection)
        self._watch(connection.deadline)

    def discard(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        self.connections.discard(connection)
        self._give_up_place()

    def close(self) -> None:
        self._closed = True
        lost = NotConnected(f"The request to {self.peer} was not sent: the client was closed.")
        while (waiter := self._next_in_queue()) is not None:
            waiter.set_exception(lost)
        for connection in list(self.connections):
            connection.abort()

    async def _dial(self, deadline: float) -> Connection:
        """Open a connection in a place that is taken already."""
        connection = Connection(self)
        try:
            await self._dialer.dial(self._origin, lambda: connection, deadline - self._clock.monotonic())
        except BaseException:
            if not connection.dead:
                connection.dead = True  # so that its end, reported later, gives up nothing again
                self._give_up_place()
            raise
        if connection.dead:
            raise NotConnected(f"Could not connect to {self.peer}: it closed the connection at once.")
        self.connections.add(connection)
        if self._closed:
            connection.abort()
            raise NotConnected(f"The request to {self.peer} was not sent: the client was closed.")
        return connection

    async def _wait(self, deadline: float) -> Connection | None:
        """A connection that came free, or None for the place of one that ended."""
        seconds = deadline - self._clock.monotonic() if deadline != math.inf else self._limits.connect_timeout
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        try:
            with anyio.fail_after(seconds):
                return await waiter
        except TimeoutError:
            self._leave_queue(waiter)
            busy = f"all {self._limits.connections} connections to {self.peer} were busy for {max(seconds, 0):.3g} s"
            raise NotConnected(f"The request was not sent: {busy}.") from None
        except asyncio.CancelledError:
            self._leave_queue(waiter)
            raise

    def _leave_queue(self, waiter: asyncio.Future[Connection | None]) -> None:
        """Pass on what was given in the same moment as the wait ended."""
        if waiter.cancelled():
            if waiter in self._queue:
                self._queue.remove(waiter)
        elif waiter.done() and waiter.exception() is None:
            connection = waiter.result()
            if connection is None:
                self._give_up_place()
            elif not connection.dead:
                self.release(connection)

    def _give_up_place(self) -> None:
        waiter = self._next_in_queue()
        if waiter is not None:
            waiter.set_result(None)
        else:
            self._places -= 1

    def _next_in_queue(self) -> asyncio.Future[Connection | None] | None:
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                return waiter
        return None

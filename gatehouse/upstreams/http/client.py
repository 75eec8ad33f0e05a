"""The client: renders requests, keeps a pool for each origin, and sweeps up what has run out of time."""

from __future__ import annotations

import asyncio
import math
import re
import ssl
from functools import lru_cache

from gatehouse.kit.clock import Clock, SystemClock
from gatehouse.kit.errors import Invalid
from gatehouse.upstreams.http.dialing import AddressRule, Dialer
from gatehouse.upstreams.http.errors import ConnectionLost, NotConnected
from gatehouse.upstreams.http.origin import Origin
from gatehouse.upstreams.http.pool import Limits, Pool
from gatehouse.upstreams.http.response import HttpResponse

_BODY_LIMIT = 64 * 1024 * 1024
_SHORTEST_SLEEP = 0.005  # seconds; timers may fire a little early
_UNSAFE_TARGET = re.compile(rb"[\x00-\x20\x7f-\xff]")
_SAFE_TO_REPEAT = frozenset({b"GET", b"HEAD", b"OPTIONS"})


class HttpClient:
    """Belongs to one event loop. Follows no redirect, decodes no content, and repeats only what is safe to repeat."""

    def __init__(  # noqa: PLR0913 - independent knobs, each with a good default
        self,
        *,
        connect_timeout: float = 10.0,
        idle_timeout: float = 30.0,
        max_connections_per_origin: int = 512,
        body_limit: int = _BODY_LIMIT,
        clock: Clock | None = None,
        ssl_context: ssl.SSLContext | None = None,
        allow_address: AddressRule | None = None,
    ) -> None:
        """Times in seconds, `body_limit` in bytes (for `HttpResponse.read`).

        `allow_address` is asked about every address that a host name resolves to, before it is connected to.
        """
        self._clock = clock or SystemClock()
        self._limits = Limits(connect_timeout, idle_timeout, max_connections_per_origin, body_limit)
        self._dialer = Dialer(connect_timeout, self._clock, ssl_context, allow_address)
        self._pools: dict[Origin, Pool] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_sweep = math.inf
        self._closed = False

    async def request(
        self,
        method: bytes,
        origin: Origin,
        target: bytes,
        headers: bytes,
        body: bytes = b"",
        *,
        timeout: float | None = 60.0,
    ) -> HttpResponse:
        """Send, and return once the head of the answer is here.

        `headers` are whole lines, each ending in CRLF, without host, content-length and transfer-encoding.
        `timeout` is the seconds until the head, and for `read()` until the whole body; None is for ever.
        Raises `NotConnected`, `ConnectionLost`, `ResponseTimedOut` or `BadResponse`, and `Invalid` for what can't be sent.
        """
        now = self._clock.monotonic()
        deadline = math.inf if timeout is None else now + timeout
        while True:
            pool = self._pools.get(origin) or self._open_pool(origin)
            head = _head(method, target, pool, headers, body)
            connection = pool.take(now) or await pool.open(deadline)
            if deadline < self._next_sweep:
                self._schedule(deadline)
            waiter = connection.send(head, body, deadline)
            try:
                return await waiter
            except asyncio.CancelledError:
                connection.give_up(waiter)
                raise
            except ConnectionLost as lost:
                if not lost.stale or method not in _SAFE_TO_REPEAT:
                    raise

    async def look_up(self, origin: Origin, seconds: float) -> list[str]:
        """The IP addresses that may be connected to; raises `NotConnected`."""
        return await self._dialer.look_up(origin, seconds)

    async def connect(self, origin: Origin, seconds: float) -> None:
        """Open a connection, which the next request will find; raises `NotConnected`."""
        pool = self._pools.get(origin) or self._open_pool(origin)
        pool.release(await pool.open(self._clock.monotonic() + seconds))

    def counts(self) -> tuple[int, int, int]:
        """Connections that are idle, connections in use, and requests that wait for one, to all origins."""
        found = [pool.counts for pool in self._pools.values()]
        return sum(one[0] for one in found), sum(one[1] for one in found), sum(one[2] for one in found)

    async def close(self) -> None:
        """Close every connection; requests under way fail. The client can't be used again."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        await asyncio.sleep(0)  # transports report their end in the next turn of the loop

    def sweep(self) -> None:
        """End what has run out of time. The client calls it by its own timer."""
        now = self._clock.monotonic()
        earliest = math.inf
        for origin, pool in list(self._pools.items()):
            for connection in list(pool.connections):
                if connection.deadline <= now:
                    connection.expire()
                else:
                    earliest = min(earliest, connection.deadline)
            if pool.unused:
                del self._pools[origin]
        self._stop_timer()
        self._watch(earliest)

    def _watch(self, deadline: float) -> None:
        if deadline < self._next_sweep:
            self._schedule(deadline)

    def _schedule(self, deadline: float) -> None:
        self._stop_timer()
        if self._closed:
            return
        self._next_sweep = deadline
        delay = max(deadline - self._clock.monotonic(), _SHORTEST_SLEEP)
        self._timer = asyncio.get_running_loop().call_later(delay, self.sweep)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._next_sweep = math.inf

    def _open_pool(self, origin: Origin) -> Pool:
        if self._closed:
            raise NotConnected(f"The request to {origin} was not sent: the client is closed.")
        pool = Pool(origin, self._limits, self._dialer, self._clock, self._watch)
        self._pools[origin] = pool
        return pool


@lru_cache(maxsize=1024)
def _is_safe(target: bytes) -> bool:
    return bool(target) and not _UNSAFE_TARGET.search(target)


def _head(method: bytes, target: bytes, pool: Pool, headers: bytes, body: bytes) -> bytes:
    if target is not pool.last_target:
        _check_target(target)
        pool.last_target = target
    if headers and (not headers.endswith(b"\r\n") or b"\r\n\r\n" in headers or headers.startswith(b"\r\n")):
        raise Invalid("The header block is malformed.", "End each line with CRLF, and leave no line empty.")
    if body or method == b"POST":
        return b"%b %b%b%bcontent-length: %d\r\n\r\n" % (method, target, pool.request_line_end, headers, len(body))
    return b"%b %b%b%b\r\n" % (method, target, pool.request_line_end, headers)


def _check_target(target: bytes) -> None:
    if not _is_safe(target):
        raise Invalid("The request target has characters that HTTP does not allow.", "Percent-encode it.")

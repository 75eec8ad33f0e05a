"""A worker watches itself: how late its event loop is, and how long its database takes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque

import msgspec

from gatehouse.telemetry.metrics import Series

log = logging.getLogger("gatehouse")
PAUSE = 0.25
REMEMBERED = 60.0
"""Seconds between two looks, and over which the lag is told."""
QUERIES = "gatehouse_database_query_duration_seconds"
QUERY_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = 0.5
"""Seconds from which a query is slow."""
STATEMENTS = 20
"""Slow statements that are told apart in a minute."""
LONGEST = 300
"""Characters of a statement that are told."""


class LoopLag:
    """How many seconds later than it should the loop comes to what is due, in the last minute."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=int(REMEMBERED / PAUSE))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            due = time.monotonic() + PAUSE
            await asyncio.sleep(PAUSE)
            self.note(time.monotonic() - due)

    def note(self, late: float) -> None:
        self._late.append(max(0.0, late))

    @property
    def most(self) -> float:
        return max(self._late, default=0.0)

    @property
    def usual_most(self) -> float:
        """The 99th percentile: all but the odd one."""
        found = sorted(self._late)
        return found[len(found) * 99 // 100] if found else 0.0


class _Slow(msgspec.Struct):
    times: int = 0
    seconds: float = 0.0


class Queries:
    """Told of every statement. It keeps no parameters: they are what must not be in a log."""

    def __init__(self) -> None:
        self.durations = Series.empty(QUERY_BOUNDS)
        self.slow = 0
        """Those that took `SLOW` seconds or longer."""
        self.slowest = 0.0
        """Seconds; since the start."""
        self._recent: dict[str, _Slow] = {}
        self._untold = 0

    def note(self, statement: str, seconds: float) -> None:
        self.durations.add(QUERY_BOUNDS, seconds)
        if seconds >= SLOW:
            self._note_slow(statement, seconds)

    def _note_slow(self, statement: str, seconds: float) -> None:
        self.slow += 1
        self.slowest = max(self.slowest, seconds)
        self._untold += 1
        if statement in self._recent or len(self._recent) < STATEMENTS:
            known = self._recent.setdefault(statement, _Slow())
            known.times += 1
            known.seconds = max(known.seconds, seconds)

    async def tell(self) -> None:
        """Log what was slow since the last time; to be called once a minute."""
        recent, self._recent = self._recent, {}
        untold, self._untold = self._untold, 0
        if not recent:
            return
        log.warning("%d database queries took longer than %g s", untold, SLOW)
        for statement, slow in sorted(recent.items(), key=lambda item: -item[1].seconds)[:3]:
            words = " ".join(statement.split())[:LONGEST]
            log.warning("Slow query, %d times, up to %.2f s: %s", slow.times, slow.seconds, words)

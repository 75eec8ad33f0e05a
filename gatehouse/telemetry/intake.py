"""Takes each call of a worker into memory, and sums them up some hundreds at a time, off the path of calls.

All that is told of calls is made of these sums: figures, records, what upstreams' health is judged by.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from dataclasses import dataclass
from operator import attrgetter, sub
from typing import Any

from gatehouse.kit.clock import Clock, SystemClock
from gatehouse.telemetry.histogram import Histogram
from gatehouse.telemetry.ledger import TAKEN
from gatehouse.telemetry.record import CallRecord, Course, Group, recorded
from gatehouse.telemetry.rollup import MINUTE, Tally, floor

SUMMED = 256
"""Calls that are summed up at a time: so few that the memory that they were in is still near, and is used again."""
_started, _sent, _answered, _ended, _at, _bytes_in, _bytes_out, _tokens = map(
    attrgetter, ("started", "sent", "answered", "ended", "at", "bytes_in", "bytes_out", "tokens")
)


@dataclass(frozen=True, slots=True)
class Summed:
    """Calls of one group that began in the same minute, in the order in which they ended."""

    minute: int
    """When it began."""
    group: Group
    calls: Sequence[Course]
    microseconds: Sequence[int]
    """How long each of them took."""
    tally: Tally


Hear = Callable[[Sequence[Summed]], None]
"""Told of calls that have ended, half a second later at most. Must neither wait nor raise."""


class Intake:
    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._queue: list[Course] = []
        self._hearers: list[Hear] = []
        self._counts: MutableSequence[int] = [0, 0]

    def keep_count_in(self, counts: MutableSequence[int]) -> None:
        """Count there what is taken, as a `Ledger` has it. Before any call comes."""
        self._counts = counts

    def tell(self, hear: Hear) -> None:
        self._hearers.append(hear)

    def take(self, call: Course) -> None:
        """It has ended."""
        queue = self._queue
        self._counts[TAKEN] += 1
        queue.append(call)
        if len(queue) >= SUMMED:
            self.sum_up()

    def note(self, record: CallRecord) -> None:
        """The same for a record that was made already."""
        self.take(recorded(record))

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def sum_up(self) -> None:
        """Tell of all that has come until now: before figures are shown, and now and then."""
        calls, self._queue = self._queue, []
        if calls:
            _date(calls, self._clock.now())
            summed = [_summed(minute, group, members) for minute, group, members in _grouped(calls)]
            for hear in self._hearers:
                hear(summed)


def _date(calls: Iterable[Course], now: float) -> None:
    """Say when each began: what one clock is ahead of the other is asked once for all."""
    ahead = now - time.perf_counter()
    for one in calls:
        one.at = one.at or ahead + one.started


def _grouped(calls: Iterable[Course]) -> Iterator[tuple[int, Group, Sequence[Course]]]:
    groups = defaultdict[Any, list[Course]](list)
    for one in calls:
        groups[one.group].append(one)
    for group, members in groups.items():
        for minute, those in _by_minute(members):
            yield minute, group, those


def _by_minute(calls: list[Course]) -> Iterable[tuple[int, Sequence[Course]]]:
    minute = floor(min(map(_at, calls)), MINUTE)
    if max(map(_at, calls)) < minute + MINUTE:
        return ((minute, calls),)
    found = defaultdict[int, list[Course]](list)
    for one in calls:
        found[floor(one.at, MINUTE)].append(one)
    return found.items()


def _summed(minute: int, group: Group, calls: Sequence[Course]) -> Summed:
    durations = [round(one * 1e6) for one in map(sub, map(_ended, calls), map(_started, calls))]
    histogram = Histogram()
    histogram.add(durations)
    tally = Tally(
        calls=len(calls),
        total_us=sum(durations),
        upstream_us=round((sum(map(_answered, calls)) - sum(map(_sent, calls))) * 1e6),
        bytes_in=sum(map(_bytes_in, calls)),
        bytes_out=sum(map(_bytes_out, calls)),
        tokens=sum(map(_tokens, calls)),
        last_at=max(map(_at, calls)),
        histogram=histogram,
    )
    return Summed(minute, group, calls, durations, tally)

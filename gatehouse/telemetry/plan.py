"""Which rollups answer for a range of time: the coarsest that fit, and finer ones for the rest, so that sums are exact."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gatehouse.telemetry.rollup import DAY, HOUR, MINUTE, floor

_FINER = {DAY: HOUR, HOUR: MINUTE}


@dataclass(frozen=True, slots=True)
class Segment:
    level: int
    start: int
    end: int
    """Not within."""


def plan(since: int, until: int, dirty: Collection[tuple[int, int]], coarsest: int = DAY) -> list[Segment]:
    """For whole minutes. `dirty` are hours and days (level and start) whose own rollups are not right yet."""
    joined = list[Segment]()
    for segment in _cut(since, until, coarsest, dirty):
        if joined and joined[-1].level == segment.level:
            segment = Segment(segment.level, joined.pop().start, segment.end)  # noqa: PLW2901
        joined.append(segment)
    return joined


def ceiling(moment: float, level: int) -> int:
    return -int(-moment // level) * level


def _cut(since: int, until: int, level: int, dirty: Collection[tuple[int, int]]) -> Iterator[Segment]:
    first, last = ceiling(since, level), floor(until, level)
    if since >= until:
        return
    if level == MINUTE:
        yield Segment(MINUTE, since, until)
    elif first >= last:
        yield from _cut(since, until, _FINER[level], dirty)
    else:
        yield from _cut(since, first, _FINER[level], dirty)
        yield from _whole(first, last, level, dirty)
        yield from _cut(last, until, _FINER[level], dirty)


def _whole(first: int, last: int, level: int, dirty: Collection[tuple[int, int]]) -> Iterator[Segment]:
    at = first
    for start in sorted(start for of, start in dirty if of == level and first <= start < last):
        if at < start:
            yield Segment(level, at, start)
        yield from _cut(start, start + level, _FINER[level], dirty)
        at = start + level
    if at < last:
        yield Segment(level, at, last)

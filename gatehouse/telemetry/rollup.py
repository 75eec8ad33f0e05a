"""Sums of calls: by minute as they come, by hour and day made of those, and which dimensions each tells apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import attrgetter
from typing import Final

from gatehouse.telemetry.histogram import Histogram
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.tables import DIMENSIONS

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400

FULL, OFFER, CALLER, TOTAL = range(4)
CUBES: Mapping[int, frozenset[str]] = {
    TOTAL: frozenset({"method", "outcome"}),
    OFFER: frozenset({"server", "upstream", "name", "original", "method", "outcome"}),
    CALLER: frozenset({"principal", "user", "team", "client", "outcome"}),
    FULL: frozenset(DIMENSIONS),
}
"""The dimensions of each, smallest first. Minutes have the full one alone."""

DIRTY, CLEAN, GONE = 1, 2, 3
"""How a mark stands: the rollups of its time are to be made anew, are right, or are right and the finer ones deleted."""

Key = tuple[str, ...]
"""A value for each of `DIMENSIONS`, empty where the cube doesn't tell it apart."""
_FREE = frozenset({"name", "original"})
_dimensions = attrgetter(*DIMENSIONS)


@dataclass(slots=True)
class Tally:
    """Sums over some calls. Durations are whole microseconds, so that no order of adding makes a difference."""

    calls: int = 0
    total_us: int = 0
    upstream_us: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    tokens: int = 0
    last_at: float = 0.0
    histogram: Histogram = field(default_factory=Histogram)

    def merge(self, other: Tally) -> None:
        self.calls += other.calls
        self.total_us += other.total_us
        self.upstream_us += other.upstream_us
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.tokens += other.tokens
        self.last_at = max(self.last_at, other.last_at)
        self.histogram.join(other.histogram)


@dataclass(frozen=True, slots=True)
class Row:
    level: int
    cube: int
    start: int
    key: Key
    tally: Tally

    @property
    def digest(self) -> str:
        return digest(self.key)


def digest(key: Key) -> str:
    return blake2b("\x00".join(key).encode(), digest_size=16).hexdigest()


def floor(moment: float, level: int) -> int:
    return int(moment // level) * level


def key_of(record: CallRecord) -> Key:
    """A name that leads nowhere is a stranger's word, of which there is no end: the record alone has it."""
    key: Key = _dimensions(record)
    if record.upstream:
        return key
    return tuple("" if name in _FREE else value for name, value in zip(DIMENSIONS, key, strict=True))


class Merger:
    """Makes the rows of one hour or day from finer ones, which may come in parts."""

    def __init__(self, level: int, start: int) -> None:
        self._level, self._start = level, start
        self._tallies = dict[tuple[int, Key], Tally]()

    def add(self, rows: Iterable[Row]) -> None:
        """Rows of hours have their cubes; those of minutes, which are full ones alone, count in each."""
        for row in rows:
            for cube in (row.cube,) if row.level == HOUR else CUBES:
                key = row.key if cube == row.cube else _narrowed(row.key, cube)
                self._tallies.setdefault((cube, key), Tally()).merge(row.tally)

    def rows(self) -> list[Row]:
        return [Row(self._level, cube, self._start, key, tally) for (cube, key), tally in self._tallies.items()]


def _narrowed(key: Key, cube: int) -> Key:
    kept = CUBES[cube]
    return tuple(value if name in kept else "" for name, value in zip(DIMENSIONS, key, strict=True))

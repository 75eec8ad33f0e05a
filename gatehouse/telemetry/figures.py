"""Answers questions about calls, from rollups and from records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Invalid
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.telemetry import reading
from gatehouse.telemetry.histogram import merged
from gatehouse.telemetry.plan import Segment, ceiling, plan
from gatehouse.telemetry.questions import (
    Curve,
    Dimension,
    ErrorGroup,
    Flow,
    Measure,
    Point,
    Ranked,
    Seen,
    Step,
    Sums,
    Totals,
    Use,
    Wanted,
)
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.rollup import DAY, GONE, HOUR, MINUTE, floor

__all__ = [
    "Curve",
    "Dimension",
    "ErrorGroup",
    "Figures",
    "Flow",
    "Measure",
    "Point",
    "Ranked",
    "Seen",
    "Step",
    "Sums",
    "Totals",
    "Use",
    "Wanted",
]
POINTS = 2000
"""In a series."""
_NO_ERRORS = frozenset({"ok", "cancelled"})
_Key = tuple[Any, ...]
"""The start of the step, and values of the dimensions asked for."""


@dataclass(slots=True)
class _Sum:
    """What `Sums` is made of, as it grows."""

    outcomes: dict[str, int] = field(default_factory=dict[str, int])
    total_us: int = 0
    upstream_us: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    tokens: int = 0
    last_at: float = 0.0
    """Of those that were not refused."""
    histograms: list[bytes] = field(default_factory=list[bytes])

    @property
    def calls(self) -> int:
        return sum(self.outcomes.values())

    @property
    def errors(self) -> int:
        return sum(count for outcome, count in self.outcomes.items() if outcome not in _NO_ERRORS)

    def add(self, row: Row[Any]) -> None:
        # PostgreSQL and MariaDB sum whole numbers to decimal ones.
        self.outcomes[row.outcome] = self.outcomes.get(row.outcome, 0) + int(row.calls)
        self.total_us += int(row.total_us)
        self.upstream_us += int(row.upstream_us)
        self.bytes_in += int(row.bytes_in)
        self.bytes_out += int(row.bytes_out)
        self.tokens += int(row.tokens)
        if row.outcome != "refused":
            self.last_at = max(self.last_at, row.last_at)

    def sums(self) -> Sums:
        histogram = merged(self.histograms)
        return Sums(
            calls=self.calls,
            outcomes=self.outcomes,
            errors=self.errors,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            tokens=self.tokens,
            total_ms=self.total_us / 1000,
            upstream_ms=self.upstream_us / 1000,
            p50=histogram.quantile(0.5),
            p95=histogram.quantile(0.95),
            p99=histogram.quantile(0.99),
        )


@dataclass(frozen=True, slots=True)
class _Question:
    """What goes to the rollups."""

    wanted: Wanted
    segments: Sequence[Segment]
    by: tuple[str, ...] = ()
    step: int = 0
    """Seconds; 0 for the whole range at once."""

    async def sums(self, connection: AsyncConnection) -> dict[_Key, _Sum]:
        found = dict[_Key, _Sum]()
        for segment in self.segments:
            for row in await reading.sums(connection, segment, self.wanted, self.by, self.step):
                found.setdefault(self._key(row), _Sum()).add(row)
        return found

    async def add_histograms(
        self, connection: AsyncConnection, found: dict[_Key, _Sum], keys: Sequence[str] = ()
    ) -> None:
        for segment in self.segments:
            for row in await reading.histograms(connection, segment, self.wanted, self.by, self.step, keys):
                found[self._key(row)].histograms.append(row.histogram)

    def _key(self, row: Row[Any]) -> _Key:
        return (int(row[0]), *row[1 : 1 + len(self.by)])


class Figures:
    """Reads alone. About half a second behind the calls."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def totals(self, wanted: Wanted) -> Totals:
        async with self._database.read() as connection:
            since, until = await self._range(connection, wanted)
            question = _Question(wanted, await _planned(connection, since, until))
            found = await question.sums(connection)
            await question.add_histograms(connection, found)
        return Totals(since, until, next(iter(found.values()), _Sum()).sums())

    async def series(self, wanted: Wanted, step: Step) -> Sequence[Point]:
        """A point for each step of the range, in order; those without calls too.

        Raises `Invalid` for too many points, and for steps that are finer than what is kept of that time.
        """
        async with self._database.read() as connection:
            since, until = await self._range(connection, wanted)
            starts = range(floor(since, step), until, step)
            await _check_steps(connection, starts, until)
            question = _Question(wanted, await _planned(connection, since, until, step), (), step)
            found = await question.sums(connection)
            await question.add_histograms(connection, found)
        return [Point(start, found.get((start,), _Sum()).sums()) for start in starts]

    async def curves(self, wanted: Wanted, step: Step, by: Dimension, keys: Sequence[str]) -> Sequence[Curve]:
        """As `series`, one for each of these keys, in their order."""
        async with self._database.read() as connection:
            since, until = await self._range(connection, wanted)
            starts = range(floor(since, step), until, step)
            await _check_steps(connection, starts, until)
            question = _Question(wanted, await _planned(connection, since, until, step), (by,), step)
            found = {key: one for key, one in (await question.sums(connection)).items() if key[1] in keys}
            if found:
                await question.add_histograms(connection, found, keys)
        return [Curve(key, [Point(at, found.get((at, key), _Sum()).sums()) for at in starts]) for key in keys]

    async def top(self, wanted: Wanted, by: Dimension, measure: Measure, limit: int) -> Sequence[Ranked]:
        """Greatest first. `latency` is the mean; `bytes` are those in and out. The empty key is left out."""
        async with self._database.read() as connection:
            since, until = await self._range(connection, wanted)
            question = _Question(wanted, await _planned(connection, since, until), (by,))
            found = _greatest(await question.sums(connection), measure, limit)
            if found:
                await question.add_histograms(connection, found, [str(key[1]) for key in found])
        return [Ranked(str(key[1]), one.sums()) for key, one in found.items()]

    async def flows(self, wanted: Wanted) -> Sequence[Flow]:
        """All of them, those with most calls first."""
        async with self._database.read() as connection:
            since, until = await self._range(connection, wanted)
            question = _Question(wanted, await _planned(connection, since, until), ("client", "server", "upstream"))
            found = await question.sums(connection)
        flows = [Flow(key[1], key[2], key[3], one.calls, one.errors) for key, one in found.items()]
        return sorted(flows, key=lambda one: (-one.calls, one.client, one.server, one.upstream))

    async def errors(self, wanted: Wanted) -> Sequence[ErrorGroup]:
        """Most frequent first, 200 at most; from the records that are kept."""
        async with self._database.read() as connection:
            rows = await reading.errors(connection, wanted)
            examples = await reading.some(connection, [row["newest"] for row in rows], Wanted())
        by_id = {one.id: one for one in examples}
        return [
            ErrorGroup(row["error_class"], row["calls"], row["first"], row["last"], by_id[row["newest"]])
            for row in rows
        ]

    async def slowest(self, wanted: Wanted, limit: int) -> Sequence[CallRecord]:
        """Slowest first; from the records that are kept."""
        async with self._database.read() as connection:
            return await reading.slowest(connection, wanted, limit)

    async def calls(self, wanted: Wanted, request: PageRequest) -> Page[CallRecord]:
        """Newest first; pages go by id."""
        async with self._database.read() as connection:
            rows = await reading.newest(connection, wanted, request.after, request.limit + 1)
        return page(rows, request, lambda record: record.id)

    async def news(self, wanted: Wanted, after: str, limit: int) -> Sequence[CallRecord]:
        """Oldest first, those with a greater id than `after`.

        Workers write each in their own time, so one with a smaller id may come later: look back by some seconds.
        """
        async with self._database.read() as connection:
            return await reading.newer(connection, wanted, after, limit)

    async def call(self, call_id: str, seen: Seen | None = None) -> CallRecord | None:
        async with self._database.read() as connection:
            found = await reading.some(connection, [call_id], Wanted(seen=seen))
        return found[0] if found else None

    async def last_used(self, by: Dimension, wanted: Wanted | None = None) -> dict[str, Use]:
        """By id or name; those that were never used are not in it. Refused calls are no use."""
        return {key[0]: use for key, use in (await self._uses((by,), wanted or Wanted())).items()}

    async def capabilities_used(self, wanted: Wanted | None = None) -> dict[tuple[str, str, str], Use]:
        """By upstream, method and the upstream's own name."""
        found = await self._uses(("upstream", "method", "original"), wanted or Wanted())
        return {(key[0], key[1], key[2]): use for key, use in found.items()}

    async def _uses(self, by: tuple[str, ...], wanted: Wanted) -> dict[_Key, Use]:
        async with self._database.read() as connection:
            since, until = await self._range(connection, wanted)
            found = await _Question(wanted, await _planned(connection, since, until), by).sums(connection)
        served = {key[1:]: (one, one.calls - one.outcomes.get("refused", 0)) for key, one in found.items()}
        return {key: Use(one.last_at, calls) for key, (one, calls) in served.items() if calls and all(key)}

    async def _range(self, connection: AsyncConnection, wanted: Wanted) -> tuple[int, int]:
        """In whole minutes; or as wide as what is kept of the hours or days in which it begins and ends."""
        now = floor(self._clock.now(), MINUTE)
        since = wanted.since if wanted.since is not None else (await reading.earliest(connection) or now)
        until = wanted.until if wanted.until is not None else now + MINUTE
        first, last = floor(since, MINUTE), ceiling(until, MINUTE)
        ends = {(level, floor(moment, level)) for level in (HOUR, DAY) for moment in (first, last)}
        states = await reading.states(connection, ends)
        for level in (HOUR, DAY):
            if states.get((level, floor(first, level))) == GONE:
                first = floor(first, level)
            if states.get((level, floor(last, level))) == GONE:
                last = ceiling(last, level)
        return first, max(first, last)


async def _planned(connection: AsyncConnection, since: int, until: int, coarsest: int = DAY) -> list[Segment]:
    return plan(since, until, await reading.dirty(connection, floor(since, DAY), until), coarsest)


async def _check_steps(connection: AsyncConnection, starts: range, until: int) -> None:
    step = starts.step
    if len(starts) > POINTS:
        raise Invalid(
            f"That makes {len(starts)} points.", f"Ask for {POINTS} at most: a shorter time, or longer steps."
        )
    coarser = [level for level in (HOUR, DAY) if level > step]
    if coarser and starts and await reading.any_gone(connection, coarser, starts[0], until):
        raise Invalid("Figures that fine are not kept for so long.", "Ask for a later time, or for longer steps.")


def _greatest(found: dict[_Key, _Sum], measure: Measure, limit: int) -> dict[_Key, _Sum]:
    named: Iterable[tuple[_Key, _Sum]] = ((key, one) for key, one in found.items() if key[1])
    return dict(sorted(named, key=lambda item: (-_measured(item[1], measure), item[0]))[:limit])


def _measured(one: _Sum, measure: Measure) -> float:
    match measure:
        case "calls":
            return one.calls
        case "errors":
            return one.errors
        case "latency":
            return one.total_us / max(1, one.calls)
        case "bytes":
            return one.bytes_in + one.bytes_out
        case "tokens":
            return one.tokens

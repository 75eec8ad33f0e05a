"""Writes sums of all calls, and records of as many as there may be, to the database in batches, off the path of calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.kit.ids import new_id
from gatehouse.store.database import Database
from gatehouse.store.instances import Leases
from gatehouse.telemetry import repository
from gatehouse.telemetry.housekeeping import Housekeeping, Retention
from gatehouse.telemetry.intake import Intake, Summed
from gatehouse.telemetry.ledger import SETTLED
from gatehouse.telemetry.record import CallRecord, Course, Group
from gatehouse.telemetry.repository import Mark
from gatehouse.telemetry.rollup import (
    DAY,
    DIRTY,
    FULL,
    GONE,
    HOUR,
    MINUTE,
    Key,
    Row,
    Tally,
    floor,
    key_of,
)

__all__ = ["Recorder", "Retention"]
GROUPS = 20_000
"""Different calls of different minutes that wait at most to be written; past that the oldest minute is dropped."""
KEPT, AT_ONCE = 200.0, 5000
"""Records that are stored in a second, in the long run and in a burst. Where more calls come, the others are only counted."""
CLIENTS = 1000
"""Names of clients that a worker tells apart: they say of themselves what they like."""
_OTHERS = "others"
_TRIES = 5
_LEASE = "call-rollups"
_LEASE_SECONDS = 150.0


@dataclass(slots=True)
class _Sums:
    """Sums of one group's calls in one minute."""

    record: CallRecord
    """What is the same for all of them."""
    tally: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class _Batch:
    """Calls on their way to the database."""

    calls: int = 0
    groups: dict[tuple[int, Group], _Sums] = field(default_factory=dict[tuple[int, Group], _Sums])
    """By the minute in which they began."""
    failed: list[CallRecord] = field(default_factory=list[CallRecord])
    good: list[CallRecord] = field(default_factory=list[CallRecord])
    """Records that are kept."""
    doubtful: bool = False
    """It was tried before, and may be stored although we were not told so."""

    @property
    def kept(self) -> list[CallRecord]:
        return self.failed + self.good

    def rows(self, places: Mapping[int, int]) -> list[Row]:
        """With each minute put where it counts."""
        found = dict[tuple[int, Key], Tally]()
        for (start, _), sums in self.groups.items():
            found.setdefault((places[start], key_of(sums.record)), Tally()).merge(sums.tally)
        return [Row(MINUTE, FULL, start, key, tally) for (start, key), tally in found.items()]

    def drop_oldest(self) -> int:
        """The calls of one minute, and their records."""
        oldest = min(start for start, _ in self.groups)
        dropped = [place for place in self.groups if place[0] == oldest]
        calls = sum(self.groups.pop(place).tally.calls for place in dropped)
        self.calls -= calls
        for records in (self.failed, self.good):
            records[:] = [one for one in records if floor(one.at, MINUTE) != oldest]
        return calls


class Allowance:
    """So much in a second, and what was not used is saved up for a burst."""

    def __init__(self, clock: Clock, each_second: float, most: int) -> None:
        self.most = most
        self._clock = clock
        self._each_second = each_second
        self._left = float(most)
        self._at = clock.monotonic()

    def take(self, wanted: int) -> int:
        """How many of these there may be."""
        now = self._clock.monotonic()
        self._left = min(self.most, self._left + (now - self._at) * self._each_second)
        self._at = now
        given = min(wanted, int(self._left))
        self._left -= given
        return given


class Recorder:
    """One for each worker. `flush` it every half second and at a normal stop; `prune` every minute or so."""

    def __init__(  # noqa: PLR0913 - what it stands on, and how much it takes
        self,
        database: Database,
        clock: Clock,
        retention: Retention | None = None,
        intake: Intake | None = None,
        *,
        stores: bool = True,
        most: int = GROUPS,
        kept: float = KEPT,
        at_once: int = AT_ONCE,
    ) -> None:
        """`kept`: records that are stored in a second, and `at_once` in a burst.

        What is left out is counted in `left_out`, and in all sums. `most`: as `GROUPS`. Without `stores` nothing is kept.
        """
        self.id = new_id("rec")
        self.intake = intake or Intake()
        self.dropped = 0
        """Calls that were lost: more came than could be kept while the database was slow."""
        self.lost = 0
        """Calls that workers took along who were killed, as far as this one found it out."""
        self.written = 0
        self.left_out = 0
        self._database = database
        self._clock = clock
        self._leases = Leases(database, clock)
        self._housekeeping = Housekeeping(database, retention or Retention())
        self._allowance = Allowance(clock, kept, at_once)
        self._most = most
        self._open, self._batch = _Batch(), _Batch()
        """What is summed up, and what is being written."""
        self._clients = set[str]()
        self._counts: MutableSequence[int] = [0, 0]
        self.intake.tell(self._hear if stores else self._let_go)

    def keep_count_in(self, counts: MutableSequence[int]) -> None:
        """Count there what is taken and what is settled, as a `Ledger` has it. Before any call comes."""
        self._counts = counts
        self.intake.keep_count_in(counts)

    @property
    def waiting(self) -> int:
        """Calls that are not written yet."""
        return self.intake.waiting + self._open.calls + self._batch.calls

    async def flush(self) -> None:
        """Write all that waits; what can't be written is kept for the next time. Not to be called twice at once."""
        self.intake.sum_up()
        left = self.waiting
        while left > 0 and self.waiting:
            self._begin()
            left -= self._batch.calls
            await self._write()

    async def prune(self, now: float) -> None:
        """Make the rollups of hours and days that are over, and delete what is too old. One worker at a time does it."""
        if await self._leases.acquire(_LEASE, self.id, _LEASE_SECONDS):
            await self._housekeeping.tend(now)

    def _begin(self) -> None:
        """The next batch, where the last one is written."""
        if not self._batch.calls:
            self._batch, self._open = self._open, _Batch()

    def _let_go(self, summed: Sequence[Summed]) -> None:
        self._counts[SETTLED] += sum(one.tally.calls for one in summed)

    def _hear(self, summed: Sequence[Summed]) -> None:
        batch = self._open
        failed, good = list[Course](), list[Course]()
        for one in summed:
            batch.calls += one.tally.calls
            place = one.minute, one.group
            sums = batch.groups.get(place)
            if sums is None:
                sums = batch.groups[place] = _Sums(self._named(one.group.common))
            sums.tally.merge(one.tally)
            (failed if sums.record.outcome != "ok" else good).extend(one.calls)
        self._keep(batch, failed, good)
        while len(batch.groups) > self._most:
            self._drop(batch.drop_oldest())

    def _keep(self, batch: _Batch, failed: list[Course], good: list[Course]) -> None:
        """Records of what went wrong first, also instead of others that would have been kept, and of a fair part of those."""
        room = self._allowance.take(len(failed) + len(good))
        instead = min(len(batch.good), max(0, len(failed) - room))
        del batch.good[len(batch.good) - instead :]
        batch.failed += [self._named(one.made) for one in failed[: room + instead]]
        batch.good += [self._named(one.made) for one in _spread(good, max(0, room - len(failed)))]
        too_many = max(0, len(batch.failed) + len(batch.good) - self._allowance.most)
        del batch.good[:too_many]
        del batch.failed[: max(0, len(batch.failed) - self._allowance.most)]

    def _drop(self, calls: int) -> None:
        self.dropped += calls
        self._counts[SETTLED] += calls

    def _named(self, record: CallRecord) -> CallRecord:
        """With a client that is known."""
        client = self._known_client(record.client)
        return record if client == record.client else msgspec.structs.replace(record, client=client)

    def _known_client(self, client: str) -> str:
        if client not in self._clients:
            if len(self._clients) >= CLIENTS:
                return _OTHERS
            self._clients.add(client)
        return client

    async def _write(self) -> None:
        batch = self._batch
        try:
            await self._store(batch)
            self.written += batch.calls
            self.left_out += batch.calls - len(batch.kept)
        except Invalid:
            # It would be refused for ever, and all that comes after it with it.
            self.dropped += batch.calls
        self._counts[SETTLED] += batch.calls
        self._batch = _Batch()

    async def _store(self, batch: _Batch) -> None:
        for left in reversed(range(_TRIES)):
            doubtful, batch.doubtful = batch.doubtful, True
            try:
                async with self._database.write(bump=False) as connection:
                    ids = [one.id for one in batch.kept]
                    if not doubtful or not await repository.known_calls(connection, ids):
                        await _add(connection, batch, self._clock.now())
            except Conflict:
                # Another worker was the first to mark this hour: it is there to be locked now.
                if not left:
                    raise
            else:
                return


def _spread(calls: Sequence[Course], room: int) -> list[Course]:
    """So many of them, evenly. The same for the same calls."""
    if len(calls) <= room:
        return list(calls)
    return [calls[place * len(calls) // room] for place in range(room)]


async def _add(connection: AsyncConnection, batch: _Batch, now: float) -> None:
    """All of a batch or, where the transaction fails, nothing: so one record that is stored tells of all."""
    begun = {start for start, _ in batch.groups}
    states = await _locked(connection, {now, *begun})
    places = {start: _minute(start, now, states) for start in begun}
    await _mark(connection, states, set(places.values()))
    await repository.add_calls(connection, batch.kept)
    await repository.add_rows(connection, batch.rows(places))


async def _locked(connection: AsyncConnection, moments: Iterable[float]) -> dict[Mark, int | None]:
    """The marks of these moments, and nobody else changes sums of their time until this transaction has ended."""
    return {mark: await repository.lock_mark(connection, mark) for mark in _marks(moments)}


async def _mark(connection: AsyncConnection, states: dict[Mark, int | None], moments: Iterable[float]) -> None:
    for mark in _marks(moments):
        if states[mark] is None:
            await repository.add_mark(connection, mark, DIRTY)
        elif states[mark] != DIRTY:
            await repository.set_mark(connection, mark, DIRTY)


def _marks(moments: Iterable[float]) -> list[Mark]:
    """In the order in which everybody locks them."""
    hours = {floor(moment, HOUR) for moment in moments}
    found = {(HOUR, hour) for hour in hours} | {(DAY, floor(hour, DAY)) for hour in hours}
    return sorted(found, key=lambda mark: (mark[1], -mark[0]))


def _minute(at: float, now: float, states: dict[Mark, int | None]) -> int:
    """Where it counts: in the minute it began, or now, where minutes of that time are not kept any more."""
    gone = GONE in (states[HOUR, floor(at, HOUR)], states[DAY, floor(at, DAY)])
    return floor(now if gone else at, MINUTE)

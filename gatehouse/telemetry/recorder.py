"""Takes the record of each call into memory, and writes them to the database in batches, off the path of calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.kit.ids import new_id
from gatehouse.store.database import Database
from gatehouse.store.instances import Leases
from gatehouse.telemetry import repository
from gatehouse.telemetry.housekeeping import Housekeeping, Retention
from gatehouse.telemetry.record import ERROR_LENGTH, NAME_LENGTH, CallRecord, capped
from gatehouse.telemetry.repository import Mark
from gatehouse.telemetry.rollup import DAY, DIRTY, GONE, HOUR, MINUTE, floor, minutes

__all__ = ["Recorder", "Retention"]

BATCH = 5000
"""Calls in one transaction. Every one of them counts in the sums."""
KEPT = 250
"""Records that are stored of a batch: all of them, but where calls come by the thousand a second."""
CAPACITY = 50_000
"""Records that wait at most."""
CLIENTS = 1000
"""Names of clients that a worker tells apart: they say of themselves what they like."""
_OTHERS = "others"
_TRIES = 5
_LEASE = "call-rollups"
_LEASE_SECONDS = 150.0
_TEXTS = tuple(name for name, kind in CallRecord.__annotations__.items() if kind == "str" and name != "error")
_texts = attrgetter(*_TEXTS)


class Recorder:
    """One for each worker. `flush` it every half second and at a normal stop; `prune` every minute or so."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        retention: Retention | None = None,
        capacity: int = CAPACITY,
        kept: int = KEPT,
    ) -> None:
        """`kept`: records that are stored of a batch; what is left out is counted in `left_out`, and in all sums."""
        self.id = new_id("rec")
        self.dropped = 0
        """Records that were lost: more came than could be kept while the database was slow."""
        self.written = 0
        self.left_out = 0
        self._database = database
        self._clock = clock
        self._leases = Leases(database, clock)
        self._housekeeping = Housekeeping(database, retention or Retention())
        self._kept = kept
        self._queue: deque[CallRecord] = deque(maxlen=capacity)
        self._batch: list[CallRecord] = []
        self._doubtful = False
        """The batch was tried before, and may be stored although we were not told so."""
        self._clients = set[str]()

    def note(self, record: CallRecord) -> None:
        """Take it; it is written by the next `flush`."""
        queue = self._queue
        if len(queue) == queue.maxlen:
            self.dropped += 1
        queue.append(record)

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""
        return len(self._queue) + len(self._batch)

    async def flush(self) -> None:
        """Write all that waits; what can't be written is kept for the next time. Not to be called twice at once."""
        left = self.waiting
        while left > 0 and self.waiting:
            self._take()
            left -= len(self._batch)
            await self._write()

    async def prune(self, now: float) -> None:
        """Make the rollups of hours and days that are over, and delete what is too old. One worker at a time does it."""
        if await self._leases.acquire(_LEASE, self.id, _LEASE_SECONDS):
            await self._housekeeping.tend(now)

    def _take(self) -> None:
        while self._queue and len(self._batch) < BATCH:
            self._batch.append(self._cleaned(self._queue.popleft()))

    def _cleaned(self, record: CallRecord) -> CallRecord:
        client = self._known_client(record.client)
        if client == record.client and _is_clean(record):
            return record
        texts = {name: capped(getattr(record, name)) for name in _TEXTS}
        changed = {**texts, "client": capped(client), "error": capped(record.error, ERROR_LENGTH)}
        return msgspec.structs.replace(record, **changed)

    def _known_client(self, client: str) -> str:
        if client not in self._clients:
            if len(self._clients) >= CLIENTS:
                return _OTHERS
            self._clients.add(client)
        return client

    async def _write(self) -> None:
        try:
            await self._store()
            self.written += len(self._batch)
            self.left_out += max(0, len(self._batch) - self._kept)
        except Invalid:
            # It would be refused for ever, and all that comes after it with it.
            self.dropped += len(self._batch)
        self._batch, self._doubtful = [], False

    async def _store(self) -> None:
        for left in reversed(range(_TRIES)):
            doubtful, self._doubtful = self._doubtful, True
            try:
                async with self._database.write(bump=False) as connection:
                    kept = _sample(self._batch, self._kept)
                    if not doubtful or not await repository.known_calls(connection, [one.id for one in kept]):
                        await _add(connection, self._batch, kept, self._clock.now())
            except Conflict:
                # Another worker was the first to mark this hour: it is there to be locked now.
                if not left:
                    raise
            else:
                return


def _is_clean(record: CallRecord) -> bool:
    """Whether it is as nearly all are, so that there is nothing to cap: asked at once of all its texts, which is cheap."""
    texts: tuple[str, ...] = _texts(record)
    every = "".join(texts) + record.error
    short = len(record.error) <= ERROR_LENGTH and max(map(len, texts)) <= NAME_LENGTH
    return short and every.isascii() and "\x00" not in every


def _sample(batch: list[CallRecord], most: int) -> list[CallRecord]:
    """Those whose records are stored: what went wrong first, then a fair part of the others. The same for the same batch."""
    if len(batch) <= most:
        return batch
    failed = [one for one in batch if one.outcome != "ok"][:most]
    others = [one for one in batch if one.outcome == "ok"]
    room = most - len(failed)
    return failed + [others[place * len(others) // room] for place in range(room)]


async def _add(
    connection: AsyncConnection, batch: Sequence[CallRecord], kept: Sequence[CallRecord], now: float
) -> None:
    """All of a batch or, where the transaction fails, nothing: so one record that is stored tells of all."""
    begun = [floor(one.at, MINUTE) for one in batch]
    states = await _locked(connection, {now, *begun})
    places = {start: _minute(start, now, states) for start in set(begun)}
    await _mark(connection, states, set(places.values()))
    placed = ((places[start], one) for start, one in zip(begun, batch, strict=True))
    await repository.add_calls(connection, kept)
    await repository.add_rows(connection, minutes(placed))


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

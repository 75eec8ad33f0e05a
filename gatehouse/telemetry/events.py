"""Takes events into memory, writes them to the database in batches, and finds them again."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence

import msgspec

from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Invalid
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.instances import Leases
from gatehouse.telemetry import events_repository as repository
from gatehouse.telemetry.event import MESSAGE_LENGTH, Event
from gatehouse.telemetry.events_repeated import Repeated
from gatehouse.telemetry.events_repository import SeenEvents, WantedEvents
from gatehouse.telemetry.record import capped

__all__ = ["Event", "Events", "SeenEvents", "WantedEvents"]

PREFIX = "evt"
CAPACITY = 5000
"""Events that wait at most; past that the oldest are lost."""
BATCH = 500
KEEP_DAYS = 30
_DROPPED_AT_ONCE = 2000
_DAY = 86_400.0
_LEASE = "prune-events"
_LEASE_SECONDS = 300.0


class Events:
    """One for each worker. `flush` it every half second and at a normal stop; `prune` every ten minutes or so."""

    def __init__(self, database: Database, clock: Clock, keep_days: int = KEEP_DAYS, capacity: int = CAPACITY) -> None:
        """`keep_days`: days after which events are deleted; 0: never."""
        self.dropped = 0
        """Events that were lost: more came than could be kept while the database was slow."""
        self._database = database
        self._clock = clock
        self._leases = Leases(database, clock)
        self._holder = new_id("evh")
        self._keep_days = keep_days
        self._waiting: deque[Event] = deque(maxlen=capacity)
        self._repeated = Repeated()
        self._batch: list[Event] = []

    @property
    def waiting(self) -> int:
        """Events that are not written yet."""
        return len(self._waiting) + len(self._batch)

    def note(self, event: Event) -> None:
        """Take it; it is written by the next `flush`."""
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append(event)

    def count(self, key: Hashable, event: Event) -> bool:
        """The same for what happens again and again: what `key` stands for is told once a minute, with how often it was.

        False: too many others are kept apart already, and it was not taken.
        """
        return self._repeated.count(key, event)

    async def flush(self, everything: bool = False) -> None:
        """Write all that waits; what can't be written is kept for the next time. Not to be called twice at once.

        `everything`: also what was told less than a minute ago.
        """
        for event in self._repeated.due(self._clock.now(), everything):
            self.note(event)
        while self._batch or self._waiting:
            await self._write()

    async def prune(self, now: float) -> None:
        """Delete what is too old. One worker at a time does it."""
        if not self._keep_days or not await self._leases.acquire(_LEASE, self._holder, _LEASE_SECONDS):
            return
        more = True
        while more:
            async with self._database.write(bump=False) as connection:
                more = await repository.drop(connection, now - self._keep_days * _DAY, _DROPPED_AT_ONCE)

    async def list(self, wanted: WantedEvents, request: PageRequest) -> Page[Event]:
        """Newest first; pages go by id."""
        async with self._database.read() as connection:
            rows = await repository.newest(connection, wanted, request.after, request.limit + 1)
        return page(rows, request, lambda one: one.id)

    async def news(self, wanted: WantedEvents, after: str, limit: int) -> Sequence[Event]:
        """Oldest first, those with a greater id than `after`. Workers write in their own time: look back by some seconds."""
        async with self._database.read() as connection:
            return await repository.newer(connection, wanted, after, limit)

    async def _write(self) -> None:
        tried = self._batch
        if not tried:
            taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._batch = [_cleaned(one) for one in taken]
        try:
            async with self._database.write(bump=False) as connection:
                # A write that failed may have been stored all the same: all of its batch, or nothing.
                if not tried or not await repository.is_stored(connection, tried[0].id):
                    self._batch = _numbered(self._batch)
                    await repository.add(connection, self._batch)
        except Invalid:
            # It would be refused for ever, and all that comes after it with it.
            self.dropped += len(self._batch)
        self._batch = []


def _numbered(events: Sequence[Event]) -> list[Event]:
    """With ids in the order in which they happened."""
    ids = sorted(new_id(PREFIX) for _ in events)
    return [msgspec.structs.replace(one, id=id_) for one, id_ in zip(events, ids, strict=True)]


def _cleaned(event: Event) -> Event:
    return msgspec.structs.replace(
        event, message=capped(event.message, MESSAGE_LENGTH), subject_name=capped(event.subject_name)
    )

"""How tokens are used: counted in memory, and added to the database in batches, a row for each token and day (UTC)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from gatehouse.access.model import Conditions, Rate
from gatehouse.access.tokens import conditions, repository
from gatehouse.access.tokens.repository import Use
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict
from gatehouse.store.database import Database

DAY = 86400
"""Seconds."""
KEPT_DAYS = 400
"""What is older is forgotten."""
BATCH = 500
"""Rows in one transaction."""
_TRIES = 3
_TOKEN = "tok_"
_REQUESTS, _CALLS, _REFUSED, _LAST = range(4)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Today:
    """What is known of a token's use today: requests that other workers counted, and calls that any did."""

    others_requests: int
    calls: int
    rate: Rate | None
    """As the token has it now."""


class Usage:
    """Of this worker. What is not stored yet waits in memory: four numbers for each token and day."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._day, self._midnight = "", 0.0
        self._fresh: dict[str, list[float]] = {}
        self._waiting: dict[tuple[str, str], list[float]] = {}
        self._stored: dict[str, int] = {}
        """Requests of today that are this worker's, and in the database."""
        self._cleaned = ""

    def count(self, principal: str, calls: int = 0) -> None:
        """One request, by the id of who was let in, and how many calls to upstreams it is: one or none."""
        entry = self._entry(principal)
        entry[_REQUESTS] += 1
        entry[_CALLS] += calls

    def refuse(self, principal: str) -> None:
        """One request that the conditions on its token refused."""
        self._entry(principal)[_REFUSED] += 1

    async def flush(self) -> None:
        """Store what was counted; what can't be stored is kept for the next time. Not to be called twice at once."""
        self._gather()
        for keys in _batches(sorted(self._waiting)):
            await self._store({key: self._waiting.pop(key) for key in keys})
        await self._clean()

    async def today(self, since: float = 0.0) -> dict[str, Today]:
        """By id, of the tokens with conditions that any worker counted since that moment."""
        day = self._today()
        async with self._database.read() as connection:
            found = await repository.use_of_limited(connection, day, since)
        if day != self._today():
            return {}
        return {use.token_id: self._known(use, stored) for use, stored in found}

    async def per_day(self, token_id: str, days: int) -> list[Use]:
        """The last so many days, today last, and those too on which it was not used."""
        today = date.fromisoformat(self._today())
        wanted = [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(days))]
        async with self._database.read() as connection:
            found = {one.day: one for one in await repository.use_since(connection, token_id, wanted[0])}
        return [found.get(day) or Use(token_id, day, 0, 0, 0, 0.0) for day in wanted]

    async def last_used(self, token_ids: Collection[str]) -> dict[str, float]:
        """When each was used last, by its id; about a second behind."""
        async with self._database.read() as connection:
            return await repository.last_use(connection, token_ids)

    def _entry(self, principal: str) -> list[float]:
        now = self._clock.now()
        if now >= self._midnight:
            self._turn(now)
        entry = self._fresh.get(principal)
        if entry is None:
            entry = self._fresh[principal] = [0, 0, 0, now]
        entry[_LAST] = now
        return entry

    def _today(self) -> str:
        now = self._clock.now()
        if now >= self._midnight:
            self._turn(now)
        return self._day

    def _turn(self, now: float) -> None:
        """Another day begins."""
        self._gather()
        self._day, self._midnight = datetime.fromtimestamp(now, UTC).date().isoformat(), midnight_after(now)
        self._stored = {}

    def _gather(self) -> None:
        """Users and clients of other issuers are counted like tokens, since asking who it is would cost more: not stored."""
        fresh, self._fresh = self._fresh, {}
        for principal, entry in fresh.items():
            if principal.startswith(_TOKEN):
                self._wait((principal, self._day), entry)

    def _wait(self, key: tuple[str, str], entry: list[float]) -> None:
        known = self._waiting.setdefault(key, [0, 0, 0, 0.0])
        for place in (_REQUESTS, _CALLS, _REFUSED):
            known[place] += entry[place]
        known[_LAST] = max(known[_LAST], entry[_LAST])

    async def _store(self, batch: dict[tuple[str, str], list[float]]) -> None:
        rows = [
            Use(token_id, day, int(entry[_REQUESTS]), int(entry[_CALLS]), int(entry[_REFUSED]), entry[_LAST])
            for (token_id, day), entry in batch.items()
        ]
        try:
            await self._add(rows)
        except BaseException:
            for key, entry in batch.items():
                self._wait(key, entry)
            raise
        for row in rows:
            if row.day == self._day:
                self._stored[row.token_id] = self._stored.get(row.token_id, 0) + row.requests

    async def _add(self, rows: Sequence[Use]) -> None:
        for left in reversed(range(_TRIES)):
            try:
                async with self._database.write(bump=False) as connection:
                    await repository.add_use(connection, rows)
            except Conflict:
                # Another worker was the first to store one of them today: it is there to be added to now.
                if not left:
                    raise
            else:
                return

    def _known(self, use: Use, stored: bytes) -> Today:
        mine = self._fresh.get(use.token_id), self._waiting.get((use.token_id, use.day))
        calls = use.calls + sum(int(entry[_CALLS]) for entry in mine if entry is not None)
        return Today(use.requests - self._stored.get(use.token_id, 0), calls, _loaded(stored).rate)

    async def _clean(self) -> None:
        day = self._today()
        if self._cleaned != day:
            before = date.fromisoformat(day) - timedelta(days=KEPT_DAYS)
            async with self._database.write(bump=False) as connection:
                await repository.forget_use(connection, before.isoformat())
            self._cleaned = day


def midnight_after(now: float) -> float:
    """The next one, UTC."""
    return (now // DAY + 1) * DAY


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


@lru_cache(maxsize=1000)
def _loaded(stored: bytes) -> Conditions:
    """Many tokens have the same, and they are read again each second."""
    return conditions.load(stored)

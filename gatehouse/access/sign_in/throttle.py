"""Wrong passwords slow down who sends them, and nobody else.

Counted are the pair of an account and a neighbourhood of addresses, and the neighbourhood over all accounts; never an
account alone, so that no stranger can lock anybody out. An address from which somebody signed in well before is counted by
itself for that account, whatever its neighbours do. Accounts that do not exist are counted like those that do.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.tables import SIGN_IN_FAILURES
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, RateLimited
from gatehouse.kit.net import neighbourhood
from gatehouse.store.database import Database

FREE = 5
"""Failures of one account that cost nothing. The next try is then a second away, then 2, 4, and so on."""
FREE_AT_ADDRESS = 30
"""The same over all accounts: many people may sit behind one address."""
LONGEST = 60.0
"""Seconds, the longest pause."""
FORGOTTEN_AFTER = 600.0
"""Seconds without a try, after each of which one failure is forgotten."""
_STEPS = math.ceil(math.log2(LONGEST)) + 1
_KEPT = 86_400.0
_KNOWN_FOR = 180 * 86_400.0
"""Seconds that it is remembered from which address somebody signed in."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that was let through; it counts as a failure until `succeeded` or `undo` says otherwise."""

    account: str
    address: str | None
    counted: Mapping[str, int]
    """Digests of what was counted, and how many failures each had before."""

    @property
    def own(self) -> str:
        """The counter of the account, which a success clears; the one of the address goes back by one."""
        return next(iter(self.counted))


@dataclass(frozen=True, slots=True)
class _Counter:
    digest: str
    free: int


class Throttle:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, account: str, address: str | None) -> Attempt:
        """To be called before the password is looked at, so that many at once are counted, too; raises `RateLimited`.

        A try that comes too early is not counted.
        """
        for _ in range(_TRIES - 1):
            try:
                return await self._begin(account, address)
            except Conflict:
                continue  # Two began the same counter at once; one of them finds it there now.
        return await self._begin(account, address)

    async def succeeded(self, attempt: Attempt) -> None:
        known = _digest("known", attempt.account, attempt.address or "")
        async with self._database.write(bump=False) as connection:
            await self._take_back(connection, attempt, {attempt.own: 0})
            await _store(connection, known, 0, self._clock.now())

    async def undo(self, attempt: Attempt) -> None:
        """The password was not looked at after all."""
        async with self._database.write(bump=False) as connection:
            await self._take_back(connection, attempt, {})

    async def purge(self, now: float) -> None:
        rows = SIGN_IN_FAILURES.c
        old = and_(rows.failures > 0, rows.last_at < now - _KEPT)
        async with self._database.write(bump=False) as connection:
            await connection.execute(delete(SIGN_IN_FAILURES).where(or_(old, rows.last_at < now - _KNOWN_FOR)))

    async def _begin(self, account: str, address: str | None) -> Attempt:
        now = self._clock.now()
        async with self._database.write(bump=False) as connection:
            counters, failures, stored = await self._look(connection, account, address, now)
            for counter in counters:
                _check(failures[counter.digest], counter.free, now)
            counted = {one.digest: failures[one.digest][0] for one in counters}
            for one in sorted(counters, key=lambda counter: counter.digest):
                tries = min(counted[one.digest] + 1, one.free + _STEPS)
                if one.digest in stored:
                    await _store(connection, one.digest, tries, now)
                else:
                    # Whoever else began it meanwhile has counted, too: then this ends in `Conflict`, and counts again.
                    await _add(connection, one.digest, tries, now)
        return Attempt(account, address, counted)

    async def _look(
        self, connection: AsyncConnection, account: str, address: str | None, now: float
    ) -> tuple[tuple[_Counter, ...], dict[str, tuple[int, float]], Collection[str]]:
        """The counters that hold for this try, for each its failures, less what is forgotten, and when the last was; and what is stored."""
        area = neighbourhood(address)
        known = _digest("known", account, address or "")
        alone = _Counter(_digest("pair", account, address or ""), FREE)
        shared = (_Counter(_digest("pair", account, area), FREE), _Counter(_digest("area", area), FREE_AT_ADDRESS))
        rows = await _rows(connection, {known, alone.digest, *(one.digest for one in shared)})
        counters = (alone,) if known in rows else shared
        return counters, {one.digest: _left(rows.get(one.digest, (0, 0.0)), now) for one in counters}, rows.keys()

    async def _take_back(self, connection: AsyncConnection, attempt: Attempt, to: Mapping[str, int]) -> None:
        rows = await _rows(connection, attempt.counted.keys())
        for digest, (failures, last_at) in sorted(rows.items()):
            left = to.get(digest, failures - 1)
            if left > 0:
                await _store(connection, digest, left, last_at)
            else:
                await connection.execute(delete(SIGN_IN_FAILURES).where(SIGN_IN_FAILURES.c.digest == digest))


def pause(failures: int, free: int = FREE) -> float:
    """Seconds between a failure and the next try."""
    return 0.0 if failures < free else min(2.0 ** (failures - free), LONGEST)


def _check(counted: tuple[int, float], free: int, now: float) -> None:
    failures, last_at = counted
    wait = last_at + pause(failures, free) - now
    if wait > 0:
        seconds = math.ceil(wait)
        words = "Too many failed sign-ins from here."
        raise RateLimited(words, f"Try again in {seconds} second{'' if seconds == 1 else 's'}.", seconds)


def _left(row: tuple[int, float], now: float) -> tuple[int, float]:
    failures, last_at = row
    forgotten = int(max(0.0, now - last_at) // FORGOTTEN_AFTER)
    return max(0, failures - forgotten), last_at


async def _rows(connection: AsyncConnection, digests: Collection[str]) -> dict[str, tuple[int, float]]:
    """Locked, always in the same order, until the transaction ends."""
    table = SIGN_IN_FAILURES
    wanted = select(table).where(table.c.digest.in_(sorted(digests))).order_by(table.c.digest).with_for_update()
    return {row.digest: (row.failures, row.last_at) for row in await connection.execute(wanted)}


async def _store(connection: AsyncConnection, digest: str, failures: int, last_at: float) -> None:
    values = {"failures": failures, "last_at": last_at}
    mine = SIGN_IN_FAILURES.c.digest == digest
    done = await connection.execute(update(SIGN_IN_FAILURES).where(mine).values(values))
    if done.rowcount == 0:
        await _add(connection, digest, failures, last_at)


async def _add(connection: AsyncConnection, digest: str, failures: int, last_at: float) -> None:
    values = {"digest": digest, "failures": failures, "last_at": last_at}
    await connection.execute(insert(SIGN_IN_FAILURES).values(values))


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()

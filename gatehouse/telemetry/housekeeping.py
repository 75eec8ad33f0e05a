"""Makes the rollups of hours from those of minutes, of days from those of hours, and deletes what is too old.

All of it may be done again at any time, and by several at once: each step locks the mark of its hour or day, and looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.store.database import Database
from gatehouse.telemetry import repository
from gatehouse.telemetry.repository import Mark
from gatehouse.telemetry.rollup import CLEAN, DAY, DIRTY, GONE, HOUR, MINUTE, Merger

SETTLED = 60.0
"""Seconds after its end in which an hour waits for calls that are on the way to the database."""
_CALLS = 2000


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each is kept, in seconds."""

    calls: float = 14.0 * DAY
    minutes: float = 2.0 * DAY
    hours: float = 60.0 * DAY
    days: float = 730.0 * DAY


class Housekeeping:
    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention

    async def tend(self, now: float) -> None:
        for hour in await self._found(HOUR, DIRTY, now - SETTLED):
            await self._roll_hour(hour)
        for day in await self._found(DAY, DIRTY, now - SETTLED):
            await self._roll_day(day)
        for hour in await self._found(HOUR, CLEAN, now - self._retention.minutes):
            await self._drop_minutes(hour)
        for day in await self._found(DAY, CLEAN, now - self._retention.hours):
            await self._drop_hours(day)
        for day in await self._found(DAY, GONE, now - self._retention.days):
            await self._drop_day(day)
        await self._drop_calls(now - self._retention.calls)

    async def _found(self, level: int, state: int, until: float) -> list[int]:
        async with self._database.read() as connection:
            return await repository.marks(connection, level, state, until)

    async def _roll_hour(self, hour: int) -> None:
        async with self._database.write(bump=False) as connection:
            if await repository.lock_mark(connection, (HOUR, hour)) != DIRTY:
                return
            await _make(connection, (HOUR, hour), MINUTE)

    async def _roll_day(self, day: int) -> None:
        async with self._database.write(bump=False) as connection:
            state = await repository.lock_mark(connection, (DAY, day))
            if state != DIRTY or await repository.has_hours(connection, (DAY, day), [DIRTY]):
                return
            await _make(connection, (DAY, day), HOUR)

    async def _drop_minutes(self, hour: int) -> None:
        async with self._database.write(bump=False) as connection:
            if await repository.lock_mark(connection, (HOUR, hour)) == CLEAN:
                await repository.drop_rows(connection, MINUTE, hour, hour + HOUR)
                await repository.set_mark(connection, (HOUR, hour), GONE)

    async def _drop_hours(self, day: int) -> None:
        async with self._database.write(bump=False) as connection:
            state = await repository.lock_mark(connection, (DAY, day))
            if state != CLEAN or await repository.has_hours(connection, (DAY, day), [DIRTY, CLEAN]):
                return
            await repository.drop_rows(connection, HOUR, day, day + DAY)
            await repository.drop_marks(connection, HOUR, day, day + DAY)
            await repository.set_mark(connection, (DAY, day), GONE)

    async def _drop_day(self, day: int) -> None:
        async with self._database.write(bump=False) as connection:
            if await repository.lock_mark(connection, (DAY, day)) == GONE:
                await repository.drop_rows(connection, DAY, day, day + 1)
                await repository.drop_marks(connection, DAY, day, day + 1)

    async def _drop_calls(self, before: float) -> None:
        more = True
        while more:
            async with self._database.write(bump=False) as connection:
                more = await repository.drop_calls(connection, before, _CALLS)


async def _make(connection: AsyncConnection, mark: Mark, finer: int) -> None:
    level, start = mark
    merger = Merger(level, start)
    for part in await repository.starts(connection, finer, start, start + level):
        # Part by part, so that calls get their turn between.
        merger.add(await repository.rows_at(connection, finer, part))
    await repository.drop_rows(connection, level, start, start + level)
    await repository.put_rows(connection, merger.rows())
    await repository.set_mark(connection, mark, CLEAN)

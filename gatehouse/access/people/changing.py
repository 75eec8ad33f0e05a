"""A transaction that changes people: one at a time over all workers, so that what was looked at holds until the end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.store.database import PEOPLE, Database


@asynccontextmanager
async def changing(database: Database, connection: AsyncConnection | None = None) -> AsyncGenerator[AsyncConnection]:
    """Inside the transaction of `connection` where one is given, which must be one of `Database.write`."""
    if connection is not None:
        await database.count_up(connection, PEOPLE)
        yield connection
        return
    async with database.write() as own:
        await database.count_up(own, PEOPLE)
        yield own

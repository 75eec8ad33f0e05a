"""Things that are settled once for the whole installation, by whichever worker comes first."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.store.database import FACTS


async def fact(connection: AsyncConnection, name: str) -> bytes | None:
    return (await connection.execute(select(FACTS.c.value).where(FACTS.c.name == name))).scalar()


async def settle_fact(connection: AsyncConnection, name: str, value: bytes) -> None:
    """Ends the write in `Conflict` where the fact has been settled before."""
    await connection.execute(insert(FACTS).values(name=name, value=value))


async def replace_fact(connection: AsyncConnection, name: str, value: bytes | None) -> None:
    """For what may change after all; None takes it away. Ends the write in `Conflict` where another one is as fast."""
    await connection.execute(delete(FACTS).where(FACTS.c.name == name))
    if value is not None:
        await settle_fact(connection, name, value)

"""Statements are told with the time that they took, and without their parameters."""

from __future__ import annotations

import pytest
from sqlalchemy import literal, select, text

from gatehouse.kit.errors import GatewayError
from gatehouse.store.database import Database

pytestmark = pytest.mark.anyio
SECRET = "not for the log"


async def test_every_statement_is_told_on_every_database_without_its_parameters(database: Database) -> None:
    told: list[tuple[str, float]] = []
    database.on_query(lambda statement, seconds: told.append((statement, seconds)))
    async with database.read() as connection:
        await connection.execute(select(literal(SECRET)))
    async with database.write(bump=True) as connection:
        await connection.execute(select(literal(SECRET)))
    statements = [statement for statement, _ in told]
    assert sum("SELECT" in one.upper() for one in statements) >= 2
    assert sum("UPDATE" in one.upper() for one in statements) == 1
    assert SECRET not in "".join(statements)
    assert all(0 <= seconds < 30 for _, seconds in told)


async def test_a_statement_that_fails_is_told_too(sqlite: Database) -> None:
    told: list[str] = []
    sqlite.on_query(lambda statement, seconds: told.append(statement))
    with pytest.raises(GatewayError):
        async with sqlite.read() as connection:
            await connection.execute(text("SELECT nothing FROM nowhere_at_all"))
    assert [one for one in told if "nowhere_at_all" in one] == ["SELECT nothing FROM nowhere_at_all"]

"""The API over each kind of database, and over SQLite for what does not depend on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gatehouse.store.database import Database
from tests.support.databases import backend, database, database_url, sqlite
from tests.unit.api.gate import Gate, opened_gate

__all__ = ["backend", "database", "database_url", "sqlite"]


@pytest.fixture
async def gate(sqlite: Database) -> AsyncIterator[Gate]:
    async with opened_gate(sqlite) as opened:
        yield opened


@pytest.fixture
async def any_gate(database: Database) -> AsyncIterator[Gate]:
    async with opened_gate(database) as opened:
        yield opened

"""The API over SQLite; `tests/integration/test_api.py` has it over the others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gatehouse.store.database import Database
from tests.support.databases import sqlite
from tests.unit.api.gate import Gate, opened_gate

__all__ = ["sqlite"]


@pytest.fixture
async def gate(sqlite: Database) -> AsyncIterator[Gate]:
    async with opened_gate(sqlite) as opened:
        yield opened

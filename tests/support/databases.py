"""A fresh database on each of the three kinds: SQLite in a file, PostgreSQL and MariaDB on this machine.

A service that is missing skips its tests; under CI=true that is a failure.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gatehouse.store.database import Database

BACKENDS = ("sqlite", "postgresql", "mariadb")
POSTGRESQL = os.environ.get("TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432")
MARIADB = os.environ.get("TEST_MARIADB", "mariadb://root@127.0.0.1:3306")


@asynccontextmanager
async def fresh_url(backend: str, directory: Path) -> AsyncGenerator[str]:
    """The URL of an empty database, which is dropped in the end."""
    name = f"gatehouse_test_{secrets.token_hex(6)}"
    if backend == "sqlite":
        yield f"sqlite:///{directory / name}.db"
        return
    try:
        await _run(backend, f"CREATE DATABASE {name}")
    except Exception as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{backend} can't be used here: {error}")
    try:
        yield f"{POSTGRESQL if backend == 'postgresql' else MARIADB}/{name}"
    finally:
        await _run(backend, f"DROP DATABASE {name}" + (" WITH (FORCE)" if backend == "postgresql" else ""))


@asynccontextmanager
async def fresh_database(backend: str, directory: Path) -> AsyncGenerator[Database]:
    """Open and empty; closed and dropped in the end."""
    async with fresh_url(backend, directory) as url:
        database = Database(url)
        try:
            await database.open()
            yield database
        finally:
            await database.close()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database_url(backend: str, tmp_path: Path) -> AsyncIterator[str]:
    async with fresh_url(backend, tmp_path) as url:
        yield url


@pytest.fixture
async def database(backend: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(backend, tmp_path) as opened:
        yield opened


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """For what does not depend on the kind of database."""
    async with fresh_database("sqlite", tmp_path) as opened:
        yield opened


async def _run(backend: str, statement: str) -> None:
    """On the server, outside a transaction, since databases are not made in one."""
    address = POSTGRESQL.replace("postgresql:", "postgresql+asyncpg:") + "/postgres"
    if backend == "mariadb":
        address = MARIADB.replace("mariadb:", "mysql+aiomysql:") + "/mysql"
    engine = create_async_engine(address, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()

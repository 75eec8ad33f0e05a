"""A fresh database on each of the three kinds: SQLite in a file, PostgreSQL and MariaDB on this machine.

A service that is missing skips its tests; under CI=true that is a failure. The tables are made once and copied where that can
be done: on SQLite and PostgreSQL it takes a tenth of the time of making them.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from gatehouse.store.database import Database

BACKENDS = ("sqlite", "postgresql", "mariadb")
POSTGRESQL = os.environ.get("TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432")
MARIADB = os.environ.get("TEST_MARIADB", "mariadb://root@127.0.0.1:3306")


@asynccontextmanager
async def fresh_url(backend: str, directory: Path) -> AsyncGenerator[str]:
    """The URL of an empty database, which is dropped in the end."""
    async with _named(backend, directory) as (url, _):
        yield url


@asynccontextmanager
async def _named(backend: str, directory: Path, like: str = "") -> AsyncGenerator[tuple[str, str]]:
    """URL and name of a new database; `like` is one on PostgreSQL that it is a copy of."""
    name = f"gatehouse_test_{secrets.token_hex(6)}"
    if backend == "sqlite":
        yield f"sqlite:///{directory / name}.db", name
        return
    try:
        await _run(backend, f"CREATE DATABASE {name}" + (f" TEMPLATE {like}" if like else ""))
    except Exception as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{backend} can't be used here: {error}")
    try:
        yield f"{POSTGRESQL if backend == 'postgresql' else MARIADB}/{name}", name
    finally:
        await _run(backend, f"DROP DATABASE {name}" + (" WITH (FORCE)" if backend == "postgresql" else ""))


@asynccontextmanager
async def fresh_database(backend: str, directory: Path) -> AsyncGenerator[Database]:
    """Open and empty; closed and dropped in the end."""
    if backend == "mariadb":
        async with _SPARES.one() as url, _opened(url) as database:
            yield database
        return
    like = await _TEMPLATES.ready(backend)
    async with _named(backend, directory, like if backend == "postgresql" else "") as (url, _):
        if backend == "sqlite":
            shutil.copyfile(like, url.removeprefix("sqlite:///"))
        async with _opened(url) as database:
            yield database


@asynccontextmanager
async def _opened(url: str) -> AsyncGenerator[Database]:
    database = Database(url)
    try:
        await database.open()
        yield database
    finally:
        await database.close()


class _Templates:
    """Databases with all tables and nothing in them, made when they are first needed and kept until the tests end."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}

    async def ready(self, backend: str) -> str:
        """The file on SQLite, the name on PostgreSQL."""
        if backend not in self._made:
            directory = Path(tempfile.mkdtemp(prefix="gatehouse-template-"))
            atexit.register(shutil.rmtree, directory, ignore_errors=True)
            self._made[backend] = await self._make(backend, directory)
        return self._made[backend]

    async def _make(self, backend: str, directory: Path) -> str:
        if backend == "sqlite":
            file = directory / "template.db"
            await _filled(f"sqlite:///{file}")
            return str(file)
        name = f"gatehouse_template_{secrets.token_hex(6)}"
        try:
            await _run(backend, f"CREATE DATABASE {name}")
        except Exception as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"{backend} can't be used here: {error}")
        atexit.register(lambda: asyncio.run(_run(backend, f"DROP DATABASE {name} WITH (FORCE)")))
        await _filled(f"{POSTGRESQL}/{name}")
        return name


async def _filled(url: str) -> None:
    async with _opened(url):
        pass


@dataclass(slots=True)
class _Spares:
    """On MariaDB making the tables takes long, and nothing can be copied: a database is emptied and used again."""

    free: list[str] = field(default_factory=list[str])
    made: set[str] = field(default_factory=set[str])
    columns: set[tuple[Any, ...]] = field(default_factory=set[tuple[Any, ...]])
    """Table, name and type of each, as they are in a new one."""
    rows: dict[str, Any] = field(default_factory=dict[str, Any])
    """What is in a new one, by table."""

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[str]:
        name = self.free.pop() if self.free else await self._make()
        yield f"{MARIADB}/{name}"
        if await self._emptied(name):
            self.free.append(name)
        else:
            await self._drop(name)

    async def _make(self) -> str:
        name = f"gatehouse_test_{secrets.token_hex(6)}"
        try:
            await _run("mariadb", f"CREATE DATABASE {name}")
        except Exception as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"mariadb can't be used here: {error}")
        if not self.made:
            atexit.register(lambda: asyncio.run(self._drop_all()))
        self.made.add(name)
        await _filled(f"{MARIADB}/{name}")
        if not self.columns:
            async with _reaching("mariadb", name) as connection:
                self.columns = await _columns(connection, name)
                for table in {column[0] for column in self.columns}:
                    found = await connection.execute(text(f"SELECT * FROM `{table}`"))
                    self.rows[table] = [dict(row) for row in found.mappings()]
        return name

    async def _emptied(self, name: str) -> bool:
        """Whether it is as a new one again; not where a test changed its tables."""
        async with _reaching("mariadb", name) as connection:
            if await _columns(connection, name) != self.columns:
                return False
            await connection.execute(text("SET foreign_key_checks = 0"))
            for table, rows in self.rows.items():
                await connection.execute(text(f"DELETE FROM `{table}`"))
                for row in rows:
                    places = ", ".join(f":{column}" for column in row)
                    names = ", ".join(f"`{column}`" for column in row)
                    await connection.execute(text(f"INSERT INTO `{table}` ({names}) VALUES ({places})"), row)
        return True

    async def _drop(self, name: str) -> None:
        self.made.discard(name)
        await _run("mariadb", f"DROP DATABASE {name}")

    async def _drop_all(self) -> None:
        for name in tuple(self.made):
            await self._drop(name)


async def _columns(connection: AsyncConnection, name: str) -> set[tuple[Any, ...]]:
    found = text(
        "SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema = :name"
    )
    return {tuple(row) for row in await connection.execute(found, {"name": name})}


_TEMPLATES = _Templates()
_SPARES = _Spares()


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
    async with _reaching(backend, "mysql" if backend == "mariadb" else "postgres") as connection:
        await connection.execute(text(statement))


@asynccontextmanager
async def _reaching(backend: str, name: str) -> AsyncGenerator[AsyncConnection]:
    """Each statement by itself."""
    server = POSTGRESQL.replace("postgresql:", "postgresql+asyncpg:")
    if backend == "mariadb":
        server = MARIADB.replace("mariadb:", "mysql+aiomysql:")
    engine = create_async_engine(f"{server}/{name}", isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()

"""The one database: transactions, the revision that every write bumps, and the schema's version.

It knows no table but its own; `tables.py` files put theirs into `METADATA`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    event,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gatehouse.kit.errors import Conflict, GatewayError, Invalid
from gatehouse.store import schema
from gatehouse.store.address import driver_options, parse_url
from gatehouse.store.timing import Timed, time_queries
from gatehouse.store.types import BYTES, TABLE

METADATA = MetaData()
REVISION = Table(
    "revision",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
    **TABLE,
)
FACTS = Table(
    "facts",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", BYTES, nullable=False),
    **TABLE,
)
"""Things that are so once for the whole installation, such as which master key it has."""

PEOPLE, TOKENS = 2, 3
"""Counters beside the revision, which go up with it: for what is too much to be read anew after every change."""
CHANGED_MEANWHILE = "Somebody else changed the same thing at the same moment."
_BUMPS = "gatehouse_bumps"
_BEGIN = "gatehouse_begin"
_BUSY_MILLISECONDS = 15_000
# Deadlock victim and serialization failure: PostgreSQL's SQLSTATEs, MariaDB's error numbers.
_COLLISIONS = frozenset({"40001", "40P01", 1213, 1020})
_REFUSALS = frozenset({"08", "28", "3D", "53", "57"})
"""Classes of PostgreSQL's SQLSTATEs."""


class DatabaseDown(GatewayError):
    """The database can't be reached, or gave up on us."""

    http_status = 503
    title = "Database down"


class Database:
    """`open` before use, `close` at the end. Safe to share among tasks of one event loop."""

    def __init__(self, url: str) -> None:
        self._url = parse_url(url)
        self._engine = create_async_engine(self._url, **_engine_options(self._url))
        self._reader, self._writer = _roles(self._engine)
        self._listeners: list[Callable[[], None]] = []
        self._turn = anyio.Lock() if self.backend == "sqlite" else None

    def __repr__(self) -> str:
        return f"Database({self._url.render_as_string(hide_password=True)})"

    @property
    def backend(self) -> str:
        """`sqlite`, `postgresql` or `mysql`."""
        return self._url.get_backend_name()

    async def open(self) -> None:
        """Bring the schema up to date; raises `Conflict` for a database that is newer or not ours, and leaves it alone."""
        with _translated(CHANGED_MEANWHILE):
            if self.backend == "sqlite":
                _make_file(Path(self._url.database or ""))
            version = await self._version()
            if self.backend == "sqlite":
                await self._use_wal()
            if version != schema.HEAD:
                async with self._writer.begin() as connection:
                    await schema.migrate(connection)

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that sees one state of the whole database."""
        with _translated(CHANGED_MEANWHILE):
            async with self._reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self, *, bump: bool = True, conflict: str = CHANGED_MEANWHILE) -> AsyncGenerator[AsyncConnection]:
        """A transaction that also bumps the revision; `conflict` is said when it breaks a unique constraint."""
        async with AsyncExitStack() as stack:
            if self._turn is not None:
                # SQLite lets one write at a time, and those that wait for it sleep: our own wait in line instead.
                await stack.enter_async_context(self._turn)
            stack.enter_context(_translated(conflict))
            connection = await stack.enter_async_context(self._writer.begin())
            connection.info[_BUMPS] = bump
            yield connection
            # Last of all, so that the row that all writers share is locked as shortly as can be.
            bumped = bool(connection.info.pop(_BUMPS))
            if bumped:
                await connection.execute(update(REVISION).where(REVISION.c.id == 1).values(value=REVISION.c.value + 1))
        if bumped:
            self._tell()

    def keep_revision(self, connection: AsyncConnection) -> None:
        """Inside a `write`: nothing that a snapshot holds was changed after all."""
        connection.info[_BUMPS] = False

    async def revision(self) -> int:
        with _translated(CHANGED_MEANWHILE):
            async with self._engine.connect() as connection:
                return await self.revision_in(connection)

    async def revision_in(self, connection: AsyncConnection) -> int:
        """The revision that this transaction sees."""
        return await self.counter(connection, 1)

    async def counter(self, connection: AsyncConnection, counter: int) -> int:
        """`PEOPLE` or `TOKENS`, as this transaction sees it."""
        return int((await connection.execute(select(REVISION.c.value).where(REVISION.c.id == counter))).scalar_one())

    async def count_up(self, connection: AsyncConnection, counter: int) -> int:
        """Inside a `write`, before what it stands for is changed: others wait until this transaction has ended.

        So whoever sees a number sees all that was changed under it and those before.
        """
        row = REVISION.c.id == counter
        await connection.execute(update(REVISION).where(row).values(value=REVISION.c.value + 1))
        return await self.counter(connection, counter)

    def on_change(self, listener: Callable[[], None]) -> None:
        """`listener` is called after each write of this process that bumped the revision."""
        self._listeners.append(listener)

    def on_query(self, timed: Timed) -> None:
        """`timed` is told each statement from now on, and how long it took."""
        time_queries(self._engine.sync_engine, timed)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    async def _version(self) -> str | None:
        try:
            async with self._engine.connect() as connection:
                return await schema.stored(connection)
        except DatabaseError as error:
            if "not a database" not in str(error.orig):
                raise
            raise Conflict(f"{self._url.database} is not a SQLite database.", "Name another file.") from None

    async def _use_wal(self) -> None:
        """Readers and the writer don't block each other. It is a property of the file, set once, outside transactions.

        SQLite does not wait for the lock that this takes, whatever its timeout: so we do.
        """
        deadline = anyio.current_time() + _BUSY_MILLISECONDS / 1000
        async with self._engine.execution_options(**{_BEGIN: ""}).connect() as connection:
            while True:
                try:
                    await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                    return
                except OperationalError as error:
                    if "locked" not in str(error.orig) or anyio.current_time() > deadline:
                        raise
                await anyio.sleep(0.02)


def _engine_options(url: URL) -> dict[str, Any]:
    options: dict[str, Any] = {"connect_args": driver_options(url)}
    if url.get_backend_name() == "mysql":
        # Its default, repeatable reads, takes locks on gaps between rows, and writers would run into deadlocks.
        options["isolation_level"] = "READ COMMITTED"
    if url.get_backend_name() != "sqlite":
        # A connection that a firewall or a restart cut is found before it is used.
        options |= {"pool_pre_ping": True, "pool_recycle": 1800, "pool_size": 5, "max_overflow": 10}
    return options


def _roles(engine: AsyncEngine) -> tuple[AsyncEngine, AsyncEngine]:
    """The engine as it reads, where all statements of a transaction see one state, and as it writes."""
    if engine.dialect.name == "mysql":
        event.listen(engine.sync_engine, "connect", _prepare_mariadb)
    if engine.dialect.name != "sqlite":
        return engine.execution_options(isolation_level="REPEATABLE READ"), engine
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    # A transaction that turns from reading to writing can't wait for its turn, so it takes the lock at once.
    return engine, engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={_BUSY_MILLISECONDS}", "foreign_keys=ON", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_mariadb(connection: Any, _record: Any) -> None:
    """Teach the driver to write bytes: aiomysql 0.3 does it with a function that PyMySQL 1.2 took away.

    https://github.com/PyMySQL/PyMySQL/issues/1274
    """
    driver = connection.driver_connection
    escape: Callable[[Any], str] = driver.escape

    def escape_bytes_too(value: object) -> str:
        return f"_binary X'{value.hex()}'" if isinstance(value, bytes) else escape(value)

    driver.escape = escape_bytes_too


def _begin_sqlite(connection: Connection) -> None:
    statement: str = connection.get_execution_options().get(_BEGIN, "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def _make_file(file: Path) -> None:
    """For its owner alone; SQLite gives the files beside it the same mode."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


@contextmanager
def _translated(conflict: str) -> Generator[None]:
    """What the driver raises, in our words: its own may hold values, or the address with its password."""
    try:
        yield
    except IntegrityError:
        raise Conflict(conflict, "Look at what is there now, and try again.") from None
    except DBAPIError as error:
        if _codes(error) & _COLLISIONS:
            raise Conflict(CHANGED_MEANWHILE, "Try again.") from None
        if isinstance(error, DataError) or any(str(code).startswith("22") for code in _codes(error)):
            raise Invalid("A value can't be stored: it is too long, or has a character such as NUL.") from None
        if error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError)) or _is_refusal(error):
            raise DatabaseDown(f"The database failed: {_reason(error.orig)}.", "Is it running?") from error
        raise
    except (PoolTimeout, OSError) as error:
        raise DatabaseDown(f"The database can't be reached: {_reason(error)}.", "Is it running?") from error


def _is_refusal(error: DBAPIError) -> bool:
    """PostgreSQL won't have the connection: the database does not exist, the password is wrong, there are too many."""
    return any(str(code)[:2] in _REFUSALS for code in _codes(error))


def _codes(error: DBAPIError) -> set[str | int]:
    number = error.orig.args[0] if error.orig is not None and error.orig.args else ""
    state = getattr(error.orig, "sqlstate", None)
    return {code for code in (number, state) if isinstance(code, (str, int))}


def _reason(error: BaseException | None) -> str:
    """One line, no statement and no parameters."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.rpartition(">: ")[2].strip().rstrip(".")[:200]

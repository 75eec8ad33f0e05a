"""Transactions, revision, versions of the schema: on every kind of database."""

from __future__ import annotations

import stat
from pathlib import Path

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text

import gatehouse.access.tables
import gatehouse.catalog.health_tables
import gatehouse.catalog.registry.tables
import gatehouse.catalog.tables
import gatehouse.catalog.verdicts_tables
import gatehouse.store.tables
import gatehouse.telemetry.events_tables
import gatehouse.telemetry.signals_store
import gatehouse.telemetry.tables  # noqa: F401
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.store import migrations, schema
from gatehouse.store.database import FACTS, METADATA, Database, DatabaseDown

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("url", ["oracle://x/y", "nonsense", "postgresql://h", "sqlite://", "sqlite:///:memory:", ""])
def test_a_url_that_is_no_use_is_refused_with_what_is_accepted(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        Database(url)
    assert refused.value.hint


def test_a_url_that_can_not_be_read_does_not_tell_its_password() -> None:
    with pytest.raises(Invalid) as refused:
        Database("postgresql://me:hunter2@host:port/name")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "mysql", "mariadb"])
def test_the_password_is_not_in_the_repr(scheme: str) -> None:
    assert "hunter2" not in repr(Database(f"{scheme}://me:hunter2@host/name?sslmode=require"))


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_a_database_that_is_not_there_is_told_in_words(scheme: str) -> None:
    database = Database(f"{scheme}://me:hunter2@127.0.0.1:9/name")
    with anyio.fail_after(20), pytest.raises(DatabaseDown) as refused:
        await database.open()
    assert "hunter2" not in str(refused.value)
    await database.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("not a database at all " * 100)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(Conflict, match="not a SQLite database"):
        await database.open()
    await database.close()


async def test_a_newer_database_is_refused_and_left_as_it_is(database_url: str) -> None:
    database = Database(database_url)
    await database.open()
    async with database.write(bump=False) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'gatehouse_9999'"))
    again = Database(database_url)
    with pytest.raises(Conflict, match="gatehouse_9999"):
        await again.open()
    assert await database.revision() == 1
    await again.close()
    await database.close()


async def test_a_database_of_another_program_is_refused_and_left_as_it_is(database_url: str) -> None:
    database = Database(database_url)
    async with database.write(bump=False) as connection:
        await connection.execute(text("CREATE TABLE songs (title VARCHAR(10))"))
    with pytest.raises(Conflict, match="another program"):
        await database.open()
    async with database.read() as connection:
        assert not await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "revision"))
    await database.close()


async def test_two_that_open_an_empty_database_at_once_migrate_it_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(3)]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for database in databases:
                tasks.start_soon(database.open)
    assert [await database.revision() for database in databases] == [1, 1, 1]
    for database in databases:
        await database.close()


async def test_opening_again_changes_nothing(database: Database, database_url: str) -> None:
    await database.open()
    assert await database.revision() == 1


async def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


def test_the_list_of_revisions_is_that_of_the_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    files = ScriptDirectory.from_config(config).walk_revisions()
    assert [script.revision for script in files][::-1] == list(migrations.REVISIONS)
    assert schema.HEAD == migrations.REVISIONS[-1]


async def test_a_write_bumps_the_revision_and_tells_it_here(database: Database) -> None:
    told: list[bool] = []
    database.on_change(lambda: told.append(True))
    async with database.write() as connection:
        await connection.execute(insert(FACTS).values(name="a", value=b"1"))
    assert (await database.revision(), told) == (2, [True])


async def test_a_write_that_fails_leaves_no_trace(database: Database) -> None:
    told: list[bool] = []
    database.on_change(lambda: told.append(True))
    with pytest.raises(LookupError):
        async with database.write() as connection:
            await connection.execute(insert(FACTS).values(name="a", value=b"1"))
            raise LookupError
    async with database.read() as connection:
        assert (await connection.execute(select(FACTS))).all() == []
    assert (await database.revision(), told) == (1, [])


async def test_a_write_may_leave_the_revision(database: Database) -> None:
    async with database.write(bump=False) as connection:
        await connection.execute(insert(FACTS).values(name="a", value=b"1"))
    async with database.write() as connection:
        database.keep_revision(connection)
    assert await database.revision() == 1


async def test_what_is_there_twice_is_a_conflict_in_the_words_of_the_writer(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(FACTS).values(name="a", value=b"1"))
    with pytest.raises(Conflict, match="There is one"):
        async with database.write(conflict="There is one.") as connection:
            await connection.execute(insert(FACTS).values(name="a", value=b"2"))


async def test_many_writers_at_once_lose_nothing(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(3)]
    for database in databases:
        await database.open()

    async def write(database: Database, number: int) -> None:
        async with database.write() as connection:
            await connection.execute(insert(FACTS).values(name=f"fact {number}", value=b"1"))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(write, databases[number % 3], number)
    assert await databases[0].revision() == 31
    for database in databases:
        await database.close()


async def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    async with database.read() as connection:
        before = (await connection.execute(select(FACTS))).all()
        async with database.write() as writing:
            await writing.execute(insert(FACTS).values(name="a", value=b"1"))
        assert (await connection.execute(select(FACTS))).all() == before


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "er" / "gatehouse.db"
    database = Database(f"sqlite:///{file}")
    await database.open()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await database.close()

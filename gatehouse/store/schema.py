"""The schema's version: which one is stored, and the way to ours."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, String, column, func, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.kit.errors import Conflict
from gatehouse.store.migrations import REVISIONS

HEAD = REVISIONS[-1]
_VERSIONS = table("alembic_version", column("version_num", String))
_LOCK = 0x67_61_74_65
_LOCK_SECONDS = 120


async def stored(connection: AsyncConnection) -> str | None:
    """The version of the database, None where it is empty; raises `Conflict` where it is none of ours."""
    return await connection.run_sync(_stored)


async def migrate(connection: AsyncConnection) -> None:
    """Bring the database to `HEAD`, one process at a time; on SQLite the write transaction is the lock."""
    backend = connection.dialect.name
    if backend == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    if backend == "mysql":
        await _migrate_on_mariadb(connection)
    elif await stored(connection) != HEAD:
        await connection.run_sync(_upgrade)


async def _migrate_on_mariadb(connection: AsyncConnection) -> None:
    """Its DDL commits as it goes, so the lock belongs to the connection and not to the transaction."""
    name = func.concat("gatehouse:", func.md5(func.database()))
    if not (await connection.execute(select(func.get_lock(name, _LOCK_SECONDS)))).scalar():
        raise Conflict(
            "Another process has been changing the database for minutes.", "Stop it, or wait; then start again."
        )
    try:
        if await stored(connection) != HEAD:
            await connection.run_sync(_upgrade)
    finally:
        await connection.execute(select(func.release_lock(name)))


def _stored(connection: Connection) -> str | None:
    inspector = inspect(connection)
    if not inspector.has_table(_VERSIONS.name):
        if inspector.get_table_names():
            raise Conflict("The database holds tables of another program.", "Give Gatehouse a database of its own.")
        return None
    version = connection.execute(select(_VERSIONS.c.version_num)).scalar()
    if version is not None and version not in REVISIONS:
        raise Conflict(
            f"The database has version {version}, and this Gatehouse knows them up to {HEAD} only.",
            "Start the newer Gatehouse that made it, or name another database. Nothing was changed.",
        )
    return version


def _upgrade(connection: Connection) -> None:
    # Alembic takes 0.2 s to load, and nearly every start has nothing to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)

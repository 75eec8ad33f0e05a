"""How a worker learns of changes."""

from __future__ import annotations

import logging
from pathlib import Path

import anyio
import pytest

from gatehouse.store.bus import RevisionWatcher
from gatehouse.store.database import Database

pytestmark = pytest.mark.anyio
NEVER = 3600.0


async def bump(database: Database) -> None:
    async with database.write():
        pass


async def test_a_database_that_is_down_is_logged_once_and_tried_on(
    sqlite: Database, caplog: pytest.LogCaptureFixture
) -> None:
    watcher, seen = RevisionWatcher(sqlite, NEVER), list[int]()

    async def listener(revision: int) -> None:
        if not seen:
            seen.append(0)
        if len(seen) < 3:
            seen.append(0)
            raise LookupError("down")
        seen.append(revision)

    watcher.subscribe(listener)
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            await watcher.settle()
    assert seen[-1] == 1
    assert len(caplog.records) == 1


async def test_a_local_write_is_seen_at_once(sqlite: Database) -> None:
    watcher, seen = RevisionWatcher(sqlite, NEVER), list[int]()
    arrived = anyio.Event()

    async def listener(revision: int) -> None:
        seen.append(revision)
        if revision == 2:
            arrived.set()

    watcher.subscribe(listener)
    await watcher.settle()
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watcher.run)
            await bump(sqlite)
            await arrived.wait()
            tasks.cancel_scope.cancel()
    assert seen == [1, 2]


async def test_a_write_of_another_worker_is_seen_by_polling(tmp_path: Path) -> None:
    here, other = (Database(f"sqlite:///{tmp_path}/gatehouse.db") for _ in range(2))
    await here.open()
    watcher, arrived = RevisionWatcher(here, 0.01), anyio.Event()

    async def listener(revision: int) -> None:
        if revision == 2:
            arrived.set()

    watcher.subscribe(listener)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watcher.run)
            await bump(other)
            await arrived.wait()
            tasks.cancel_scope.cancel()
    await other.close()
    await here.close()


async def test_settling_waits_until_listeners_have_seen_the_newest(sqlite: Database) -> None:
    watcher, seen = RevisionWatcher(sqlite, NEVER), list[int]()

    async def listener(revision: int) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(revision)

    watcher.subscribe(listener)
    for _ in range(3):
        await bump(sqlite)
        await watcher.settle()
    await watcher.settle()
    assert seen == [2, 3, 4]

"""A worker's figures of itself, also where those of the others can't be had."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from gatehouse.access.tokens.keyring import Keyring
from gatehouse.app.watching import Seen, Watching
from gatehouse.catalog.model import Status, Upstream
from gatehouse.catalog.snapshot import CatalogSnapshot
from gatehouse.kit.clock import SystemClock
from gatehouse.relay.current import Current
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from gatehouse.telemetry.metrics import Meter
from gatehouse.telemetry.recorder import Recorder
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.stdio import Launcher
from tests.support.databases import sqlite

__all__ = ["sqlite"]
pytestmark = pytest.mark.anyio
UPSTREAMS = (
    Upstream("u1", "box", status=Status.OK),
    Upstream("u2", "bin", status=Status.DOWN),
    Upstream("u3", "new"),
    Upstream("u4", "old", status=Status.DOWN, enabled=False),
)


@asynccontextmanager
async def watching(database: Database, name: str, directory: Path | None) -> AsyncIterator[Watching]:
    clock, http = SystemClock(), HttpClient()
    made = Watching(name, clock, database)
    made.directory = directory
    snapshot = CatalogSnapshot.build(1, UPSTREAMS, (), (), ())
    current = Current(snapshot, Keyring({}), Secrets(bytes(32)), 100)
    await made.begin(Seen(Meter(), Recorder(database, clock), http, Launcher(), current))
    try:
        yield made
    finally:
        await made.end()
        await http.close()


async def samples(one: Watching) -> dict[str, float]:
    lines = (await one.exposition()).decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


async def test_alone_it_tells_of_itself_and_of_its_upstreams(sqlite: Database) -> None:
    async with watching(sqlite, "ins_1", None) as one:
        await sqlite.revision()
        found = await samples(one)
    assert found["gatehouse_workers"] == 1 and found["gatehouse_process_cpu_seconds_total"] > 0
    assert found["gatehouse_database_query_duration_seconds_count"] >= 1
    up = {name: value for name, value in found.items() if name.startswith("gatehouse_upstream_up")}
    assert up == {'gatehouse_upstream_up{upstream="box"}': 1, 'gatehouse_upstream_up{upstream="bin"}': 0}
    statuses = [found[f'gatehouse_upstreams{{status="{word}"}}'] for word in ("ok", "down", "unknown", "disabled")]
    assert statuses == [1, 1, 1, 1]


async def test_several_workers_tell_of_one_registry_once(sqlite: Database, tmp_path: Path) -> None:
    async with watching(sqlite, "ins_1", tmp_path) as one, watching(sqlite, "ins_2", tmp_path) as two:
        await two.exposition()
        found = await samples(one)
        assert found["gatehouse_workers"] == 2
        assert found['gatehouse_upstreams{status="ok"}'] == 1
        machine = await two.machine()
    assert (machine.database, machine.answering) == ("sqlite", "ins_2")
    assert [worker.instance for worker in machine.workers] == ["ins_1", "ins_2"]


async def test_where_the_directory_is_taken_away_each_shows_its_own(
    sqlite: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = tmp_path / "shared"
    await anyio.Path(directory).mkdir()
    async with watching(sqlite, "ins_1", directory) as one:
        await anyio.to_thread.run_sync(shutil.rmtree, directory)
        for _ in range(3):
            assert (await samples(one))["gatehouse_workers"] == 1
    assert len([words for words in caplog.messages if "each shows its own" in words]) == 1


async def test_where_there_never_was_one_the_worker_starts_all_the_same(
    sqlite: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with watching(sqlite, "ins_1", tmp_path / "nowhere") as one:
        assert (await samples(one))["gatehouse_workers"] == 1
    assert "each shows its own" in caplog.text

"""Watching over upstreams with a real database, real calls as the recorder has them, and upstreams that can be probed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from gatehouse.access.tokens.keyring import KeyringLoader
from gatehouse.app.health import Hearing
from gatehouse.catalog.happenings import Happening, UpstreamFound
from gatehouse.catalog.model import Status, Upstream
from gatehouse.catalog.service import Catalog, NewUpstream, UpstreamChanges
from gatehouse.catalog.snapshot import SnapshotLoader
from gatehouse.relay.current import Current
from gatehouse.relay.health import Keeper
from gatehouse.relay.refresh import Refresher, Watch, WatchParts
from gatehouse.store.database import Database
from gatehouse.store.instances import Leases
from gatehouse.store.secrets import Secrets
from gatehouse.telemetry.figures import Figures
from gatehouse.telemetry.recorder import Recorder
from gatehouse.telemetry.signals_store import SignalStore
from gatehouse.upstreams.pool import Pool
from tests.support.catalogs import KEY
from tests.support.databases import sqlite
from tests.support.everything.running import everything
from tests.support.upstream_links import Bench, bench
from tests.unit.telemetry.calls import call

__all__ = ["sqlite"]
pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Desk:
    """One worker, as far as it watches over upstreams."""

    name: str
    database: Database
    at: Bench
    told: list[Happening]
    leads: bool
    interval: float = 0.0
    catalog: Catalog = field(init=False)
    recorder: Recorder = field(init=False)
    current: Current = field(init=False)
    keeper: Keeper = field(init=False)
    pool: Pool = field(init=False)
    refresher: Refresher = field(init=False)

    async def open(self) -> Desk:
        clock, secrets = self.at.clock, Secrets(KEY)
        self.catalog = Catalog(self.database, secrets, clock, self.told.append)
        self.recorder = Recorder(self.database, clock)
        hearing = Hearing(self.recorder.intake, self.database)
        snapshot = await SnapshotLoader(self.database).load()
        self.current = Current(snapshot, await KeyringLoader(self.database).load(), secrets, 100)
        self.pool = Pool(self.at.reach)
        self.refresher = Refresher(self.catalog, self.pool, self.at.tasks)
        leases = Leases(self.database, clock)
        parts = WatchParts(self.refresher, self.pool, self.current, leases, self.at.tasks, clock)
        watch = Watch(parts, 600.0)
        watch.leading = self.leads
        self.keeper = hearing.keeper(
            parts, watch, self.catalog, Figures(self.database, clock), self.name, self.interval
        )
        return self

    async def second(self, **calls: int) -> None:
        """One goes by, in which so many calls ended so. They are of the upstream `box`."""
        upstream = await self.catalog.upstream("box")
        self.at.clock.time += 1
        for error_class, number in calls.items():
            outcome = "ok" if error_class == "ok" else "protocol_error"
            for _ in range(number):
                how = {"outcome": outcome, "error_class": "" if outcome == "ok" else error_class}
                self.recorder.intake.note(call(self.at.clock.time - 0.01, upstream=upstream.id, **how))
        await self.recorder.flush()
        await self.tend()

    async def tend(self) -> None:
        snapshot = await SnapshotLoader(self.database).load()
        await self.current.replace(snapshot, self.current.keyring)
        await self.keeper.tend()

    async def box(self) -> Upstream:
        return await self.catalog.upstream("box")

    @property
    def turns(self) -> list[str]:
        found = [one for one in self.told if isinstance(one, UpstreamFound)]
        return [one.after.status.value for one in found]


@asynccontextmanager
async def desks(database: Database, url: str, number: int = 1, interval: float = 0.0) -> AsyncIterator[list[Desk]]:
    """The first of them leads. They share a clock, and have an upstream `box` that is well."""
    async with bench() as at:
        told = list[Happening]()
        made = [await Desk(f"ins_{one}", database, at, told, one == 0, interval).open() for one in range(number)]
        upstream = await made[0].catalog.create_upstream(NewUpstream(name="box", url=url))
        await made[0].refresher.refresh(upstream.id)
        assert (await made[0].box()).status is Status.OK
        told.clear()
        yield made
        for desk in made:
            await desk.pool.close()


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with everything(tmp_path_factory.mktemp("health")) as url:
        yield url


async def test_calls_that_fail_here_and_succeed_there_are_judged_together(sqlite: Database, url: str) -> None:
    async with desks(sqlite, url, 2) as (leader, other):
        await other.second(ok=100)
        await leader.second(upstream_failed=10)
        assert leader.turns == []
        await other.second(timed_out=30)
        await leader.second()
        assert leader.turns == ["degraded"] and "40 of 140 calls" in ((await leader.box()).error or "")
        for _ in range(20):
            await other.second(ok=1)
            await leader.second()
        assert leader.turns == ["degraded", "ok"]


async def test_calls_that_can_not_reach_it_take_it_down_and_one_answer_brings_it_back(
    sqlite: Database, url: str
) -> None:
    async with desks(sqlite, url, 2) as (leader, other):
        await other.second(upstream_down=2)
        await leader.second()
        assert leader.turns == []
        await leader.second(upstream_down=1)
        assert leader.turns == ["down"] and "could not reach it" in ((await leader.box()).error or "")
        await other.second(upstream_down=5)
        await leader.second()
        await other.second(ok=1)
        await leader.second()
        assert leader.turns == ["down", "ok"]


async def test_calls_that_are_told_to_sign_in_say_so_until_one_is_let_in(sqlite: Database, url: str) -> None:
    async with desks(sqlite, url) as (desk,):
        await desk.second(sign_in_needed=1)
        await desk.refresher.refresh((await desk.box()).id)
        assert desk.turns == ["sign_in"] and (await desk.box()).status is Status.SIGN_IN
        await desk.second(ok=1)
        assert desk.turns == ["sign_in", "ok"]


async def test_a_call_right_after_a_change_says_nothing_since_its_worker_may_not_know_of_it(
    sqlite: Database, url: str
) -> None:
    async with desks(sqlite, url) as (desk,):
        upstream, clock = await desk.box(), desk.at.clock
        clock.time += 0.5
        stale = call(clock.time, upstream=upstream.id, outcome="protocol_error", error_class="sign_in_needed")
        desk.recorder.intake.note(stale)
        await desk.recorder.flush()
        clock.time += 2
        await desk.tend()
        assert desk.turns == []


async def test_what_is_much_slower_than_usual_is_degraded(sqlite: Database, url: str) -> None:
    async with desks(sqlite, url) as (desk,):
        upstream, clock = await desk.box(), desk.at.clock
        for day in range(1, 4):
            desk.recorder.intake.note(call(clock.time - day * 86_400, upstream=upstream.id, total_ms=300.0))
        await desk.recorder.flush()
        clock.time += 3
        for _ in range(5):
            desk.recorder.intake.note(call(clock.time - 2, upstream=upstream.id, total_ms=1900.0))
        await desk.second()
        assert desk.turns == ["degraded"] and "usually 3" in ((await desk.box()).error or "")


async def test_maintenance_ends_by_itself_and_calls_meanwhile_are_nothing(sqlite: Database, url: str) -> None:
    async with desks(sqlite, url) as (desk,):
        changes = UpstreamChanges(maintenance_until=desk.at.clock.time + 5)
        upstream = await desk.catalog.change_upstream("box", changes)
        await desk.second(upstream_down=5)
        assert (await desk.box()).status is Status.MAINTENANCE
        desk.at.clock.time += 5
        await desk.second()
        assert (await desk.box()).status is Status.UNKNOWN
        await desk.refresher.refresh(upstream.id)
        await desk.second()
        assert (await desk.box()).status is Status.OK and desk.turns == ["unknown"]


async def test_a_probe_that_fails_makes_it_degraded_two_down_and_nothing_is_taken_away(
    sqlite: Database, tmp_path: Path
) -> None:
    async with bench() as at:
        desk = await Desk("ins_1", sqlite, at, [], leads=True, interval=60.0).open()
        async with everything(tmp_path) as url:
            made = await desk.catalog.create_upstream(NewUpstream(name="box", url=url))
            await desk.refresher.refresh(made.id)
            offered = await desk.catalog.offered(made.id)
            await probed(desk, 61)
            assert desk.turns == [] and (await desk.box()).status is Status.OK
        await probed(desk, 67)
        assert desk.turns == ["degraded"] and (await desk.box()).error
        await probed(desk, 6)
        assert desk.turns == ["degraded", "down"]
        assert offered and await desk.catalog.offered(made.id) == offered
        await desk.pool.close()


async def probed(desk: Desk, seconds: float) -> None:
    """So many go by, and the probe that is due then has ended, and is judged."""
    await desk.tend()
    desk.at.clock.time += seconds
    before = dict(desk.keeper.looks)
    await desk.tend()
    with anyio.fail_after(15):
        while desk.keeper.looks == before:  # noqa: ASYNC110 - it is a task of its own
            await asyncio.sleep(0.01)
    desk.at.clock.time += 0.5
    await desk.tend()


async def test_calls_that_are_answered_make_probes_needless(sqlite: Database, url: str) -> None:
    async with desks(sqlite, url, interval=60.0) as (desk,):
        await desk.second()
        for _ in range(3):
            desk.at.clock.time += 40
            await desk.second(ok=1)
        assert desk.keeper.looks == {}


async def test_a_worker_that_is_gone_is_not_believed_any_more(sqlite: Database, url: str) -> None:
    async with desks(sqlite, url, 2) as (leader, other):
        await other.second(upstream_down=2)
        store, clock = SignalStore(sqlite), leader.at.clock
        assert list(await store.told(clock.time)) == ["ins_1"]
        clock.time += 1000
        await leader.second(upstream_down=1)
        assert leader.turns == [] and list(await store.told(clock.time)) == ["ins_0"]

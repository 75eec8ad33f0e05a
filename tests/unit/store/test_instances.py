"""What several workers agree on."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from gatehouse.store.database import Database
from gatehouse.store.instances import Instances, Leases, SessionRecord, SessionRecords
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
RECORD = SessionRecord("s1", "srv_1", "tok_1", "ins_1", bytes(range(256)) * 400, 100.0)


async def test_an_instance_that_went_silent_or_left_has_no_address(database: Database) -> None:
    clock = HandClock()
    one, two = Instances(database, clock), Instances(database, clock)
    identifier = await one.join("http://10.0.0.1:5000")
    await two.join("http://10.0.0.2:5000")
    clock.time += 4
    await two.heartbeat()
    assert await two.address_of(identifier) == "http://10.0.0.1:5000"
    clock.time += 2
    assert await two.address_of(identifier) is None
    await two.leave()
    assert await one.address_of(two.id) is None
    assert await one.address_of("ins_unknown") is None
    assert await database.revision() == 1


async def test_an_instance_comes_back_with_its_heartbeat(database: Database) -> None:
    instances = Instances(database, HandClock())
    await instances.join("http://10.0.0.1:5000")
    await instances.leave()
    await instances.heartbeat()
    assert await instances.address_of(instances.id) == "http://10.0.0.1:5000"


async def test_one_of_many_gets_the_lease(database: Database) -> None:
    leases, won = Leases(database, HandClock()), list[str]()

    async def try_for(holder: str) -> None:
        if await leases.acquire("refresh", holder, 10):
            won.append(holder)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for number in range(12):
                tasks.start_soon(try_for, f"ins_{number}")
    assert len(won) == 1


async def test_a_lease_is_renewed_by_its_holder_and_free_when_it_expires_or_is_released(database: Database) -> None:
    clock = HandClock()
    leases = Leases(database, clock)
    assert await leases.acquire("refresh", "a", 10)
    clock.time += 9
    assert await leases.acquire("refresh", "a", 10)
    assert not await leases.acquire("refresh", "b", 10)
    clock.time += 10
    assert await leases.acquire("refresh", "b", 10)
    await leases.release("refresh", "a")
    assert not await leases.acquire("refresh", "a", 10)
    await leases.release("refresh", "b")
    assert await leases.acquire("refresh", "a", 10)


async def test_a_session_is_stored_over_taken_once_and_purged(database: Database) -> None:
    sessions = SessionRecords(database)
    assert await sessions.load("s1") is None
    await sessions.save(RECORD)
    await sessions.save(replace(RECORD, expires_at=200.0))
    assert await sessions.load("s1") == replace(RECORD, expires_at=200.0)
    taken: list[bool] = []

    async def take(owner: str) -> None:
        taken.append(await sessions.take("s1", "ins_1", owner))

    async with anyio.create_task_group() as tasks:
        for owner in ("ins_2", "ins_3", "ins_4"):
            tasks.start_soon(take, owner)
    assert sorted(taken) == [False, False, True]
    assert await sessions.purge(199.0) == 0
    assert await sessions.purge(200.0) == 1
    assert await sessions.load("s1") is None


async def test_a_deleted_session_is_gone(database: Database) -> None:
    sessions = SessionRecords(database)
    await sessions.save(RECORD)
    await sessions.delete("s1")
    assert await sessions.load("s1") is None
    assert await database.revision() == 1

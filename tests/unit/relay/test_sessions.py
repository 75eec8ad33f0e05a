"""Legacy sessions in one worker: whose they are, how long they live, and what happens to those that nobody reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from gatehouse.access.model import Principal
from gatehouse.kit import json
from gatehouse.kit.errors import UpstreamDown
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.call import Answer, Ask, Client, Era, Notice
from gatehouse.protocol.jsonrpc import Response
from gatehouse.relay.sessions import MAX_ASKS, ClientSession, Elsewhere, Sessions
from gatehouse.store.instances import SessionRecord
from gatehouse.upstreams.pool import Pool
from tests.support.clocks import HandClock
from tests.support.upstream_links import bench

pytestmark = pytest.mark.anyio
ADA, BOB = Principal("tok_a", "token", "ada"), Principal("tok_b", "token", "bob")
CLIENT = Client(Era.LEGACY, "2025-11-25", json.raw({"roots": {}}))


class Shelf:
    """Records and addresses of workers, as they stand in a database."""

    def __init__(self) -> None:
        self.records: dict[str, SessionRecord] = {}
        self.alive: dict[str, str] = {}
        self.broken = False

    async def save(self, record: SessionRecord) -> None:
        if self.broken:
            raise UpstreamDown("no database")
        self.records[record.id] = record

    async def load(self, session_id: str) -> SessionRecord | None:
        return self.records.get(session_id)

    async def delete(self, session_id: str) -> None:
        if self.broken:
            raise UpstreamDown("no database")
        self.records.pop(session_id, None)

    async def take(self, session_id: str, from_owner: str, to_owner: str) -> bool:
        record = self.records.get(session_id)
        if record is None or record.owner != from_owner:
            return False
        self.records[session_id] = SessionRecord(
            record.id, record.server, record.principal, to_owner, record.data, record.expires_at
        )
        return True

    async def address_of(self, instance_id: str) -> str | None:
        return self.alive.get(instance_id)


class World:
    def __init__(self, pool: Pool, tasks: Tasks) -> None:
        self.clock, self.shelf, self._pool, self.tasks = HandClock(), Shelf(), pool, tasks

    def worker(self, instance: str) -> Sessions:
        return Sessions(self._pool, self.shelf, self.shelf, self.tasks, self.clock, instance)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with bench() as made:
        yield World(Pool(made.reach), made.tasks)


async def test_a_session_is_found_by_its_principal_in_its_server_alone(world: World) -> None:
    sessions = world.worker("w1")
    session = await sessions.open("srv_1", ADA, CLIENT)
    assert await sessions.find(session.id, "srv_1", ADA) is session
    assert await sessions.find(session.id, "srv_1", BOB) is None
    assert await sessions.find(session.id, "srv_2", ADA) is None
    other = world.worker("w2")
    assert await other.find(session.id, "srv_1", BOB) is None


async def test_a_session_lives_where_its_owner_does_and_moves_when_that_is_gone(world: World) -> None:
    first, second = world.worker("w1"), world.worker("w2")
    session = await first.open("srv_1", ADA, CLIENT)
    session.log_level = "error"
    await first.save(session)
    world.shelf.alive["w1"] = "127.0.0.1:1"
    assert await second.find(session.id, "srv_1", ADA) == Elsewhere("127.0.0.1:1")
    world.shelf.alive.clear()
    taken = await second.find(session.id, "srv_1", ADA)
    assert isinstance(taken, ClientSession)
    assert (taken.client, taken.log_level) == (CLIENT, "error")
    assert world.shelf.records[session.id].owner == "w2"
    assert await second.find(session.id, "srv_1", ADA) is taken


async def test_a_session_that_has_ended_does_not_come_back(world: World) -> None:
    sessions = world.worker("w1")
    session = await sessions.open("srv_1", ADA, CLIENT)
    await sessions.end(session)
    await sessions.end(session)
    assert session.closed and not world.shelf.records and len(sessions) == 0
    assert await sessions.find(session.id, "srv_1", ADA) is None


async def test_a_session_that_could_not_be_stored_is_not_kept(world: World) -> None:
    sessions = world.worker("w1")
    world.shelf.broken = True
    with pytest.raises(UpstreamDown):
        await sessions.open("srv_1", ADA, CLIENT)
    assert len(sessions) == 0


async def test_the_record_of_a_session_in_use_does_not_run_out(world: World) -> None:
    sessions = world.worker("w1")
    session = await sessions.open("srv_1", ADA, CLIENT)
    for _ in range(10):
        world.clock.time += sessions.idle * 0.4
        assert sessions.local(session.id, "srv_1", ADA) is session
        await sessions.sweep()
        assert world.shelf.records[session.id].expires_at > world.clock.now() + sessions.idle * 0.4


async def test_a_session_that_nobody_used_ends_and_one_that_is_read_does_not(world: World) -> None:
    sessions = world.worker("w1")
    unused, read = await sessions.open("srv_1", ADA, CLIENT), await sessions.open("srv_1", ADA, CLIENT)

    class Reader:
        async def write(self, data: bytes) -> None: ...

    pouring = world.tasks.spawn(read.streams.standalone.pour(Reader(), 0), "read")
    await read.deliver(Notice("notifications/x", json.EMPTY))
    await anyio.wait_all_tasks_blocked()
    world.clock.time += sessions.idle + 1
    await sessions.sweep()
    assert unused.closed and not read.closed
    read.streams.standalone.finish()
    await pouring
    await sessions.sweep()
    assert not read.closed


async def test_a_question_to_who_does_not_answer_it_is_refused_and_open_ones_are_bounded() -> None:
    session = ClientSession("s", "srv_1", "p", CLIENT, 0.0)
    answers: list[tuple[int, Answer]] = []

    def asked(number: int, method: str = "roots/list") -> Ask:
        async def reply(answer: Answer) -> None:
            answers.append((number, answer))

        return Ask(method, json.EMPTY, reply)

    await session.deliver(asked(0, "sampling/createMessage"))
    assert answers[0][1].error is not None
    for number in range(1, MAX_ASKS + 2):
        await session.deliver(asked(number))
    assert [number for number, _ in answers] == [0, 1]
    said: Any = json.raw({"roots": []})
    assert await session.answer(Response(b'"gh-5"', said))
    assert not await session.answer(Response(b'"gh-5"', said))
    assert answers[-1] == (5, Answer(said, None))


async def test_a_client_that_reads_nothing_holds_up_nobody() -> None:
    session = ClientSession("s", "srv_1", "p", CLIENT, 0.0)

    class Stuck:
        async def write(self, data: bytes) -> None:
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(session.streams.standalone.pour, Stuck(), 0)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(5):
            for _ in range(5000):
                await session.deliver(Notice("notifications/tools/list_changed", json.EMPTY))
        assert session.streams.standalone.last < 1000
        group.cancel_scope.cancel()


async def test_draining_waits_for_the_calls_that_are_under_way() -> None:
    session = ClientSession("s", "srv_1", "p", CLIENT, 0.0)
    task = asyncio.current_task()
    assert task is not None
    session.begin_call(b"1", task)
    session.drain()
    assert not session.streams.standalone.done
    session.end_call(b"1")
    assert session.streams.standalone.done

"""Refusals are counted in memory, and few records tell of many."""

from __future__ import annotations

import pytest

from gatehouse.access.audit.records import Actor, Entry, Record
from gatehouse.access.audit.refusals import MOST, MOST_OF_ONE, PAUSE, Refusals, refusal
from gatehouse.access.audit.repository import Wanted
from gatehouse.access.audit.trail import Audit
from gatehouse.access.model import ANONYMOUS, Principal, Resource
from gatehouse.kit.errors import GatewayError
from gatehouse.kit.pages import page_request
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
AGENT = Principal("tok_1", "token", "agent", user="usr_1")
DESK = Resource("server", "srv_1")


def refused(address: str = "192.0.2.1", resource: Resource = DESK, reason: str = "no role") -> Entry:
    return refusal(AGENT, "server.use", resource, reason, address)


async def records(audit: Audit) -> list[Record]:
    return [one.record for one in (await audit.list(Wanted(), page_request(None, 500))).items][::-1]


async def test_refusals_that_are_alike_are_one_record(database: Database) -> None:
    clock = HandClock()
    audit = Audit(database, Secrets(bytes(32)), clock)
    for _ in range(5):
        audit.refused(refused())
        clock.time += 0.1
    audit.refused(refused(reason="another"))
    audit.refused(refused(address="192.0.2.2"))
    await audit.flush()
    found = await records(audit)
    assert [(one.count, one.reason, one.address) for one in found] == [
        (5, "no role", "192.0.2.1"),
        (1, "another", "192.0.2.1"),
        (1, "no role", "192.0.2.2"),
    ]
    assert (found[0].actor, found[0].outcome) == (Actor("tok_1", "token", "agent", "usr_1"), "refused")
    assert found[0].at.timestamp() == pytest.approx(1_800_000_000)
    assert (await audit.verify()).ok


async def test_who_is_refused_all_day_makes_a_record_a_minute(sqlite: Database) -> None:
    clock = HandClock()
    audit = Audit(sqlite, Secrets(bytes(32)), clock)
    for _ in range(300):
        audit.refused(refused())
        await audit.flush()
        clock.time += 1
    await audit.flush(everything=True)
    found = await records(audit)
    assert sum(one.count for one in found) == 300
    assert len(found) <= 300 / PAUSE + 2


async def test_at_the_end_nothing_is_left_uncounted(sqlite: Database) -> None:
    audit = Audit(sqlite, Secrets(bytes(32)), HandClock())
    audit.refused(refused())
    await audit.flush()
    audit.refused(refused())
    await audit.flush()
    assert [one.count for one in await records(audit)] == [1]
    await audit.flush(everything=True)
    assert [one.count for one in await records(audit)] == [1, 1]


async def test_a_flush_that_failed_loses_nothing(sqlite: Database) -> None:
    audit = Audit(sqlite, Secrets(bytes(32)), HandClock())
    audit.refused(refused())
    async with sqlite.write(bump=False) as connection:
        await connection.exec_driver_sql("ALTER TABLE audit RENAME TO away")
    with pytest.raises(GatewayError):
        await audit.flush()
    audit.refused(refused())
    async with sqlite.write(bump=False) as connection:
        await connection.exec_driver_sql("ALTER TABLE away RENAME TO audit")
    await audit.flush()
    assert [one.count for one in await records(audit)] == [2]


def test_one_caller_that_tries_everything_hides_nobody_else() -> None:
    refusals = Refusals()
    for number in range(500):
        refusals.count(refused(resource=Resource("server", f"srv_{number}")), 0.0)
    refusals.count(refused(address="192.0.2.9"), 0.0)
    due = refusals.due(0.0)
    assert len(due) == MOST_OF_ONE + 2
    others = [one.entry for one in due if one.entry.action == "others"]
    assert [(one.actor.id, one.address, one.count) for one in others] == [("tok_1", "192.0.2.1", 500 - MOST_OF_ONE)]
    assert due[-1].entry.address == "192.0.2.9"


def test_of_many_callers_memory_holds_a_bounded_number() -> None:
    refusals = Refusals()
    for number in range(3 * MOST):
        refusals.count(refused(address=f"2001:db8::{number:x}"), 0.0)
    due = refusals.due(0.0)
    assert len(refusals) == len(due) == MOST + 1
    assert (due[-1].entry.actor.id, due[-1].entry.count) == ("others", 2 * MOST)
    refusals.written(due, 0.0)
    assert refusals.due(PAUSE) == []
    assert len(refusals) == 0


def test_what_came_back_to_memory_is_counted_from_the_start() -> None:
    refusals = Refusals()
    for now in (0.0, 2 * PAUSE, 4 * PAUSE):
        for number in range(MOST_OF_ONE):
            refusals.count(refused(resource=Resource("server", f"srv_{number}")), now)
        due = refusals.due(now)
        assert {one.entry.action for one in due} == {"server.use"}
        refusals.written(due, now)
        refusals.due(now + PAUSE)


async def test_what_is_told_of_a_face_of_mcp_names_its_server(sqlite: Database) -> None:
    audit = Audit(sqlite, Secrets(bytes(32)), HandClock())
    audit.refused_at(ANONYMOUS, "server.use", "/servers/desk/mcp", "unknown token", "192.0.2.1")
    audit.refused_at(ANONYMOUS, "server.use", "/mcp", "unknown token", None)
    await audit.flush()
    first, second = await records(audit)
    assert (first.actor.id, first.action, first.outcome) == ("anonymous", "server.use", "refused")
    assert (first.resource.kind, first.resource.id, first.address) == ("server", "desk", "192.0.2.1")
    assert (second.resource.kind, second.resource.id, second.address) == ("server", None, None)

"""Events on their way into the database and out of it again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from gatehouse.kit.errors import GatewayError
from gatehouse.kit.ids import earliest_id, new_id
from gatehouse.kit.pages import PageRequest
from gatehouse.store.database import Database
from gatehouse.store.placement import Placement, Sight, Visibility
from gatehouse.telemetry.event import Event, placed
from gatehouse.telemetry.events import Events, SeenEvents, WantedEvents
from gatehouse.telemetry.events_repeated import MOST
from gatehouse.telemetry.events_tables import EVENTS
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
DAY = 86_400.0


def an_event(kind: str = "upstream.down", at: float = 1_800_000_000.0, **more: Any) -> Event:
    return Event(kind=kind, at=at, subject_kind=kind.partition(".")[0], message=f"Something: {kind}.", **more)


async def messages(events: Events, **wanted: Any) -> list[str]:
    page = await events.list(WantedEvents(**wanted), PageRequest(limit=100))
    return [one.message for one in page.items]


async def test_what_can_not_be_written_is_kept_and_written_once(sqlite: Database) -> None:
    events = Events(sqlite, HandClock())
    await _rename(sqlite, "events", "hidden")
    events.note(an_event(subject="ups_1"))
    with pytest.raises(GatewayError):
        await events.flush()
    assert events.waiting == 1
    await _rename(sqlite, "hidden", "events")
    await events.flush()
    await events.flush()
    page = await events.list(WantedEvents(), PageRequest())
    assert [one.subject for one in page.items] == ["ups_1"] and events.waiting == 0


async def test_what_waits_is_bounded_and_what_is_lost_is_counted(sqlite: Database) -> None:
    events = Events(sqlite, HandClock(), capacity=3)
    for number in range(5):
        events.note(an_event(subject=f"ups_{number}"))
    await events.flush()
    page = await events.list(WantedEvents(), PageRequest())
    assert [one.subject for one in page.items] == ["ups_4", "ups_3", "ups_2"] and events.dropped == 2


async def test_the_same_again_is_told_once_a_minute(sqlite: Database) -> None:
    clock = HandClock()
    events = Events(sqlite, clock)
    for moment in range(150):
        clock.time = 1_800_000_000.0 + moment
        assert events.count("key", an_event("token.refused", clock.time))
        await events.flush()
    page = await events.list(WantedEvents(), PageRequest())
    # Their ids are of the real clock, in whose one millisecond two of them may have come.
    found = sorted((one.at - 1_800_000_000, one.count) for one in page.items)
    assert found == [(0, 1), (1, 60), (61, 60)]
    await events.flush(everything=True)
    page = await events.list(WantedEvents(), PageRequest())
    assert sum(one.count for one in page.items) == 150


async def test_too_many_different_ones_are_not_kept_apart(sqlite: Database) -> None:
    clock = HandClock()
    events = Events(sqlite, clock)
    taken = [events.count(number, an_event("token.refused")) for number in range(MOST + 10)]
    assert taken == [True] * MOST + [False] * 10
    await events.flush()
    clock.time += 61
    await events.flush()
    assert events.count("another", an_event("token.refused")), "what is over is forgotten"


async def test_all_databases_find_store_and_delete_events(database: Database) -> None:
    clock = HandClock()
    events, now = Events(database, clock, keep_days=30), clock.time
    for event in (
        an_event("upstream.down", now - 40 * DAY, upstream="ups_1"),
        an_event("upstream.up", now - 10, upstream="ups_1"),
        an_event("upstream.down", now, upstream="ups_2", subject_name="ü\x00\ud800", data={"ö": ["\x00"]}),
        an_event("tool.added", now, upstream="ups_1"),
        an_event("token.refused", now, token="tok_1", server="srv_1"),
    ):
        events.note(event)
    await events.flush()
    down, up, other, added, refused = (f"Something: {kind}." for kind in (
        "upstream.down", "upstream.up", "upstream.down", "tool.added", "token.refused"
    ))  # fmt: skip
    assert await messages(events) == [refused, added, other, up, down]
    assert await messages(events, kind="upstream.") == [other, up, down]
    assert await messages(events, kind="upstream.down", since=now - DAY) == [other]
    assert await messages(events, until=now) == [up, down]
    assert await messages(events, upstream="ups_1", kind="tool.") == [added]
    assert await messages(events, token="tok_1", server="srv_1") == [refused]
    first = await events.list(WantedEvents(), PageRequest(limit=2))
    rest = await events.list(WantedEvents(), PageRequest(first.items[-1].id, 10))
    assert len(rest.items) == 3 and first.next is not None and rest.next is None
    news = await events.news(WantedEvents(), first.items[-1].id, 10)
    assert [one.message for one in news] == [refused]
    await events.prune(now)
    assert await messages(events) == [refused, added, other, up]
    assert rest.items[0].data == {"ö": ["\x00"]} and rest.items[0].subject_name == "ü?"


async def test_all_databases_show_what_may_be_seen(database: Database) -> None:
    events = Events(database, HandClock())
    places = {
        "public": Placement("usr_1"),
        "ours": Placement("usr_2", "tea_1", Visibility.TEAM),
        "mine": Placement("usr_1", None, Visibility.PRIVATE),
        "nobody's": Placement(None, None, Visibility.PRIVATE),
    }
    for name, place in places.items():
        for kind in ("upstream.down", "token.refused"):
            events.note(an_event(kind, subject_name=name, token="tok_1", **placed(place)))
    events.note(an_event("agent.down", subject_name="agent", server="srv_1"))
    events.note(an_event("server.added", subject_name="srv_1", server="srv_1"))
    await events.flush()

    async def seen(**how: Any) -> set[str]:
        page = await events.list(WantedEvents(seen=SeenEvents(**how)), PageRequest())
        return {f"{one.family} {one.subject_name}" for one in page.items}

    public, own, all_of_it = Sight(public=True), Sight(owner="usr_1"), Sight(everything=True)
    assert await seen(families={}) == set()
    assert await seen(families={"upstream": public}) == {"upstream public"}
    assert await seen(families={"upstream": own}) == {"upstream public", "upstream mine"}
    assert await seen(families={"upstream": Sight(teams=frozenset({"tea_1"})), "token": own}) == {
        "upstream ours", "token public", "token mine"
    }  # fmt: skip
    assert await seen(families={"token": all_of_it}) == {f"token {name}" for name in places}
    assert await seen(families={"token": all_of_it}, token="tok_2") == set()
    assert await seen(families={"server": public}, servers=("srv_1",)) == {"server srv_1"}
    assert await seen(families={"server": public}, servers=()) == set()


async def test_nothing_is_deleted_where_all_is_kept_and_one_worker_at_a_time_deletes(sqlite: Database) -> None:
    clock = HandClock()
    kept, first, second = (Events(sqlite, clock, keep_days) for keep_days in (0, 1, 1))
    kept.note(an_event(at=1.0))
    await kept.flush()
    await kept.prune(clock.now())
    assert await _count(sqlite) == 1
    await first.prune(clock.now())
    assert await _count(sqlite) == 0
    kept.note(an_event(at=1.0))
    await kept.flush()
    await second.prune(clock.now())
    assert await _count(sqlite) == 1


def test_the_earliest_id_lies_so_long_before_one_and_never_after() -> None:
    made = new_id("cal")
    same, earlier = earliest_id("evt", made, 0.0), earliest_id("evt", made, 2.0)
    assert earlier < same <= f"evt{made[3:]}" and len(same) == len(made)
    assert same[4:14] == made[4:14] and earlier[:4] == "evt_"


async def _count(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(EVENTS))).scalar_one())


async def _rename(database: Database, before: str, after: str) -> None:
    async with database.write(bump=False) as connection:
        await connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")

"""How upstreams' statuses turn, who is told, and the history of it: on every kind of database."""

from __future__ import annotations

import anyio
import pytest

from gatehouse.catalog.happenings import Happening, UpstreamFound
from gatehouse.catalog.health import KEEP
from gatehouse.catalog.model import Cause, Status, Upstream
from gatehouse.catalog.service import Catalog, NewUpstream, UpstreamChanges
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from tests.support.catalogs import KEY, catalog_on, tools
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
HOUR = 3600.0


async def well(catalog: Catalog) -> Upstream:
    made = await catalog.create_upstream(NewUpstream(name="box", url="http://box/mcp"))
    await catalog.record_offer(made.id, tools("add"))
    return await catalog.upstream(made.id)


async def history(catalog: Catalog, upstream: Upstream) -> list[tuple[str, str, str, str]]:
    changes = await catalog.status_changes(upstream.id, 100)
    return [(one.old_status.value, one.new_status.value, one.cause.value, one.reason) for one in changes]


async def test_of_many_who_find_the_same_one_stores_and_tells_it(database: Database) -> None:
    clock, told = HandClock(), list[Happening]()
    several = [Catalog(database, Secrets(KEY), clock, told.append) for _ in range(4)]
    seen = await well(several[0])
    told.clear()
    stored = list[bool]()

    async def find(catalog: Catalog) -> None:
        stored.append(await catalog.record_health(seen, Status.DOWN, Cause.CALLS, "refused\0"))

    async with anyio.create_task_group() as group:
        for catalog in several:
            group.start_soon(find, catalog)
    assert sorted(stored) == [False, False, False, True]
    (happening,) = told
    assert isinstance(happening, UpstreamFound) and happening.after.error == "refused"
    assert (await history(several[0], seen))[0] == ("ok", "down", "calls", "refused")


async def test_what_was_judged_of_another_state_of_things_is_not_stored(sqlite: Database) -> None:
    clock = HandClock()
    catalog = catalog_on(sqlite, clock)
    seen = await well(catalog)
    clock.time += 1
    await catalog.change_upstream(seen.id, UpstreamChanges(url="http://elsewhere/mcp"))
    assert not await catalog.record_health(seen, Status.DOWN, Cause.PROBE, "silent")
    await catalog.record_offer(seen.id, tools("add"))
    seen = await catalog.upstream(seen.id)
    await catalog.change_upstream(seen.id, UpstreamChanges(enabled=False))
    assert not await catalog.record_health(seen, Status.DOWN, Cause.PROBE, "silent")


async def test_a_look_that_is_answered_ends_what_probes_began_and_not_what_calls_did(sqlite: Database) -> None:
    catalog = catalog_on(sqlite)
    seen = await well(catalog)
    await catalog.record_health(seen, Status.DEGRADED, Cause.PROBE, "slow")
    await catalog.record_answer(seen.id)
    seen = await catalog.upstream(seen.id)
    assert (seen.status, seen.status_cause, seen.error) == (Status.OK, Cause.LOOK, None)
    for status in (Status.DEGRADED, Status.SIGN_IN):
        await catalog.record_health(seen, status, Cause.CALLS, "calls fail")
        await catalog.record_answer(seen.id)
        await catalog.record_offer(seen.id, tools("add"))
        seen = await catalog.upstream(seen.id)
        assert (seen.status, seen.error) == (status, "calls fail")
        await catalog.record_health(seen, Status.OK, Cause.CALLS, None)
        seen = await catalog.upstream(seen.id)
    await catalog.record_health(seen, Status.DOWN, Cause.CALLS, "calls fail")
    await catalog.record_answer(seen.id)
    assert (await catalog.upstream(seen.id)).status is Status.OK


async def test_in_maintenance_nothing_turns_it_until_its_time_is_over(database: Database) -> None:
    clock = HandClock()
    catalog = catalog_on(database, clock)
    seen = await well(catalog)
    until = clock.time + HOUR
    changes = UpstreamChanges(maintenance_until=until, maintenance_note="a new disk")
    begun = await catalog.change_upstream(seen.id, changes)
    assert (begun.status, begun.config_revision) == (Status.MAINTENANCE, seen.config_revision + 1)
    clock.time += 60
    await catalog.record_failure(seen.id, "refused")
    await catalog.record_offer(seen.id, tools("add", "new"))
    await catalog.record_answer(seen.id)
    await catalog.change_upstream(seen.id, UpstreamChanges(description="Soon", url="http://box/other"))
    now = await catalog.upstream(seen.id)
    assert (now.status, now.status_since, now.maintenance_note) == (
        Status.MAINTENANCE,
        begun.status_since,
        "a new disk",
    )
    assert not await catalog.end_maintenance(seen.id)
    clock.time = until
    assert await catalog.end_maintenance(seen.id) and not await catalog.end_maintenance(seen.id)
    over = await catalog.upstream(seen.id)
    assert (over.status, over.maintenance_until, over.maintenance_note) == (Status.UNKNOWN, None, None)
    assert over.config_revision > now.config_revision
    assert (await history(catalog, seen))[:2] == [
        ("maintenance", "unknown", "people", ""),
        ("ok", "maintenance", "people", "a new disk"),
    ]


async def test_people_end_maintenance_before_its_time(sqlite: Database) -> None:
    catalog = catalog_on(sqlite)
    seen = await well(catalog)
    await catalog.change_upstream(seen.id, UpstreamChanges(maintenance_until=9e9))
    over = await catalog.change_upstream(seen.id, UpstreamChanges(maintenance_until=None))
    assert (over.status, over.maintenance_until) == (Status.UNKNOWN, None)


async def test_the_history_is_kept_for_ninety_days_and_goes_with_its_upstream(database: Database) -> None:
    clock = HandClock()
    catalog = catalog_on(database, clock)
    seen = await well(catalog)
    clock.time += 10
    await catalog.record_failure(seen.id, "refused")
    assert await history(catalog, seen) == [("ok", "down", "look", "refused"), ("unknown", "ok", "look", "")]
    assert [one.new_status for one in await catalog.status_changes(seen.id, 1)] == [Status.DOWN]
    await catalog.prune_status_changes(clock.time - 5 + KEEP)
    assert await history(catalog, seen) == [("ok", "down", "look", "refused")]
    await catalog.delete_upstream(seen.id)
    assert await history(catalog, seen) == []

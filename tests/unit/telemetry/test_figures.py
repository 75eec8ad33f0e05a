from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import func, select

from gatehouse.kit.errors import Invalid
from gatehouse.kit.pages import PageRequest, page_request
from gatehouse.store.database import Database
from gatehouse.telemetry.figures import Figures, Seen, Wanted
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.recorder import Recorder, Retention
from gatehouse.telemetry.rollup import DAY, HOUR, MINUTE
from gatehouse.telemetry.tables import CALL_ROLLUPS, CALLS
from tests.support.clocks import HandClock
from tests.unit.telemetry.calls import NOON, assert_sums, call, mix

pytestmark = pytest.mark.anyio
FILTERS: Sequence[tuple[Wanted, Callable[[CallRecord], bool]]] = (
    (Wanted(), lambda one: True),
    (Wanted(server="srv_a"), lambda one: one.server == "srv_a"),
    (Wanted(principal="tok_1", outcome="ok"), lambda one: one.principal == "tok_1" and one.outcome == "ok"),
    (Wanted(upstream="ups_c", client="cursor"), lambda one: one.upstream == "ups_c" and one.client == "cursor"),
    (
        Wanted(seen=Seen(("srv_b",), ("tok_2",))),
        lambda one: one.server == "srv_b" or one.principal == "tok_2",
    ),
    (Wanted(seen=Seen(("srv_b",))), lambda one: one.server == "srv_b"),
    (Wanted(seen=Seen()), lambda one: False),
)


async def note(database: Database, records: Sequence[CallRecord], now: float = NOON) -> Recorder:
    recorders = [Recorder(database, HandClock(now), Retention()) for _ in range(3)]
    for place, record in enumerate(records):
        recorders[place % 3].intake.note(record)
    for recorder in recorders:
        await recorder.flush()
    return recorders[0]


async def snapshot(database: Database, level: int) -> list[tuple[object, ...]]:
    table = CALL_ROLLUPS
    async with database.read() as connection:
        found = select(table).where(table.c.level == level).order_by(table.c.cube, table.c.start, table.c.digest)
        return [tuple(row) for row in await connection.execute(found)]


async def test_totals_series_and_top_are_exact_before_and_after_the_rollups_are_made(database: Database) -> None:
    since, until = NOON - 1.5 * DAY, NOON
    records = mix(3000, since, until)
    recorder = await note(database, records)
    figures = Figures(database, HandClock(NOON))
    for _ in range(2):
        for wanted, fits in FILTERS:
            assert_sums((await figures.totals(wanted)).sums, [one for one in records if fits(one)])
        for point in await figures.series(Wanted(since=since, until=until), HOUR):
            assert_sums(point.sums, [one for one in records if point.start <= one.at < point.start + HOUR])
        for ranked in await figures.top(Wanted(server="srv_a"), "name", "calls", 10):
            assert_sums(ranked.sums, [one for one in records if (one.server, one.name) == ("srv_a", ranked.key)])
        await recorder.prune(NOON)
    assert await snapshot(database, HOUR)
    assert await snapshot(database, DAY)


async def test_part_of_an_hour_is_answered_by_the_minute(database: Database) -> None:
    records = mix(800, NOON - 3 * HOUR, NOON)
    await (await note(database, records)).prune(NOON)
    since, until = NOON - 2 * HOUR - 7 * MINUTE, NOON - HOUR + 3 * MINUTE
    totals = await Figures(database, HandClock(NOON)).totals(Wanted(since=since + 5, until=until - 5))
    assert (totals.since, totals.until) == (since, until)
    assert_sums(totals.sums, [one for one in records if since <= one.at < until])


async def test_rollups_of_hours_and_days_are_the_same_however_often_they_are_made(database: Database) -> None:
    recorder = await note(database, mix(600, NOON - 2 * DAY, NOON - DAY))
    await recorder.prune(NOON)
    before = await snapshot(database, HOUR), await snapshot(database, DAY)
    await recorder.prune(NOON)
    assert (await snapshot(database, HOUR), await snapshot(database, DAY)) == before


async def test_a_late_call_counts_in_an_hour_and_a_day_that_were_rolled_up(database: Database) -> None:
    records = mix(300, NOON - 1.5 * DAY, NOON - 1.4 * DAY)
    recorder = await note(database, records)
    await recorder.prune(NOON)
    records.append(call(NOON - 1.45 * DAY, upstream_ms=1.5))
    await note(database, records[-1:])
    figures = Figures(database, HandClock(NOON))
    for _ in range(2):
        assert_sums((await figures.totals(Wanted(since=NOON - 2 * DAY))).sums, records)
        await recorder.prune(NOON)


async def test_pruning_keeps_the_sums_of_what_is_kept(database: Database) -> None:
    ends = [NOON - days * DAY for days in (0, 1, 3, 13, 15, 59, 62, 100)]
    records = [one for end in ends for one in mix(100, end - 3 * HOUR, end)]
    recorder = await note(database, records)
    await recorder.prune(NOON)
    figures = Figures(database, HandClock(NOON))
    assert_sums((await figures.totals(Wanted())).sums, records)
    async with database.read() as connection:
        oldest = [
            (
                await connection.execute(select(func.min(CALL_ROLLUPS.c.start)).where(CALL_ROLLUPS.c.level == level))
            ).scalar_one()
            for level in (MINUTE, HOUR)
        ]
        assert (await connection.execute(select(func.min(CALLS.c.at)))).scalar_one() >= NOON - 14 * DAY
    assert oldest[0] >= NOON - 2 * DAY - HOUR
    assert oldest[1] >= NOON - 61 * DAY
    await recorder.prune(NOON + 800 * DAY)
    assert (await figures.totals(Wanted(since=0.0))).sums.calls == 0


async def test_a_range_of_long_ago_is_widened_to_what_is_kept(database: Database) -> None:
    records = [call(NOON - 100 * DAY), call(NOON - 20 * DAY)]
    await (await note(database, records)).prune(NOON)
    figures = Figures(database, HandClock(NOON))
    day = await figures.totals(Wanted(since=records[0].at + HOUR, until=records[0].at + 2 * HOUR))
    assert (day.until - day.since, day.sums.calls) == (DAY, 1)
    hour = await figures.totals(Wanted(since=records[1].at + 120, until=records[1].at + 180))
    assert (hour.until - hour.since, hour.sums.calls) == (HOUR, 1)


async def test_a_call_that_began_before_what_is_kept_counts_now_and_is_not_lost(database: Database) -> None:
    recorder = await note(database, [call(NOON - 5 * DAY)])
    await recorder.prune(NOON)
    await note(database, [call(NOON - 5 * DAY)])
    figures = Figures(database, HandClock(NOON))
    assert (await figures.totals(Wanted())).sums.calls == 2
    assert (await figures.totals(Wanted(since=NOON))).sums.calls == 1


async def test_steps_that_are_not_kept_or_too_many_are_refused(database: Database) -> None:
    await (await note(database, [call(NOON - 5 * DAY)])).prune(NOON)
    figures = Figures(database, HandClock(NOON))
    with pytest.raises(Invalid, match="not kept"):
        await figures.series(Wanted(since=NOON - 5 * DAY, until=NOON - 4 * DAY), MINUTE)
    with pytest.raises(Invalid, match="points"):
        await figures.series(Wanted(since=NOON - 5 * DAY), MINUTE)


async def test_pages_of_records_go_from_the_newest_to_the_oldest(database: Database) -> None:
    records = mix(25, NOON - 60, NOON)
    await note(database, records)
    figures, request, seen = Figures(database, HandClock(NOON)), PageRequest(limit=10), list[CallRecord]()
    while True:
        found = await figures.calls(Wanted(), request)
        seen += found.items
        if found.next is None:
            break
        request = page_request(found.next, 10)
    assert seen == sorted(records, key=lambda one: one.id, reverse=True)
    assert await figures.news(Wanted(), seen[3].id, 10) == seen[2::-1]
    assert await figures.slowest(Wanted(), 3) == sorted(records, key=lambda one: -one.total_ms)[:3]


async def test_one_call_is_found_by_who_may_see_it_alone(sqlite: Database) -> None:
    record = call()
    await note(sqlite, [record])
    figures = Figures(sqlite, HandClock(NOON))
    assert await figures.call("cal_other") is None
    assert await figures.call(record.id, Seen(("srv_b",), ("tok_2",))) is None
    assert await figures.call(record.id, Seen(("srv_a",))) == record


async def test_errors_are_grouped_by_class_with_the_newest_as_example(database: Database) -> None:
    records = [call(outcome="protocol_error", error_class=of, error=of) for of in ("Down", "Down", "Slow")]
    await note(database, [*records, call()])
    groups = await Figures(database, HandClock(NOON)).errors(Wanted())
    assert [(one.error_class, one.calls) for one in groups] == [("Down", 2), ("Slow", 1)]
    assert groups[0].example == max(records[:2], key=lambda one: one.id)


async def test_what_was_used_is_told_with_when_and_how_often(database: Database) -> None:
    records = [call(NOON - DAY), call(NOON - 60), call(NOON - 30, upstream="ups_b", outcome="refused")]
    records.append(call(NOON - 20, outcome="refused"))
    recorder = await note(database, records)
    figures = Figures(database, HandClock(NOON))
    for _ in range(2):
        used = await figures.last_used("upstream")
        assert {key: (use.last, use.calls) for key, use in used.items()} == {"ups_a": (NOON - 60, 2)}
        assert set(await figures.capabilities_used()) == {("ups_a", "tools/call", "look")}
        await recorder.prune(NOON)

from __future__ import annotations

import anyio
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from gatehouse.kit.errors import GatewayError
from gatehouse.kit.pages import PageRequest
from gatehouse.store.database import Database
from gatehouse.telemetry.figures import Figures, Wanted
from gatehouse.telemetry.record import CallRecord, capped
from gatehouse.telemetry.recorder import CLIENTS, Recorder, Retention
from gatehouse.telemetry.tables import CALL_ROLLUPS, CALLS
from tests.support.clocks import HandClock
from tests.unit.telemetry.calls import NOON, assert_sums, call, mix

pytestmark = pytest.mark.anyio
BATCH = 5000


def recorder(database: Database, now: float = NOON) -> Recorder:
    return Recorder(database, HandClock(now), Retention(), at_once=10 * BATCH)


async def counts(database: Database) -> tuple[int, int]:
    """Records, and calls in the sums."""
    async with database.read() as connection:
        records = (await connection.execute(select(func.count()).select_from(CALLS))).scalar_one()
        summed = (await connection.execute(select(func.sum(CALL_ROLLUPS.c.calls)))).scalar()
    return records, int(summed or 0)


async def rename(database: Database, old: str, new: str) -> None:
    async with database.write(bump=False) as connection:
        await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


async def test_nothing_is_counted_twice_or_lost_when_a_flush_fails_and_is_tried_again(database: Database) -> None:
    ours = recorder(database)
    for record in mix(BATCH + 100, NOON - 600, NOON):
        ours.intake.note(record)
    await rename(database, "call_rollups", "away")
    for _ in range(2):
        with pytest.raises((GatewayError, DBAPIError)):
            await ours.flush()
    assert ours.waiting == BATCH + 100
    await rename(database, "away", "call_rollups")
    await ours.flush()
    assert await counts(database) == (BATCH + 100, BATCH + 100)
    assert (ours.waiting, ours.written, ours.dropped) == (0, BATCH + 100, 0)


async def test_what_was_stored_although_nobody_told_us_is_not_counted_again(database: Database) -> None:
    first, second = recorder(database), recorder(database)
    batch, later = [call(), call()], call()
    for record in batch:
        first.intake.note(record)
        second.intake.note(record)
    await first.flush()
    await second.flush()
    second.intake.note(later)
    await second.flush()
    assert await counts(database) == (3, 3)


async def test_of_very_many_calls_all_are_counted_and_a_fair_part_is_recorded(sqlite: Database) -> None:
    ours = Recorder(sqlite, HandClock(NOON), Retention(), kept=0, at_once=10)
    records = [call(outcome="timed_out" if place in (5, 700, 999) else "ok") for place in range(1000)]
    for record in records:
        ours.intake.note(record)
    await ours.flush()
    assert await counts(sqlite) == (10, 1000)
    assert (ours.written, ours.left_out, ours.dropped) == (1000, 990, 0)
    async with sqlite.read() as connection:
        kept = set((await connection.execute(select(CALLS.c.id))).scalars())
    assert {records[place].id for place in (5, 700, 999)} <= kept


async def test_a_cancelled_flush_loses_and_doubles_nothing(database: Database) -> None:
    ours = recorder(database)
    for record in mix(300, NOON - 60, NOON):
        ours.intake.note(record)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await ours.flush()
    await ours.flush()
    assert await counts(database) == (300, 300)


async def test_the_oldest_are_dropped_and_counted_when_too_many_wait(sqlite: Database) -> None:
    ours = Recorder(sqlite, HandClock(NOON), Retention(), most=10)
    records = [call(NOON + 60 * minute) for minute in range(25)]
    for record in records:
        ours.intake.note(record)
    ours.intake.sum_up()
    assert (ours.dropped, ours.waiting) == (15, 10)
    await ours.flush()
    async with sqlite.read() as connection:
        kept = set((await connection.execute(select(CALLS.c.id))).scalars())
    assert kept == {record.id for record in records[15:]}
    assert (ours.written, ours.left_out) == (10, 0)


async def test_where_nothing_is_to_be_stored_calls_are_told_of_all_the_same(sqlite: Database) -> None:
    ours, heard = Recorder(sqlite, HandClock(NOON), stores=False), list[int]()
    ours.intake.tell(lambda summed: heard.extend(one.tally.calls for one in summed))
    ours.keep_count_in(settled := [0, 0])
    for _ in range(3):
        ours.intake.note(call())
    await ours.flush()
    assert (heard, settled, ours.waiting) == ([3], [3, 3], 0)
    assert await counts(sqlite) == (0, 0)


async def test_several_recorders_add_to_the_same_rows_at_once(database: Database) -> None:
    recorders = [recorder(database) for _ in range(4)]
    records = mix(2000, NOON - 7200, NOON)
    for place, record in enumerate(records):
        recorders[place % 4].intake.note(record)
    async with anyio.create_task_group() as group:
        for one in recorders:
            group.start_soon(one.flush)
    totals = await Figures(database, HandClock(NOON)).totals(Wanted(since=NOON - 7200, until=NOON))
    assert_sums(totals.sums, records)


async def test_rollups_that_are_made_while_others_write_miss_nothing_and_block_nobody(database: Database) -> None:
    recorders = [recorder(database) for _ in range(4)]
    records = mix(3000, NOON - 6 * 3600, NOON - 7200)
    for place, record in enumerate(records):
        recorders[place % 3].intake.note(record)
    async with anyio.create_task_group() as group:
        for one in recorders[:3]:
            group.start_soon(one.flush)
        for _ in range(3):
            await recorders[3].prune(NOON)
    for _ in range(2):
        totals = await Figures(database, HandClock(NOON)).totals(Wanted())
        assert_sums(totals.sums, records)
        await recorders[3].prune(NOON)


async def test_texts_that_a_database_would_refuse_are_stored_as_far_as_they_can_be(database: Database) -> None:
    ours = recorder(database)
    ours.intake.note(call(name="a\x00b" * 500, client="\ud800x", error="é\x00" * 5000, error_class="E\udfff"))
    await ours.flush()
    (found,) = (await Figures(database, HandClock(NOON)).calls(Wanted(), PageRequest())).items
    assert found.name == capped("a\x00b" * 500)
    assert "\x00" not in found.error
    assert (found.client, found.error_class, len(found.error)) == ("?x", "E?", 250)


async def test_strangers_can_not_make_rollups_without_end(sqlite: Database) -> None:
    ours = recorder(sqlite)
    for number in range(CLIENTS + 500):
        ours.intake.note(call(client=f"client {number}", name=f"guess {number}", upstream="", outcome="refused"))
    await ours.flush()
    async with sqlite.read() as connection:
        rows = (await connection.execute(select(func.count()).select_from(CALL_ROLLUPS))).scalar_one()
    assert rows == CLIENTS + 1
    assert await counts(sqlite) == (CLIENTS + 500, CLIENTS + 500)


def test_a_record_says_nothing_of_what_is_not_known() -> None:
    record = CallRecord(id="cal_1", at=1.0, outcome="ok")
    assert (record.user, record.total_ms, record.error) == ("", 0.0, "")

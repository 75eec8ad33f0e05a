"""How late the event loop is, and how long the database takes."""

from __future__ import annotations

import asyncio
import logging
import time

import anyio
import pytest

from gatehouse.store.database import Database
from gatehouse.telemetry.watching import PAUSE, QUERY_BOUNDS, SLOW, STATEMENTS, LoopLag, Queries

pytestmark = pytest.mark.anyio


async def test_a_loop_that_is_kept_busy_is_late() -> None:
    lag = LoopLag()
    async with anyio.create_task_group() as group:
        group.start_soon(lag.run)
        with anyio.fail_after(10):
            while lag.most < 0.05:
                await anyio.sleep(PAUSE * 0.9)
                time.sleep(0.15)  # noqa: ASYNC251 - it is what must not be done
        group.cancel_scope.cancel()
    assert lag.most >= 0.05


def test_one_late_moment_in_a_minute_is_the_most_and_not_the_usual() -> None:
    lag = LoopLag()
    for _ in range(239):
        lag.note(0.001)
    lag.note(0.9)
    assert (lag.usual_most, lag.most) == (pytest.approx(0.001, abs=1), 0.9)
    for _ in range(240):
        lag.note(0.002)
    assert lag.most == 0.002, "what is older than a minute is forgotten"


def test_before_anything_was_seen_nothing_is_late() -> None:
    assert LoopLag().usual_most == LoopLag().most == 0.0


async def test_slow_queries_are_told_once_and_without_anything_private(caplog: pytest.LogCaptureFixture) -> None:
    queries = Queries()
    queries.note("SELECT 1", SLOW / 2)
    await queries.tell()
    assert not caplog.text
    for seconds in (SLOW, 3.25):
        queries.note("SELECT *\n  FROM calls WHERE id = ?", seconds)
    with caplog.at_level(logging.WARNING):
        await queries.tell()
        await queries.tell()
    assert caplog.messages == [
        "2 database queries took longer than 0.5 s",
        "Slow query, 2 times, up to 3.25 s: SELECT * FROM calls WHERE id = ?",
    ]
    assert (queries.slow, queries.slowest) == (2, 3.25)


async def test_any_number_of_slow_statements_takes_little_memory_and_three_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queries = Queries()
    for number in range(10 * STATEMENTS):
        queries.note(f"SELECT {number}", 1.0)
    await queries.tell()
    assert caplog.messages[0].startswith(f"{10 * STATEMENTS} database queries")
    assert len(caplog.messages) == 4


async def test_what_the_database_is_asked_is_timed(sqlite: Database) -> None:
    queries, statements = Queries(), list[str]()
    sqlite.on_query(queries.note)
    sqlite.on_query(lambda statement, seconds: statements.append(statement))
    await sqlite.revision()
    async with sqlite.write(bump=False):
        await asyncio.sleep(0)
    assert sum(queries.durations.buckets) == len(statements) >= 2
    assert len(queries.durations.buckets) == len(QUERY_BOUNDS) + 1
    assert 0 < queries.durations.total < 10

from __future__ import annotations

import asyncio

import anyio
import pytest

from gatehouse.kit.tasks import Tasks
from gatehouse.upstreams.flights import Flights

pytestmark = pytest.mark.anyio


class Work:
    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.go = asyncio.Event()
        self._error = error

    async def __call__(self) -> int:
        self.begun += 1
        await self.go.wait()
        if self._error is not None:
            raise self._error
        return self.begun


async def test_who_comes_while_it_is_done_gets_the_same() -> None:
    flights: Flights[str, int] = Flights(Tasks(), "work")
    work, got = Work(), list[int]()

    async def join() -> None:
        got.append(await flights.join("a", work))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(join)
        await anyio.wait_all_tasks_blocked()
        work.go.set()
    assert got == [1] * 5
    assert await flights.join("a", work) == 2


async def test_an_error_is_for_all_who_wait_and_not_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    flights: Flights[str, int] = Flights(Tasks(), "work")
    work = Work(ValueError("no"))
    work.go.set()
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await flights.join("a", work)
    assert work.begun == 2 and not caplog.records


async def test_it_goes_on_when_who_waits_leaves() -> None:
    tasks = Tasks()
    flights: Flights[str, int] = Flights(tasks, "work")
    work = Work()
    waiting = tasks.spawn(flights.join("a", work), "wait")
    await anyio.wait_all_tasks_blocked()
    waiting.cancel()
    await asyncio.wait({waiting})
    again = tasks.spawn(flights.join("a", work), "wait")
    await anyio.wait_all_tasks_blocked()
    work.go.set()
    with anyio.fail_after(5):
        await flights.settle("a")
        assert await again == 1
        await flights.settle("a")


async def test_who_waits_for_work_that_is_cancelled_is_not_left_waiting() -> None:
    tasks = Tasks()
    flights: Flights[str, int] = Flights(tasks, "work")
    waiting = tasks.spawn(flights.join("a", Work()), "wait")
    await anyio.wait_all_tasks_blocked()
    await tasks.cancel_all()
    assert waiting.cancelled()

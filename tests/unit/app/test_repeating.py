"""Work that is done over and over goes on whatever happens, and what is wrong for long is told once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio
import pytest

from gatehouse.app.repeating import every
from gatehouse.kit.errors import UpstreamDown

pytestmark = pytest.mark.anyio


def failing(outcomes: list[Exception | None], done: anyio.Event) -> Callable[[], Awaitable[None]]:
    """Work that ends in each of these in turn."""

    async def work() -> None:
        if not outcomes:
            done.set()
            return
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    return work


async def run_through(outcomes: list[Exception | None]) -> None:
    done = anyio.Event()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(every, 0, failing(outcomes, done))
            await done.wait()
            group.cancel_scope.cancel()


async def test_an_outage_is_told_once_each_time_that_it_begins(caplog: pytest.LogCaptureFixture) -> None:
    down = UpstreamDown("It is down.")
    with caplog.at_level(logging.WARNING, "gatehouse"):
        await run_through([down, down, down, None, down, down])
    assert [record.message for record in caplog.records] == ["It is down.", "It is down."]


async def test_work_that_fails_in_a_way_nobody_thought_of_is_done_again(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "gatehouse"):
        await run_through([ValueError("odd"), None])
    assert "tried again" in caplog.text
    assert "ValueError: odd" in caplog.text

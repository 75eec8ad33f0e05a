from __future__ import annotations

import anyio
import pytest

from gatehouse.kit.tasks import Tasks

pytestmark = pytest.mark.anyio


async def test_what_a_task_raises_is_logged_with_its_name(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise LookupError("no such thing")

    tasks = Tasks()
    task = tasks.spawn(fail(), "find the thing")
    with anyio.fail_after(5):
        while not task.done():
            await anyio.lowlevel.checkpoint()
        await tasks.cancel_all()
    [record] = [record for record in caplog.records if record.name == "gatehouse"]
    assert "find the thing" in record.getMessage()
    assert record.exc_info is not None


async def test_a_task_that_will_not_end_is_named_and_left(caplog: pytest.LogCaptureFixture) -> None:
    release = anyio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except BaseException:
                continue

    tasks = Tasks(patience=0.05)
    tasks.spawn(stubborn(), "stay")
    await anyio.lowlevel.checkpoint()
    with anyio.fail_after(5):
        await tasks.cancel_all()
        assert "'stay' did not end" in caplog.text
        release.set()
        await tasks.cancel_all()


async def test_the_end_waits_for_cleaning_up_and_for_what_that_begins() -> None:
    done: list[str] = []
    tasks = Tasks()

    async def later() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            done.append("later")

    async def first() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            tasks.spawn(later(), "later")
            done.append("first")
            await anyio.lowlevel.checkpoint()

    tasks.spawn(first(), "first")
    await anyio.lowlevel.checkpoint()
    with anyio.fail_after(5):
        await tasks.cancel_all()
    assert done[0] == "first"


async def test_a_task_may_end_all_the_others() -> None:
    tasks = Tasks()
    other = tasks.spawn(anyio.sleep_forever(), "other")
    with anyio.fail_after(5):
        await tasks.spawn(tasks.cancel_all(), "end")
    assert other.cancelled()

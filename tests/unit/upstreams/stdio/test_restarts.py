from __future__ import annotations

import anyio
import pytest

from gatehouse.kit.errors import UpstreamDown
from gatehouse.upstreams.stdio import Restarts
from tests.support.clocks import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def fail_and_wait(restarts: Restarts, clock: HandClock) -> float:
    restarts.failed()
    delay = restarts.delay()
    clock.time += delay
    return delay


def test_ten_failures_in_ten_minutes_are_too_many(clock: HandClock) -> None:
    restarts = Restarts(clock, lambda: 0.0)
    for _ in range(9):
        fail_and_wait(restarts, clock)
    restarts.failed()
    with pytest.raises(UpstreamDown, match=r"10 times within 10 minutes.*refresh.*again in 600 s"):
        restarts.delay()
    clock.time += 599
    with pytest.raises(UpstreamDown, match="again in 1 s"):
        restarts.delay()
    clock.time += 2
    assert restarts.delay() == 0
    assert fail_and_wait(restarts, clock) == 0


def test_a_person_may_have_it_tried_at_once(clock: HandClock) -> None:
    restarts = Restarts(clock)
    for _ in range(10):
        restarts.failed()
    restarts.reset()
    assert restarts.delay() == 0


def test_failures_far_apart_never_are_too_many(clock: HandClock) -> None:
    restarts = Restarts(clock)
    for _ in range(50):
        clock.time += 70
        restarts.failed()
        assert restarts.delay() <= 60


def test_pauses_double_up_to_a_minute(clock: HandClock) -> None:
    restarts = Restarts(clock, lambda: 0.0)
    assert [fail_and_wait(restarts, clock) for _ in range(9)] == [0, 1, 2, 4, 8, 16, 32, 60, 60]


def test_pauses_vary_but_not_between_two_looks(clock: HandClock) -> None:
    restarts = Restarts(clock)
    for _ in range(7):
        restarts.failed()
    assert 24 <= restarts.delay() <= 32
    assert restarts.delay() == restarts.delay()


def test_a_success_begins_anew(clock: HandClock) -> None:
    restarts = Restarts(clock, lambda: 0.0)
    for _ in range(5):
        restarts.failed()
    restarts.succeeded()
    assert fail_and_wait(restarts, clock) == 0


@pytest.mark.anyio
async def test_a_caller_is_told_about_a_long_pause_and_does_not_wait_for_it(clock: HandClock) -> None:
    restarts = Restarts(clock, lambda: 0.0)
    with anyio.fail_after(5):
        await restarts.turn()
        for _ in range(6):
            restarts.failed()
        with pytest.raises(UpstreamDown, match="6 times in a row; the next try is in 16 s"):
            await restarts.turn()

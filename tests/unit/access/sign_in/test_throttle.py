"""Wrong passwords: slowed down where they come from, and nowhere else."""

from __future__ import annotations

import anyio
import pytest
from sqlalchemy import func, select

from gatehouse.access.sign_in.throttle import FREE, FREE_AT_ADDRESS, LONGEST, Throttle, pause
from gatehouse.access.tables import SIGN_IN_FAILURES
from gatehouse.kit.errors import RateLimited
from gatehouse.store.database import Database
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
ADA, BOB = "ada@example.com", "bob@example.com"
HOME, OFFICE, STRANGER, NEIGHBOUR = "192.0.2.1", "198.51.100.1", "203.0.113.66", "203.0.113.67"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def fail(throttle: Throttle, account: str, address: str | None, times: int, clock: HandClock) -> None:
    """As often as wanted, however long that takes."""
    done = 0
    while done < times:
        try:
            await throttle.begin(account, address)
            done += 1
        except RateLimited as error:
            clock.time += error.retry_after


async def wait_of(throttle: Throttle, account: str, address: str | None) -> int:
    """Seconds until the next try; 0 where it is let through. One that is let through is taken back."""
    try:
        attempt = await throttle.begin(account, address)
    except RateLimited as error:
        return error.retry_after
    await throttle.undo(attempt)
    return 0


async def rows(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(SIGN_IN_FAILURES))).scalar_one())


async def test_some_failures_cost_nothing_and_then_each_costs_more(database: Database, clock: HandClock) -> None:
    throttle = Throttle(database, clock)
    waits: list[int] = []
    for _ in range(FREE + 8):
        waits.append(await wait_of(throttle, ADA, STRANGER))
        clock.time += waits[-1]
        await throttle.begin(ADA, STRANGER)
    assert waits == [0] * FREE + [1, 2, 4, 8, 16, 32, 60, 60]


async def test_many_tries_at_once_are_counted_like_those_one_after_the_other(
    database: Database, clock: HandClock
) -> None:
    """Else whoever sends a thousand together gets a thousand for the price of one."""
    throttles = [Throttle(database, clock), Throttle(database, clock)]
    let_through = 0

    async def one(throttle: Throttle) -> None:
        nonlocal let_through
        try:
            await throttle.begin(ADA, STRANGER)
            let_through += 1
        except RateLimited:
            pass

    for _ in range(4):
        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(one, throttles[number % 2])
    assert let_through == FREE


async def test_nobody_elses_tries_are_slowed_by_a_strangers(sqlite: Database, clock: HandClock) -> None:
    throttle = Throttle(sqlite, clock)
    await fail(throttle, ADA, STRANGER, 20, clock)
    assert await wait_of(throttle, ADA, STRANGER) > 0
    assert await wait_of(throttle, ADA, NEIGHBOUR) > 0, "a neighbour may well be the same"
    assert await wait_of(throttle, ADA, HOME) == 0
    assert await wait_of(throttle, ADA, OFFICE) == 0
    assert await wait_of(throttle, BOB, STRANGER) == 0


async def test_where_somebody_signed_in_well_a_bad_neighbour_changes_nothing(
    database: Database, clock: HandClock
) -> None:
    throttle = Throttle(database, clock)
    await throttle.succeeded(await throttle.begin(ADA, NEIGHBOUR))
    await fail(throttle, ADA, STRANGER, 20, clock)
    for number in range(40):
        await fail(throttle, f"somebody{number}@example.com", STRANGER, 1, clock)
    assert await wait_of(throttle, ADA, STRANGER) > 0
    assert await wait_of(throttle, ADA, NEIGHBOUR) == 0
    assert await wait_of(throttle, BOB, NEIGHBOUR) > 0, "only for that account"


async def test_an_address_known_for_an_account_is_slowed_by_its_own_failures(
    sqlite: Database, clock: HandClock
) -> None:
    throttle = Throttle(sqlite, clock)
    await throttle.succeeded(await throttle.begin(ADA, HOME))
    await fail(throttle, ADA, HOME, FREE, clock)
    assert await wait_of(throttle, ADA, HOME) == 1


async def test_one_address_that_tries_many_accounts_is_slowed_over_all_of_them(
    sqlite: Database, clock: HandClock
) -> None:
    throttle = Throttle(sqlite, clock)
    for number in range(FREE_AT_ADDRESS):
        assert await wait_of(throttle, f"{number}@example.com", STRANGER) == 0
        await throttle.begin(f"{number}@example.com", STRANGER)
    assert await wait_of(throttle, "another@example.com", STRANGER) == 1
    assert await wait_of(throttle, "another@example.com", NEIGHBOUR) == 1
    assert await wait_of(throttle, "another@example.com", HOME) == 0


async def test_an_own_account_is_no_way_to_start_anew(sqlite: Database, clock: HandClock) -> None:
    throttle = Throttle(sqlite, clock)
    await fail(throttle, ADA, STRANGER, FREE, clock)
    for _ in range(10):
        await throttle.succeeded(await throttle.begin(BOB, STRANGER))
    assert await wait_of(throttle, ADA, STRANGER) == 1


async def test_the_whole_network_of_an_ipv6_caller_counts_as_one(sqlite: Database, clock: HandClock) -> None:
    throttle = Throttle(sqlite, clock)
    for number in range(FREE):
        await throttle.begin(ADA, f"2001:db8:1:2::{number}")
    assert await wait_of(throttle, ADA, "2001:db8:1:2:3:4:5:6") == 1
    assert await wait_of(throttle, ADA, "2001:db8:1:3::1") == 0


async def test_who_has_no_address_is_one_caller(sqlite: Database, clock: HandClock) -> None:
    throttle = Throttle(sqlite, clock)
    await fail(throttle, ADA, None, FREE, clock)
    assert await wait_of(throttle, ADA, None) == 1
    assert await wait_of(throttle, ADA, HOME) == 0


async def test_coming_too_early_makes_nothing_worse(sqlite: Database, clock: HandClock) -> None:
    throttle = Throttle(sqlite, clock)
    await fail(throttle, ADA, STRANGER, FREE + 3, clock)
    before = await wait_of(throttle, ADA, STRANGER)
    for _ in range(20):
        with pytest.raises(RateLimited):
            await throttle.begin(ADA, STRANGER)
    assert await wait_of(throttle, ADA, STRANGER) == before
    clock.time += before
    assert await wait_of(throttle, ADA, STRANGER) == 0


async def test_a_success_forgives_the_failures_before_it(database: Database, clock: HandClock) -> None:
    throttle = Throttle(database, clock)
    await fail(throttle, ADA, HOME, FREE - 1, clock)
    await throttle.succeeded(await throttle.begin(ADA, HOME))
    for _ in range(FREE):
        assert await wait_of(throttle, ADA, HOME) == 0
        await throttle.begin(ADA, HOME)


async def test_failures_are_forgotten_in_time(sqlite: Database, clock: HandClock) -> None:
    throttle = Throttle(sqlite, clock)
    await fail(throttle, ADA, STRANGER, 1000, clock)
    assert await wait_of(throttle, ADA, STRANGER) == LONGEST
    clock.time += 3 * 3600
    assert [await wait_of(throttle, ADA, STRANGER)] * FREE == [0] * FREE


async def test_an_account_that_does_not_exist_is_counted_in_the_same_way(sqlite: Database, clock: HandClock) -> None:
    """It knows of no accounts: whatever text somebody gives is one."""
    throttle = Throttle(sqlite, clock)
    await fail(throttle, "\x00' or 1=1", STRANGER, FREE, clock)
    assert await wait_of(throttle, "\x00' or 1=1", STRANGER) == 1


async def test_neither_accounts_nor_addresses_are_stored(sqlite: Database, clock: HandClock) -> None:
    throttle = Throttle(sqlite, clock)
    await throttle.succeeded(await throttle.begin(ADA, HOME))
    await fail(throttle, BOB, HOME, 3, clock)
    async with sqlite.read() as connection:
        stored = str((await connection.execute(select(SIGN_IN_FAILURES))).all())
    assert "example.com" not in stored and "192.0.2" not in stored


async def test_what_is_old_is_purged(database: Database, clock: HandClock) -> None:
    throttle = Throttle(database, clock)
    await throttle.succeeded(await throttle.begin(ADA, HOME))
    await fail(throttle, ADA, STRANGER, 3, clock)
    await throttle.purge(clock.now())
    assert await rows(database) == 3
    clock.time += 2 * 86_400
    await throttle.purge(clock.now())
    assert await rows(database) == 1, "from where somebody signed in well is kept for longer"
    clock.time += 200 * 86_400
    await throttle.purge(clock.now())
    assert await rows(database) == 0


def test_pauses_double_up_to_a_minute() -> None:
    assert [pause(failures) for failures in (0, 4, 5, 6, 10, 11, 500)] == [0, 0, 1, 2, 32, 60, 60]

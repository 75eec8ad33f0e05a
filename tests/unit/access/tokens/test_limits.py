"""The rate and the quota of tokens, in one worker and over several."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatehouse.access.model import Conditions, Principal
from gatehouse.access.tokens import conditions as conditions_of
from gatehouse.access.tokens.limits import Limiter
from gatehouse.access.tokens.service import NewToken, Tokens
from gatehouse.access.tokens.usage import Usage
from gatehouse.kit.errors import RateLimited
from gatehouse.store.database import Database
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
DAY = 86400


@dataclass
class Worker:
    """As the door of one does it: spend, then count."""

    usage: Usage
    limiter: Limiter
    clock: HandClock

    def call(self, principal: Principal) -> None:
        now = self.clock.now()
        self.limiter.spend_request(principal, now)
        self.limiter.spend_call(principal, now)
        self.usage.count(principal.id, calls=1)

    def request(self, principal: Principal) -> None:
        self.limiter.spend_request(principal, self.clock.now())
        self.usage.count(principal.id)

    def burst(self, principal: Principal, most: int = 1000) -> int:
        """Requests that are let in at this moment."""
        for done in range(most):
            try:
                self.request(principal)
            except RateLimited:
                return done
        return most

    def calls(self, principal: Principal, most: int = 1000) -> int:
        for done in range(most):
            try:
                self.call(principal)
            except RateLimited:
                return done
        return most


def worker(database: Database, clock: HandClock) -> Worker:
    usage = Usage(database, clock)
    return Worker(usage, Limiter(usage, clock), clock)


def token(rate: str | None = None, quota: int | None = None, id_: str = "tok_a") -> Principal:
    return Principal(id=id_, kind="token", name="agent", conditions=limits(rate, quota))


async def stored(database: Database, rate: str | None = None, quota: int | None = None) -> Principal:
    """A token that the other workers know, too."""
    new = NewToken(name="x", permissions=["*"], conditions=limits(rate, quota))
    made, _ = await Tokens(database, HandClock()).create(new)
    return token(rate, quota, made.id)


def limits(rate: str | None = None, quota: int | None = None) -> Conditions:
    return conditions_of.conditions(rate_limit=rate, daily_quota=quota)


def refused(wanted: Worker, principal: Principal) -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        wanted.call(principal)
    return caught.value


@pytest.mark.parametrize(
    ("rate", "wait", "words"),
    [("5/s", 1, "5 requests a second"), ("7/m", 9, "7 requests a minute"), ("1/h", 3600, "1 request an hour")],
)
async def test_who_has_used_up_the_rate_is_told_when_to_come_again(
    sqlite: Database, rate: str, wait: int, words: str
) -> None:
    here = worker(sqlite, HandClock())
    principal = token(rate)
    assert here.burst(principal) == int(rate.partition("/")[0])
    error = refused(here, principal)
    assert (error.http_status, error.retry_after) == (429, wait)
    assert words in error.message and "agent" in error.message
    assert f"{wait} second" in error.hint
    here.clock.time += wait
    here.call(principal)


async def test_asking_again_and_again_keeps_nobody_out(sqlite: Database) -> None:
    here = worker(sqlite, HandClock())
    principal = token("60/m")
    assert here.burst(principal) == 60
    for _ in range(100):
        assert refused(here, principal).retry_after == 1
    here.clock.time += 1
    assert here.burst(principal) == 1
    here.clock.time += 3600
    assert here.burst(principal) == 60


async def test_one_token_does_not_use_up_the_rate_of_another(sqlite: Database) -> None:
    here = worker(sqlite, HandClock())
    assert here.burst(token("3/h", id_="tok_a")) == 3
    assert here.burst(token("3/h", id_="tok_b")) == 3


async def test_a_token_without_limits_spends_nothing(sqlite: Database) -> None:
    assert worker(sqlite, HandClock()).calls(token()) == 1000


async def test_a_clock_that_is_set_back_keeps_nobody_waiting(sqlite: Database) -> None:
    here = worker(sqlite, HandClock())
    principal = token("60/m")
    assert here.burst(principal) == 60
    here.clock.time -= 3600
    assert here.burst(principal) == 0
    here.clock.time += 2
    assert here.burst(principal) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.integers(1, 50),
    unit=st.sampled_from(["s", "m", "h", "d"]),
    pauses=st.lists(st.floats(0, 100_000), min_size=1, max_size=60),
)
async def test_no_stretch_of_time_has_more_than_the_rate_allows(
    sqlite: Database, requests: int, unit: str, pauses: list[float]
) -> None:
    here = worker(sqlite, HandClock())
    principal = token(f"{requests}/{unit}")
    seconds = conditions_of.parse_rate(f"{requests}/{unit}").seconds
    let_in: list[float] = []
    for pause in pauses:
        here.clock.time += pause * seconds / 100_000
        let_in += [here.clock.time] * here.burst(principal, 30)
    for first in range(len(let_in)):
        for last in range(first, len(let_in)):
            allowed = requests + (let_in[last] - let_in[first]) * requests / seconds
            assert last - first + 1 <= allowed + 0.01


async def test_a_quota_is_of_calls_and_ends_at_midnight(sqlite: Database) -> None:
    here = worker(sqlite, HandClock())
    principal = token(quota=3)
    assert here.burst(principal, 10) == 10
    assert here.calls(principal) == 3
    error = refused(here, principal)
    assert error.retry_after == 16 * 3600
    assert "3 calls a day" in error.message and "midnight" in error.hint
    here.clock.time += 16 * 3600 - 1
    assert refused(here, principal).retry_after == 1
    here.clock.time += 1
    assert here.calls(principal) == 3


async def test_a_call_that_the_quota_refuses_uses_up_no_rate(sqlite: Database) -> None:
    here = worker(sqlite, HandClock())
    principal = token("10/h", quota=2)
    for _ in range(2):
        here.call(principal)
    for _ in range(50):
        assert "quota" in refused(here, principal).message
    assert here.burst(principal) == 8


async def test_what_is_refused_is_counted_as_refused(sqlite: Database) -> None:
    here = worker(sqlite, HandClock())
    principal = token("3/h", quota=2)
    for _ in range(2):
        here.call(principal)
    for _ in range(4):
        refused(here, principal)
    here.request(principal)
    refused(here, principal)
    await here.limiter.share()
    (day,) = await here.usage.per_day("tok_a", 1)
    assert (day.requests, day.calls, day.refused) == (3, 2, 5)


async def test_a_quota_holds_over_workers_and_over_a_restart(database: Database) -> None:
    clock, principal = HandClock(), await stored(database, quota=10)
    first, second = worker(database, clock), worker(database, clock)
    assert (first.calls(principal, 4), second.calls(principal, 3)) == (4, 3)
    for each in (first, second, first):
        await each.limiter.share()
    third = worker(database, clock)
    await third.limiter.start()
    assert third.calls(principal) == 3
    await third.limiter.share()
    for each in (first, second):
        await each.limiter.share()
        assert each.calls(principal) == 0


async def started(database: Database, clock: HandClock, number: int) -> list[Worker]:
    workers = [worker(database, clock) for _ in range(number)]
    for each in workers:
        await each.limiter.start()
    return workers


async def test_a_rate_holds_over_workers(database: Database) -> None:
    clock, principal = HandClock(), await stored(database, "60/m")
    first, second = await started(database, clock, 2)
    assert first.burst(principal, 40) == 40
    clock.time += 1
    await first.limiter.share()
    await second.limiter.share()
    assert second.burst(principal) == 20
    clock.time += 1
    await second.limiter.share()
    await first.limiter.share()
    assert first.burst(principal) == 2


async def test_bursts_at_every_worker_are_made_up_for(sqlite: Database) -> None:
    """However long the pauses between them: a worker looks at all tokens, used there or not."""
    clock, principal = HandClock(), await stored(sqlite, "60/m")
    workers, let_in = await started(sqlite, clock, 4), 0
    for _ in range(4):
        for _ in range(90):
            clock.time += 1
            for each in workers:
                await each.limiter.share()
        let_in += sum(each.burst(principal) for each in workers)
    # A debt of more than a period is let off.
    assert let_in <= 4 * 60 + 3 * 60 + 3 * 90


async def test_workers_that_are_hammered_let_in_what_one_would(sqlite: Database) -> None:
    clock, principal = HandClock(), await stored(sqlite, "120/m")
    workers, let_in = await started(sqlite, clock, 3), 0
    for _ in range(120):
        let_in += sum(each.burst(principal) for each in workers)
        clock.time += 1
        for each in workers:
            await each.limiter.share()
    assert 120 * 2 <= let_in <= 120 * 2 + 120 * 3


async def test_a_rate_of_a_second_holds_over_workers_in_the_long_run(sqlite: Database) -> None:
    clock, principal = HandClock(), await stored(sqlite, "10/s")
    workers, let_in = await started(sqlite, clock, 4), 0
    for _ in range(60):
        let_in += sum(each.burst(principal) for each in workers)
        clock.time += 1
        for each in workers:
            await each.limiter.share()
    assert 60 * 10 * 0.8 <= let_in <= 60 * 10 * 1.2


async def test_what_others_let_in_long_ago_is_not_charged(database: Database) -> None:
    """As after a time in which the database could not be reached."""
    clock, principal = HandClock(), await stored(database, "60/m")
    first, second = await started(database, clock, 2)
    assert second.burst(principal) == 60
    for _ in range(10):
        assert first.burst(principal, 40) == 40
        await first.limiter.share()
        clock.time += 60
    await second.limiter.share()
    assert second.burst(principal) >= 55


async def test_a_worker_that_starts_knows_of_a_rate_that_is_used_up(database: Database) -> None:
    clock, principal = HandClock(), await stored(database, "100/d")
    (before,) = await started(database, clock, 1)
    clock.time += 12 * 3600
    assert before.burst(principal) == 100
    await before.limiter.share()
    (after,) = await started(database, clock, 1)
    assert after.burst(principal) == 83


async def test_nobody_waits_longer_for_what_others_let_in_than_a_period(database: Database) -> None:
    clock, principal = HandClock(), await stored(database, "10/m")
    workers = await started(database, clock, 6)
    assert sum(each.burst(principal) for each in workers) == 60
    for each in reversed(workers):
        await each.limiter.share()
    assert refused(workers[0], principal).retry_after == 66


async def test_a_rate_that_was_changed_holds_at_once(database: Database) -> None:
    clock, principal = HandClock(), await stored(database, "60/m")
    (here,) = await started(database, clock, 1)
    assert here.burst(principal) == 60
    assert here.burst(token("90/m", id_=principal.id)) == 30
    assert here.burst(token("10/m", id_=principal.id)) == 0
    assert here.burst(token(id_=principal.id)) == 1000


async def test_tokens_at_rest_are_forgotten_at_midnight(sqlite: Database) -> None:
    here = worker(sqlite, HandClock())
    for number in range(100):
        here.call(token("60/m", 5, f"tok_{number}"))
    slow = token("10/d", 5, "tok_slow")
    here.clock.time += 16 * 3600 - 60
    assert here.calls(slow) == 5
    here.clock.time += 60
    here.call(slow)
    assert len(here.limiter._spent) == 1
    assert here.burst(slow) == 4

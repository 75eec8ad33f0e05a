"""How tokens are used, as several workers count it and one database keeps it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import Rate
from gatehouse.access.tokens import usage as usage_module
from gatehouse.access.tokens.conditions import conditions
from gatehouse.access.tokens.repository import Use
from gatehouse.access.tokens.service import NewToken, Tokens
from gatehouse.access.tokens.usage import KEPT_DAYS, Today, Usage
from gatehouse.kit.errors import Conflict, GatewayError
from gatehouse.store.database import Database
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
TODAY, TOMORROW = "2027-01-15", "2027-01-16"
HOUR = 3600


class FailingDatabase(Database):
    """Real in all but this: writes fail while `down`, one that is under way at its end."""

    down = False

    @asynccontextmanager
    async def write(self, *, bump: bool = True, conflict: str = "") -> AsyncGenerator[AsyncConnection]:
        async with super().write(bump=bump, conflict=conflict) as connection:
            yield connection
            if self.down:
                raise GatewayError("The database failed.")


async def uses(usage: Usage, token_id: str, days: int = 1) -> list[Use]:
    return await usage.per_day(token_id, days)


async def test_a_token_that_was_never_used_has_days_without_use(database: Database) -> None:
    usage = Usage(database, HandClock())
    assert await uses(usage, "tok_a", 3) == [Use("tok_a", f"2027-01-{day}", 0, 0, 0, 0.0) for day in (13, 14, 15)]
    assert await usage.last_used(["tok_a"]) == {}


async def test_what_was_counted_is_added_to_what_was_stored(database: Database) -> None:
    clock = HandClock()
    usage = Usage(database, clock)
    usage.count("tok_a")
    usage.count("tok_a", calls=1)
    usage.refuse("tok_b")
    await usage.flush()
    clock.time += 5
    for _ in range(3):
        usage.count("tok_a", calls=1)
    usage.count("tok_c")
    await usage.flush()
    await usage.flush()
    assert await uses(usage, "tok_a") == [Use("tok_a", TODAY, 5, 4, 0, clock.time)]
    assert await uses(usage, "tok_b") == [Use("tok_b", TODAY, 0, 0, 1, clock.time - 5)]
    assert await usage.last_used(["tok_a", "tok_b", "tok_x"]) == {"tok_a": clock.time, "tok_b": clock.time - 5}


async def test_a_worker_that_is_behind_does_not_turn_the_last_use_back(database: Database) -> None:
    early, late = HandClock(), HandClock(HandClock().time + 60)
    for clock in (late, early):
        usage = Usage(database, clock)
        usage.count("tok_a")
        await usage.flush()
    assert await usage.last_used(["tok_a"]) == {"tok_a": late.time}


async def test_only_tokens_are_stored(sqlite: Database) -> None:
    usage = Usage(sqlite, HandClock())
    for principal_id in ("usr_a", "anonymous", "https://issuer.test/x" * 20):
        usage.count(principal_id)
    await usage.flush()
    assert await usage.last_used(["usr_a", "anonymous"]) == {}


async def test_each_day_is_counted_for_itself(database: Database) -> None:
    clock = HandClock()
    usage = Usage(database, clock)
    clock.time += 16 * HOUR - 1
    usage.count("tok_a")
    clock.time += 1
    usage.count("tok_a", calls=1)
    usage.count("tok_a")
    await usage.flush()
    assert await uses(usage, "tok_a", 2) == [
        Use("tok_a", TODAY, 1, 0, 0, clock.time - 1),
        Use("tok_a", TOMORROW, 2, 1, 0, clock.time),
    ]


async def test_what_could_not_be_stored_is_stored_later(database_url: str) -> None:
    database, clock = FailingDatabase(database_url), HandClock()
    await database.open()
    try:
        usage = Usage(database, clock)
        usage.count("tok_a", calls=1)
        database.down = True
        for _ in range(3):
            with pytest.raises(GatewayError):
                await usage.flush()
            usage.count("tok_a")
        clock.time += 16 * HOUR
        usage.count("tok_a")
        database.down = False
        await usage.flush()
        assert [(one.requests, one.calls) for one in await uses(usage, "tok_a", 2)] == [(4, 1), (1, 0)]
    finally:
        await database.close()


async def test_a_flush_that_is_cancelled_loses_nothing(sqlite: Database) -> None:
    usage = Usage(sqlite, HandClock())
    usage.count("tok_a")
    async with sqlite.write(bump=False), anyio.create_task_group() as tasks:
        tasks.start_soon(usage.flush)
        await anyio.wait_all_tasks_blocked()  # SQLite lets one write at a time.
        tasks.cancel_scope.cancel()
    await usage.flush()
    assert [one.requests for one in await uses(usage, "tok_a")] == [1]


async def test_workers_that_store_the_same_new_token_at_once_lose_nothing(database: Database) -> None:
    workers = [Usage(database, HandClock()) for _ in range(4)]
    for worker in workers:
        for token in range(20):
            worker.count(f"tok_{token}", calls=1)
    async with anyio.create_task_group() as tasks:
        for worker in workers:
            tasks.start_soon(worker.flush)
    for token in range(20):
        assert [one.calls for one in await uses(workers[0], f"tok_{token}")] == [4]


async def test_a_conflict_that_does_not_end_is_told(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = Usage(sqlite, HandClock())
    usage.count("tok_a")
    monkeypatch.setattr(usage_module.repository, "add_use", _always_in_the_way)
    with pytest.raises(Conflict):
        await usage.flush()
    monkeypatch.undo()
    await usage.flush()
    assert [one.requests for one in await uses(usage, "tok_a")] == [1]


async def _always_in_the_way(*_: object) -> None:
    raise Conflict("Somebody else changed the same thing at the same moment.")


async def test_many_tokens_are_stored_in_batches(database: Database) -> None:
    usage = Usage(database, HandClock())
    tokens = [f"tok_{number}" for number in range(usage_module.BATCH * 2 + 1)]
    for _ in range(2):
        for token in tokens:
            usage.count(token)
        await usage.flush()
    assert [one.requests for token in tokens[::250] for one in await uses(usage, token)] == [2] * 5
    assert len(await usage.last_used(tokens)) == len(tokens)


async def limited(database: Database) -> str:
    """The id of a token with conditions."""
    new = NewToken(name="x", permissions=["*"], conditions=conditions(rate_limit="60/m", daily_quota=5))
    return (await Tokens(database, HandClock()).create(new))[0].id


async def test_the_use_by_others_is_told_apart_from_ones_own(database: Database) -> None:
    mine, other = Usage(database, HandClock()), Usage(database, HandClock())
    token, free = (
        await limited(database),
        await Tokens(database, HandClock()).create(NewToken(name="x", permissions=["*"])),
    )
    for worker in (mine, other, other):
        worker.count(token, calls=1)
        worker.count(free[0].id)
        await worker.flush()
    mine.count(token, calls=1)  # and is not stored yet
    assert await mine.today() == {token: Today(others_requests=2, calls=4, rate=Rate(60, 60))}
    assert await other.today() == {token: Today(others_requests=1, calls=3, rate=Rate(60, 60))}


async def test_only_what_was_used_lately_is_looked_at_again(database: Database) -> None:
    clock = HandClock()
    usage, token = Usage(database, clock), await limited(database)
    usage.count(token)
    await usage.flush()
    assert list(await usage.today(clock.time)) == [token]
    assert await usage.today(clock.time + 1) == {}


async def test_the_use_of_yesterday_is_none_of_today(database: Database) -> None:
    clock = HandClock()
    usage, token = Usage(database, clock), await limited(database)
    usage.count(token, calls=1)
    await usage.flush()
    clock.time += 16 * HOUR
    assert await usage.today() == {}
    usage.count(token, calls=1)
    await usage.flush()
    assert await usage.today() == {token: Today(others_requests=0, calls=1, rate=Rate(60, 60))}


async def test_what_is_very_old_is_forgotten(database: Database) -> None:
    clock = HandClock()
    usage = Usage(database, clock)
    for token in ("tok_old", "tok_used_again"):
        usage.count(token)
    await usage.flush()
    clock.time += (KEPT_DAYS + 1) * 24 * HOUR
    usage.count("tok_used_again")
    await usage.flush()
    assert list(await usage.last_used(["tok_old", "tok_used_again"])) == ["tok_used_again"]
    assert [one.requests for one in await uses(usage, "tok_used_again", 2)] == [0, 1]


async def test_memory_grows_with_the_tokens_that_are_used_and_not_with_their_requests(sqlite: Database) -> None:
    usage = Usage(sqlite, HandClock())
    for _ in range(10_000):
        usage.count("tok_a", calls=1)
    assert len(usage._fresh) + len(usage._waiting) == 1
    await usage.flush()
    assert len(usage._fresh) + len(usage._waiting) == 0
    assert [(one.requests, one.calls) for one in await uses(usage, "tok_a")] == [(10_000, 10_000)]

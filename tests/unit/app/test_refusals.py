"""Refused tokens on their way to being events: bounded, looked up, and never kept in the clear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatehouse.access.model import ANONYMOUS, Principal
from gatehouse.access.tokens.service import NewToken, Tokens
from gatehouse.app.refusals import MOST, TokenRefusals
from gatehouse.kit.errors import Forbidden, GatewayError, RateLimited, Unauthenticated
from gatehouse.kit.pages import PageRequest
from gatehouse.store.database import Database
from gatehouse.telemetry.events import Event, Events, WantedEvents
from tests.support.clocks import HandClock
from tests.support.databases import fresh_database

pytestmark = pytest.mark.anyio
UNKNOWN = Unauthenticated("The token is unknown or revoked.")


@dataclass(frozen=True, slots=True)
class Room:
    database: Database
    tokens: Tokens
    events: Events
    refusals: TokenRefusals

    async def told(self) -> list[Event]:
        await self.refusals.flush()
        await self.events.flush()
        page = await self.events.list(WantedEvents(), PageRequest(limit=500))
        return list(page.items)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    clock = HandClock()
    async with fresh_database("sqlite", tmp_path) as database:
        tokens, events = Tokens(database, clock), Events(database, clock)
        yield Room(database, tokens, events, TokenRefusals(events, tokens, clock))


async def test_who_tries_any_number_of_tokens_makes_few_events(room: Room) -> None:
    for number in range(3 * MOST):
        room.refusals.refused(ANONYMOUS, "/mcp", UNKNOWN, "192.0.2.1", f"Bearer gh_{number}".encode())
    events = await room.told()
    assert {(one.data["cause"], one.count) for one in events} == {("unknown", MOST), ("others", 2 * MOST)}


async def test_what_can_not_be_looked_up_is_counted_still(room: Room) -> None:
    _, plain = await room.tokens.create(NewToken(name="old", permissions=("*",), owner="usr_1"))
    token = (await room.tokens.list(PageRequest())).items[0]
    await room.tokens.revoke(token.id)
    await _rename(room.database, "tokens", "hidden")
    for _ in range(2):
        room.refusals.refused(ANONYMOUS, "/servers/none/mcp", UNKNOWN, None, f"Bearer {plain}".encode())
        with pytest.raises(GatewayError):
            await room.refusals.flush()
    await _rename(room.database, "hidden", "tokens")
    (one,) = await room.told()
    assert (one.message, one.count, one.token) == ("Token 'old' was refused: it was revoked.", 2, token.id)
    assert (one.owner, one.visibility, one.server) == ("usr_1", "private", "")


async def test_a_token_that_was_not_known_yet_is_not_called_revoked(room: Room) -> None:
    _, plain = await room.tokens.create(NewToken(name="new", permissions=("*",), team="tea_1"))
    room.refusals.refused(ANONYMOUS, "/mcp", UNKNOWN, None, f"Bearer {plain}".encode())
    (one,) = await room.told()
    assert one.data["cause"] == "not_known_yet" and (one.team, one.visibility) == ("tea_1", "team")


@pytest.mark.parametrize(
    ("error", "cause", "message"),
    [
        (Forbidden("Not allowed: it is Sunday."), "not_allowed", "Token 'ci' was refused from ::1: it is Sunday."),
        (RateLimited("Not allowed: too fast."), "limit_used_up", "Token 'ci' was refused from ::1: too fast."),
    ],
)
async def test_who_is_known_is_named_with_the_reason(room: Room, error: GatewayError, cause: str, message: str) -> None:
    room.refusals.refused(Principal("tok_1", "token", "ci", user="usr_1"), "/mcp", error, "::1", b"Bearer gh_secret")
    (one,) = await room.told()
    assert (one.data["cause"], one.message, one.owner) == (cause, message, "usr_1")


async def _rename(database: Database, before: str, after: str) -> None:
    async with database.write(bump=False) as connection:
        await connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")

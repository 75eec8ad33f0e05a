"""API tokens, and the keyring that finds who holds one."""

from __future__ import annotations

import re

import anyio
import pytest

from gatehouse.access.keyring import Keyring
from gatehouse.access.model import Resource
from gatehouse.access.policy import USE, allows
from gatehouse.access.tokens import NewToken, Tokens
from gatehouse.kit.errors import Invalid, NotFound
from gatehouse.kit.pages import PageRequest, page_request
from gatehouse.store.database import Database
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (NewToken(name=" ", permissions=["*"]), "name"),
        (NewToken(name="a\nb", permissions=["*"]), "name"),
        (NewToken(name="x"), "nothing"),
        (NewToken(name="x", servers=[], permissions=[]), "nothing"),
        (NewToken(name="x", servers=["srv_1"], permissions=["*"]), "permissions"),
        (NewToken(name="x", permissions=["*"], expires_in="soon"), "soon"),
    ],
)
async def test_what_makes_no_token_is_refused(sqlite: Database, new: NewToken, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        await Tokens(sqlite, HandClock()).create(new)
    assert said in str(refused.value)


async def test_what_is_not_there_is_told(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    for attempt in (tokens.get("tok_none"), tokens.revoke("tok_none"), tokens.delete("tok_none")):
        with pytest.raises(NotFound, match="tok_none"):
            await attempt


async def test_a_token_opens_its_servers_and_nothing_else(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    token, plain = await tokens.create(NewToken(name="Ops", servers=["srv_1", "srv_2"]))
    assert re.fullmatch(r"gh_[A-Za-z0-9_-]{43}", plain)
    assert plain not in repr(token)
    assert await tokens.get(token.id) == token
    assert (token.hint, token.servers, token.permissions) == (plain[-4:], ("srv_1", "srv_2"), ())
    principal = (await Keyring.load(database)).identify(plain.encode())
    assert principal is not None
    assert (principal.id, principal.name, principal.servers) == (token.id, "Ops", frozenset({"srv_1", "srv_2"}))
    assert allows(principal, USE, Resource("server", "srv_1"), 0).allowed
    assert not allows(principal, USE, Resource("server", "srv_3"), 0).allowed
    assert not allows(principal, "upstream.read", Resource("upstream"), 0).allowed


@pytest.mark.parametrize("plain", [b"", b"gh_", b"\xff\xfe", b"gh_" + b"x" * 43])
async def test_nobody_is_found_for_what_is_no_token(sqlite: Database, plain: bytes) -> None:
    await Tokens(sqlite, HandClock()).ensure_admin()
    assert (await Keyring.load(sqlite)).identify(plain) is None


async def test_a_revoked_token_is_refused(database: Database) -> None:
    clock = HandClock()
    tokens = Tokens(database, clock)
    token, plain = await tokens.create(NewToken(name="x", permissions=["*"]))
    revoked = await tokens.revoke(token.id)
    assert revoked.revoked_at == clock.time
    clock.time += 9
    revision = await database.revision()
    assert await tokens.revoke(token.id) == revoked == await tokens.get(token.id)
    assert await database.revision() == revision
    assert (await Keyring.load(database)).identify(plain.encode()) is None


async def test_a_token_expires(database: Database) -> None:
    clock = HandClock()
    tokens = Tokens(database, clock)
    for expires_in in ("30d", 30 * 86400):
        token, plain = await tokens.create(NewToken(name="x", permissions=["*"], expires_in=expires_in))
        assert token.expires_at == clock.time + 30 * 86400
        principal = (await Keyring.load(database)).identify(plain.encode())
        assert principal is not None
        assert allows(principal, "upstream.read", Resource("upstream"), token.expires_at - 1).allowed
        assert not allows(principal, "upstream.read", Resource("upstream"), token.expires_at).allowed


async def test_a_deleted_token_is_forgotten(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    token, plain = await tokens.create(NewToken(name="x", permissions=["*"]))
    await tokens.delete(token.id)
    assert (await Keyring.load(database)).identify(plain.encode()) is None
    assert list((await tokens.list(PageRequest())).items) == []


async def test_of_several_first_starts_one_makes_the_admin_token_and_it_never_returns(database: Database) -> None:
    tokens, made = Tokens(database, HandClock()), list[str | None]()

    async def start() -> None:
        made.append(await tokens.ensure_admin())

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(start)
    (plain,) = (one for one in made if one is not None)
    (admin,) = (await tokens.list(PageRequest())).items
    assert (admin.name, admin.permissions, admin.servers) == ("admin", ("*",), None)
    principal = (await Keyring.load(database)).identify(plain.encode())
    assert principal is not None
    assert allows(principal, "anything", Resource("x"), 0).allowed
    await tokens.delete(admin.id)
    assert await tokens.ensure_admin() is None


async def test_pages_hold_every_token_once(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    made = {(await tokens.create(NewToken(name=f"t{i}", permissions=["*"])))[0].id for i in range(7)}
    first = await tokens.list(page_request(None, 5))
    rest = await tokens.list(page_request(first.next, 5))
    assert (len(first.items), len(rest.items), rest.next) == (5, 2, None)
    assert {token.id for token in (*first.items, *rest.items)} == made

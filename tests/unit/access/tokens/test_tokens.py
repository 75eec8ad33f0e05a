"""API tokens, and the keyring that finds who holds one."""

from __future__ import annotations

import re
from dataclasses import replace

import anyio
import pytest

from gatehouse.access.model import Circumstances, Resource
from gatehouse.access.policy import USE, allows
from gatehouse.access.tokens.conditions import conditions
from gatehouse.access.tokens.keyring import Keyring, KeyringLoader
from gatehouse.access.tokens.service import NewToken, Tokens
from gatehouse.kit.errors import Conflict, Invalid, NotFound
from gatehouse.kit.pages import PageRequest, page_request
from gatehouse.store.database import Database
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
NOW = Circumstances(HandClock().time)


async def keyring(database: Database) -> Keyring:
    return await KeyringLoader(database).load()


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (NewToken(name=" ", permissions=["*"]), "name"),
        (NewToken(name="a\nb", permissions=["*"]), "name"),
        (NewToken(name="x"), "nothing"),
        (NewToken(name="x", servers=[], permissions=[]), "nothing"),
        (NewToken(name="x", permissions=["*"], expires_in="soon"), "soon"),
    ],
)
async def test_what_makes_no_token_is_refused(sqlite: Database, new: NewToken, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        await Tokens(sqlite, HandClock()).create(new)
    assert said in str(refused.value)


async def test_what_is_not_there_is_told(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    for attempt in (
        tokens.get("tok_none"),
        tokens.revoke("tok_none"),
        tokens.rotate("tok_none", 0),
        tokens.change("tok_none", lambda token: token),
    ):
        with pytest.raises(NotFound, match="tok_none"):
            await attempt


async def test_a_token_opens_its_servers_and_nothing_else(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    token, plain = await tokens.create(NewToken(name="Ops", servers=["srv_1", "srv_2"]))
    assert re.fullmatch(r"gh_[A-Za-z0-9_-]{43}", plain)
    assert plain not in repr(token)
    assert await tokens.get(token.id) == token
    assert (token.hint, token.servers, token.permissions) == (plain[-4:], ("srv_1", "srv_2"), ())
    principal = (await keyring(database)).identify(plain.encode())
    assert principal is not None
    assert (principal.id, principal.name, principal.servers) == (token.id, "Ops", frozenset({"srv_1", "srv_2"}))
    assert allows(principal, USE, Resource("server", "srv_1"), NOW).allowed
    assert not allows(principal, USE, Resource("server", "srv_3"), NOW).allowed
    assert not allows(principal, "upstream.read", Resource("upstream"), NOW).allowed


@pytest.mark.parametrize("plain", [b"", b"gh_", b"\xff\xfe", b"gh_" + b"x" * 43])
async def test_nobody_is_found_for_what_is_no_token(sqlite: Database, plain: bytes) -> None:
    await Tokens(sqlite, HandClock()).ensure_admin()
    assert (await keyring(sqlite)).identify(plain) is None


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
    assert (await keyring(database)).identify(plain.encode()) is None


async def test_a_token_expires(database: Database) -> None:
    clock = HandClock()
    tokens = Tokens(database, clock)
    for expires_in in ("30d", 30 * 86400):
        token, plain = await tokens.create(NewToken(name="x", permissions=["*"], expires_in=expires_in))
        assert token.expires_at == clock.time + 30 * 86400
        principal = (await keyring(database)).identify(plain.encode())
        assert principal is not None
        assert allows(principal, "upstream.read", Resource("upstream"), Circumstances(token.expires_at - 1)).allowed
        assert not allows(principal, "upstream.read", Resource("upstream"), Circumstances(token.expires_at)).allowed


async def test_a_token_is_changed_and_keeps_its_text(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    token, plain = await tokens.create(NewToken(name="x", permissions=["*"]))
    limits = conditions(["10.0.0.0/8"], rate_limit="60/m", daily_quota=5)
    changed = await tokens.change(token.id, lambda before: replace(before, name="y", conditions=limits, expires_at=9e9))
    assert changed == await tokens.get(token.id) == replace(token, name="y", conditions=limits, expires_at=9e9)
    principal = (await keyring(database)).identify(plain.encode())
    assert principal is not None
    assert (principal.name, principal.conditions, principal.expires_at) == ("y", limits, 9e9)


async def test_a_revoked_token_is_neither_changed_nor_rotated(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    token, _ = await tokens.create(NewToken(name="x", permissions=["*"]))
    revoked = await tokens.revoke(token.id)
    with pytest.raises(Conflict, match="was revoked"):
        await tokens.rotate(token.id, 60)
    with pytest.raises(Conflict, match="was revoked"):
        await tokens.change(token.id, lambda before: replace(before, name="y"))
    assert await tokens.get(token.id) == revoked


async def test_a_token_gets_no_name_that_can_not_be_shown(sqlite: Database) -> None:
    tokens = Tokens(sqlite, HandClock())
    token, _ = await tokens.create(NewToken(name="x", permissions=["*"]))
    with pytest.raises(Invalid, match="name"):
        await tokens.change(token.id, lambda before: replace(before, name="a\nb"))
    assert await tokens.get(token.id) == token


async def test_after_a_rotation_the_old_text_is_good_for_the_overlap(database: Database) -> None:
    clock = HandClock()
    tokens, loader = Tokens(database, clock), KeyringLoader(database)
    token, first = await tokens.create(NewToken(name="x", permissions=["*"]))
    await loader.load()
    rotated, second = await tokens.rotate(token.id, 60)
    assert (rotated.id, rotated.hint, rotated.previous_until) == (token.id, second[-4:], clock.time + 60)
    known = await loader.load()
    old, new = known.identify(first.encode()), known.identify(second.encode())
    assert old is not None and new is not None
    assert (old.expires_at, new.expires_at) == (clock.time + 60, None)
    _, third = await tokens.rotate(token.id, 0)
    known = await loader.load()
    assert [known.identify(plain.encode()) is None for plain in (first, second, third)] == [True, True, False]


async def test_a_loader_reads_only_what_changed_and_sees_all_of_it(database: Database) -> None:
    tokens, loader = Tokens(database, HandClock()), KeyringLoader(database)
    made = [await tokens.create(NewToken(name=f"t{number}", permissions=["*"])) for number in range(5)]
    await loader.load()
    await tokens.revoke(made[0][0].id)
    _, fresh = await tokens.create(NewToken(name="fresh", permissions=["*"]))
    _, rotated = await tokens.rotate(made[1][0].id, 0)
    known = await loader.load()
    plains = [plain for _, plain in made]
    assert [known.identify(plain.encode()) is not None for plain in plains] == [False, False, True, True, True]
    assert known.identify(fresh.encode()) is not None and known.identify(rotated.encode()) is not None


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
    principal = (await keyring(database)).identify(plain.encode())
    assert principal is not None
    assert allows(principal, "anything", Resource("x"), NOW).allowed
    await tokens.revoke(admin.id)
    assert await tokens.ensure_admin() is None


async def test_pages_hold_every_token_once(database: Database) -> None:
    tokens = Tokens(database, HandClock())
    made = {(await tokens.create(NewToken(name=f"t{i}", permissions=["*"])))[0].id for i in range(7)}
    first = await tokens.list(page_request(None, 5))
    rest = await tokens.list(page_request(first.next, 5))
    assert (len(first.items), len(rest.items), rest.next) == (5, 2, None)
    assert {token.id for token in (*first.items, *rest.items)} == made

"""Passwords: signing in with one, changing it, and being given a link to a new one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine

from gatehouse.access.directory import read_directory
from gatehouse.access.model import Principal
from gatehouse.access.people.invitations import NewInvitation
from gatehouse.access.people.users import UserChanges
from gatehouse.access.sign_in.service import Newcomer
from gatehouse.access.sign_in.sessions import Begun
from gatehouse.access.tables import USERS
from gatehouse.kit.errors import Conflict, Forbidden, GatewayError, Invalid, NotFound, RateLimited, Unauthenticated
from gatehouse.store.database import Database
from tests.unit.access.sign_in.showing import PASSWORD, Room, room, shown
from tests.unit.access.sign_in.test_sessions import found

pytestmark = pytest.mark.anyio
NEW = "another analytical engine"


@pytest.fixture
def here(database: Database) -> Room:
    return room(database)


@pytest.fixture
def small(sqlite: Database) -> Room:
    return room(sqlite)


async def sign_in(
    here: Room, email: str = "ada@example.com", password: str = PASSWORD, address: str = "192.0.2.1"
) -> Begun:
    return await here.sign_in.with_password(email, password, shown(address))


async def refusal(here: Room, email: str, password: str, address: str = "192.0.2.1") -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await sign_in(here, email, password, address)
    return caught.value


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of databases meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def principal(here: Room, email: str) -> Principal:
    async with here.database.read() as connection:
        directory = await read_directory(connection)
    user = directory.user(email)
    assert user is not None
    found = directory.principal(user.id)
    assert found is not None
    return found


async def administrator(here: Room) -> Principal:
    code = await here.sign_in.setup.prepare()
    await here.sign_in.set_up(code or "", Newcomer("root@example.com", "Root", PASSWORD), shown())
    return await principal(here, "root@example.com")


async def test_the_right_password_begins_a_session(here: Room) -> None:
    user = await here.user()
    begun = await sign_in(here)
    assert begun.session.user_id == user.id and begun.session.method == "password"
    assert await found(here, begun) == begun.session
    assert (await sign_in(here, " ADA@Example.COM ")).session.user_id == user.id


async def test_unknown_people_and_wrong_passwords_hear_the_same(small: Room) -> None:
    await small.user()
    await small.user("sso@example.com", None)
    told = [await refusal(small, *pair) for pair in (
        ("ada@example.com", "wrong password"), ("nobody@example.com", "wrong password"), ("sso@example.com", ""),
        ("", ""), ("ada@example.com", ""), ("ada", PASSWORD), ("%", PASSWORD),
    )]  # fmt: skip
    assert {(type(one), one.message, one.hint) for one in told} == {(Unauthenticated, told[0].message, told[0].hint)}


async def test_unknown_people_cost_as_much_as_wrong_passwords(small: Room) -> None:
    """In questions to the database, and in seconds of processor time, which other programs do not change."""
    await small.user()
    spent: dict[str, list[float]] = {"ada@example.com": [], "nobody@example.com": []}
    asked: dict[str, list[str]] = {}
    for round_ in range(3):
        for email, costs in spent.items():
            begun = time.process_time()
            with statements() as seen:
                await refusal(small, email, "wrong password")
            costs.append(time.process_time() - begun)
            if round_:
                asked[email] = seen
    known, unknown = spent.values()
    assert 0.5 < min(unknown) / min(known) < 2
    assert asked["ada@example.com"] == asked["nobody@example.com"] and asked["ada@example.com"]


async def test_unknown_people_are_slowed_down_like_known_ones(small: Room) -> None:
    await small.user()
    waits: dict[str, list[int | None]] = {}
    for email, address in (("ada@example.com", "192.0.2.1"), ("nobody@example.com", "198.51.100.1")):
        told = [await refusal(small, email, "wrong password", address) for _ in range(7)]
        waits[email] = [getattr(one, "retry_after", None) for one in told]
    assert waits["ada@example.com"] == waits["nobody@example.com"] == [None] * 5 + [1, 1]


async def test_while_it_is_slowed_down_not_even_the_right_password_is_looked_at(small: Room) -> None:
    await small.user()
    for _ in range(5):
        await refusal(small, "ada@example.com", "wrong password")
    assert isinstance(await refusal(small, "ada@example.com", PASSWORD), RateLimited)
    assert await sign_in(small, address="198.51.100.1"), "from elsewhere it is"
    small.clock.time += 1
    assert await sign_in(small)


async def test_a_stranger_locks_nobody_out(small: Room) -> None:
    await small.user()
    await sign_in(small, address="192.0.2.1")
    for _ in range(12):
        error = await refusal(small, "ada@example.com", "wrong password", "192.0.2.66")
        small.clock.time += getattr(error, "retry_after", 0)
    assert await sign_in(small, address="192.0.2.1"), "from where she signed in before, next to the stranger"
    assert await sign_in(small, address="198.51.100.1"), "from where she never was"
    assert await sign_in(small, address="2001:db8::1")


async def test_who_is_switched_off_hears_so_with_the_right_password_alone(small: Room) -> None:
    root, user = await administrator(small), await small.user()
    await small.people.users.change(root, user.id, UserChanges(active=False))
    assert isinstance(await refusal(small, "ada@example.com", "wrong password"), Unauthenticated)
    told = await refusal(small, "ada@example.com", PASSWORD)
    assert isinstance(told, Forbidden) and "switched off" in told.message


async def test_a_password_hashed_in_an_older_way_is_hashed_anew(here: Room) -> None:
    user = await here.user(password=None)
    old = PasswordHasher.from_parameters(CHEAPEST).hash(PASSWORD)
    async with here.database.write() as connection:
        await connection.execute(update(USERS).where(USERS.c.id == user.id).values(password=old))
    await refusal(here, "ada@example.com", "wrong password")
    assert await stored(here, user.id) == old
    await sign_in(here)
    assert (await stored(here, user.id)).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    await sign_in(here)


async def stored(here: Room, user_id: str) -> str:
    async with here.database.read() as connection:
        return str((await connection.execute(select(USERS.c.password).where(USERS.c.id == user_id))).scalar_one())


async def test_without_passwords_no_password_is_looked_at(sqlite: Database) -> None:
    open_, closed = room(sqlite), room(sqlite, passwords=False)
    user = await open_.user()
    for attempt in (
        closed.sign_in.with_password("ada@example.com", PASSWORD, shown()),
        closed.sign_in.change_password(user.id, PASSWORD, NEW, shown()),
        closed.sign_in.accept("code", Newcomer("eve@example.com", "Eve", PASSWORD), shown()),
        closed.sign_in.renew_password("code", NEW, shown()),
    ):
        with pytest.raises(Forbidden) as caught:
            await attempt
        assert "single sign-on" in caught.value.message and "sign_in.passwords" in caught.value.hint


async def test_a_new_password_ends_every_other_session(here: Room) -> None:
    user = await here.user()
    mine, other = await sign_in(here), await sign_in(here)
    begun = await here.sign_in.change_password(user.id, PASSWORD, NEW, shown(cookie=mine.cookie))
    assert [await found(here, one) is not None for one in (mine, other, begun)] == [False, False, True]
    assert begun.cookie != mine.cookie and begun.session.id != mine.session.id
    assert isinstance(await refusal(here, "ada@example.com", PASSWORD), Unauthenticated)
    await sign_in(here, password=NEW)


async def test_without_the_old_password_there_is_no_new_one(small: Room) -> None:
    user = await small.user()
    mine = await sign_in(small)
    for wrong in ("", "wrong password", NEW):
        with pytest.raises(Forbidden) as caught:
            await small.sign_in.change_password(user.id, wrong, NEW, shown())
        assert wrong not in str(caught.value) or not wrong
    assert await found(small, mine) is not None
    await sign_in(small)


async def test_guessing_the_old_password_is_slowed_down_too(small: Room) -> None:
    user = await small.user()
    for _ in range(5):
        with pytest.raises(Forbidden):
            await small.sign_in.change_password(user.id, "wrong password", NEW, shown())
    with pytest.raises(RateLimited):
        await small.sign_in.change_password(user.id, PASSWORD, NEW, shown())


@pytest.mark.parametrize("weak", ["short", "password123", "ada@example.com", "x" * 1001])
async def test_a_weak_new_password_is_refused(small: Room, weak: str) -> None:
    user = await small.user()
    with pytest.raises(Invalid) as caught:
        await small.sign_in.change_password(user.id, PASSWORD, weak, shown())
    assert weak not in str(caught.value) or weak == "ada@example.com"
    await sign_in(small)


async def test_who_has_no_password_is_not_given_one_by_guessing(small: Room) -> None:
    user = await small.user(password=None)
    for guess in ("", "None", "wrong password"):
        with pytest.raises(Forbidden):
            await small.sign_in.change_password(user.id, guess, NEW, shown())


async def test_an_invitation_makes_a_user_who_is_signed_in(small: Room) -> None:
    root = await administrator(small)
    _, code = await small.people.invitations.create(root, NewInvitation(role="editor"))
    begun = await small.sign_in.accept(code, Newcomer("Bob@example.com", "Bob", PASSWORD), shown())
    bob = await principal(small, "bob@example.com")
    assert begun.session.user_id == bob.id and [grant.role for grant in bob.grants] == ["editor"]
    with pytest.raises(NotFound):
        await small.sign_in.accept(code, Newcomer("eve@example.com", "Eve", PASSWORD), shown())


async def test_an_invitation_that_can_not_be_taken_makes_nobody(here: Room) -> None:
    root = await administrator(here)
    _, code = await here.people.invitations.create(root, NewInvitation(email="bob@example.com"))
    eve = Newcomer("eve@example.com", "Eve", PASSWORD)
    for wrong, newcomer, error in (
        ("wrong", eve, NotFound),
        (code, eve, Forbidden),
        (code, Newcomer("root@example.com", "Eve", PASSWORD), Conflict),
        (code, Newcomer("bob@example.com", "Bob", "short"), Invalid),
    ):
        with pytest.raises(error):
            await here.sign_in.accept(wrong, newcomer, shown())
    async with here.database.read() as connection:
        assert list((await connection.execute(select(USERS.c.email))).scalars()) == ["root@example.com"]
    await here.sign_in.accept(code, Newcomer("bob@example.com", "Bob", PASSWORD), shown())


async def test_a_link_sets_a_new_password_once(small: Room) -> None:
    root, user = await administrator(small), await small.user()
    old = await sign_in(small)
    link, code = await small.sign_in.links.make(root, "ada@example.com")
    assert link.user_id == user.id and code not in repr(link) and (link.before or "") not in repr(link)
    begun = await small.sign_in.renew_password(code, NEW, shown())
    assert await found(small, old) is None and await found(small, begun) is not None
    await sign_in(small, password=NEW)
    with pytest.raises(NotFound):
        await small.sign_in.renew_password(code, PASSWORD, shown())
    with pytest.raises(NotFound):
        await small.sign_in.links.open(code)


async def test_a_link_dies_with_time_with_its_password_and_with_its_user(small: Room) -> None:
    root, user = await administrator(small), await small.user()
    _, late = await small.sign_in.links.make(root, user.id)
    small.clock.time += 86_400
    _, changed = await small.sign_in.links.make(root, user.id)
    await small.sign_in.change_password(user.id, PASSWORD, NEW, shown())
    _, off = await small.sign_in.links.make(root, user.id)
    await small.people.users.change(root, user.id, UserChanges(active=False))
    for code in (late, changed, off):
        with pytest.raises(NotFound) as caught:
            await small.sign_in.renew_password(code, PASSWORD, shown())
        assert "another one" in caught.value.hint
    with pytest.raises(Conflict):
        await small.sign_in.links.make(root, user.id)


async def test_a_link_gives_a_password_to_who_had_none(small: Room) -> None:
    root, user = await administrator(small), await small.user("sso@example.com", None)
    _, code = await small.sign_in.links.make(root, user.id)
    await small.sign_in.renew_password(code, NEW, shown())
    await sign_in(small, "sso@example.com", NEW)
    with pytest.raises(NotFound):
        await small.sign_in.renew_password(code, PASSWORD, shown())


@pytest.mark.parametrize("code", ["", "x", "é", "A" * 43, "=" * 200])
async def test_what_is_no_link_opens_nothing(small: Room, code: str) -> None:
    await small.user()
    assert await small.sign_in.links.open(code) is None
    with pytest.raises(NotFound):
        await small.sign_in.renew_password(code, NEW, shown())


async def test_who_has_less_than_somebody_makes_no_link_for_them(small: Room) -> None:
    root = await administrator(small)
    eve = await small.user("eve@example.com")
    await small.people.grants.give(root, eve.id, "editor", "*")
    with pytest.raises(Forbidden):
        await small.sign_in.links.make(await principal(small, "eve@example.com"), "root@example.com")
    with pytest.raises(NotFound):
        await small.sign_in.links.make(root, "nobody@example.com")

"""Console sessions: begun anew each time, found by their cookie alone, and over when they are over."""

from __future__ import annotations

from hashlib import sha256

import pytest
from sqlalchemy import func, select

from gatehouse.access.people.model import User
from gatehouse.access.sign_in.cookies import PLAIN, SECURE, read_cookies, session_cookie, session_handle
from gatehouse.access.sign_in.sessions import Begun, UserSession
from gatehouse.access.tables import USER_SESSIONS, USERS
from gatehouse.kit.errors import NotFound
from gatehouse.kit.pages import PageRequest
from gatehouse.store.database import Database
from tests.unit.access.sign_in.showing import Room, room, shown

pytestmark = pytest.mark.anyio
DAY = 86_400.0
ALL_OF_THEM = PageRequest(limit=500)


@pytest.fixture
def here(database: Database) -> Room:
    return room(database)


@pytest.fixture
def small(sqlite: Database) -> Room:
    return room(sqlite)


def handle_in(cookie: str, secure: bool = True) -> str:
    handle = session_handle(read_cookies(cookie.partition(";")[0]), secure)
    assert handle
    return handle


async def found(here: Room, begun: Begun) -> UserSession | None:
    return await here.sign_in.sessions.find(handle_in(begun.cookie))


async def begin(here: Room, user: User, **how: object) -> Begun:
    return await here.sign_in.sessions.begin(user.id, "password", shown(**how))  # type: ignore[arg-type]


async def test_a_session_is_found_by_its_handle(here: Room) -> None:
    user = await here.user(password=None)
    begun = await begin(here, user, headers={"user-agent": "Firefox"})
    assert await found(here, begun) == begun.session
    assert begun.session.user_id == user.id and begun.session.method == "password"
    assert (begun.session.address, begun.session.agent) == ("192.0.2.1", "Firefox")
    assert (await here.people.users.get(user.id)).seen_at == here.clock.now()


async def test_what_is_stored_is_no_cookie(small: Room) -> None:
    begun = await begin(small, await small.user(password=None))
    handle = handle_in(begun.cookie)
    async with small.database.read() as connection:
        row = (await connection.execute(select(USER_SESSIONS))).one()
    assert row.digest == sha256(handle.encode()).hexdigest() and handle not in str(row)
    assert await small.sign_in.sessions.find(row.digest) is None
    assert handle not in repr(begun)
    assert len(handle) >= 43, "32 random bytes"


@pytest.mark.parametrize("handle", ["", "x", "é", "a" * 5000, "' or 1=1 --"])
async def test_what_is_no_handle_finds_nothing(small: Room, handle: str) -> None:
    await begin(small, await small.user(password=None))
    assert await small.sign_in.sessions.find(handle) is None


async def test_a_handle_that_came_in_is_never_adopted(small: Room) -> None:
    user = await small.user(password=None)
    planted = "planted-by-somebody-who-waits-for-it-to-be-signed-in"
    begun = await begin(small, user, cookie=f"{SECURE}={planted}")
    assert await small.sign_in.sessions.find(planted) is None
    assert planted not in begun.cookie


async def test_signing_in_again_ends_the_session_that_came_in(small: Room) -> None:
    """Whoever knew the old cookie of this browser has nothing of the new session."""
    user, other = await small.user(password=None), await small.user("eve@example.com", None)
    first = await begin(small, other)
    second = await begin(small, user, cookie=first.cookie)
    assert await found(small, first) is None
    assert await found(small, second) is not None
    assert first.session.id != second.session.id


async def test_an_ended_session_is_refused_at_once(small: Room) -> None:
    user = await small.user(password=None)
    begun, other = await begin(small, user), await begin(small, user)
    await small.sign_in.sessions.end(begun.session.id, user.id)
    assert await found(small, begun) is None
    assert await found(small, other) is not None


async def test_nobody_ends_the_session_of_somebody_else(small: Room) -> None:
    user, eve = await small.user(password=None), await small.user("eve@example.com", None)
    begun = await begin(small, user)
    with pytest.raises(NotFound) as theirs:
        await small.sign_in.sessions.end(begun.session.id, eve.id)
    with pytest.raises(NotFound) as nobodys:
        await small.sign_in.sessions.end("ses_nothing", eve.id)
    assert await found(small, begun) is not None
    told = theirs.value.message.replace(begun.session.id, "X")
    assert told == nobodys.value.message.replace("ses_nothing", "X")


async def test_all_others_end_at_once(here: Room) -> None:
    user, other = await here.user(password=None), await here.user("bob@example.com", None)
    mine = [await begin(here, user) for _ in range(3)]
    theirs = await begin(here, other)
    await here.sign_in.sessions.end_others(user.id, mine[1].session.id)
    assert [await found(here, one) is not None for one in (*mine, theirs)] == [False, True, False, True]
    await here.sign_in.sessions.end_others(user.id, None)
    assert await found(here, mine[1]) is None


async def test_who_leaves_has_no_session_and_no_cookie(small: Room) -> None:
    begun = await begin(small, await small.user(password=None))
    cookie = await small.sign_in.sessions.leave(shown(cookie=begun.cookie))
    assert cookie.startswith(f"{SECURE}=; ") and "Max-Age=0" in cookie
    assert await found(small, begun) is None
    await small.sign_in.sessions.leave(shown())


async def test_a_session_that_is_not_used_ends(small: Room) -> None:
    begun = await begin(small, await small.user(password=None))
    small.clock.time += DAY / 2 - 1
    assert await found(small, begun) is not None
    small.clock.time += DAY / 2 - 1
    assert await found(small, begun) is not None, "it was used meanwhile"
    small.clock.time += DAY / 2
    assert await found(small, begun) is None


async def test_a_session_ends_however_much_it_is_used(small: Room) -> None:
    begun = await begin(small, await small.user(password=None))
    for _ in range(89):
        small.clock.time += DAY / 3
        assert await found(small, begun) is not None
    small.clock.time += DAY / 3
    assert await found(small, begun) is None


async def test_that_it_is_in_use_is_noted_once_in_a_while(small: Room) -> None:
    user = await small.user(password=None)
    begun = await begin(small, user)
    for seconds, noted in ((30, 0), (29, 0), (1, 60), (59, 60), (1, 120)):
        small.clock.time += seconds
        await found(small, begun)
        async with small.database.read() as connection:
            seen = (await connection.execute(select(USER_SESSIONS.c.seen_at))).scalar_one()
            person = (await connection.execute(select(USERS.c.seen_at))).scalar_one()
        assert seen == person == begun.session.created_at + noted


async def test_short_sessions_stay_alive_while_they_are_used(sqlite: Database) -> None:
    small = room(sqlite, session_idle=8.0)
    begun = await begin(small, await small.user(password=None))
    for _ in range(5):
        small.clock.time += 4
        assert await found(small, begun) is not None
    small.clock.time += 8
    assert await found(small, begun) is None


async def test_lists_have_ones_own_that_are_not_over(here: Room) -> None:
    user, other = await here.user(password=None), await here.user("bob@example.com", None)
    old = await begin(here, user)
    await begin(here, other)
    here.clock.time += DAY / 2
    mine = [await begin(here, user) for _ in range(3)]
    listed = await here.sign_in.sessions.list(user.id, ALL_OF_THEM)
    assert {one.id for one in listed.items} == {one.session.id for one in mine} and listed.next is None
    assert old.session.id not in {one.id for one in listed.items}
    first = await here.sign_in.sessions.list(user.id, PageRequest(limit=2))
    assert len(first.items) == 2 and first.next


async def test_what_is_over_is_purged(here: Room) -> None:
    user = await here.user(password=None)
    await begin(here, user)
    here.clock.time += DAY
    fresh = await begin(here, user)
    await here.sign_in.purge()
    async with here.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(USER_SESSIONS))).scalar_one() == 1
    assert await found(here, fresh) is not None


async def test_a_browser_may_call_itself_anything(small: Room) -> None:
    begun = await begin(small, await small.user(password=None), headers={"user-agent": "a\x00b\x1b[31m" + "é" * 500})
    kept = begun.session.agent
    assert kept is not None and kept.startswith("ab[31mé") and len(kept) == 255
    assert await found(small, begun) == begun.session


async def test_sessions_of_who_is_removed_or_switched_off_are_gone(small: Room) -> None:
    user = await small.user(password=None)
    begun = await begin(small, user)
    async with small.database.write() as connection:
        await connection.execute(USERS.delete().where(USERS.c.id == user.id))
    assert await found(small, begun) is None


def test_over_https_the_cookie_is_for_this_host_alone() -> None:
    """RFC 6265bis 4.1.3.2: with this name a browser takes it under just these conditions."""
    cookie = session_cookie("handle", secure=True, lifetime=60.9)
    assert cookie == f"{SECURE}=handle; Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=60"
    assert SECURE.startswith("__Host-") and "Domain" not in cookie


def test_over_http_the_cookie_has_another_name_which_https_does_not_read() -> None:
    """Who is on the way of plain http could plant one."""
    cookie = session_cookie("handle", secure=False, lifetime=60)
    assert cookie == f"{PLAIN}=handle; HttpOnly; SameSite=Lax; Path=/; Max-Age=60"
    cookies = read_cookies(cookie.partition(";")[0])
    assert session_handle(cookies, secure=False) == "handle"
    assert session_handle(cookies, secure=True) is None
    assert session_handle({SECURE: "handle"}, secure=False) is None


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("", {}),
        (";;; a", {}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;a=2", {"a": "1"}),
        ("a=b=c;  d=", {"a": "b=c", "d": ""}),
    ],
)
def test_cookies_are_read_as_browsers_send_them(header: str, read: dict[str, str]) -> None:
    assert read_cookies(header) == read

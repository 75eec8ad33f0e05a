"""The first administrator: by who has the code, once, while there is nobody else."""

from __future__ import annotations

import anyio
import pytest
from sqlalchemy import select

from gatehouse.access.directory import read_directory
from gatehouse.access.sign_in.service import Newcomer
from gatehouse.access.sign_in.sessions import Begun
from gatehouse.access.tables import USER_SESSIONS, USERS
from gatehouse.kit.errors import Conflict, Forbidden, GatewayError, Invalid
from gatehouse.store.database import FACTS, Database
from tests.unit.access.sign_in.showing import PASSWORD, Room, room, shown

pytestmark = pytest.mark.anyio
ADA = Newcomer("Ada@Example.com", "Ada", PASSWORD)


@pytest.fixture
def here(database: Database) -> Room:
    return room(database)


@pytest.fixture
def small(sqlite: Database) -> Room:
    return room(sqlite)


async def code_of(here: Room) -> str:
    code = await here.sign_in.setup.prepare()
    assert code
    return code


async def set_up(here: Room, code: str, newcomer: Newcomer = ADA) -> Begun:
    return await here.sign_in.set_up(code, newcomer, shown())


async def users(here: Room) -> list[str]:
    async with here.database.read() as connection:
        return list((await connection.execute(select(USERS.c.email))).scalars())


async def test_who_has_the_code_becomes_the_administrator_and_is_signed_in(here: Room) -> None:
    assert await here.sign_in.setup.needed()
    begun = await set_up(here, await code_of(here))
    async with here.database.read() as connection:
        directory = await read_directory(connection)
    known = directory.user("ada@example.com")
    assert known is not None and begun.session.user_id == known.id
    (grant,) = directory.grants_of(known.id)
    assert (grant.role, grant.scope) == ("admin", "*")
    assert not await here.sign_in.setup.needed()
    again = await here.sign_in.with_password("ada@example.com", PASSWORD, shown())
    assert again.session.user_id == known.id


@pytest.mark.parametrize("wrong", ["", "x", "é" * 100, "A" * 43])
async def test_a_wrong_code_makes_nobody(small: Room, wrong: str) -> None:
    await code_of(small)
    with pytest.raises(Forbidden) as caught:
        await set_up(small, wrong)
    assert "gatehouse up" in caught.value.hint
    assert await users(small) == []


async def test_without_a_code_nobody_is_made(small: Room) -> None:
    with pytest.raises(Forbidden):
        await set_up(small, "A" * 43)


async def test_a_code_is_good_once(small: Room) -> None:
    code = await code_of(small)
    await set_up(small, code)
    with pytest.raises(Conflict) as caught:
        await set_up(small, code, Newcomer("eve@example.com", "Eve", PASSWORD))
    assert "already" in caught.value.message
    assert await users(small) == ["ada@example.com"]
    async with small.database.read() as connection:
        facts = set((await connection.execute(select(FACTS.c.name))).scalars())
    assert "setup_code" not in facts


async def test_of_two_that_come_at_once_one_becomes_the_administrator(here: Room) -> None:
    code = await code_of(here)
    errors: list[GatewayError] = []

    async def one(name: str) -> None:
        try:
            await set_up(here, code, Newcomer(f"{name}@example.com", name, PASSWORD))
        except GatewayError as error:
            errors.append(error)

    async with anyio.create_task_group() as group:
        for name in ("ada", "eve"):
            group.start_soon(one, name)
    assert len(await users(here)) == 1
    assert [type(error) for error in errors] == [Conflict]


async def test_a_code_expires(small: Room) -> None:
    code = await code_of(small)
    small.clock.time += 86_400
    with pytest.raises(Forbidden):
        await set_up(small, code)
    assert await users(small) == []


async def test_a_code_of_an_earlier_start_is_not_good(small: Room) -> None:
    old, new = await code_of(small), await code_of(small)
    assert old != new
    with pytest.raises(Forbidden):
        await set_up(small, old)
    await set_up(small, new)


async def test_where_there_is_a_user_there_is_no_code(small: Room) -> None:
    code = await code_of(small)
    await small.user("made.by@example.com", None)
    assert await small.sign_in.setup.prepare() is None
    with pytest.raises(Conflict):
        await set_up(small, code)
    assert await users(small) == ["made.by@example.com"]


async def test_machines_that_start_together_both_start(here: Room) -> None:
    """On one database, of which one has the last word."""
    codes: list[str | None] = []

    async def start() -> None:
        codes.append(await room(here.database).sign_in.setup.prepare())

    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(start)
    assert all(codes) and len(codes) == 2
    outcomes: list[bool] = []
    for code in codes:
        try:
            await here.sign_in.setup.check(code or "")
            outcomes.append(True)
        except Forbidden:
            outcomes.append(False)
    assert sorted(outcomes) == [False, True]


@pytest.mark.parametrize(
    "newcomer",
    [
        Newcomer("nobody", "Ada", PASSWORD),
        Newcomer("ada@example.com", " ", PASSWORD),
        Newcomer("ada@example.com", "Ada", "short"),
        Newcomer("ada.lovelace@example.com", "Ada", "Ada.Lovelace@example.com"),
        Newcomer("ada@example.com", "Ada", "password123"),
    ],
    ids=["address", "name", "short", "address as password", "common"],
)
async def test_what_is_wrong_is_told_and_the_code_is_good_still(small: Room, newcomer: Newcomer) -> None:
    code = await code_of(small)
    with pytest.raises(Invalid) as caught:
        await set_up(small, code, newcomer)
    assert caught.value.hint and newcomer.password not in str(caught.value)
    await set_up(small, code)


async def test_only_a_digest_of_the_code_is_stored(small: Room) -> None:
    code = await code_of(small)
    async with small.database.read() as connection:
        stored = str((await connection.execute(select(FACTS))).all())
    assert code not in stored


async def test_a_set_up_that_fails_half_way_leaves_nothing(small: Room) -> None:
    code = await code_of(small)
    async with small.database.write() as connection:
        await connection.execute(USER_SESSIONS.delete())
        await connection.exec_driver_sql("ALTER TABLE user_sessions RENAME TO elsewhere")
    with pytest.raises(Exception, match="user_sessions"):
        await set_up(small, code)
    async with small.database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO user_sessions")
    assert await users(small) == []
    await set_up(small, code)


async def test_without_passwords_nobody_is_set_up_with_one(sqlite: Database) -> None:
    here = room(sqlite, passwords=False)
    code = await code_of(here)
    with pytest.raises(Forbidden) as caught:
        await set_up(here, code)
    assert "single sign-on" in caught.value.message


def test_a_newcomer_does_not_tell_the_password() -> None:
    assert PASSWORD not in repr(ADA)

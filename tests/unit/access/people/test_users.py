from __future__ import annotations

import anyio
import pytest
from sqlalchemy import func, insert, select

from gatehouse.access.people.model import Belonging
from gatehouse.access.people.teams import NewTeam
from gatehouse.access.people.users import NewUser, UserChanges
from gatehouse.access.tables import USER_SESSIONS
from gatehouse.access.tokens.service import NewToken
from gatehouse.catalog.model import Kind
from gatehouse.catalog.requests import CapabilityChanges, NewServer, NewUpstream
from gatehouse.catalog.snapshot import SnapshotLoader
from gatehouse.kit.errors import Conflict, Forbidden, GatewayError, Invalid, NotFound
from gatehouse.kit.pages import page_request
from gatehouse.store.placement import Placement, Visibility
from tests.support.catalogs import catalog_on, tools
from tests.unit.access.people.conftest import SYSTEM, Town

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "email",
    [
        "", "ada", "@example.com", "ada@", "ada@@example.com", "a b@example.com", "ada@example..com", "ada@-a.com",
        "ada@example.com\n.org", "ada\x00@example.com", "ÄDA@example.com", "ada@\u212Aelvin.com", "a" * 65 + "@b.com",
        f"ada@{'a' * 64}.com", f"ada@{'abcdefg.' * 40}com",
    ],
)  # fmt: skip
async def test_what_is_no_address_is_refused(small_town: Town, email: str) -> None:
    with pytest.raises(Invalid, match="not an email address"):
        await small_town.people.users.add(NewUser(email=email, name="Ada"))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 256, "\x1b[31m"])
async def test_who_has_no_name_that_can_be_shown_is_refused(small_town: Town, name: str) -> None:
    with pytest.raises(Invalid, match="no name"):
        await small_town.people.users.add(NewUser(email="ada@example.com", name=name))


async def test_an_address_is_that_of_one_user_however_it_is_written(town: Town) -> None:
    ada = await town.people.users.add(NewUser(email=" Ada@Example.COM ", name=" Ada "))
    assert (ada.email, ada.name, ada.active, ada.has_password) == ("ada@example.com", "Ada", True, False)
    with pytest.raises(Conflict, match="There is a user 'ada@"):
        await town.people.users.add(NewUser(email="ADA@example.com", name="Other"))
    assert await town.people.users.get("ADA@EXAMPLE.COM") == await town.people.users.get(ada.id) == ada
    bob = await town.user("bob")
    with pytest.raises(Conflict, match="There is a user 'ada@"):
        await town.people.users.change(SYSTEM, bob.id, UserChanges(email="ada@EXAMPLE.com"))


async def test_of_two_who_make_the_same_user_at_once_one_is_refused(town: Town) -> None:
    outcomes: list[object] = []

    async def make() -> None:
        try:
            outcomes.append((await town.user("ada")).email)
        except GatewayError as error:
            outcomes.append(type(error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(make)
        tasks.start_soon(make)
    assert set(outcomes) == {"ada@example.com", Conflict}


async def test_a_hash_is_told_neither_by_what_makes_a_user_nor_by_the_user(small_town: Town) -> None:
    new = NewUser(email="ada@example.com", name="Ada", password="$argon2id$hash")
    user = await small_town.people.users.add(new)
    assert user.has_password
    assert "argon2id" not in repr(new) + repr(user)


@pytest.mark.parametrize("ref", ["usr_none", "nobody@example.com", "", "%"])
async def test_who_is_not_there_is_told(small_town: Town, ref: str) -> None:
    users = small_town.people.users
    for attempt in (users.get(ref), users.change(SYSTEM, ref, UserChanges()), users.remove(SYSTEM, ref)):
        with pytest.raises(NotFound, match="There is no user"):
            await attempt


async def test_a_role_on_all_comes_with_the_user(town: Town) -> None:
    ada = await town.user("ada", "admin")
    grants = (await town.directory()).grants_of(ada.id)
    assert [(grant.role, grant.scope) for grant in grants] == [("admin", "*")]


async def test_users_are_found_by_words_and_pages_hold_each_once(town: Town) -> None:
    made = [(await town.user(f"user{number}")).id for number in range(7)]
    first = await town.people.users.list(page_request(None, 5))
    rest = await town.people.users.list(page_request(first.next, 5))
    assert sorted(one.id for one in (*first.items, *rest.items)) == sorted(made)
    found = await town.people.users.list(page_request(None, 5), "USER3 example")
    assert [one.email for one in found.items] == ["user3@example.com"]
    assert not (await town.people.users.list(page_request(None, 5), "%")).items


async def test_who_is_switched_off_is_signed_out_and_may_do_nothing(town: Town) -> None:
    ada = await town.user("ada", "editor")
    session = {
        "id": "ses_1", "digest": "d", "user_id": ada.id, "method": "password", "created_at": 1.0, "seen_at": 1.0,
        "expires_at": 9e9,
    }  # fmt: skip
    async with town.database.write() as connection:
        await connection.execute(insert(USER_SESSIONS).values(session))
    _, plain = await town.tokens.create(NewToken(name="hers", permissions=["*"], owner=ada.id))
    await town.people.users.change(SYSTEM, ada.id, UserChanges(active=False))
    assert (await town.as_user(ada.id)).disabled
    async with town.database.read() as connection:
        sessions = select(func.count()).select_from(USER_SESSIONS)
        assert (await connection.execute(sessions)).scalar_one() == 0
    again = await town.people.users.change(SYSTEM, ada.id, UserChanges(active=True, name="Ada Lovelace"))
    assert (again.active, again.name, again.email) == (True, "Ada Lovelace", "ada@example.com")
    assert not (await town.as_user(ada.id)).disabled
    assert plain


async def test_the_last_administrator_can_be_neither_switched_off_nor_deleted(town: Town) -> None:
    ada = await town.user("ada", "admin")
    gone = await town.user("gone", "admin")
    await town.people.users.change(SYSTEM, gone.id, UserChanges(active=False))
    for attempt in (
        town.people.users.change(SYSTEM, ada.id, UserChanges(active=False)),
        town.people.users.remove(SYSTEM, ada.id),
        town.people.users.remove(await town.as_user(ada.id), ada.id),
    ):
        with pytest.raises(Conflict, match="last administrator"):
            await attempt
    await town.people.users.remove(SYSTEM, gone.id)
    bob = await town.user("bob", "admin")
    await town.people.users.remove(await town.as_user(bob.id), ada.id)
    with pytest.raises(Conflict, match="last administrator"):
        await town.people.users.remove(SYSTEM, bob.id)


async def test_of_two_administrators_who_delete_each_other_at_once_one_stays(town: Town) -> None:
    ada, bob = await town.user("ada", "admin"), await town.user("bob", "admin")
    refused: list[str] = []

    async def remove(user_id: str) -> None:
        try:
            await town.people.users.remove(SYSTEM, user_id)
        except Conflict as error:
            refused.append(error.message)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(remove, ada.id)
        tasks.start_soon(remove, bob.id)
    assert len(refused) == 1 and "last administrator" in refused[0]


async def test_who_may_change_users_becomes_nobody_greater_by_it(small_town: Town) -> None:
    town = small_town
    await town.user("root", "admin")
    ada, bob, eve = await town.user("ada", "admin"), await town.user("bob", "editor"), await town.user("eve")
    helpdesk = await town.as_user((await town.user("desk")).id)
    for attempt in (
        town.people.users.change(helpdesk, ada.id, UserChanges(active=False)),
        town.people.users.change(helpdesk, ada.id, UserChanges(name="x")),
        town.people.users.change(helpdesk, ada.id, UserChanges(email="mine@example.com")),
        town.people.users.remove(helpdesk, ada.id),
    ):
        with pytest.raises(Forbidden, match="is an administrator"):
            await attempt
    with pytest.raises(Forbidden, match="which 'bob@"):
        await town.people.users.change(helpdesk, bob.id, UserChanges(email="mine@example.com"))
    await town.people.users.change(helpdesk, eve.id, UserChanges(email="eva@example.com"))
    await town.people.users.change(helpdesk, bob.id, UserChanges(active=False))
    with pytest.raises(Forbidden, match="administrators alone"):
        await town.people.users.remove(helpdesk, bob.id, eve.id)
    await town.people.users.remove(helpdesk, bob.id)


async def test_who_owns_something_is_not_deleted_without_an_heir(town: Town) -> None:
    ada, bob = await town.user("ada"), await town.user("bob")
    catalog = catalog_on(town.database, town.clock)
    hers: dict[str, object] = {"owner": ada.id, "visibility": Visibility.PRIVATE}
    upstream = await catalog.create_upstream(NewUpstream(name="weather", url="https://weather.test/mcp", **hers))
    await catalog.record_offer(upstream.id, tools("forecast"))
    await catalog.create_server(NewServer(name="Desk", **hers))
    await catalog.create_server(NewServer(name="Cellar", **hers))
    team = await town.people.teams.create(NewTeam(name="Red"), ada.id)
    with pytest.raises(Conflict) as refused:
        await town.people.users.remove(SYSTEM, ada.id)
    assert "1 upstream, 2 servers and 1 team without another owner" in refused.value.message
    assert "?heir=" in refused.value.hint
    for heir, error in ((ada.id, Invalid), ("usr_none", NotFound)):
        with pytest.raises(error):
            await town.people.users.remove(SYSTEM, ada.id, heir)
    await town.people.users.change(SYSTEM, bob.id, UserChanges(active=False))
    with pytest.raises(Invalid, match="can't be the heir"):
        await town.people.users.remove(SYSTEM, ada.id, bob.id)
    await town.people.users.change(SYSTEM, bob.id, UserChanges(active=True))
    await town.people.users.remove(SYSTEM, ada.email, bob.email)
    assert (await catalog.upstream("weather")).owner == bob.id
    assert {one.owner for one in (await catalog.servers()).items} == {bob.id}
    assert (await town.people.teams.member(team.id, bob.id)).role is Belonging.OWNER


async def test_a_capability_with_a_place_of_its_own_is_inherited_and_seen_at_once(town: Town) -> None:
    ada, bob = await town.user("ada"), await town.user("bob")
    catalog = catalog_on(town.database, town.clock)
    upstream = await catalog.create_upstream(NewUpstream(name="weather", url="https://weather.test/mcp"))
    await catalog.record_offer(upstream.id, tools("forecast"))
    (tool,) = (await catalog.capabilities()).items
    loader = SnapshotLoader(town.database)
    placed = CapabilityChanges(placement=Placement(ada.id, None, Visibility.PRIVATE))
    await catalog.change_capability(tool.id, list(Kind), placed)
    before = (await loader.load()).capability(tool.id)
    assert before is not None and before.placement == Placement(ada.id, None, Visibility.PRIVATE)
    with pytest.raises(Conflict, match="1 capability"):
        await town.people.users.remove(SYSTEM, ada.id)
    await town.people.users.remove(SYSTEM, ada.id, bob.id)
    after = (await loader.load()).capability(tool.id)
    assert after is not None and after.placement is not None
    assert after.placement.owner == bob.id


async def test_tokens_are_revoked_with_their_user_and_a_teams_stays(town: Town) -> None:
    ada, bob = await town.user("ada"), await town.user("bob")
    team = await town.people.teams.create(NewTeam(name="Red"), bob.id)
    hers, _ = await town.tokens.create(NewToken(name="hers", permissions=["*"], owner=ada.id))
    theirs, _ = await town.tokens.create(
        NewToken(name="theirs", permissions=["*"], owner=ada.id, team=team.id, created_by=ada.id)
    )
    town.clock.time += 60
    await town.people.users.remove(SYSTEM, ada.id)
    assert (await town.tokens.get(hers.id)).revoked_at == town.clock.time
    assert (await town.tokens.get(theirs.id)).revoked_at is None
    assert (await town.directory()).user(ada.id) is None


async def test_what_somebody_gave_to_a_team_stays_there_when_they_go(small_town: Town) -> None:
    town = small_town
    ada, bob = await town.user("ada"), await town.user("bob")
    team = await town.people.teams.create(NewTeam(name="Red"), bob.id)
    catalog = catalog_on(town.database, town.clock)
    place: dict[str, object] = {"owner": ada.id, "team": team.id, "visibility": Visibility.TEAM}
    await catalog.create_server(NewServer(name="Desk", **place))
    await town.people.users.remove(SYSTEM, ada.id)
    server = await catalog.server("desk")
    assert (server.owner, server.team) == (None, team.id)

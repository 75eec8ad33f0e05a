from __future__ import annotations

import anyio
import pytest
from sqlalchemy import update

from gatehouse.access import policy
from gatehouse.access.model import ALL, Principal
from gatehouse.access.people.custom_roles import NewRole
from gatehouse.access.people.model import Belonging, Team, TeamVisibility
from gatehouse.access.people.teams import NewTeam, TeamChanges
from gatehouse.access.people.users import UserChanges
from gatehouse.access.tables import MEMBERS
from gatehouse.access.tokens.service import NewToken
from gatehouse.catalog.requests import NewServer, NewUpstream
from gatehouse.kit.errors import Conflict, Forbidden, Invalid, NotFound
from gatehouse.kit.pages import PageRequest, page_request
from gatehouse.store.placement import EVERYTHING, Visibility
from tests.support.catalogs import catalog_on
from tests.unit.access.people.conftest import SYSTEM, Town

pytestmark = pytest.mark.anyio
OWNER, MEMBER = Belonging.OWNER, Belonging.MEMBER


@pytest.mark.parametrize("slug", ["", "Red", "red team", "-red", "a" * 64, "röd", "red/blue"])
async def test_what_is_no_slug_is_refused_with_one_that_is(small_town: Town, slug: str) -> None:
    with pytest.raises(Invalid, match="can't be the slug of a team"):
        await small_town.people.teams.create(NewTeam(name="Red", slug=slug), None)


async def test_a_slug_is_made_from_the_name_and_is_one_teams(town: Town) -> None:
    teams = town.people.teams
    made = [await teams.create(NewTeam(name=name), None) for name in ("Data & Tools", "data tools", "日本", "team")]
    assert [one.slug for one in made] == ["data-tools", "data-tools-2", "team", "team-2"]
    with pytest.raises(Conflict, match="data-tools"):
        await teams.create(NewTeam(name="x", slug="data-tools"), None)
    with pytest.raises(Conflict, match="data-tools"):
        await teams.change("team", TeamChanges(slug="data-tools"))
    assert (await teams.change("team", TeamChanges(slug="team", name="The team"))).name == "The team"


async def test_who_makes_a_team_owns_it(town: Town) -> None:
    ada = await town.user("ada")
    team = await town.people.teams.create(NewTeam(name="Red"), ada.id)
    (member,) = (await town.people.teams.members(team.id, PageRequest())).items
    assert (member.user_id, member.email, member.role, member.origin) == (ada.id, ada.email, OWNER, "manual")
    (grant,) = (await town.directory()).grants_of(ada.id)
    assert (grant.role, grant.scope) == ("admin", team.id)
    assert await town.people.teams.sizes([team.id, "tea_none"]) == {team.id: 1}


async def _teams(town: Town) -> tuple[Team, Team]:
    """Ada's private team, and a public one that is nobody's."""
    ada = await town.user("ada")
    private = await town.people.teams.create(NewTeam(name="Red"), ada.id)
    public = await town.people.teams.create(NewTeam(name="Blue", visibility=TeamVisibility.PUBLIC), None)
    await town.user("bob")
    return private, public


async def _seen(town: Town, principal: Principal, words: str | None = None) -> set[str]:
    sight = policy.sight(principal, "team.read")
    return {one.slug for one in (await town.people.teams.list(PageRequest(), sight, words)).items}


async def test_a_private_team_is_known_to_its_members_and_to_who_sees_all(town: Town) -> None:
    await _teams(town)
    assert await _seen(town, await town.as_user("bob@example.com")) == {"blue"}
    assert await _seen(town, await town.as_user("ada@example.com")) == {"red", "blue"}
    assert await _seen(town, SYSTEM) == {"red", "blue"}
    await town.user("eve", "viewer")
    assert await _seen(town, await town.as_user("eve@example.com")) == {"red", "blue"}
    assert await _seen(town, await town.as_user("eve@example.com"), "RED") == {"red"}
    nobody = Principal("tok", "token", "t", permissions=frozenset({"server.use"}), user="usr_x")
    assert await _seen(town, nobody) == set()


async def test_only_who_owns_a_team_changes_who_is_in_it(small_town: Town) -> None:
    town = small_town
    team, _ = await _teams(town)
    await town.user("eve")
    teams, ada = town.people.teams, await town.as_user("ada@example.com")
    await teams.add_member(ada, team.id, "bob@example.com", MEMBER)
    bob = await town.as_user("bob@example.com")
    for attempt in (
        teams.add_member(bob, team.id, "eve@example.com", MEMBER),
        teams.change_member(bob, team.id, "bob@example.com", OWNER),
        teams.remove_member(bob, team.id, "ada@example.com"),
    ):
        with pytest.raises(Forbidden):
            await attempt
    with pytest.raises(Conflict, match="already"):
        await teams.add_member(ada, team.id, "bob@example.com", OWNER)
    with pytest.raises(NotFound, match="There is no user 'nobody"):
        await teams.add_member(ada, team.id, "nobody@example.com", MEMBER)
    for attempt in (teams.member(team.id, "eve@example.com"), teams.remove_member(ada, team.id, "eve@example.com")):
        with pytest.raises(NotFound, match="There is no member"):
            await attempt


async def test_who_may_write_a_team_by_a_role_does_not_make_owners(small_town: Town) -> None:
    town = small_town
    team, _ = await _teams(town)
    await town.people.roles.create(SYSTEM, NewRole(name="keeper", permissions=["team.write", "team.read"]))
    await town.people.grants.give(SYSTEM, "bob@example.com", "keeper", team.id)
    bob = await town.as_user("bob@example.com")
    await town.user("eve")
    for role in (OWNER, MEMBER):
        with pytest.raises(Forbidden, match="lacks permission"):
            await town.people.teams.add_member(bob, team.id, "eve@example.com", role)


async def test_the_last_owner_neither_goes_nor_is_made_a_member(town: Town) -> None:
    team, _ = await _teams(town)
    teams, ada = town.people.teams, await town.as_user("ada@example.com")
    await teams.add_member(ada, team.id, "bob@example.com", OWNER)
    await town.people.users.change(SYSTEM, "bob@example.com", UserChanges(active=False))
    for by in (ada, SYSTEM):
        with pytest.raises(Conflict, match="last owner"):
            await teams.remove_member(by, team.id, "ada@example.com")
        with pytest.raises(Conflict, match="last owner"):
            await teams.change_member(by, team.id, "ada@example.com", MEMBER)
    await town.people.users.change(SYSTEM, "bob@example.com", UserChanges(active=True))
    assert (await teams.change_member(ada, team.id, "ada@example.com", MEMBER)).role is MEMBER
    await teams.remove_member(await town.as_user("ada@example.com"), team.id, "ada@example.com")
    assert (await town.directory()).grants_of(ada.id) == ()


async def test_of_two_owners_who_leave_at_once_one_stays(town: Town) -> None:
    team, _ = await _teams(town)
    await town.people.teams.add_member(SYSTEM, team.id, "bob@example.com", OWNER)
    refused: list[str] = []

    async def leave(ref: str) -> None:
        try:
            await town.people.teams.remove_member(await town.as_user(ref), team.id, ref)
        except Conflict as error:
            refused.append(error.message)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(leave, "ada@example.com")
        tasks.start_soon(leave, "bob@example.com")
    assert len(refused) == 1 and "last owner" in refused[0]


async def test_a_role_that_was_changed_by_hand_is_no_longer_a_providers(small_town: Town) -> None:
    town = small_town
    team, _ = await _teams(town)
    await town.people.teams.add_member(SYSTEM, team.id, "bob@example.com", MEMBER)
    async with town.database.write() as connection:
        await connection.execute(update(MEMBERS).where(MEMBERS.c.role == "member").values(origin="prv_1"))
    assert (await town.people.teams.member(team.id, "bob@example.com")).origin == "prv_1"
    assert (await town.people.teams.change_member(SYSTEM, team.id, "bob@example.com", OWNER)).origin == "manual"


async def test_members_come_in_pages(town: Town) -> None:
    team, _ = await _teams(town)
    ids = [(await town.user(f"user{number}")).id for number in range(6)]
    for user_id in ids:
        await town.people.teams.add_member(SYSTEM, team.id, user_id, MEMBER)
    first = await town.people.teams.members(team.id, page_request(None, 4))
    rest = await town.people.teams.members(team.id, page_request(first.next, 4))
    assert (len(first.items), len(rest.items), rest.next) == (4, 3, None)
    assert {*ids} < {one.user_id for one in (*first.items, *rest.items)}


async def test_a_team_that_has_something_is_not_deleted_without_an_heir(town: Town) -> None:
    red, blue = await _teams(town)
    catalog = catalog_on(town.database, town.clock)
    place: dict[str, object] = {"team": red.id, "visibility": Visibility.TEAM}
    await catalog.create_upstream(NewUpstream(name="weather", url="https://weather.test/mcp", **place))
    await catalog.create_server(NewServer(name="Desk", **place))
    token, _ = await town.tokens.create(NewToken(name="agent", permissions=["*"], team=red.id))
    await town.people.grants.give(SYSTEM, "bob@example.com", "viewer", red.id)
    with pytest.raises(Conflict) as refused:
        await town.people.teams.remove("red")
    assert "1 upstream and 1 server" in refused.value.message
    with pytest.raises(Invalid, match="own heir"):
        await town.people.teams.remove("red", red.id)
    with pytest.raises(NotFound, match="There is no team 'green'"):
        await town.people.teams.remove("red", "green")
    await town.people.teams.remove("red", "blue")
    assert (await catalog.upstream("weather")).team == (await catalog.server("desk")).team == blue.id
    assert (await town.tokens.get(token.id)).revoked_at == town.clock.time
    grants = await town.people.grants.list(PageRequest(), EVERYTHING)
    assert not grants.items and not (await town.directory()).teams.get(red.id)
    assert not (await town.directory()).grants_of((await town.people.users.get("ada@example.com")).id)


async def test_who_has_rights_on_all_changes_every_team(small_town: Town) -> None:
    town = small_town
    team, _ = await _teams(town)
    root = await town.as_user((await town.user("root", "admin")).id)
    assert any(grant.scope == ALL for grant in root.grants)
    assert (await town.people.teams.add_member(root, team.id, "bob@example.com", OWNER)).role is OWNER

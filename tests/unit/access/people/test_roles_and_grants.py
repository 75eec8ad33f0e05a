from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from gatehouse.access.model import Principal
from gatehouse.access.people.custom_roles import NewRole, RoleChanges
from gatehouse.access.people.invitations import NewInvitation
from gatehouse.access.people.teams import NewTeam
from gatehouse.access.people.users import UserChanges
from gatehouse.kit.errors import Conflict, Forbidden, Invalid, NotFound
from gatehouse.kit.pages import PageRequest, page_request
from gatehouse.store.placement import EVERYTHING, Sight
from tests.unit.access.people.conftest import SYSTEM, Town

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["viewer", "member", "editor", "admin", "owner"])
async def test_the_names_of_what_is_always_there_are_taken(small_town: Town, name: str) -> None:
    with pytest.raises(Conflict, match="always there"):
        await small_town.people.roles.create(SYSTEM, NewRole(name=name, permissions=["server.read"]))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (NewRole(name="Reader", permissions=["server.read"]), "can't be the name of a role"),
        (NewRole(name="reader", permissions=[]), "permit nothing"),
        (NewRole(name="reader", permissions=["*"]), "permits everything"),
    ],
)
async def test_what_is_no_role_is_refused(small_town: Town, new: NewRole, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        await small_town.people.roles.create(SYSTEM, new)


async def test_nobody_puts_into_a_role_what_they_have_not_got_on_all(small_town: Town) -> None:
    town = small_town
    await town.people.roles.create(SYSTEM, NewRole(name="smith", permissions=["role.*", "server.read"]))
    bob = await town.user("bob", "smith")
    await town.people.teams.create(NewTeam(name="Red"), bob.id)
    smith, roles = await town.as_user(bob.id), town.people.roles
    for permissions in (["user.write"], ["server.read", "server.*"], ["team.write"]):
        with pytest.raises(Forbidden, match="can't put it into a role"):
            await roles.create(smith, NewRole(name="mine", permissions=permissions))
    await roles.create(SYSTEM, NewRole(name="big", permissions=["server.write", "server.read"]))
    for permissions in (["server.read"], ["server.write", "server.read", "user.write"]):
        with pytest.raises(Forbidden):
            await roles.change(smith, "big", RoleChanges(permissions=permissions))
    changed = await roles.change(smith, "big", RoleChanges(description="x", permissions=["server.write"]))
    assert changed.permissions == {"server.write"}
    assert (await roles.create(smith, NewRole(name="mine", permissions=["server.read"]))).name == "mine"


async def test_a_role_permits_what_it_says_as_soon_as_it_says_so(town: Town) -> None:
    role = await town.people.roles.create(SYSTEM, NewRole(name="reader", permissions=["server.read"]))
    bob = await town.user("bob")
    await town.people.grants.give(SYSTEM, bob.id, "reader", "*")
    assert (await town.as_user(bob.id)).grants[0].permissions == {"server.read"}
    with pytest.raises(Conflict, match="'reader' already"):
        await town.people.roles.create(SYSTEM, NewRole(name="reader", permissions=["server.read"]))
    await town.people.roles.create(SYSTEM, NewRole(name="other", permissions=["tool.read"]))
    with pytest.raises(Conflict, match="'other' already"):
        await town.people.roles.change(SYSTEM, "reader", RoleChanges(name="other"))
    _, code = await town.people.invitations.create(SYSTEM, NewInvitation(role="reader"))
    renamed = RoleChanges(name="lector", permissions=["server.read", "tool.*"], description="Reads")
    await town.people.roles.change(SYSTEM, role.id, renamed)
    (grant,) = (await town.as_user(bob.id)).grants
    assert (grant.role, grant.permissions) == ("lector", {"server.read", "tool.*"})
    assert (await town.people.invitations.open(code)).role == "lector"
    with pytest.raises(NotFound):
        await town.people.roles.get("reader")
    assert (await town.people.roles.get("lector")).description == "Reads"


async def test_a_role_that_somebody_has_is_not_deleted(town: Town) -> None:
    await town.people.roles.create(SYSTEM, NewRole(name="reader", permissions=["server.read"]))
    bob = await town.user("bob")
    given = await town.people.grants.give(SYSTEM, bob.id, "reader", "*")
    with pytest.raises(Conflict, match="1 grant"):
        await town.people.roles.remove("reader")
    await town.people.grants.take(SYSTEM, given.id)
    await town.people.roles.remove("reader")
    for attempt in (town.people.roles.get("reader"), town.people.roles.remove("reader")):
        with pytest.raises(NotFound, match="There is no role 'reader'"):
            await attempt


async def test_built_in_roles_are_listed_first_and_stay_as_they_are(town: Town) -> None:
    for number in range(3):
        await town.people.roles.create(SYSTEM, NewRole(name=f"r{number}", permissions=["server.read"]))
    first = await town.people.roles.list(page_request(None, 2))
    rest = await town.people.roles.list(page_request(first.next, 2))
    names = [one.name for one in (*first.items, *rest.items)]
    assert names == ["viewer", "member", "editor", "admin", "r0", "r1", "r2"]
    assert all(one.description and one.permissions for one in first.items[:4])
    for attempt in (
        town.people.roles.change(SYSTEM, "viewer", RoleChanges(permissions=["server.*"])),
        town.people.roles.remove("admin"),
    ):
        with pytest.raises(Conflict, match="built in"):
            await attempt


async def test_nobody_gives_what_they_have_not_got_there(small_town: Town) -> None:
    town = small_town
    ada, _ = await town.user("ada", "editor"), await town.user("bob")
    red = await town.people.teams.create(NewTeam(name="Red"), ada.id)
    blue = await town.people.teams.create(NewTeam(name="Blue"), None)
    owner, give = await town.as_user(ada.id), town.people.grants.give
    for role, scope in (("admin", "*"), ("admin", blue.id)):
        with pytest.raises(Forbidden, match="can't give or take role 'admin' there"):
            await give(owner, "bob@example.com", role, scope)
    assert (await give(owner, "bob@example.com", "editor", red.id)).team == "red"
    assert (await give(owner, "bob@example.com", "admin", red.id)).scope == red.id
    narrow = replace(owner, permissions=frozenset({"server.read", "role.write"}))
    with pytest.raises(Forbidden, match="lacks permission"):
        await give(narrow, "bob@example.com", "viewer", red.id)
    theirs = Principal("tok", "token", "t", permissions=frozenset({"*"}), user=ada.id)
    with pytest.raises(Forbidden):
        await give(theirs, "bob@example.com", "viewer", red.id)


async def test_what_is_not_there_is_given_to_nobody(town: Town) -> None:
    bob = await town.user("bob")
    for user, role, scope, said in (
        ("usr_none", "viewer", "*", "no user"),
        (bob.id, "emperor", "*", "no role"),
        (bob.id, "viewer", "tea_none", "no team"),
    ):
        with pytest.raises(NotFound, match=said):
            await town.people.grants.give(SYSTEM, user, role, scope)
    for attempt in (town.people.grants.get("grt_none"), town.people.grants.take(SYSTEM, "grt_none")):
        with pytest.raises(NotFound, match="There is no grant"):
            await attempt
    await town.people.grants.give(SYSTEM, bob.id, "viewer", "*")
    with pytest.raises(Conflict, match="already"):
        await town.people.grants.give(SYSTEM, bob.email, "viewer", "*")


async def test_nobody_takes_what_they_could_not_give(small_town: Town) -> None:
    town = small_town
    await town.user("root", "admin")
    await town.user("ada", "admin")
    bob = await town.as_user((await town.user("bob", "editor")).id)
    grants = (await town.people.grants.list(PageRequest(), EVERYTHING)).items
    of_ada = next(one for one in grants if one.email == "ada@example.com")
    with pytest.raises(Forbidden):
        await town.people.grants.take(bob, of_ada.id)
    await town.people.grants.take(SYSTEM, of_ada.id)
    assert (await town.as_user("ada@example.com")).grants == ()


async def test_the_last_administrator_is_not_demoted(town: Town) -> None:
    await town.user("ada", "admin")
    bob = await town.user("bob", "admin")
    by_user = {one.email: one.id for one in (await town.people.grants.list(PageRequest(), EVERYTHING)).items}
    await town.people.users.change(SYSTEM, bob.id, UserChanges(active=False))
    with pytest.raises(Conflict, match="last administrator"):
        await town.people.grants.take(SYSTEM, by_user["ada@example.com"])
    await town.people.grants.take(SYSTEM, by_user["bob@example.com"])


async def test_of_two_administrators_who_are_demoted_at_once_one_stays(town: Town) -> None:
    await town.user("ada", "admin")
    await town.user("bob", "admin")
    refused: list[str] = []

    async def take(grant_id: str) -> None:
        try:
            await town.people.grants.take(SYSTEM, grant_id)
        except Conflict as error:
            refused.append(error.message)

    grants = (await town.people.grants.list(PageRequest(), EVERYTHING)).items
    async with anyio.create_task_group() as tasks:
        for one in grants:
            tasks.start_soon(take, one.id)
    assert len(refused) == 1 and "last administrator" in refused[0]


async def test_grants_are_listed_by_who_sees_what(town: Town) -> None:
    ada, bob = await town.user("ada"), await town.user("bob", "viewer")
    red = await town.people.teams.create(NewTeam(name="Red"), ada.id)
    blue = await town.people.teams.create(NewTeam(name="Blue"), None)
    for user, scope in ((bob, red), (bob, blue), (ada, blue)):
        await town.people.grants.give(SYSTEM, user.id, "editor", scope.id)

    async def listed(sight: Sight, user: str | None = None, scope: str | None = None) -> list[tuple[str, str]]:
        found = await town.people.grants.list(page_request(None, 10), sight, user, scope)
        return sorted((one.email.partition("@")[0], one.team or one.scope) for one in found.items)

    everything = [("ada", "blue"), ("bob", "*"), ("bob", "blue"), ("bob", "red")]
    assert await listed(EVERYTHING) == await listed(Sight(shared=True)) == everything
    assert await listed(Sight(teams=frozenset({red.id}))) == [("bob", "red")]
    assert await listed(Sight(teams=frozenset({red.id}), owner=ada.id)) == [("ada", "blue"), ("bob", "red")]
    assert await listed(Sight()) == await listed(Sight(public=True)) == []
    assert await listed(EVERYTHING, ada.id) == [("ada", "blue")]
    assert await listed(EVERYTHING, None, blue.id) == [("ada", "blue"), ("bob", "blue")]

from __future__ import annotations

import anyio
import pytest

from gatehouse.access.people.custom_roles import NewRole
from gatehouse.access.people.invitations import NewInvitation
from gatehouse.access.people.model import Belonging, Team
from gatehouse.access.people.teams import NewTeam
from gatehouse.access.people.users import NewUser, UserChanges
from gatehouse.access.tables import INVITATIONS
from gatehouse.kit.errors import Conflict, Forbidden, GatewayError, Invalid, NotFound
from gatehouse.kit.pages import page_request
from gatehouse.store.database import Database
from tests.unit.access.people.conftest import SYSTEM, Town

pytestmark = pytest.mark.anyio


async def _red(town: Town) -> Team:
    """Ada's team."""
    ada = await town.user("ada")
    return await town.people.teams.create(NewTeam(name="Red"), ada.id)


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (NewInvitation(email="nobody"), "not an email address"),
        (NewInvitation(expires_in="soon"), "not a duration"),
        (NewInvitation(expires_in="91d"), "can't be good for 91d"),
        (NewInvitation(team_id="tea_none", role="viewer"), "owner or member"),
        (NewInvitation(team_id="tea_none"), "no team"),
        (NewInvitation(role="emperor"), "no role"),
    ],
)
async def test_what_is_no_invitation_is_refused(small_town: Town, new: NewInvitation, said: str) -> None:
    with pytest.raises((Invalid, NotFound), match=said):
        await small_town.people.invitations.create(SYSTEM, new)


async def test_nobody_invites_to_what_they_may_not_give(small_town: Town) -> None:
    town = small_town
    team = await _red(town)
    ada, invite = await town.as_user("ada@example.com"), town.people.invitations.create
    await town.user("bob")
    await town.people.teams.add_member(ada, team.id, "bob@example.com", Belonging.MEMBER)
    bob = await town.as_user("bob@example.com")
    for by, new in (
        (ada, NewInvitation(role="viewer")),
        (ada, NewInvitation(role="admin")),
        (bob, NewInvitation(team_id=team.id, role="owner")),
    ):
        with pytest.raises(Forbidden, match="can't give or take"):
            await invite(by, new)
    made, _ = await invite(ada, NewInvitation(team_id=team.id, role="owner"))
    assert (made.created_by, made.role) == (ada.id, "owner")


async def test_a_code_is_stored_as_its_digest_alone(town: Town) -> None:
    made, code = await town.people.invitations.create(SYSTEM, NewInvitation())
    assert len(code) == 43 and code not in repr(made)
    async with town.database.read() as connection:
        stored = (await connection.execute(INVITATIONS.select())).one()
    assert code not in repr(stored) and made.digest not in repr(made)


async def test_an_invitation_into_a_team_is_taken_once(town: Town) -> None:
    team = await _red(town)
    bob, eve = await town.user("bob"), await town.user("eve")
    ada = await town.as_user("ada@example.com")
    made, code = await town.people.invitations.create(ada, NewInvitation(team_id=team.id))
    seen = await town.people.invitations.open(code)
    assert (seen.email, seen.role, seen.invited_by) == (None, "member", "Ada")
    assert seen.team == team and seen.expires_at == town.clock.time + 7 * 86400
    await town.people.invitations.accept(f" {code}\n", bob.id)
    assert (await town.people.teams.member(team.id, bob.id)).role is Belonging.MEMBER
    for attempt in (town.people.invitations.open(code), town.people.invitations.accept(code, eve.id)):
        with pytest.raises(NotFound, match="not good"):
            await attempt
    (used,) = (await town.people.invitations.list(page_request(None, 5), team.id)).items
    assert (used.id, used.used_by, used.used_at) == (made.id, bob.id, town.clock.time)


async def test_of_several_who_take_one_at_once_one_gets_it(town: Town) -> None:
    team = await _red(town)
    users = [(await town.user(name)).id for name in ("bob", "eve", "kim")]
    _, code = await town.people.invitations.create(SYSTEM, NewInvitation(team_id=team.id))
    taken: list[str] = []

    async def take(user_id: str) -> None:
        try:
            await town.people.invitations.accept(code, user_id)
            taken.append(user_id)
        except GatewayError as error:
            assert isinstance(error, (NotFound, Conflict)), error

    async with anyio.create_task_group() as tasks:
        for user_id in users:
            tasks.start_soon(take, user_id)
    assert len(taken) == 1
    assert (await town.people.teams.sizes([team.id]))[team.id] == 2


async def test_an_invitation_ends(town: Town) -> None:
    bob = await town.user("bob")
    _, code = await town.people.invitations.create(SYSTEM, NewInvitation(expires_in="1h"))
    town.clock.time += 3600
    for attempt in (town.people.invitations.open(code), town.people.invitations.accept(code, bob.id)):
        with pytest.raises(NotFound, match="not good"):
            await attempt


async def test_what_is_no_code_opens_nothing(small_town: Town) -> None:
    for code in ("", "x", "x" * 43, "\x00"):
        with pytest.raises(NotFound, match="not good"):
            await small_town.people.invitations.open(code)


async def test_one_to_an_address_is_taken_by_who_has_it(town: Town) -> None:
    bob, eve = await town.user("bob"), await town.user("eve")
    new = NewInvitation(email="EVE@example.com", role="editor")
    made, code = await town.people.invitations.create(SYSTEM, new)
    with pytest.raises(Forbidden, match="somebody else"):
        await town.people.invitations.accept(code, bob.id)
    view = await town.people.invitations.accept(code, eve.id)
    assert (view.id, view.email, view.team, view.role) == (made.id, "eve@example.com", None, "editor")
    (grant,) = (await town.as_user(eve.id)).grants
    assert (grant.role, grant.scope) == ("editor", "*")


async def test_somebody_new_is_made_and_let_in_at_once_or_not_at_all(town: Town) -> None:
    """As sign-in does it: the user and the acceptance in one transaction."""
    team = await _red(town)
    new = NewInvitation(email="new@example.com", team_id=team.id)
    _, code = await town.people.invitations.create(SYSTEM, new)
    database: Database = town.database
    with pytest.raises(Forbidden):
        async with database.write() as connection:
            other = await town.people.users.add(NewUser(email="other@example.com", name="Other"), connection)
            await town.people.invitations.accept(code, other.id, connection)
    with pytest.raises(NotFound):
        await town.people.users.get("other@example.com")
    async with database.write() as connection:
        made = await town.people.users.add(
            NewUser(email="new@example.com", name="New", origin="invitation"), connection
        )
        await town.people.invitations.accept(code, made.id, connection)
    assert (await town.people.teams.member(team.id, "new@example.com")).user_id == made.id


async def test_it_is_worth_no_more_than_what_its_maker_may_still_give(town: Town) -> None:
    team = await _red(town)
    await town.people.teams.add_member(SYSTEM, team.id, (await town.user("root", "admin")).id, Belonging.OWNER)
    bob, ada = await town.user("bob"), await town.as_user("ada@example.com")
    codes = [
        (await town.people.invitations.create(ada, NewInvitation(team_id=team.id, role=role)))[1]
        for role in ("owner", "member")
    ]

    async def all_refused() -> bool:
        for code in codes:
            with pytest.raises(NotFound, match="not good"):
                await town.people.invitations.accept(code, bob.id)
        return True

    await town.people.teams.change_member(SYSTEM, team.id, ada.id, Belonging.MEMBER)
    assert await all_refused()
    await town.people.teams.change_member(SYSTEM, team.id, ada.id, Belonging.OWNER)
    await town.people.users.change(SYSTEM, ada.id, UserChanges(active=False))
    assert await all_refused()
    await town.people.users.change(SYSTEM, ada.id, UserChanges(active=True))
    assert (await town.people.invitations.open(codes[0])).role == "owner"
    await town.people.users.remove(SYSTEM, ada.id)
    assert await all_refused()


async def test_one_to_a_role_that_is_no_more_is_not_good(small_town: Town) -> None:
    town = small_town
    bob = await town.user("bob")
    await town.people.roles.create(SYSTEM, NewRole(name="reader", permissions=["server.read"]))
    _, code = await town.people.invitations.create(SYSTEM, NewInvitation(role="reader"))
    await town.people.roles.remove("reader")
    with pytest.raises(NotFound, match="not good"):
        await town.people.invitations.accept(code, bob.id)


async def test_who_is_in_already_uses_none_up_and_a_member_becomes_an_owner(small_town: Town) -> None:
    town = small_town
    team = await _red(town)
    bob = await town.user("bob")
    await town.people.teams.add_member(SYSTEM, team.id, bob.id, Belonging.MEMBER)
    _, plain = await town.people.invitations.create(SYSTEM, NewInvitation(team_id=team.id))
    with pytest.raises(Conflict, match="already"):
        await town.people.invitations.accept(plain, bob.id)
    assert await town.people.invitations.open(plain)
    _, higher = await town.people.invitations.create(SYSTEM, NewInvitation(team_id=team.id, role="owner"))
    await town.people.invitations.accept(higher, bob.id)
    assert (await town.people.teams.member(team.id, bob.id)).role is Belonging.OWNER
    with pytest.raises(Conflict, match="already"):
        await town.people.invitations.accept(plain, bob.id)


async def test_a_withdrawn_one_is_gone_and_those_of_another_team_are_not_reached(town: Town) -> None:
    team = await _red(town)
    invitations = town.people.invitations
    of_team, code = await invitations.create(SYSTEM, NewInvitation(team_id=team.id))
    to_all, _ = await invitations.create(SYSTEM, NewInvitation())
    for ref, where in ((of_team.id, None), (of_team.id, "tea_other"), (to_all.id, team.id), ("inv_none", None)):
        for attempt in (invitations.get(ref, where), invitations.withdraw(ref, where)):
            with pytest.raises(NotFound, match="There is no invitation"):
                await attempt
    assert [one.id for one in (await invitations.list(page_request(None, 5), None)).items] == [to_all.id]
    await invitations.withdraw(of_team.id, team.id)
    with pytest.raises(NotFound, match="not good"):
        await invitations.open(code)
    await town.people.teams.remove("red")

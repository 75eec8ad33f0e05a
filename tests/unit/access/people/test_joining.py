from __future__ import annotations

import anyio
import pytest

from gatehouse.access.people.model import Belonging, RequestState, Team, TeamVisibility
from gatehouse.access.people.teams import NewTeam
from gatehouse.kit.errors import Conflict, Forbidden, NotFound
from gatehouse.kit.pages import page_request
from tests.unit.access.people.conftest import SYSTEM, Town

pytestmark = pytest.mark.anyio


async def _public(town: Town) -> Team:
    """Ada's."""
    ada = await town.user("ada")
    return await town.people.teams.create(NewTeam(name="Blue", visibility=TeamVisibility.PUBLIC), ada.id)


async def test_a_private_team_can_not_be_asked(small_town: Town) -> None:
    bob = await small_town.user("bob")
    team = await small_town.people.teams.create(NewTeam(name="Red"), None)
    with pytest.raises(Conflict, match="by invitation"):
        await small_town.people.joining.ask(team.id, bob.id, "")


async def test_who_asks_twice_at_once_has_asked_once(town: Town) -> None:
    team, bob = await _public(town), await town.user("bob")
    refused: list[str] = []

    async def ask() -> None:
        try:
            await town.people.joining.ask(team.id, bob.id, "Let me in")
        except Conflict as error:
            refused.append(error.message)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(ask)
    assert len(refused) == 1 and "already" in refused[0]
    (asked,) = (await town.people.joining.list(team.id, page_request(None, 5))).items
    assert (asked.email, asked.message, asked.state) == ("bob@example.com", "Let me in", RequestState.OPEN)


async def test_only_who_may_give_membership_lets_somebody_in(town: Town) -> None:
    team, bob = await _public(town), await town.user("bob")
    asked = await town.people.joining.ask(team.id, bob.id, "")
    with pytest.raises(Forbidden):
        await town.people.joining.accept(await town.as_user(bob.id), team.id, asked.id)
    ada = await town.as_user("ada@example.com")
    for where, ref in (("tea_other", asked.id), (team.id, "req_none")):
        with pytest.raises(NotFound, match="There is no request"):
            await town.people.joining.accept(SYSTEM, where, ref)
    town.clock.time += 5
    decided = await town.people.joining.accept(ada, team.id, asked.id)
    assert (decided.state, decided.decided_by, decided.decided_at) == ("accepted", ada.id, town.clock.time)
    assert (await town.people.teams.member(team.id, bob.id)).role is Belonging.MEMBER
    for attempt in (
        town.people.joining.accept(ada, team.id, asked.id),
        town.people.joining.decline(ada, team.id, asked.id),
    ):
        with pytest.raises(Conflict, match="accepted already"):
            await attempt
    with pytest.raises(Conflict, match="in team 'blue' already"):
        await town.people.joining.ask(team.id, bob.id, "")


async def test_who_was_declined_may_ask_again(town: Town) -> None:
    team, bob = await _public(town), await town.user("bob")
    asked = await town.people.joining.ask(team.id, bob.id, "")
    await town.people.joining.decline(SYSTEM, team.id, asked.id)
    with pytest.raises(NotFound):
        await town.people.teams.member(team.id, bob.id)
    again = await town.people.joining.ask(team.id, bob.id, "Please")
    found = await town.people.joining.list(team.id, page_request(None, 5), [RequestState.OPEN])
    assert [one.id for one in found.items] == [again.id]
    assert len((await town.people.joining.list(team.id, page_request(None, 5))).items) == 2


async def test_to_let_in_somebody_who_came_in_meanwhile_leaves_them_as_they_are(small_town: Town) -> None:
    town = small_town
    team, bob = await _public(town), await town.user("bob")
    asked = await town.people.joining.ask(team.id, bob.id, "")
    await town.people.teams.add_member(SYSTEM, team.id, bob.id, Belonging.OWNER)
    await town.people.joining.accept(SYSTEM, team.id, asked.id)
    assert (await town.people.teams.member(team.id, bob.id)).role is Belonging.OWNER

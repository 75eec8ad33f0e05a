"""Nobody gives what they have not got."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.access.tables import USERS
from gatehouse.access.tokens.service import NewToken
from gatehouse.store.database import PEOPLE
from tests.unit.api.gate import Gate, problem
from tests.unit.api.persons import made, person, team

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("wanted", [["*"], ["upstream.stdio"], ["upstream.*"], ["token.read", "server.write"]])
async def test_nobody_gives_a_permission_away_that_they_lack(gate: Gate, wanted: list[str]) -> None:
    token = await gate.token("token.*", "upstream.read")
    body = {"name": "more", "permissions": wanted}
    for path in ("/tokens", "/tokens/preview"):
        assert "can't give it" in problem(await gate.send("POST", path, body, token), 403)["detail"]


@pytest.mark.parametrize("wanted", ["*", "audit.read", "user.*", "upstream.stdio", "upstream.*"])
async def test_a_person_without_a_role_gives_what_owners_may_and_no_more(gate: Gate, wanted: str) -> None:
    ann = await person(gate, "ann")
    body = {"name": "more", "permissions": [wanted]}
    assert "can't give it" in problem(await gate.send("POST", "/tokens", body, ann.token), 403)["detail"]
    await made(gate, ann.token, name="less", permissions=["upstream.write", "tool.*", "server.use"])


async def test_a_permission_that_one_has_can_be_given_on(gate: Gate) -> None:
    token = await gate.token("token.*", "upstream.*")
    body = {"name": "less", "permissions": ["token.read", "upstream.*", "upstream.stdio", "token.read"]}
    answer = await gate.send("POST", "/tokens", body, token)
    assert answer.status_code == 201
    assert answer.json()["permissions"] == ["token.read", "upstream.*", "upstream.stdio"]


async def test_nobody_opens_a_server_to_others_that_is_closed_to_them(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    body = {"name": "more", "servers": ["desk"]}
    problem(await gate.send("POST", "/tokens", body, await gate.token("token.*")), 403)
    allowed = await gate.token("token.*", "server.use")
    assert (await gate.send("POST", "/tokens", body, allowed)).status_code == 201


async def test_a_server_out_of_sight_is_told_like_one_that_does_not_exist(gate: Gate) -> None:
    ann, eve = await person(gate, "ann", "editor"), await person(gate, "eve", "editor")
    server = {"name": "Desk", "visibility": "private"}
    assert (await gate.send("POST", "/servers", server, ann.token)).status_code == 201
    told = [
        problem(await gate.send("POST", "/tokens", {"name": "x", "servers": [ref]}, eve.token), 400)["detail"]
        for ref in ("desk", "nowhere")
    ]
    assert told == ["There is no server 'desk'.", "There is no server 'nowhere'."]
    await made(gate, ann.token, name="hers", servers=["desk"])


async def test_a_server_that_one_may_only_see_is_not_opened_to_others(gate: Gate) -> None:
    ann = await person(gate, "ann")
    crew = await team(gate, "crew", owner=ann)
    eve = await person(gate, "eve", "viewer", crew)
    assert (await gate.send("POST", "/servers", {"name": "Desk", "team": "crew"}, ann.token)).status_code == 201
    refusal = problem(await gate.send("POST", "/tokens", {"name": "x", "servers": ["desk"]}, eve.token), 403)
    assert "may not use server 'desk'" in refusal["detail"] and "viewer" in refusal["detail"]


@pytest.mark.parametrize("bound", [{"allowed_ips": ["192.0.2.0/24"]}, {"rate_limit": "60/m"}, {"daily_quota": 9}])
async def test_a_token_that_is_bound_makes_and_changes_none(gate: Gate, bound: dict[str, Any]) -> None:
    other = await gate.create("/tokens", name="other", permissions=["tool.read"])
    maker = (await gate.create("/tokens", name="maker", permissions=["*"], **bound))["token"]
    body = {"name": "more", "permissions": ["tool.read"]}
    for method, path, content in (
        ("POST", "/tokens", body),
        ("POST", "/tokens/preview", body),
        ("PATCH", f"/tokens/{other['id']}", {"rate_limit": None}),
        ("POST", f"/tokens/{other['id']}/rotate", {}),
    ):
        assert "is bound" in problem(await gate.send(method, path, content, maker), 403)["detail"]
    assert (await gate.send("DELETE", f"/tokens/{other['id']}", token=maker)).status_code == 204


async def test_a_token_for_servers_makes_none_even_where_it_has_permissions(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    maker = (await gate.create("/tokens", name="maker", servers=["desk"], permissions=["token.write", "tool.read"]))[
        "token"
    ]
    body = {"name": "more", "permissions": ["tool.read"]}
    assert "is bound" in problem(await gate.send("POST", "/tokens", body, maker), 403)["detail"]


async def test_a_token_makes_none_that_outlives_it(gate: Gate) -> None:
    other = await gate.create("/tokens", name="other", permissions=["tool.read"])
    maker = await gate.token("*", expires_in="30d")
    for body in ({}, {"expires_in": "31d"}):
        wanted = {"name": "more", "permissions": ["tool.read"], **body}
        assert "lasts longer" in problem(await gate.send("POST", "/tokens", wanted, maker), 403)["detail"]
    for change in ({"expires_in": None}, {"expires_in": "31d"}):
        refusal = await gate.send("PATCH", f"/tokens/{other['id']}", change, maker)
        assert "lasts longer" in problem(refusal, 403)["detail"]
    problem(await gate.send("POST", f"/tokens/{other['id']}/rotate", {}, maker), 403)
    await made(gate, maker, name="less", permissions=["tool.read"], expires_in="30d")


async def test_nobody_gets_the_text_of_a_token_that_may_more_than_they(gate: Gate) -> None:
    """Who rotates a token holds it."""
    ann = await person(gate, "ann", "admin")
    strong = await made(gate, ann.token, name="strong", permissions=["*"])
    weak = (await made(gate, ann.token, name="weak", permissions=["token.*"]))["token"]
    for method, path, body in (("POST", "/rotate", {}), ("PATCH", "", {"name": "x"})):
        refusal = await gate.send(method, f"/tokens/{strong['id']}{path}", body, weak)
        assert "lacks permission *" in problem(refusal, 403)["detail"]
    assert (await gate.send("POST", f"/tokens/{strong['id']}/rotate", {}, ann.token)).status_code == 200


async def test_who_lost_a_role_can_still_tighten_their_tokens(gate: Gate) -> None:
    ann = await person(gate, "ann")
    token, _ = await gate.tokens.create(NewToken(name="old", permissions=["*", "audit.read"], owner=ann.id))
    change = await gate.send("PATCH", f"/tokens/{token.id}", {"daily_quota": 5}, ann.token)
    assert change.status_code == 200, change.text


async def test_the_token_of_a_team_needs_somebody_who_runs_the_team(gate: Gate) -> None:
    ann, bob, eve = [await person(gate, name) for name in ("ann", "bob", "eve")]
    await team(gate, "crew", owner=ann, member=bob)
    body = {"name": "x", "permissions": ["tool.read"], "team": "crew"}
    assert "token.write" in problem(await gate.send("POST", "/tokens", body, bob.token), 403)["detail"]
    told = [
        problem(await gate.send("POST", "/tokens", {**body, "team": ref}, eve.token), 400)["detail"]
        for ref in ("crew", "ghosts")
    ]
    assert told[0].replace("crew", "X") == told[1].replace("ghosts", "X")
    assert (await made(gate, ann.token, **body))["team_name"] == "Crew"


async def test_the_token_of_a_team_outlives_who_made_it_and_what_they_were(gate: Gate) -> None:
    ann = await person(gate, "ann")
    crew = await team(gate, "crew", owner=ann)
    plain = (await made(gate, ann.token, name="x", permissions=["server.read"], team=crew))["token"]
    assert (await gate.send("POST", "/servers", {"name": "Desk", "team": "crew"}, ann.token)).status_code == 201
    async with gate.database.write() as connection:
        await gate.database.count_up(connection, PEOPLE)
        await connection.execute(USERS.delete().where(USERS.c.id == ann.id))
    await gate.settle()
    problem(await gate.send("GET", "/servers", token=ann.token), 401)
    (desk,) = (await gate.send("GET", "/servers", token=plain)).json()["items"]
    assert desk["slug"] == "desk"


async def test_the_token_of_a_team_makes_none_that_are_not_the_teams(gate: Gate) -> None:
    """It has no owner, and what has neither owner nor team has the rights of the installation."""
    ann = await person(gate, "ann")
    await team(gate, "crew", owner=ann)
    plain = (await made(gate, ann.token, name="x", permissions=["token.*", "tool.read"], team="crew"))["token"]
    body = {"name": "more", "permissions": ["tool.read"]}
    assert "Name the team" in problem(await gate.send("POST", "/tokens", body, plain), 403)["hint"]
    assert (await made(gate, plain, **body, team="crew"))["team_name"] == "Crew"
    refusal = await gate.send("POST", "/tokens", {"name": "x", "permissions": ["server.read"], "team": "crew"}, plain)
    assert "lacks permission server.read in its team" in problem(refusal, 403)["detail"]


async def test_the_token_of_a_team_is_not_made_for_a_server_that_the_team_may_not_use(gate: Gate) -> None:
    ann = await person(gate, "ann")
    await team(gate, "crew", owner=ann)
    for name, place in (("Own", {"visibility": "private"}), ("Ours", {"team": "crew"})):
        assert (await gate.send("POST", "/servers", {"name": name, **place}, ann.token)).status_code == 201
    body = {"name": "x", "servers": ["ours", "own"], "team": "crew"}
    refusal = problem(await gate.send("POST", "/tokens", body, ann.token), 400)
    assert "team 'crew' may not use server 'own'" in refusal["detail"]
    assert refusal["errors"][0]["field"] == "servers[1]"
    await made(gate, ann.token, name="x", servers=["ours"], team="crew")

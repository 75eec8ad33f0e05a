"""Teams, their members, invitations and requests to join, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.access.tokens.service import NewToken
from tests.unit.api.gate import URL, Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio


async def town(gate: Gate) -> People:
    """Ann owns the private team red, with Max as member; blue is public and Bob's; Eve has nothing."""
    people = People(gate)
    for name in ("ann", "max", "bob", "eve"):
        await people.user(name)
    await people.team("red", ann="owner", max="member")
    await people.team("blue", bob="owner")
    await gate.send("PATCH", "/teams/blue", {"visibility": "public"})
    return people


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/teams/{}", None),
    ("PATCH", "/teams/{}", {"name": "x"}),
    ("DELETE", "/teams/{}", None),
    ("GET", "/teams/{}/members", None),
    ("POST", "/teams/{}/members", {"user": "eve@example.com"}),
    ("GET", "/teams/{}/members/ann@example.com", None),
    ("PATCH", "/teams/{}/members/ann@example.com", {"role": "member"}),
    ("DELETE", "/teams/{}/members/ann@example.com", None),
    ("DELETE", "/teams/{}/members/me", None),
    ("GET", "/teams/{}/invitations", None),
    ("POST", "/teams/{}/invitations", {}),
    ("GET", "/teams/{}/invitations/inv_none", None),
    ("DELETE", "/teams/{}/invitations/inv_none", None),
    ("GET", "/teams/{}/requests", None),
    ("POST", "/teams/{}/requests", {}),
    ("POST", "/teams/{}/requests/req_none/accept", {}),
    ("POST", "/teams/{}/requests/req_none/decline", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a_private_team_is_to_others_as_if_it_were_not_there(
    gate: Gate, method: str, path: str, body: Any
) -> None:
    people = await town(gate)
    for name in ("eve", "bob"):
        there = await gate.send(method, path.format("red"), body, people.tokens[name])
        nowhere = await gate.send(method, path.format("green"), body, people.tokens[name])
        assert there.status_code == nowhere.status_code, (there.text, nowhere.text)
        assert there.text.replace("red", "X") == nowhere.text.replace("green", "X")
        assert there.status_code == 404 or (name == "eve" and there.status_code == 403)


@pytest.mark.parametrize(
    ("method", "path", "body"), [one for one in ROUTES if one[1] != "/teams/{}" or one[0] != "GET"]
)
async def test_a_public_team_tells_others_no_more_than_that_it_is(
    gate: Gate, method: str, path: str, body: Any
) -> None:
    people = await town(gate)
    if path.endswith("/requests") and method == "POST":
        return
    refused = problem(await gate.send(method, path.format("blue"), body, people.tokens["ann"]), 403)
    assert "'ann'" in refused["detail"]


async def test_who_sees_which_team(gate: Gate) -> None:
    people = await town(gate)

    async def listed(name: str) -> list[tuple[str, str | None]]:
        page = (await gate.send("GET", "/teams", token=people.tokens[name])).json()
        return sorted((one["slug"], one["role"]) for one in page["items"])

    assert await listed("eve") == [("blue", None)]
    assert await listed("max") == [("blue", None), ("red", "member")]
    assert await listed("bob") == [("blue", "owner")]
    everything = await gate.get("/teams")
    assert {(one["slug"], one["members"], one["role"]) for one in everything["items"]} == {
        ("red", 2, None), ("blue", 1, None),
    }  # fmt: skip
    assert [one["slug"] for one in (await gate.get("/teams", q="RED"))["items"]] == ["red"]


async def test_a_team_is_made_by_who_may_on_all(gate: Gate) -> None:
    people = await town(gate)
    for name in ("ann", "eve"):
        refused = problem(await gate.send("POST", "/teams", {"name": "Mine"}, people.tokens[name]), 403)
        assert "team.create" in refused["detail"]
    await people.grant("eve", "editor")
    made = await gate.send("POST", "/teams", {"name": "My team", "description": "x"}, people.tokens["eve"])
    assert made.status_code == 201, made.text
    team = made.json()
    assert (team["slug"], team["role"], team["members"], team["visibility"]) == ("my-team", "owner", 1, "private")
    assert made.headers["location"].endswith(f"/teams/{team['id']}")
    shown = await gate.send("GET", "/teams/my-team", token=people.tokens["eve"])
    assert shown.json() == team
    changed = await gate.send("PATCH", "/teams/my-team", {"slug": "ours", "name": "Ours"}, people.tokens["eve"])
    assert (changed.json()["slug"], changed.json()["name"], changed.json()["description"]) == ("ours", "Ours", "x")
    problem(await gate.send("PATCH", "/teams/ours", {"slug": "red"}, people.tokens["eve"]), 409)
    assert (await gate.send("DELETE", "/teams/ours", token=people.tokens["eve"])).status_code == 204
    problem(await gate.send("GET", "/teams/ours", token=people.tokens["eve"]), 404)


async def test_a_team_of_the_installation_is_nobodys_at_first(gate: Gate) -> None:
    await town(gate)
    made = await gate.create("/teams", name="Empty", slug="empty", visibility="public")
    assert (made["members"], made["role"]) == (0, None)
    problem(await gate.send("POST", "/teams", {"name": "x", "slug": "No Slug"}), 400)
    problem(await gate.send("POST", "/teams", {"name": "x", "visibility": "secret"}), 400)


async def test_owners_say_who_is_in_a_team(gate: Gate) -> None:
    people = await town(gate)
    ann, path = people.tokens["ann"], "/teams/red/members"
    added = await gate.send("POST", path, {"user": "EVE@example.com"}, ann)
    assert (added.status_code, added.json()["role"], added.json()["id"]) == (201, "member", people.users["eve"])
    problem(await gate.send("POST", path, {"user": "eve@example.com"}, ann), 409)
    refused = problem(await gate.send("POST", path, {"user": "nobody@example.com"}, ann), 404)
    assert "There is no user 'nobody@example.com'" in refused["detail"]
    problem(await gate.send("POST", path, {"user": "eve@example.com", "role": "king"}, ann), 400)
    changed = await gate.send("PATCH", f"{path}/eve@example.com", {"role": "owner"}, ann)
    assert changed.json()["role"] == "owner"
    listed = (await gate.send("GET", path, token=people.tokens["max"])).json()["items"]
    assert [(one["name"], one["role"]) for one in listed] == [("Ann", "owner"), ("Max", "member"), ("Eve", "owner")]
    assert (await gate.send("DELETE", f"{path}/ann@example.com", token=people.tokens["eve"])).status_code == 204
    problem(await gate.send("GET", "/teams/red", token=ann), 404)
    problem(await gate.send("DELETE", f"{path}/bob@example.com", token=people.tokens["eve"]), 404)


async def test_a_member_changes_nobody_and_may_go(gate: Gate) -> None:
    people = await town(gate)
    token = people.tokens["max"]
    for method, path, body in (
        ("POST", "/teams/red/members", {"user": "eve@example.com"}),
        ("PATCH", "/teams/red/members/me", {"role": "owner"}),
        ("DELETE", "/teams/red/members/ann@example.com", None),
        ("POST", "/teams/red/invitations", {}),
        ("GET", "/teams/red/requests", None),
        ("PATCH", "/teams/red", {"name": "x"}),
        ("DELETE", "/teams/red", None),
    ):
        problem(await gate.send(method, path, body, token), 403)
    narrow = {"name": "narrow", "permissions": ["team.read"]}
    reader = (await gate.send("POST", "/tokens", narrow, token)).json()["token"]
    assert "team.join" in problem(await gate.send("DELETE", "/teams/red/members/me", token=reader), 403)["detail"]
    assert (await gate.send("DELETE", "/teams/red/members/me", token=token)).status_code == 204
    problem(await gate.send("GET", "/teams/red", token=token), 404)


async def test_the_last_owner_can_not_go(gate: Gate) -> None:
    people = await town(gate)
    for method, body in (("DELETE", None), ("PATCH", {"role": "member"})):
        for token in (people.tokens["ann"], gate.admin):
            refused = problem(await gate.send(method, "/teams/red/members/ann@example.com", body, token), 409)
            assert "last owner" in refused["detail"]


async def test_who_is_nobody_is_not_me(gate: Gate) -> None:
    await town(gate)
    assert "for people" in problem(await gate.send("DELETE", "/teams/red/members/me"), 403)["detail"]


async def test_what_a_team_has_goes_to_the_heir(gate: Gate) -> None:
    people = await town(gate)
    ann = people.tokens["ann"]
    made = await gate.send("POST", "/servers", {"name": "Desk", "team": "red"}, ann)
    assert made.status_code == 201, made.text
    _, agent = await gate.tokens.create(NewToken(name="agent", permissions=("server.read",), team=people.teams["red"]))
    await gate.settle()
    assert (await gate.send("GET", "/servers/desk", token=agent)).status_code == 200
    assert "1 server" in problem(await gate.send("DELETE", "/teams/red", token=ann), 409)["detail"]
    problem(await gate.send("DELETE", "/teams/red?heir=blue", token=ann), 403)
    problem(await gate.send("DELETE", "/teams/red?heir=green", token=ann), 404)
    await people.team("pink", ann="owner")
    assert (await gate.send("DELETE", "/teams/red?heir=pink", token=ann)).status_code == 204
    assert (await gate.get("/servers/desk"))["team"] == people.teams["pink"]
    assert (await gate.send("GET", "/servers/desk", token=agent)).status_code == 401


async def test_a_team_is_joined_by_link(gate: Gate) -> None:
    people = await town(gate)
    made = await gate.send("POST", "/teams/red/invitations", {"role": "owner"}, people.tokens["ann"])
    assert made.status_code == 201, made.text
    invitation = made.json()
    assert invitation["link"] == f"{URL}/invite#{invitation['code']}"
    assert (invitation["team"]["slug"], invitation["created_by"]) == ("red", people.users["ann"])
    (listed,) = (await gate.send("GET", "/teams/red/invitations", token=people.tokens["ann"])).json()["items"]
    assert invitation["code"] not in str(listed) and listed["id"] == invitation["id"]
    assert (await gate.get("/invitations"))["items"] == []
    problem(await gate.client.get(f"/invitations/{invitation['id']}"), 404)
    problem(await gate.client.get(f"/teams/blue/invitations/{invitation['id']}"), 404)
    taken = await gate.send("POST", "/invitations/accept", {"code": invitation["code"]}, people.tokens["eve"])
    assert (taken.json()["team"]["slug"], taken.json()["role"]) == ("red", "owner")
    assert (await gate.send("GET", "/teams/red", token=people.tokens["eve"])).json()["role"] == "owner"
    path = f"/teams/red/invitations/{invitation['id']}"
    assert (await gate.send("GET", path, token=people.tokens["ann"])).json()["state"] == "used"
    assert (await gate.send("DELETE", path, token=people.tokens["ann"])).status_code == 204
    problem(await gate.send("GET", path, token=people.tokens["ann"]), 404)


async def test_a_public_team_is_asked_to_let_one_in(gate: Gate) -> None:
    people = await town(gate)
    eve, bob = people.tokens["eve"], people.tokens["bob"]
    asked = await gate.send("POST", "/teams/blue/requests", {"message": "I make maps"}, eve)
    assert (asked.status_code, asked.json()["state"], asked.json()["email"]) == (201, "open", "eve@example.com")
    problem(await gate.send("POST", "/teams/blue/requests", {}, eve), 409)
    problem(await gate.send("POST", "/teams/red/requests", {}, people.tokens["max"]), 409)
    (listed,) = (await gate.send("GET", "/teams/blue/requests", token=bob)).json()["items"]
    assert listed == asked.json()
    problem(await gate.send("POST", f"/teams/red/requests/{listed['id']}/accept", {}, people.tokens["ann"]), 404)
    accepted = await gate.send("POST", f"/teams/blue/requests/{listed['id']}/accept", {}, bob)
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    assert accepted.json()["decided_by"] == people.users["bob"]
    assert (await gate.send("GET", "/teams/blue/members", token=eve)).status_code == 200
    problem(await gate.send("POST", f"/teams/blue/requests/{listed['id']}/decline", {}, bob), 409)
    opened = await gate.send("GET", "/teams/blue/requests?state=open", token=bob)
    assert opened.json()["items"] == []
    await gate.send("POST", "/teams/blue/requests", {}, people.tokens["max"])
    (second,) = (await gate.send("GET", "/teams/blue/requests?state=open", token=bob)).json()["items"]
    declined = await gate.send("POST", f"/teams/blue/requests/{second['id']}/decline", {}, bob)
    assert declined.json()["state"] == "declined"
    problem(await gate.send("POST", "/teams/blue/requests", {}), 403)

"""Roles, and who has which where, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.gate import Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio


async def town(gate: Gate) -> People:
    """Root is an administrator, Ann owns red, with Max as member; Bob owns blue."""
    people = People(gate)
    for name in ("root", "ann", "max", "bob"):
        await people.user(name)
    await people.grant("root", "admin")
    await people.team("red", ann="owner", max="member")
    await people.team("blue", bob="owner")
    return people


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/roles", {"name": "mine", "permissions": ["server.read"]}),
        ("PATCH", "/roles/reader", {"permissions": ["server.*"]}),
        ("PATCH", "/roles/viewer", {"permissions": ["server.*"]}),
        ("PATCH", "/roles/nothing", {"name": "x"}),
        ("DELETE", "/roles/reader", None),
        ("DELETE", "/roles/nothing", None),
        ("POST", "/grants", {"user": "ann@example.com", "role": "viewer"}),
        ("POST", "/grants", {"user": "ann@example.com", "role": "admin", "scope": "*"}),
    ],
)
async def test_what_holds_on_all_is_not_for_who_owns_a_team(gate: Gate, method: str, path: str, body: Any) -> None:
    people = await town(gate)
    await gate.create("/roles", name="reader", permissions=["server.read"])
    for name in ("ann", "max"):
        refused = problem(await gate.send(method, path, body, people.tokens[name]), 403)
        assert "lacks permission role.write" in refused["detail"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"name": "x", "permissions": ["server.fly"]}, 400, "no permission 'server.fly'"),
        ({"name": "x", "permissions": ["public"]}, 400, "no permission 'public'"),
        ({"name": "x", "permissions": []}, 400, "permit nothing"),
        ({"name": "x", "permissions": ["*"]}, 400, "permits everything"),
        ({"name": "X Y", "permissions": ["server.read"]}, 400, "can't be the name"),
        ({"name": "admin", "permissions": ["server.read"]}, 409, "always there"),
        ({"name": "x"}, 400, "'permissions' is missing"),
    ],
)
async def test_what_is_no_role_is_refused(gate: Gate, body: Any, status: int, said: str) -> None:
    assert said in problem(await gate.send("POST", "/roles", body), status)["detail"]


async def test_roles_are_told_to_everybody_who_is_signed_in(gate: Gate) -> None:
    people = await town(gate)
    made = await gate.create("/roles", name="reader", permissions=["tool.read", "server.*"], description="Reads")
    assert made["permissions"] == ["server.*", "tool.read"]
    listed = (await gate.send("GET", "/roles", token=people.tokens["max"])).json()["items"]
    assert [(one["name"], one["built_in"]) for one in listed] == [
        ("viewer", True), ("member", True), ("editor", True), ("admin", True), ("reader", False),
    ]  # fmt: skip
    assert listed[3]["permissions"] == ["*"] and listed[0]["description"] and listed[0]["created_at"] is None
    assert (await gate.send("GET", "/roles/reader", token=people.tokens["max"])).json() == made
    assert (await gate.get("/roles/admin"))["built_in"]
    problem(await gate.send("GET", "/roles", token="gh_nobody"), 401)
    problem(await gate.client.get("/roles/nothing"), 404)


async def test_a_role_is_changed_and_deleted(gate: Gate) -> None:
    people = await town(gate)
    made = await gate.create("/roles", name="reader", permissions=["audit.read"])
    await gate.create("/grants", user="max@example.com", role="reader")
    assert (await gate.send("GET", "/audit", token=people.tokens["max"])).status_code == 200
    changed = await gate.send("PATCH", f"/roles/{made['id']}", {"name": "lector", "permissions": ["server.read"]})
    assert (changed.json()["name"], changed.json()["permissions"]) == ("lector", ["server.read"])
    assert (await gate.send("GET", "/audit", token=people.tokens["max"])).status_code == 403
    problem(await gate.send("PATCH", "/roles/lector", {"permissions": ["server.fly"]}), 400)
    assert "1 grant" in problem(await gate.send("DELETE", "/roles/lector"), 409)["detail"]
    (grant,) = (await gate.get("/grants", user="max@example.com"))["items"]
    assert grant["role"] == "lector"
    await gate.send("DELETE", f"/grants/{grant['id']}")
    assert (await gate.send("DELETE", "/roles/lector")).status_code == 204
    for method in ("PATCH", "DELETE"):
        assert (
            "built in"
            in problem(await gate.send(method, "/roles/viewer", {} if method == "PATCH" else None), 409)["detail"]
        )


async def test_one_gives_on_a_team_what_ones_own_role_there_permits(gate: Gate) -> None:
    people = await town(gate)
    ann = people.tokens["ann"]
    body = {"user": "bob@example.com", "role": "editor", "scope": "red"}
    given = await gate.send("POST", "/grants", body, ann)
    assert given.status_code == 201, given.text
    grant = given.json()
    assert (grant["scope"], grant["team"], grant["role"]) == (people.teams["red"], "red", "editor")
    problem(await gate.send("POST", "/grants", body, ann), 409)
    assert (await gate.send("POST", "/servers", {"name": "D", "team": "red"}, people.tokens["bob"])).status_code == 201
    for scope, status in (("blue", 404), ("green", 404), ("*", 403)):
        problem(await gate.send("POST", "/grants", {**body, "scope": scope}, ann), status)
    for wrong in ({"user": "nobody@example.com"}, {"role": "emperor"}):
        problem(await gate.send("POST", "/grants", {**body, **wrong}, ann), 404)
    problem(await gate.send("POST", "/grants", {**body, "user": "max@example.com"}, people.tokens["bob"]), 403)
    problem(await gate.send("POST", "/grants", {**body, "user": "bob@example.com"}, people.tokens["max"]), 403)
    assert (await gate.send("DELETE", f"/grants/{grant['id']}", token=ann)).status_code == 204
    problem(await gate.send("POST", "/servers", {"name": "E", "team": "red"}, people.tokens["bob"]), 400)


async def test_a_grant_elsewhere_is_as_if_it_were_not_there(gate: Gate) -> None:
    people = await town(gate)
    await gate.create("/grants", user="ann@example.com", role="viewer", scope="blue")
    given = await gate.create("/grants", user="bob@example.com", role="viewer", scope="red")
    for method in ("GET", "DELETE"):
        hidden = await gate.send(method, f"/grants/{given['id']}", token=people.tokens["max"])
        nowhere = await gate.send(method, "/grants/grt_none", token=people.tokens["max"])
        assert hidden.status_code == nowhere.status_code and hidden.status_code in (403, 404)
        assert hidden.text.replace(given["id"], "X") == nowhere.text.replace("grt_none", "X")
    own = await gate.send("GET", f"/grants/{given['id']}", token=people.tokens["bob"])
    assert own.status_code == 200
    problem(await gate.send("DELETE", f"/grants/{given['id']}", token=people.tokens["bob"]), 403)


async def test_who_sees_which_grant(gate: Gate) -> None:
    people = await town(gate)
    await gate.create("/grants", user="bob@example.com", role="viewer", scope="red")
    await gate.create("/grants", user="max@example.com", role="editor", scope="blue")

    async def listed(token: str, query: str = "") -> list[tuple[str, str]]:
        found = await gate.send("GET", f"/grants{query}", token=token)
        return sorted((one["email"].partition("@")[0], one["team"] or "*") for one in found.json()["items"])

    everything = [("bob", "red"), ("max", "blue"), ("root", "*")]
    assert await listed(gate.admin) == await listed(people.tokens["root"]) == everything
    assert await listed(people.tokens["ann"]) == [("bob", "red")]
    assert await listed(people.tokens["max"]) == [("max", "blue")]
    assert await listed(people.tokens["bob"]) == [("bob", "red"), ("max", "blue")]
    assert await listed(gate.admin, "?team=red") == [("bob", "red")]
    assert await listed(gate.admin, "?user=root@example.com") == [("root", "*")]
    assert await listed(gate.admin, "?user=nobody@example.com") == await listed(gate.admin, "?team=green") == []


async def test_only_an_administrator_gives_admin_and_the_last_one_stays(gate: Gate) -> None:
    people = await town(gate)
    await gate.create("/roles", name="smith", permissions=["role.*", "user.*", "team.*"])
    await gate.create("/grants", user="max@example.com", role="smith")
    smith = people.tokens["max"]
    for role in ("admin", "viewer", "editor"):
        problem(await gate.send("POST", "/grants", {"user": "max@example.com", "role": role}, smith), 403)
    big = {"name": "big", "permissions": ["token.write"]}
    problem(await gate.send("POST", "/roles", big, smith), 403)
    problem(await gate.send("PATCH", "/roles/smith", {"permissions": ["role.*", "token.*"]}, smith), 403)
    (admin,) = (await gate.get("/grants", user="root@example.com"))["items"]
    problem(await gate.send("DELETE", f"/grants/{admin['id']}", token=smith), 403)
    assert "last administrator" in problem(await gate.send("DELETE", f"/grants/{admin['id']}"), 409)["detail"]
    await gate.create("/grants", user="ann@example.com", role="admin")
    assert (await gate.send("DELETE", f"/grants/{admin['id']}", token=people.tokens["root"])).status_code == 204
    assert (await gate.send("GET", "/users", token=people.tokens["root"])).status_code == 403

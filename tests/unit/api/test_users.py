"""Users, and invitations to the installation, over the API."""

from __future__ import annotations

import pytest

from gatehouse.api.users import CodeInput, UserInput
from tests.unit.api.gate import URL, Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
PASSWORD = "a horse a battery a staple"


async def town(gate: Gate) -> People:
    """Root is an administrator, Ann owns a team, Bob has nothing."""
    people = People(gate)
    for name in ("root", "ann", "bob"):
        await people.user(name)
    await people.grant("root", "admin")
    await people.team("red", ann="owner")
    return people


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users", None),
        ("POST", "/users", {"email": "eve@example.com", "name": "Eve"}),
        ("GET", "/users/ann@example.com", None),
        ("PATCH", "/users/ann@example.com", {"name": "x"}),
        ("DELETE", "/users/ann@example.com", None),
        ("GET", "/invitations", None),
        ("POST", "/invitations", {}),
        ("DELETE", "/invitations/inv_none", None),
    ],
)
async def test_users_are_for_who_has_the_right_on_all(gate: Gate, method: str, path: str, body: object) -> None:
    people = await town(gate)
    await people.grant("bob", "editor")
    for name in ("ann", "bob"):
        refused = problem(await gate.send(method, path, body, people.tokens[name]), 403)
        assert "lacks permission user." in refused["detail"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"email": "nobody", "name": "x"}, "not an email address"),
        ({"email": "eve@example.com", "name": " "}, "no name"),
        ({"email": "eve@example.com"}, "'name' is missing"),
        ({"email": "eve@example.com", "name": "Eve", "password": "short"}, "5 characters"),
        ({"email": "eve@example.com", "name": "Eve", "password": "EVE@example.com"}, "address it belongs to"),
        ({"email": "eve@example.com", "name": "Eve", "admin": True}, "Unknown field 'admin'"),
    ],
)
async def test_what_is_no_user_is_refused(gate: Gate, body: object, said: str) -> None:
    refused = problem(await gate.send("POST", "/users", body), 400)
    assert said in refused["detail"]


async def test_a_user_is_made_shown_found_and_changed(gate: Gate) -> None:
    await town(gate)
    made = await gate.create("/users", email="Eve@Example.com", name="Eve", password=PASSWORD)
    assert (made["email"], made["active"], made["has_password"], made["origin"]) == (
        "eve@example.com", True, True, "admin",
    )  # fmt: skip
    assert PASSWORD not in str(made) and "argon2" not in str(made)
    assert await gate.get("/users/EVE@example.com") == await gate.get(f"/users/{made['id']}") == made
    problem(await gate.send("POST", "/users", {"email": "eve@example.com", "name": "Other"}), 409)
    assert [one["email"] for one in (await gate.get("/users", q="eve"))["items"]] == ["eve@example.com"]
    changed = await gate.send("PATCH", f"/users/{made['id']}", {"name": "Eva", "email": "eva@example.com"})
    assert (changed.json()["name"], changed.json()["email"]) == ("Eva", "eva@example.com")
    page = await gate.get("/users", limit=2)
    rest = await gate.get("/users", limit=2, cursor=page["next"])
    assert len({one["id"] for one in (*page["items"], *rest["items"])}) == 4 and rest["next"] is None


async def test_a_user_is_shown_with_teams_and_roles(gate: Gate) -> None:
    people = await town(gate)
    await people.grant("ann", "viewer")
    shown = await gate.get("/users/ann@example.com")
    assert [(one["slug"], one["role"]) for one in shown["teams"]] == [("red", "owner")]
    assert [(one["role"], one["scope"]) for one in shown["grants"]] == [("viewer", "*")]


async def test_tokens_of_who_is_switched_off_open_nothing(gate: Gate) -> None:
    people = await town(gate)
    assert (await gate.send("GET", "/teams/red", token=people.tokens["ann"])).status_code == 200
    await gate.send("PATCH", "/users/ann@example.com", {"active": False})
    assert (await gate.send("GET", "/teams/red", token=people.tokens["ann"])).status_code in (401, 403)
    await gate.send("PATCH", "/users/ann@example.com", {"active": True})
    assert (await gate.send("GET", "/teams/red", token=people.tokens["ann"])).status_code == 200


async def test_the_last_administrator_stays(gate: Gate) -> None:
    await town(gate)
    for method, body in (("PATCH", {"active": False}), ("DELETE", None)):
        refused = problem(await gate.send(method, "/users/root@example.com", body), 409)
        assert "last administrator" in refused["detail"] and "Give another user" in refused["hint"]


async def test_what_a_user_owns_goes_to_the_heir(gate: Gate) -> None:
    people = await town(gate)
    made = await gate.send("POST", "/servers", {"name": "Desk"}, people.tokens["ann"])
    assert made.json()["owner"] == people.users["ann"]
    refused = problem(await gate.send("DELETE", "/users/ann@example.com"), 409)
    assert "1 server and 1 team without another owner" in refused["detail"]
    problem(await gate.send("DELETE", "/users/ann@example.com?heir=nobody@example.com"), 404)
    problem(await gate.send("DELETE", "/users/ann@example.com?heir=ann@example.com"), 400)
    assert (await gate.send("DELETE", "/users/ann@example.com?heir=bob@example.com")).status_code == 204
    assert (await gate.get("/servers/desk"))["owner"] == people.users["bob"]
    assert (await gate.send("GET", "/servers/desk", token=people.tokens["bob"])).status_code == 200
    assert (await gate.get("/users/bob@example.com"))["teams"][0]["role"] == "owner"
    assert (await gate.send("GET", "/teams", token=people.tokens["ann"])).status_code == 401
    problem(await gate.client.get("/users/ann@example.com"), 404)


async def test_who_may_write_users_does_not_become_an_administrator_by_it(gate: Gate) -> None:
    people = await town(gate)
    await gate.create("/roles", name="helpdesk", permissions=["user.read", "user.write"])
    await people.grant("bob", "helpdesk")
    token = people.tokens["bob"]
    for method, path, body in (
        ("PATCH", "/users/root@example.com", {"email": "bob2@example.com"}),
        ("PATCH", "/users/root@example.com", {"active": False}),
        ("PATCH", "/users/ann@example.com", {"email": "bob2@example.com"}),
        ("DELETE", "/users/root@example.com", None),
        ("DELETE", "/users/ann@example.com?heir=bob@example.com", None),
        ("POST", "/invitations", {"role": "admin"}),
        ("POST", "/invitations", {"role": "viewer"}),
        ("POST", "/grants", {"user": "bob@example.com", "role": "admin"}),
    ):
        problem(await gate.send(method, path, body, token), 403)
    made = await gate.send("POST", "/users", {"email": "eve@example.com", "name": "Eve"}, token)
    assert made.status_code == 201
    assert (await gate.send("POST", "/invitations", {}, token)).status_code == 201


async def test_an_invitation_is_a_link_that_is_shown_once(gate: Gate) -> None:
    people = await town(gate)
    made = await gate.create("/invitations", email="Bob@example.com", role="editor", expires_in="1h")
    assert made["link"] == f"{URL}/invite#{made['code']}"
    assert (made["email"], made["role"], made["team"], made["state"]) == ("bob@example.com", "editor", None, "open")
    (listed,) = (await gate.get("/invitations"))["items"]
    assert made["code"] not in str(listed) and "link" not in listed
    assert await gate.get(f"/invitations/{made['id']}") == listed
    code = {"code": made["code"]}
    problem(await gate.send("POST", "/invitations/accept", code, people.tokens["ann"]), 403)
    taken = await gate.send("POST", "/invitations/accept", code, people.tokens["bob"])
    assert (taken.status_code, taken.json()) == (200, {"team": None, "role": "editor"})
    problem(await gate.send("POST", "/invitations/accept", code, people.tokens["bob"]), 404)
    assert (await gate.get("/invitations"))["items"][0]["state"] == "used"
    assert (await gate.get("/users/bob@example.com"))["grants"][0]["role"] == "editor"


async def test_an_invitation_ends_or_is_withdrawn(gate: Gate) -> None:
    people = await town(gate)
    for seconds, method in ((3600, None), (0, "DELETE")):
        made = await gate.create("/invitations", expires_in="1h")
        gate.clock.time += seconds
        if method:
            assert (await gate.send(method, f"/invitations/{made['id']}")).status_code == 204
        else:
            assert (await gate.get(f"/invitations/{made['id']}"))["state"] == "expired"
        refused = await gate.send("POST", "/invitations/accept", {"code": made["code"]}, people.tokens["bob"])
        assert "not good" in problem(refused, 404)["detail"]
    for body in ({"expires_in": "1y"}, {"expires_in": "100d"}, {"email": "x"}):
        problem(await gate.send("POST", "/invitations", body), 400)


async def test_an_invitation_is_for_people(gate: Gate) -> None:
    made = await gate.create("/invitations")
    refused = problem(await gate.send("POST", "/invitations/accept", {"code": made["code"]}), 403)
    assert "for people" in refused["detail"]


async def test_a_token_that_was_not_made_for_it_takes_no_invitation(gate: Gate) -> None:
    people = await town(gate)
    made = await gate.create("/invitations")
    body = {"name": "narrow", "permissions": ["server.read"]}
    narrow = (await gate.send("POST", "/tokens", body, people.tokens["bob"])).json()["token"]
    refused = problem(await gate.send("POST", "/invitations/accept", {"code": made["code"]}, narrow), 403)
    assert "team.join" in refused["detail"]


def test_a_secret_is_in_no_repr() -> None:
    assert "horse" not in repr(UserInput(email="a@b.c", name="x", password=PASSWORD))
    assert "abc" not in repr(CodeInput(code="abc"))

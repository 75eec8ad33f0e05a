from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "'name' is missing"),
        ({"name": "agent"}, "needs something to open"),
        ({"name": "agent", "servers": []}, "needs something to open"),
        ({"name": "agent", "servers": ["desk", "nowhere", "neither"]}, "There is no server 'nowhere', 'neither'"),
        ({"name": "agent", "servers": ["desk"], "permissions": ["*"]}, "takes no permissions"),
        ({"name": "agent", "permissions": ["upstream.reed"]}, "There is no permission 'upstream.reed'"),
        ({"name": "agent", "permissions": ["public"]}, "There is no permission 'public'"),
        ({"name": "agent", "permissions": ["*"], "expires_in": "soon"}, "'soon' is not a duration"),
        ({"name": "agent", "permissions": ["*"], "expires_in": 30}, "'expires_in' can't be used"),
        ({"name": "agent", "permissions": "*"}, "'permissions' can't be used"),
        ({"name": "agent", "permissions": ["*"], "allowed_ips": ["10.0.0.0/8"]}, "Unknown field 'allowed_ips'"),
        ({"name": "agent", "permissions": ["*"], "daily_quota": 5}, "Unknown field 'daily_quota'"),
    ],
)
async def test_a_token_that_can_not_be_is_refused(gate: Gate, body: dict[str, Any], told: str) -> None:
    await gate.create("/servers", name="Desk")
    assert told in problem(await gate.send("POST", "/tokens", body), 400)["detail"]
    assert len((await gate.get("/tokens"))["items"]) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_token_that_does_not_exist_is_not_found(gate: Gate, method: str) -> None:
    problem(await gate.send(method, "/tokens/x"), 404)


@pytest.mark.parametrize("wanted", [["*"], ["upstream.stdio"], ["upstream.*"], ["token.read", "server.write"]])
async def test_nobody_gives_a_permission_away_that_they_lack(gate: Gate, wanted: list[str]) -> None:
    token = await gate.token("token.*", "upstream.read")
    body = {"name": "more", "permissions": wanted}
    assert "can't give it" in problem(await gate.send("POST", "/tokens", body, token), 403)["detail"]


async def test_nobody_opens_a_server_to_others_that_is_closed_to_them(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    body = {"name": "more", "servers": ["desk"]}
    problem(await gate.send("POST", "/tokens", body, await gate.token("token.*")), 403)
    allowed = await gate.token("token.*", "server.use")
    assert (await gate.send("POST", "/tokens", body, allowed)).status_code == 201


async def test_a_permission_that_one_has_can_be_given_on(gate: Gate) -> None:
    token = await gate.token("token.*", "upstream.*")
    body = {"name": "less", "permissions": ["token.read", "upstream.*", "upstream.stdio"]}
    assert (await gate.send("POST", "/tokens", body, token)).status_code == 201


async def test_a_token_is_shown_once(gate: Gate) -> None:
    server = await gate.create("/servers", name="Desk")
    made = await gate.create("/tokens", name="agent", servers=["desk", server["id"]], expires_in="30d")
    plain = made.pop("token")
    assert made["servers"] == [server["id"]] and made["permissions"] == []
    assert made["hint"] == plain[-4:]
    assert (made["created_at"], made["expires_at"]) == ("2027-01-15T08:00:00Z", "2027-02-14T08:00:00Z")
    assert await gate.get(f"/tokens/{made['id']}") == made
    listed = await gate.client.get("/tokens")
    assert listed.json()["items"][1] == made
    assert plain not in listed.text


async def test_a_new_token_opens_at_once_and_a_revoked_one_no_more(gate: Gate) -> None:
    made = await gate.create("/tokens", name="reader", permissions=["tool.read"])
    assert (await gate.send("GET", "/tools", token=made["token"])).status_code == 200
    assert (await gate.send("DELETE", f"/tokens/{made['id']}")).status_code == 204
    problem(await gate.send("GET", "/tools", token=made["token"]), 401)
    assert (await gate.get(f"/tokens/{made['id']}"))["revoked_at"] == "2027-01-15T08:00:00Z"


async def test_to_revoke_again_is_no_error(gate: Gate) -> None:
    made = await gate.create("/tokens", name="reader", permissions=["tool.read"])
    for _ in range(2):
        assert (await gate.send("DELETE", f"/tokens/{made['id']}")).status_code == 204


async def test_tokens_come_in_pages(gate: Gate) -> None:
    for number in range(3):
        await gate.create("/tokens", name=f"t{number}", permissions=["tool.read"])
    first = await gate.get("/tokens", limit=3)
    second = await gate.get("/tokens", limit=3, cursor=first["next"])
    assert [one["name"] for one in first["items"] + second["items"]] == ["admin", "t0", "t1", "t2"]

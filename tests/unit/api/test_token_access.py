"""What a token opens, before it is made and after."""

from __future__ import annotations

import pytest

from tests.unit.api.gate import Gate
from tests.unit.api.persons import person, team

pytestmark = pytest.mark.anyio


async def test_what_a_token_would_open_is_shown_before_it_is_made(gate: Gate) -> None:
    await gate.weather()
    tools = [one["id"] for one in (await gate.get("/tools"))["items"]]
    prompts = [one["id"] for one in (await gate.get("/prompts"))["items"]]
    resources = [one["id"] for one in (await gate.get("/resources"))["items"]]
    desk = await gate.create("/servers", name="Desk", tools=tools, prompts=prompts, resources=resources)
    await gate.create("/servers", name="Other", tools=tools)
    body = {"name": "agent", "servers": ["desk"], "permissions": ["tool.read"]}
    before = await gate.get("/tokens")
    response = await gate.send("POST", "/tokens/preview", body)
    assert response.status_code == 200, response.text
    shown = response.json()
    assert shown == {
        "usable": True,
        "reason": None,
        "servers": [
            {
                "id": desk["id"],
                "slug": "desk",
                "name": "Desk",
                "tools": ["forecast", "alert"],
                "prompts": ["brief"],
                "resources": ["file:///a", "city://{name}"],
            }
        ],
        "agents": [],
        "api": [{"permission": "tool.read", "on": ["everything"]}],
    }
    assert await gate.get("/tokens") == before
    made = await gate.create("/tokens", **body)
    assert await gate.get(f"/tokens/{made['id']}/access") == shown
    wide = (await gate.send("POST", "/tokens/preview", {"name": "x", "permissions": ["server.use"]})).json()
    assert [one["slug"] for one in wide["servers"]] == ["desk", "other"] and wide["api"] == []


async def test_what_a_token_opens_depends_on_whose_it_is(gate: Gate) -> None:
    ann = await person(gate, "ann")
    await team(gate, "crew", owner=ann)
    body = {"name": "x", "permissions": ["tool.*", "token.read"]}
    hers = (await gate.send("POST", "/tokens/preview", body, ann.token)).json()["api"]
    of_team = (await gate.send("POST", "/tokens/preview", {**body, "team": "crew"}, ann.token)).json()["api"]
    on = {one["permission"]: one["on"] for one in hers}
    assert on["tool.read"] == ["what is public", "what is of team 'crew'", "what its owner has"]
    assert on["token.read"] == ["what is of team 'crew'", "what its owner has"]
    on = {one["permission"]: one["on"] for one in of_team}
    assert on["tool.read"] == ["what is public", "what is of team 'crew'"]
    assert on["tool.write"] == ["what is of team 'crew'"]
    everything = (await gate.send("POST", "/tokens/preview", {"name": "x", "permissions": ["*"]})).json()["api"]
    assert {tuple(one["on"]) for one in everything} == {("everything",)}
    assert "audit.read" in {one["permission"] for one in everything}


async def test_a_token_that_is_no_good_opens_nothing_and_says_why(gate: Gate) -> None:
    revoked = await gate.create("/tokens", name="gone", permissions=["*"])
    await gate.send("DELETE", f"/tokens/{revoked['id']}")
    expired = await gate.create("/tokens", name="late", permissions=["*"], expires_in="1h")
    gate.clock.time += 3600
    for made, reason in ((revoked, "token 'gone' was revoked"), (expired, "token 'late' has expired")):
        assert await gate.get(f"/tokens/{made['id']}/access") == {
            "usable": False,
            "reason": reason,
            "servers": [],
            "agents": [],
            "api": [],
        }

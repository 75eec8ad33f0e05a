"""Agents in the API, and the tokens that are made for them. What reaches an agent is tried in tests/integration."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.kit.ids import new_id
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.recorder import Recorder
from tests.unit.api.gate import CARD, HELPER, WEATHER, Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio


async def helper(gate: Gate, **fields: Any) -> dict[str, Any]:
    gate.operations.offers["helper"] = HELPER
    return await gate.create("/agents", name="helper", url="https://helper.test", **fields)


async def test_an_upstream_that_is_no_agent_is_as_one_that_is_not_there(gate: Gate) -> None:
    weather = await gate.weather()
    there = problem(await gate.send("GET", f"/agents/{weather['id']}"), 404)["detail"]
    nowhere = problem(await gate.send("GET", "/agents/ups_none"), 404)["detail"]
    assert there.replace(weather["id"], "X") == nowhere.replace("ups_none", "X")
    refused = problem(await gate.send("POST", "/tokens", {"name": "t", "agents": ["weather"]}), 400)
    assert "There is no agent 'weather'" in refused["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "helper"}, "url"),
        ({"name": "helper", "url": "ftp://x"}, "http"),
        ({"name": "My agent", "url": "https://x.test"}, "can't be the name"),
        ({"name": "helper", "url": "https://x.test", "command": "date"}, "command"),
    ],
)
async def test_what_can_be_no_agent_is_refused(gate: Gate, body: dict[str, Any], words: str) -> None:
    assert words in (await gate.send("POST", "/agents", body)).text


async def test_an_agent_that_can_not_be_reached_is_kept_with_its_error(gate: Gate) -> None:
    made = await gate.create("/agents", name="away", url="https://away.test")
    assert (made["status"], made["error"], made["skills"]) == ("down", "connection refused", [])
    assert problem(await gate.send("GET", "/agents/away/card"), 409)


async def test_an_agent_shows_what_its_card_says_and_the_tools_that_its_skills_are(gate: Gate) -> None:
    made = await helper(gate, credential={"type": "bearer", "token": "s3cret"}, tags=["x"])
    assert (made["title"], made["protocol_versions"], made["streaming"]) == ("Helper", ["1.0"], True)
    assert made["credential"] == {"type": "bearer"}
    assert made["endpoint"].endswith("/agents/helper/a2a")
    tool = await gate.get("/tools/helper_help")
    assert [(one["id"], one["tool"], one["handle"]) for one in made["skills"]] == [("help", tool["id"], "helper_help")]
    assert (await gate.client.get("/agents/helper/card")).content == CARD
    assert (await gate.get("/agents/helper/skills"))["items"] == made["skills"]
    assert (await gate.send("POST", "/agents/helper/check")).json()["ok"] is True


async def test_agents_stand_in_both_lists_and_apart_from_other_upstreams(gate: Gate) -> None:
    await gate.weather()
    await helper(gate)
    assert [one["name"] for one in (await gate.get("/agents"))["items"]] == ["helper"]
    assert [one["name"] for one in (await gate.get("/upstreams"))["items"]] == ["weather", "helper"]
    assert [one["name"] for one in (await gate.get("/upstreams", kind="a2a"))["items"]] == ["helper"]
    assert [one["name"] for one in (await gate.get("/upstreams", kind="mcp"))["items"]] == ["weather"]


async def test_an_agent_is_changed_and_removed(gate: Gate) -> None:
    await helper(gate, credential={"type": "bearer", "token": "s3cret"})
    moved = await gate.send("PATCH", "/agents/helper", {"url": "https://thief.test"})
    assert "another place" in problem(moved, 400)["detail"]
    off = await gate.send("PATCH", "/agents/helper", {"enabled": False, "description": "Mine"})
    assert (off.json()["enabled"], off.json()["description"]) == (False, "Mine")
    assert "switched off" in problem(await gate.send("POST", "/agents/helper/check"), 409)["detail"]
    assert (await gate.send("DELETE", "/agents/helper")).status_code == 204
    assert (await gate.get("/tools"))["items"] == []


async def test_a_viewer_sees_agents_and_calls_none(gate: Gate) -> None:
    await helper(gate)
    token = await gate.token("agent.read")
    assert (await gate.send("GET", "/agents/helper", token=token)).status_code == 200
    for method, path in (
        ("POST", "/agents/helper/send"),
        ("GET", "/agents/helper/tasks/t"),
        ("DELETE", "/agents/helper"),
    ):
        assert problem(await gate.send(method, path, None if method == "GET" else {}, token), 403)


async def test_a_token_for_agents_opens_those_and_nothing_of_the_api(gate: Gate) -> None:
    agent = await helper(gate)
    gate.operations.offers["other"] = HELPER
    await gate.create("/agents", name="other", url="https://helper.test")
    made = await gate.create("/tokens", name="t", agents=["helper"])
    assert (made["agents"], made["servers"], made["permissions"]) == ([agent["id"]], None, [])
    assert (await gate.get(f"/tokens/{made['id']}"))["agents"] == [agent["id"]]
    assert problem(await gate.send("GET", "/agents", token=made["token"]), 403)
    assert problem(await gate.send("POST", "/tokens", {"name": "u", "permissions": []}, made["token"]), 403)
    holder = gate.door.identify(f"Bearer {made['token']}".encode())
    assert (holder.agents, holder.servers) == (frozenset({agent["id"]}), None)


async def test_nobody_makes_a_token_for_an_agent_that_they_may_not_call(gate: Gate) -> None:
    people = People(gate)
    for name in ("ann", "bob"):
        await people.user(name)
    await people.team("red", ann="owner")
    agent = await helper(gate, team="red")
    unknown = await gate.send("POST", "/tokens", {"name": "t", "agents": ["nothing"]}, people.tokens["bob"])
    hidden = await gate.send("POST", "/tokens", {"name": "t", "agents": [agent["id"]]}, people.tokens["bob"])
    assert (unknown.status_code, hidden.status_code) == (400, 400)
    assert hidden.json()["detail"].replace(agent["id"], "nothing") == unknown.json()["detail"]
    made = await gate.send("POST", "/tokens", {"name": "t", "agents": [agent["id"]]}, people.tokens["ann"])
    assert made.status_code == 201, made.text


async def test_a_token_for_servers_alone_is_for_no_agent_and_the_other_way_round(gate: Gate) -> None:
    await helper(gate)
    gate.operations.offers["weather"] = WEATHER
    await gate.create("/servers", name="Desk")
    for fields in ({"servers": ["desk"]}, {"agents": ["helper"]}):
        made = await gate.create("/tokens", name="t", **fields)
        access = await gate.get(f"/tokens/{made['id']}/access")
        assert [one["slug"] for one in access["servers"]] == fields.get("servers", [])


async def test_calls_of_an_agent_are_seen_by_those_who_may_see_its_teams(gate: Gate) -> None:
    people = People(gate)
    for name in ("ann", "bob"):
        await people.user(name)
    await people.team("red", ann="owner")
    agent = await helper(gate, team="red")
    recorder = Recorder(gate.database, gate.clock)
    recorder.intake.note(
        CallRecord(id=new_id("cal"), at=gate.clock.now(), server=agent["id"], method="SendMessage", outcome="ok")
    )
    await recorder.flush()
    seen = {
        name: (await gate.send("GET", "/calls", token=people.tokens[name])).json()["items"] for name in people.tokens
    }
    assert [len(seen["ann"]), len(seen["bob"])] == [1, 0]

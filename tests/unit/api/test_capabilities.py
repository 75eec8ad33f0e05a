from __future__ import annotations

from typing import Any

import pytest

from gatehouse.catalog.model import Kind
from tests.support.operations import an_offer, offered
from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/tools/x", "/prompts/x", "/resources/x"])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_what_does_not_exist_is_not_found(gate: Gate, method: str, path: str) -> None:
    problem(await gate.send(method, path, None if method == "GET" else {}), 404)


async def test_a_tool_is_no_prompt(gate: Gate) -> None:
    made = await gate.weather()
    problem(await gate.send("GET", f"/prompts/{made['tools'][0]['id']}"), 404)


async def test_a_kind_of_another_list_is_refused(gate: Gate) -> None:
    assert "Accepted: tool" in problem(await gate.send("GET", "/tools?kind=prompt"), 400)["hint"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x"}, "name"),
        ({"enabled": None}, "enabled"),
        ({"enabled": "yes"}, "enabled"),
        ({"annotations": []}, "annotations"),
        ({"tags": ["a", 1]}, "tags[1]"),
        ({"tags": None}, "tags"),
    ],
)
async def test_a_change_that_can_not_be_is_refused(gate: Gate, body: dict[str, Any], field: str) -> None:
    await gate.weather()
    found = problem(await gate.send("PATCH", "/tools/weather_forecast", body), 400)
    assert found["errors"][0]["field"].replace("[...]", "[1]") == field


async def test_to_read_tools_is_not_to_change_or_call_them(gate: Gate) -> None:
    await gate.weather()
    token = await gate.token("tool.read")
    assert (await gate.send("GET", "/tools/weather_forecast", token=token)).status_code == 200
    problem(await gate.send("PATCH", "/tools/weather_forecast", {"enabled": False}, token), 403)
    problem(await gate.send("POST", "/tools/weather_forecast/call", {}, token), 403)
    problem(await gate.send("GET", "/resources", token=token), 403)


async def test_a_tool_is_shown_with_its_words_and_its_servers(gate: Gate) -> None:
    made = await gate.weather()
    server = await gate.create("/servers", name="Desk", tools=["weather_forecast"])
    tool = await gate.get("/tools/weather_forecast")
    assert tool["id"] == made["tools"][0]["id"] and tool["handle"] == "weather_forecast"
    assert tool["upstream"] == {"id": made["id"], "name": "weather"}
    assert (tool["kind"], tool["name"], tool["title"], tool["description"]) == ("tool", "forecast", "Forecast", "Tell")
    assert tool["servers"] == [{"id": server["id"], "slug": "desk", "name": "Desk"}]
    assert (tool["state"], tool["gone_at"], tool["enabled"], tool["tags"]) == ("present", None, True, [])
    assert tool["overrides"] == {"title": None, "description": None, "annotations": None}
    assert "uri" not in tool


async def test_a_definition_is_passed_on_byte_for_byte(gate: Gate) -> None:
    definition = b'{"name":"odd","inputSchema":{"maximum": 12345678901234567890123 ,"x-own":1.0,"a":"\\u00e9"}}'
    gate.operations.offers["weather"] = an_offer(offered(Kind.TOOL, definition))
    await gate.create("/upstreams", name="weather", url="https://weather.test")
    assert b'"definition":' + definition in (await gate.client.get("/tools/weather_odd")).content


async def test_resources_and_templates_are_in_one_list_and_have_their_uri(gate: Gate) -> None:
    await gate.weather()
    items = (await gate.get("/resources"))["items"]
    assert [(one["kind"], one["uri"], one["name"]) for one in items] == [
        ("resource", "file:///a", "file:///a"),
        ("resource_template", "city://{name}", "city://{name}"),
    ]
    assert len((await gate.get("/resources", kind="resource_template"))["items"]) == 1


async def test_overrides_are_said_instead_and_null_takes_them_back(gate: Gate) -> None:
    await gate.weather()
    said = {"title": "Sky", "description": "Look up", "annotations": {"readOnlyHint": True}, "tags": ["sky"]}
    tool = (await gate.send("PATCH", "/tools/weather_forecast", said)).json()
    assert (tool["title"], tool["description"], tool["tags"]) == ("Sky", "Look up", ["sky"])
    assert tool["overrides"]["annotations"] == {"readOnlyHint": True}
    assert tool["definition"]["title"] == "Forecast"
    taken_back = {"title": None, "annotations": None}
    tool = (await gate.send("PATCH", "/tools/weather_forecast", taken_back)).json()
    assert (tool["title"], tool["description"]) == ("Forecast", "Look up")
    assert tool["overrides"] == {"title": None, "description": "Look up", "annotations": None}


async def test_a_list_can_be_narrowed_and_paged(gate: Gate) -> None:
    await gate.weather()
    gate.operations.offers["sea"] = an_offer(offered(Kind.TOOL, b'{"name":"tides"}'))
    await gate.create("/upstreams", name="sea", url="https://sea.test")
    await gate.send("PATCH", "/tools/weather_alert", {"enabled": False, "tags": ["loud"]})

    async def names(**query: str | int) -> list[str]:
        return [one["name"] for one in (await gate.get("/tools", **query))["items"]]

    assert await names() == ["forecast", "alert", "tides"]
    assert await names(upstream="sea") == ["tides"]
    assert await names(tag="loud") == ["alert"]
    assert await names(enabled="false") == ["alert"]
    assert await names(q="TELL") == ["forecast"]
    assert await names(q="%") == []
    assert await names(upstream="nowhere") == []
    first = await gate.get("/tools", limit=2)
    assert [one["name"] for one in (await gate.get("/tools", limit=2, cursor=first["next"]))["items"]] == ["tides"]


async def test_what_a_tool_costs_an_agent_is_told_as_it_is_advertised(gate: Gate) -> None:
    definition = b'{"name":"forecast","description":"Tell","inputSchema":{"type":"object"}}'
    gate.operations.offers["weather"] = an_offer(offered(Kind.TOOL, definition))
    await gate.create("/upstreams", name="weather", url="https://weather.test/mcp")
    await gate.create("/servers", name="Desk", tools=["weather_forecast"])
    tool = await gate.get("/tools/weather_forecast")
    assert tool["tokens"] == -(-(len(definition) + len("weather_")) // 4)
    assert (await gate.get("/tools"))["items"][0]["tokens"] == tool["tokens"]
    (bound,) = (await gate.get("/servers/desk/bindings"))["items"]
    assert bound["tokens"] == -(-len(definition) // 4), "under its own name there"
    said = (await gate.send("PATCH", "/tools/weather_forecast", {"description": "Tell" * 101})).json()
    assert said["tokens"] == tool["tokens"] + 100

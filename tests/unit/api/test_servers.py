from __future__ import annotations

from typing import Any

import pytest

from gatehouse.catalog.model import Kind
from gatehouse.store.database import Database
from tests.support.operations import an_offer, offered
from tests.unit.api.gate import Gate, opened_gate, problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "'name' is missing"),
        ({"name": ""}, "'name' can't be used"),
        ({"name": "Desk", "slug": "Not A Slug"}, "can't be the slug"),
        ({"name": "Desk", "access": "everybody"}, "'access' can't be used"),
        ({"name": "Desk", "era": "stone"}, "'era' can't be used"),
        ({"name": "Desk", "tools": ["a_b", "cap_x"]}, "There is no tool 'a_b', 'cap_x'"),
        ({"name": "Desk", "prompts": ["weather_forecast"]}, "There is no prompt 'weather_forecast'"),
        ({"name": "Desk", "tools": "weather_forecast"}, "'tools' can't be used"),
        ({"name": "Desk", "rate_limit": "5/s"}, "Unknown field 'rate_limit'"),
    ],
)
async def test_a_server_that_can_not_be_is_refused(gate: Gate, body: dict[str, Any], told: str) -> None:
    await gate.weather()
    assert told in problem(await gate.send("POST", "/servers", body), 400)["detail"]
    assert (await gate.get("/servers"))["items"] == []


async def test_a_slug_that_is_taken_is_a_conflict(gate: Gate) -> None:
    await gate.create("/servers", name="Desk", slug="desk")
    problem(await gate.send("POST", "/servers", {"name": "Other", "slug": "desk"}), 409)


@pytest.mark.parametrize("path", ["", "/bindings", "/config"])
async def test_a_server_that_does_not_exist_is_not_found(gate: Gate, path: str) -> None:
    problem(await gate.send("GET", f"/servers/x{path}"), 404)
    problem(await gate.send("PATCH", "/servers/x", {}), 404)
    problem(await gate.send("DELETE", "/servers/x"), 404)
    problem(await gate.send("PUT", "/servers/x/bindings", []), 404)


async def test_nothing_is_opened_to_everybody_where_that_is_not_allowed(sqlite: Database) -> None:
    async with opened_gate(sqlite, anonymous_allowed=False) as gate:
        body = {"name": "Desk", "access": "anonymous"}
        assert "GATEHOUSE_ALLOW_ANONYMOUS" in problem(await gate.send("POST", "/servers", body), 403)["hint"]
        await gate.create("/servers", name="Desk")
        problem(await gate.send("PATCH", "/servers/desk", {"access": "anonymous"}), 403)


async def test_a_server_may_be_opened_to_everybody_where_that_is_allowed(gate: Gate) -> None:
    assert (await gate.create("/servers", name="Desk", access="anonymous"))["access"] == "anonymous"


async def test_a_new_server_answers_with_its_addresses_and_bindings(gate: Gate) -> None:
    made = await gate.weather()
    server = await gate.create(
        "/servers",
        name="My Desk",
        tools=["weather_forecast", made["tools"][1]["id"]],
        prompts=["weather_brief"],
        resources=[made["resources"][0]["id"], made["resource_templates"][0]["id"]],
    )
    assert server["slug"] == "my-desk"
    assert server["url"] == "https://gate.test/servers/my-desk/mcp"
    assert server["sse_url"] == "https://gate.test/servers/my-desk/sse"
    assert server["tools"] == [one["id"] for one in made["tools"]]
    assert (len(server["prompts"]), len(server["resources"]), len(server["bindings"])) == (1, 2, 5)
    first = server["bindings"][0]
    assert (first["name"], first["original_name"], first["kind"]) == ("forecast", "forecast", "tool")
    assert first["upstream"] == {"id": made["id"], "name": "weather"}
    assert (first["enabled"], first["state"], first["shadowed"], first["aliases"]) == (True, "present", False, [])
    assert await gate.get("/servers/my-desk") == server


async def test_a_server_is_changed_and_keeps_what_is_not_said(gate: Gate) -> None:
    await gate.weather()
    await gate.create(
        "/servers", name="Desk", description="Ours", tools=["weather_forecast"], prompts=["weather_brief"]
    )
    changes = {"slug": "bureau", "tools": ["weather_alert"], "instructions": "Ask first.", "enabled": False}
    server = (await gate.send("PATCH", "/servers/desk", changes)).json()
    assert (server["slug"], server["name"], server["description"]) == ("bureau", "Desk", "Ours")
    assert (server["instructions"], server["enabled"]) == ("Ask first.", False)
    assert [one["name"] for one in server["bindings"]] == ["brief", "alert"]
    cleared = (await gate.send("PATCH", "/servers/bureau", {"instructions": None, "description": None})).json()
    assert (cleared["instructions"], cleared["description"]) == (None, "")


async def test_a_deleted_server_is_gone(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    assert (await gate.send("DELETE", "/servers/desk")).status_code == 204
    problem(await gate.send("GET", "/servers/desk"), 404)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "'bindings' is missing"),
        ({"items": []}, "Unknown field 'items'"),
        ([{}], "capability' is missing"),
        ([{"capability": "weather_nothing"}], "There is no capability 'weather_nothing'"),
        ([{"capability": "weather_forecast", "name": "has space"}], "can't be advertised"),
        ([{"capability": "weather_forecast", "label": "x"}], "Unknown field"),
        ([{"capability": "weather_forecast"}, {"capability": "weather_forecast"}], "twice"),
        (
            [{"capability": "weather_forecast", "name": "x"}, {"capability": "weather_alert", "name": "x"}],
            "want the name",
        ),
        ("weather_forecast", "can't be used"),
    ],
)
async def test_bindings_that_can_not_be_are_refused(gate: Gate, body: Any, told: str) -> None:
    await gate.weather()
    await gate.create("/servers", name="Desk", tools=["weather_forecast"])
    assert told in problem(await gate.send("PUT", "/servers/desk/bindings", body), 400)["detail"]
    assert len((await gate.get("/servers/desk/bindings"))["items"]) == 1


@pytest.mark.parametrize("wrapped", [True, False])
async def test_bindings_are_replaced_as_a_whole(gate: Gate, wrapped: bool) -> None:
    await gate.weather()
    await gate.create("/servers", name="Desk", tools=["weather_forecast"])
    wanted = [
        {"capability": "weather_alert", "title": "Alarm", "enabled": False},
        {"capability": "weather_forecast", "name": "sky"},
    ]
    response = await gate.send("PUT", "/servers/desk/bindings", {"bindings": wanted} if wrapped else wanted)
    alert, forecast = response.json()["items"]
    assert (alert["name"], alert["title"], alert["enabled"]) == ("alert", "Alarm", False)
    assert (forecast["name"], forecast["original_name"], forecast["aliases"]) == ("sky", "forecast", ["forecast"])
    assert await gate.get("/servers/desk/bindings") == response.json()


async def test_a_name_that_another_upstream_has_too_gets_its_own(gate: Gate) -> None:
    await gate.weather()
    gate.operations.offers["sea"] = an_offer(offered(Kind.TOOL, b'{"name":"forecast"}'))
    await gate.create("/upstreams", name="sea", url="https://sea.test")
    server = await gate.create("/servers", name="Desk", tools=["weather_forecast", "sea_forecast"])
    assert [one["name"] for one in server["bindings"]] == ["forecast", "sea_forecast"]


async def test_a_second_resource_of_the_same_uri_is_shown_as_shadowed(gate: Gate) -> None:
    made = await gate.weather()
    gate.operations.offers["other"] = an_offer(offered(Kind.RESOURCE, b'{"uri":"file:///a","name":"too"}'))
    other = await gate.create("/upstreams", name="other", url="https://other.test")
    ids = [made["resources"][0]["id"], other["resources"][0]["id"]]
    server = await gate.create("/servers", name="Desk", resources=ids)
    assert [one["shadowed"] for one in server["bindings"]] == [False, True]


async def test_a_binding_stays_while_its_tool_is_gone(gate: Gate) -> None:
    await gate.weather()
    await gate.create("/servers", name="Desk", tools=["weather_forecast"])
    gate.operations.offers["weather"] = an_offer()
    await gate.send("POST", "/upstreams/weather/refresh")
    assert [one["state"] for one in (await gate.get("/servers/desk"))["bindings"]] == ["gone"]


async def test_a_list_can_be_narrowed_and_paged(gate: Gate) -> None:
    await gate.weather()
    await gate.create("/servers", name="Desk", tools=["weather_forecast"], tags=["work"])
    await gate.create("/servers", name="Home", description="sofa")
    first = await gate.get("/servers", limit=1)
    assert [one["slug"] for one in first["items"]] == ["desk"] and len(first["items"][0]["tools"]) == 1
    assert "bindings" not in first["items"][0]
    assert [one["slug"] for one in (await gate.get("/servers", cursor=first["next"]))["items"]] == ["home"]
    assert [one["slug"] for one in (await gate.get("/servers", q="SOFA"))["items"]] == ["home"]
    assert [one["slug"] for one in (await gate.get("/servers", tag="work"))["items"]] == ["desk"]


@pytest.mark.parametrize("query", ["client=netscape", "transport=pigeon", "client=json&token_=x"])
async def test_a_config_that_can_not_be_is_refused(gate: Gate, query: str) -> None:
    await gate.create("/servers", name="Desk")
    problem(await gate.send("GET", f"/servers/desk/config?{query}"), 400)


async def test_a_config_says_what_to_paste(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    config = await gate.get("/servers/desk/config", client="cursor", transport="http")
    assert (config["client"], config["transport"], config["language"]) == ("cursor", "http", "json")
    assert "https://gate.test/servers/desk/mcp" in config["text"]

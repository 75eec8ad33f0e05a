from __future__ import annotations

from typing import Any

import pytest

from gatehouse.catalog.model import Kind
from tests.support.operations import an_offer, offered
from tests.unit.api.gate import WEATHER, Gate, problem

pytestmark = pytest.mark.anyio

SECRETS = {"credential": {"type": "bearer", "token": "s3cr3t"}}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "'name' is missing"),
        ({"name": "weather"}, "neither a url nor a command"),
        ({"name": "weather", "url": "https://a.test", "command": "x"}, "both a url and a command"),
        ({"name": "weather", "url": "ftp://a.test"}, "not an http:// or https:// address"),
        ({"name": "weather", "url": "https://user:pass@a.test"}, "has a user or password"),
        ({"name": "Weather Report", "url": "https://a.test"}, "can't be the name of an upstream"),
        ({"name": "weather", "url": "https://a.test", "kind": "rest"}, "'kind' can't be used"),
        ({"name": "weather", "url": "https://a.test", "transport": "stdio"}, "needs a command"),
        ({"name": "weather", "url": "https://a.test", "transport": "pigeon"}, "'transport' can't be used"),
        ({"name": "weather", "url": "https://a.test", "era": "stone"}, "'era' can't be used"),
        ({"name": "weather", "url": "https://a.test", "timeout": 0}, "'timeout' can't be used"),
        ({"name": "weather", "url": "https://a.test", "tags": [""]}, "'tags[...]' can't be used"),
        ({"name": "weather", "url": "https://a.test", "allowed_ips": []}, "Unknown field 'allowed_ips'"),
        (
            {"name": "weather", "url": "https://a.test", "credential": {"type": "magic"}},
            "'credential.type' can't be used",
        ),
        (
            {"name": "weather", "url": "https://a.test", "credential": {"type": "bearer"}},
            "'credential.token' is missing",
        ),
        ({"name": "weather", "url": "https://a.test", "env": {"A": 1}}, "'env[...]' can't be used"),
    ],
)
async def test_an_upstream_that_can_not_be_is_refused(gate: Gate, body: dict[str, Any], told: str) -> None:
    found = problem(await gate.send("POST", "/upstreams", body), 400)
    assert told.replace("[...]", "") in found["detail"].replace("[...]", "").replace("[0]", "")
    assert (await gate.get("/upstreams"))["items"] == []


@pytest.mark.parametrize(
    "headers", [{"X-A": "a\r\nHost: b"}, {"Host": "b"}, {"bad name": "x"}, {"Content-Length": "1"}, {}]
)
async def test_headers_that_would_break_requests_are_refused(gate: Gate, headers: dict[str, str]) -> None:
    body = {"name": "weather", "url": "https://a.test", "credential": {"type": "headers", "headers": headers}}
    problem(await gate.send("POST", "/upstreams", body), 400)


async def test_a_secret_that_is_refused_is_not_repeated(gate: Gate) -> None:
    body = {"name": "weather", "url": "https://a.test", "credential": {"type": "bearer", "token": "s3cr3t\n"}}
    assert "s3cr3t" not in (await gate.send("POST", "/upstreams", body | {"url": "nope"})).text
    body["credential"] = {"type": "bearer", "token": "s3 cr3t"}
    assert "cr3t" not in (await gate.send("POST", "/upstreams", body)).text


async def test_a_name_that_is_taken_is_a_conflict(gate: Gate) -> None:
    await gate.create("/upstreams", name="weather", url="https://a.test")
    problem(await gate.send("POST", "/upstreams", {"name": "weather", "url": "https://b.test"}), 409)


@pytest.mark.parametrize(
    "body", [{"command": "python"}, {"url": "https://a.test", "env": {"A": "b"}}, {"args": ["-c"]}]
)
async def test_to_say_what_runs_here_takes_a_permission_of_its_own(gate: Gate, body: dict[str, Any]) -> None:
    token = await gate.token("upstream.read", "upstream.write")
    found = problem(await gate.send("POST", "/upstreams", {"name": "local"} | body, token), 403)
    assert "upstream.stdio" in found["detail"]


async def test_to_change_what_runs_here_takes_a_permission_of_its_own(gate: Gate) -> None:
    await gate.create("/upstreams", name="weather", url="https://a.test")
    token = await gate.token("upstream.read", "upstream.write")
    body = {"url": None, "command": "python", "args": ["-c", "evil"]}
    problem(await gate.send("PATCH", "/upstreams/weather", body, token), 403)
    assert (await gate.send("PATCH", "/upstreams/weather", {"description": "Ours"}, token)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/upstreams/x"),
        ("PATCH", "/upstreams/x"),
        ("DELETE", "/upstreams/x"),
        ("POST", "/upstreams/x/refresh"),
        ("POST", "/upstreams/x/check"),
        ("GET", "/upstreams/x/log"),
    ],
)
async def test_an_upstream_that_does_not_exist_is_not_found(gate: Gate, method: str, path: str) -> None:
    assert "'x'" in problem(await gate.send(method, path, {} if method != "GET" else None), 404)["detail"]


async def test_an_upstream_that_is_down_is_saved_with_its_error(gate: Gate) -> None:
    made = await gate.create("/upstreams", name="weather", url="https://a.test/mcp")
    assert (made["status"], made["error"]) == ("down", "connection refused")
    assert made["era"] is None and made["detected"] is None and made["tools"] == []
    assert (await gate.get("/upstreams/weather"))["status"] == "down"


async def test_a_new_upstream_answers_with_what_it_offers(gate: Gate) -> None:
    gate.operations.offers["weather"] = WEATHER
    made = await gate.create("/upstreams", name="weather", url="https://a.test/mcp", tags=["sky"], description="Rain")
    assert made["status"] == "ok" and made["error"] is None
    assert (made["transport"], made["era"], made["era_mode"], made["protocol_version"]) == (
        "auto",
        "legacy",
        "auto",
        "2025-11-25",
    )
    assert made["detected"] == {
        "transport": "http",
        "era": "legacy",
        "protocol_version": "2025-11-25",
        "stateful": True,
    }
    assert made["server_info"] == {"name": "weather", "version": "1"} and made["instructions"] == "Ask."
    assert made["counts"] == {"tools": 2, "prompts": 1, "resources": 1, "resource_templates": 1}
    assert made["skipped"] == [{"kind": "tool", "name": "broken", "reason": "has no name"}]
    assert made["warnings"] == ["alert: has no schema"]
    forecast = made["tools"][0]
    assert (forecast["name"], forecast["handle"]) == ("forecast", "weather_forecast")
    assert (forecast["title"], forecast["description"]) == ("Forecast", "Tell")
    assert [one["name"] for one in made["resources"] + made["resource_templates"]] == ["file:///a", "city://{name}"]
    assert made["created_at"] == "2027-01-15T08:00:00Z"


async def test_secrets_go_in_and_never_come_out(gate: Gate) -> None:
    body = {"name": "local", "command": "python", "args": ["-m", "x"], "env": {"KEY": "hunter2"}}
    made = await gate.create("/upstreams", **body)
    assert made["env"] == ["KEY"]
    made = await gate.create("/upstreams", name="far", url="https://a.test", **SECRETS)
    assert made["credential"] == {"type": "bearer"}
    texts = [(await gate.client.get(path)).text for path in ("/upstreams", "/upstreams/far", "/upstreams/local")]
    assert not any("hunter2" in text or "s3cr3t" in text for text in texts)


async def test_a_credential_does_not_move_to_another_place_by_itself(gate: Gate) -> None:
    await gate.create("/upstreams", name="far", url="https://a.test/mcp", **SECRETS)
    found = problem(await gate.send("PATCH", "/upstreams/far", {"url": "https://thief.test/mcp"}), 400)
    assert found["errors"][0]["field"] == "credential"
    assert (await gate.send("PATCH", "/upstreams/far", {"url": "https://A.test/sse"})).status_code == 200
    moved = await gate.send("PATCH", "/upstreams/far", {"url": "https://b.test", "credential": None})
    assert moved.json()["credential"] is None


async def test_an_upstream_that_is_off_is_not_looked_at(gate: Gate) -> None:
    made = await gate.create("/upstreams", name="weather", url="https://a.test", enabled=False)
    assert made["status"] == "unknown" and gate.operations.refreshed == []
    assert "enabled" in problem(await gate.send("POST", "/upstreams/weather/refresh"), 409)["hint"]
    problem(await gate.send("POST", "/upstreams/weather/check"), 409)


async def test_a_change_of_how_it_is_reached_looks_anew(gate: Gate) -> None:
    await gate.create("/upstreams", name="weather", url="https://a.test")
    gate.operations.offers["weather"] = WEATHER
    changed = (await gate.send("PATCH", "/upstreams/weather", {"url": "https://b.test"})).json()
    assert changed["url"] == "https://b.test" and changed["status"] == "ok" and len(changed["tools"]) == 2


async def test_a_change_of_words_looks_at_nothing(gate: Gate) -> None:
    await gate.create("/upstreams", name="weather", url="https://a.test", tags=["a"], description="Rain")
    response = await gate.send("PATCH", "/upstreams/weather", {"description": None, "tags": None, "name": "sky"})
    assert (response.json()["name"], response.json()["description"], response.json()["tags"]) == ("sky", "", [])
    assert gate.operations.refreshed == ["weather"]


async def test_what_is_switched_on_is_looked_at(gate: Gate) -> None:
    await gate.create("/upstreams", name="weather", url="https://a.test", enabled=False)
    gate.operations.offers["weather"] = WEATHER
    changed = (await gate.send("PATCH", "/upstreams/weather", {"enabled": True})).json()
    assert changed["status"] == "ok"


async def test_a_refresh_finds_what_is_new_and_keeps_what_is_gone(gate: Gate) -> None:
    gate.operations.offers["weather"] = WEATHER
    await gate.create("/upstreams", name="weather", url="https://a.test")
    gate.operations.offers["weather"] = an_offer(offered(Kind.TOOL, b'{"name":"tides"}'))
    refreshed = (await gate.send("POST", "/upstreams/weather/refresh")).json()
    assert [one["name"] for one in refreshed["tools"]] == ["tides"]
    assert {one["name"] for one in (await gate.get("/tools", state="gone"))["items"]} == {"forecast", "alert"}


async def test_a_check_tells_whether_it_answers(gate: Gate) -> None:
    await gate.create("/upstreams", name="weather", url="https://a.test")
    down = (await gate.send("POST", "/upstreams/weather/check")).json()
    assert (down["ok"], down["error"]) == (False, "connection refused")
    gate.operations.offers["weather"] = WEATHER
    ok = (await gate.send("POST", "/upstreams/weather/check")).json()
    assert ok == {"ok": True, "error": None, "milliseconds": 1.5, "era": "legacy", "transport": "http"}


async def test_the_log_of_a_command_is_shown(gate: Gate) -> None:
    await gate.create("/upstreams", name="local", command="python")
    gate.operations.lines = ["one", "two"]
    assert await gate.get("/upstreams/local/log") == {"lines": ["one", "two"]}


async def test_a_deleted_upstream_is_gone(gate: Gate) -> None:
    made = await gate.create("/upstreams", name="weather", url="https://a.test")
    response = await gate.send("DELETE", f"/upstreams/{made['id']}")
    assert response.status_code == 204 and response.content == b""
    problem(await gate.send("GET", "/upstreams/weather"), 404)


async def test_a_list_can_be_narrowed_and_paged(gate: Gate) -> None:
    gate.operations.offers["a"] = WEATHER
    for name in ("a", "b", "c"):
        await gate.create("/upstreams", name=name, url=f"https://{name}.test", tags=["sky"] if name != "c" else [])
    first = await gate.get("/upstreams", limit=2)
    second = await gate.get("/upstreams", limit=2, cursor=first["next"])
    assert [one["name"] for one in first["items"] + second["items"]] == ["a", "b", "c"] and second["next"] is None
    assert [one["name"] for one in (await gate.get("/upstreams", tag="sky"))["items"]] == ["a", "b"]
    assert [one["name"] for one in (await gate.get("/upstreams", status="down"))["items"]] == ["b", "c"]
    assert [one["name"] for one in (await gate.get("/upstreams", q="B.TEST"))["items"]] == ["b"]
    assert first["items"][0]["counts"]["tools"] == 2 and "tools" not in first["items"][0]

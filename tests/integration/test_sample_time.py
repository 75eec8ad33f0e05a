"""The sample server, as the official client and as plain HTTP see it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import mcp
import pytest
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from gatehouse.samples._rpc import Headers, answer
from gatehouse.samples.time import time_service

pytestmark = pytest.mark.anyio

COMMAND = [sys.executable, "-m", "gatehouse.samples.time"]
VERSION = "2026-07-28"
META = "io.modelcontextprotocol/"
ENVELOPE = {f"{META}protocolVersion": VERSION, f"{META}clientCapabilities": {}}
BEFORE_SUMMER_TIME = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with subprocess.Popen([*COMMAND, "--http", "0"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        yield process.stderr.readline().split()[-1]
        process.terminate()


@asynccontextmanager
async def opened(transport: str, era: str, url: str) -> AsyncIterator[mcp.Client]:
    server = url if transport == "http" else StdioServerParameters(command=COMMAND[0], args=COMMAND[1:])
    with anyio.fail_after(30):
        async with mcp.Client(server, mode="legacy" if era == "legacy" else "auto") as client:
            yield client


@pytest.fixture(params=["stdio-legacy", "stdio-modern", "http-legacy", "http-modern"])
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    transport, era = request.param.split("-")
    return transport, era


def modern(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": ENVELOPE}}


def modern_headers(method: str, name: str | None = None, version: str = VERSION) -> dict[str, str]:
    named = {} if name is None else {"Mcp-Name": name}
    return {
        "MCP-Protocol-Version": version,
        "Mcp-Method": method,
        "Accept": "application/json, text/event-stream",
    } | named


def ask(message: Any, headers: Headers | None = None, now: datetime = BEFORE_SUMMER_TIME) -> Any:
    return answer(time_service(lambda: now), json.dumps(message).encode(), headers).body


def call(name: str, /, **arguments: Any) -> dict[str, Any]:
    return ask(modern("tools/call", name=name, arguments=arguments))["result"]


async def test_the_official_client_speaks_the_era_that_it_asked_for(way: tuple[str, str], url: str) -> None:
    async with opened(*way, url) as client:
        assert client.protocol_version == (VERSION if way[1] == "modern" else "2025-11-25")
        assert client.server_info and client.server_info.name == "time"


async def test_tools_are_listed_and_called_with_results_that_fit_their_schemas(way: tuple[str, str], url: str) -> None:
    async with opened(*way, url) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        now = await client.call_tool("current_time")
        there = await client.call_tool(
            "convert_time", {"time": "2026-07-01T14:30", "from_timezone": "Europe/Paris", "to_timezone": "Asia/Tokyo"}
        )
    assert set(tools) == {"current_time", "convert_time"}
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())
    assert now.structured_content and now.structured_content["utc_offset"] == "+00:00"
    assert there.structured_content and there.structured_content["to"]["datetime"] == "2026-07-01T21:30:00+09:00"
    assert there.structured_content["difference_hours"] == 7


async def test_bad_input_is_a_result_that_helps(way: tuple[str, str], url: str) -> None:
    async with opened(*way, url) as client:
        result = await client.call_tool("current_time", {"timezone": "Europe/Pariss"})
    assert result.is_error
    assert "Did you mean Europe/Paris?" in result.content[0].text


async def test_an_unknown_tool_and_an_unknown_resource_are_errors(way: tuple[str, str], url: str) -> None:
    async with opened(*way, url) as client:
        with pytest.raises(MCPError) as unknown_tool:
            await client.call_tool("make_coffee")
        with pytest.raises(MCPError) as unknown_resource:
            await client.read_resource("time://zone/Nowhere")
    assert unknown_tool.value.error.code == -32602
    assert unknown_resource.value.error.code == (-32602 if way[1] == "modern" else -32002)
    assert unknown_resource.value.error.data == {"uri": "time://zone/Nowhere"}


async def test_resources_the_prompt_and_completion_work(way: tuple[str, str], url: str) -> None:
    async with opened(*way, url) as client:
        assert [str(one.uri) for one in (await client.list_resources()).resources] == ["time://zones"]
        templates = (await client.list_resource_templates()).resource_templates
        zones = await client.read_resource("time://zones")
        zone = await client.read_resource("time://zone/Europe%2FParis")
        assert [one.name for one in (await client.list_prompts()).prompts] == ["plan_meeting"]
        prompt = await client.get_prompt("plan_meeting", {"timezones": "Europe/Paris, Asia/Tokyo"})
        of_prompt = await client.complete(
            PromptReference(name="plan_meeting"), {"name": "timezones", "value": "UTC,tok"}
        )
        of_template = await client.complete(
            ResourceTemplateReference(uri=templates[0].uri_template), {"name": "name", "value": "europe/"}
        )
    assert "Europe/Paris" in json.loads(zones.contents[0].text)
    assert json.loads(zone.contents[0].text)["timezone"] == "Europe/Paris"
    assert "Asia/Tokyo" in prompt.messages[0].content.text
    assert of_prompt.completion.values[0] == "UTC, Asia/Tokyo"
    assert "Europe/Paris" in of_template.completion.values


async def test_a_prompt_for_an_unknown_zone_is_refused_with_words(way: tuple[str, str], url: str) -> None:
    async with opened(*way, url) as client:
        with pytest.raises(MCPError, match="There is no time zone 'Atlantis'"):
            await client.get_prompt("plan_meeting", {"timezones": "Atlantis"})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "Missing: time, from_timezone, to_timezone"),
        ({"time": "25:00", "from_timezone": "UTC", "to_timezone": "UTC"}, "'25:00' is not a time"),
        ({"time": "12:00Z", "from_timezone": "UTC", "to_timezone": "UTC"}, "an offset of its own"),
        ({"time": "02:30", "from_timezone": "Europe/Berlin", "to_timezone": "UTC"}, "put forward past it"),
        ({"time": "12:00", "from_timezone": "", "to_timezone": "UTC"}, "There is no time zone ''"),
        ({"time": "12:00", "from_timezone": "../../etc/passwd", "to_timezone": "UTC"}, "There is no time zone"),
        ({"time": "12:00", "from_timezone": "Europe", "to_timezone": "UTC"}, "There is no time zone 'Europe'"),
        ({"time": "12:00", "from_timezone": "\ud800", "to_timezone": "UTC"}, "There is no time zone"),
        ({"time": "0001-01-01T00:00", "from_timezone": "Asia/Tokyo", "to_timezone": "UTC"}, "Years go from 1 to 9999"),
        ({"time": 12, "from_timezone": "UTC", "to_timezone": "UTC"}, "time must be a string"),
        ({"time": "12:00", "from_timezone": "UTC", "to_timezone": "UTC", "x": "y"}, "There is no argument x"),
    ],
)
def test_every_kind_of_bad_input_is_explained(arguments: dict[str, Any], words: str) -> None:
    result = call("convert_time", **arguments)
    assert result["isError"] and words in result["content"][0]["text"]


def test_a_clock_time_means_today_where_the_clock_is() -> None:
    assert call("convert_time", time="12:00", from_timezone="Pacific/Auckland", to_timezone="UTC")["structuredContent"][
        "to"
    ] == {
        "timezone": "UTC",
        "datetime": "2026-03-28T23:00:00+00:00",
        "weekday": "Saturday",
        "utc_offset": "+00:00",
        "is_dst": False,
    }


def test_modern_results_say_what_the_era_asks_for() -> None:
    listed = ask(modern("tools/list"))["result"]
    assert listed["resultType"] == "complete"
    assert (listed["ttlMs"], listed["cacheScope"]) == (3_600_000, "public")
    assert listed["_meta"][f"{META}serverInfo"]["name"] == "time"
    assert VERSION in ask(modern("server/discover"))["result"]["supportedVersions"]


def test_legacy_results_carry_nothing_of_the_modern_era() -> None:
    listed = ask({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})["result"]
    assert set(listed) == {"tools"}


@pytest.mark.parametrize("method", ["initialize", "ping", "logging/setLevel", "resources/subscribe", "no/such"])
def test_methods_that_the_modern_era_does_not_have_are_not_found(method: str) -> None:
    assert ask(modern(method))["error"]["code"] == -32601


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff", b"[" * 100_000, b"3", b"[]", b'{"id":1}', b'{"jsonrpc":"2.0","id":true,"method":"x"}']
)
def test_what_is_no_request_is_refused(raw: bytes) -> None:
    body = answer(time_service(), raw).body
    assert isinstance(body, dict) and body["error"]["code"] in (-32700, -32600)


def test_a_batch_is_answered_in_the_one_version_that_has_them() -> None:
    batch = [{"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "id": 7, "method": "ping"}]
    assert ask(batch, {}) == [{"jsonrpc": "2.0", "id": 7, "result": {}}]
    assert ask(batch, {"mcp-protocol-version": ["2025-06-18"]})["error"]["code"] == -32600


@pytest.mark.parametrize(
    ("headers", "code", "status"),
    [
        (modern_headers("tools/call", "current_time"), None, 200),
        (modern_headers("tools/call", "=?base64?Y3VycmVudF90aW1l?="), None, 200),
        (modern_headers("tools/call", "=?base64?!?="), -32020, 400),
        (modern_headers("tools/call", "convert_time"), -32020, 400),
        (modern_headers("tools/call"), -32020, 400),
        (modern_headers("tools/list", "current_time"), -32020, 400),
        (modern_headers("tools/call", "current_time", "2025-11-25"), -32020, 400),
        ({}, -32020, 400),
    ],
)
async def test_modern_headers_must_say_what_the_body_says(
    url: str, headers: dict[str, str], code: int | None, status: int
) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(url, headers=headers, json=modern("tools/call", name="current_time", arguments={}))
    assert response.status_code == status
    assert response.json().get("error", {}).get("code") == code
    assert response.json()["id"] == 1


async def test_versions_and_envelopes_are_checked(url: str) -> None:
    old = modern("tools/list")
    old["params"]["_meta"] = ENVELOPE | {f"{META}protocolVersion": "1900-01-01"}
    bare = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx.AsyncClient() as client:
        unsupported = await client.post(url, headers=modern_headers("tools/list", version="1900-01-01"), json=old)
        unwrapped = await client.post(url, headers=modern_headers("tools/list"), json=bare)
        missing = await client.post(url, headers=modern_headers("no/such"), json=modern("no/such"))
    assert (unsupported.status_code, unsupported.json()["error"]["code"]) == (400, -32022)
    assert unsupported.json()["error"]["data"]["requested"] == "1900-01-01"
    assert (unwrapped.status_code, unwrapped.json()["error"]["code"]) == (400, -32602)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, -32601)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "["}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:5173"}, 202),
        ({"Content-Type": "text/plain"}, 415),
        ({"Accept": "text/html"}, 406),
        ({}, 202),
    ],
)
async def test_only_programs_on_this_machine_get_in(url: str, headers: dict[str, str], status: int) -> None:
    notification = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
    async with httpx.AsyncClient() as client:
        response = await client.post(url, content=notification, headers={"Content-Type": "application/json"} | headers)
    assert response.status_code == status


async def test_there_is_nothing_to_get_or_delete(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for response in (await client.get(url), await client.delete(url)):
            assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert (await client.get(url.removesuffix("/mcp"))).status_code == 404


def test_without_time_zone_data_utc_still_works_and_the_rest_says_what_to_install() -> None:
    hidden = "import sys, zoneinfo; zoneinfo.reset_tzpath([]); sys.modules['tzdata'] = None\n"
    code = hidden + "from gatehouse.samples.time import main; main([])"
    asked = [modern("tools/call", name="current_time", arguments=zone) for zone in ({}, {"timezone": "Europe/Paris"})]
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    done = subprocess.run(
        [sys.executable, "-c", code], input=lines, capture_output=True, text=True, check=True, timeout=30
    )
    utc, paris = (json.loads(line)["result"] for line in done.stdout.splitlines())
    assert not utc["isError"]
    assert paris["isError"] and "pip install tzdata" in paris["content"][0]["text"]

"""What clients see: names, words that were put in, everything at once, and what is said of upstreams that are down."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fronts import gateway
from tests.support.everything.running import everything
from tests.support.front import Json, http_request, last_message, peer, raw, raw_answer, text_of, until
from tests.support.gateway import Gateway, Launch, free_port
from tests.support.program import Program, running
from tests.support.wilful import TOOLS

__all__ = ["gateway"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def second(gateway: Gateway, tmp_path: Path) -> AsyncIterator[None]:
    """A second upstream, `bag`, with the same names."""
    async with everything(tmp_path) as url:
        await gateway.add_upstream("bag", url=url)
        yield
        await gateway.expect(204, "DELETE", "/upstreams/bag")


async def names(client: Any, method: str = "tools/list", key: str = "tools") -> list[str]:
    return [one["name"] for one in (await client.ask(method))["result"][key]]


async def test_everything_is_named_after_its_upstream(gateway: Gateway, second: None) -> None:
    async with peer(gateway, "") as client:
        listed = await names(client)
        assert {"box_test_simple_text", "bag_test_simple_text"} < set(listed)
        assert len(listed) == len(await gateway.items("/tools"))
        assert "simple text" in text_of(await client.ask("tools/call", {"name": "bag_test_simple_text"}))
        assert "bag_test_simple_prompt" in await names(client, "prompts/list", "prompts")
        assert "messages" in (await client.ask("prompts/get", {"name": "bag_test_simple_prompt"}))["result"]
        assert (await client.ask("tools/call", {"name": "test_simple_text"}))["error"]["code"] == -32602
        await client.initialize()
        assert "simple text" in text_of(await client.call("box_test_simple_text"))


async def test_everything_is_no_more_than_the_tokens_servers_bind(gateway: Gateway, second: None) -> None:
    await gateway.expect(201, "POST", "/servers", {"name": "Little", "tools": ["bag_test_simple_text"]})
    token = await gateway.create_token("little", ["little"])
    try:
        async with peer(gateway, "", token) as client:
            assert await names(client) == ["bag_test_simple_text"]
            assert "simple text" in text_of(await client.ask("tools/call", {"name": "bag_test_simple_text"}))
            response = await client.ask("tools/call", {"name": "box_test_simple_text"})
            assert "Unknown tool" in response["error"]["message"]
    finally:
        await gateway.expect(204, "DELETE", "/servers/little")


async def test_everything_needs_a_token(gateway: Gateway) -> None:
    async with peer(gateway, "", "") as client:
        response = await client.ask_for("tools/list")
        assert response.status_code == 401
        assert "this address needs a token" in response.json()["error"]["message"]


async def test_names_that_collide_are_told_apart(gateway: Gateway, second: None) -> None:
    await gateway.create_server("Pair", ["box", "bag"])
    try:
        async with peer(gateway, "pair") as client:
            listed = await names(client)
            assert len(listed) == len(set(listed))
            assert {"test_simple_text", "bag_test_simple_text"} < set(listed)
            for name in ("test_simple_text", "bag_test_simple_text"):
                assert "simple text" in text_of(await client.ask("tools/call", {"name": name}))
    finally:
        await gateway.expect(204, "DELETE", "/servers/pair")


async def test_a_tool_that_was_renamed_answers_to_both_names_and_lists_the_new_one(gateway: Gateway) -> None:
    body = {
        "name": "Words",
        "tools": ["box_test_simple_text", "box_test_x_mcp_header"],
        "prompts": ["box_test_simple_prompt"],
    }
    await gateway.expect(201, "POST", "/servers", body)
    try:
        bindings = (await gateway.expect(200, "GET", "/servers/words/bindings"))["items"]
        kept = [{"capability": one["capability"]} for one in bindings]
        kept[0] |= {"name": "say", "title": "Say it", "description": "In other words"}
        kept[2] |= {"name": "ask"}
        await gateway.expect(200, "PUT", "/servers/words/bindings", {"bindings": kept})
        async with peer(gateway, "words") as client:

            async def is_renamed() -> bool:
                return "say" in await names(client)

            await until(is_renamed)
            tools = (await client.ask("tools/list"))["result"]["tools"]
            assert [tool["name"] for tool in tools] == ["say", "test_x_mcp_header"]
            assert (tools[0]["title"], tools[0]["description"]) == ("Say it", "In other words")
            for name in ("say", "test_simple_text"):
                assert "simple text" in text_of(await client.ask("tools/call", {"name": name}))
            for name in ("ask", "test_simple_prompt"):
                assert "messages" in (await client.ask("prompts/get", {"name": name}))["result"]
                params = {"ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "a", "value": "par"}}
                completion = (await client.ask("completion/complete", params))["result"]["completion"]
                assert completion["values"][0] == "paris"
            # The schema of what is not renamed is byte for byte what the upstream sent.
            assert tools[1]["inputSchema"]["properties"]["limit"] == {"type": "integer", "x-mcp-header": "Limit"}
    finally:
        await gateway.expect(204, "DELETE", "/servers/words")


async def test_an_upstream_that_is_down_says_so_and_its_tools_stay(gateway: Gateway, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tests.support.wilful", str(tmp_path), "--port", str(port)]
    program = Program(command, tmp_path / "wilful.log")
    async with running(program):
        await program.until_listening(port)
        await gateway.add_upstream("frail", url=f"http://127.0.0.1:{port}/mcp")
    await gateway.create_server("Frail", ["frail"])
    try:
        async with peer(gateway, "frail") as client:
            await gateway.api("POST", "/upstreams/frail/refresh")

            async def account() -> Json:
                result: Json = (await client.ask("tools/list"))["result"]
                assert {tool["name"] for tool in result["tools"]} == set(TOOLS)
                return result["_meta"]["gatehouse/upstreams"]["frail"]

            async def is_stale() -> bool:
                return (await account())["status"] == "stale"

            await until(is_stale)
            said = await account()
            assert said["error"] and said["since"].startswith("20")
            response = await client.ask_for("tools/call", {"name": "whoami"})
            assert response.status_code == 200
            assert response.json()["error"]["code"] == -31503
            assert response.json()["error"]["message"].startswith("frail: ")
            await client.initialize()
            legacy = last_message(await client.say("tools/list"))["result"]
            assert legacy["_meta"]["gatehouse/upstreams"]["frail"]["status"] == "stale"
        async with peer(gateway) as client:
            accounts = (await client.ask("tools/list"))["result"]["_meta"]["gatehouse/upstreams"]
            assert accounts == {"box": {"status": "ok"}}
    finally:
        await gateway.expect(204, "DELETE", "/servers/frail")
        await gateway.expect(204, "DELETE", "/upstreams/frail")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://localhost:3000"}, 200),
        ({"origin": "http://127.0.0.1:8080"}, 200),
        ({"origin": "http://[::1]:5173"}, 200),
        ({"host": "localhost:1"}, 200),
        ({"host": "[::1]:4444"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://localhost.evil.example"}, 403),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example:80"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),
        ({"host": ""}, 403),
    ],
)
async def test_pages_and_names_of_strangers_are_refused(gateway: Gateway, headers: dict[str, str], status: int) -> None:
    async with peer(gateway) as client:
        for response in (
            await client.ask_for("tools/list", headers=headers),
            await client.http.get(client.url, headers=client.headers({**headers, "accept": "application/json"})),
        ):
            assert response.status_code in ((403,) if status == 403 else (200, 406)), response.text
            if status == 403:
                assert "see the setting allowed_" in response.json()["error"]["message"]
                assert "access-control-allow-origin" not in response.headers
            elif "origin" in headers:
                assert response.headers["access-control-allow-origin"] == headers["origin"]
                assert "mcp-session-id" in response.headers["access-control-expose-headers"]


async def test_a_page_may_ask_before_it_calls(gateway: Gateway) -> None:
    async with peer(gateway, token="") as client:
        asked = {
            "origin": "http://localhost:3000",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,mcp-method,mcp-param-region,x-other",
        }
        response = await client.http.options(client.url, headers=asked)
        assert response.status_code == 204
        assert response.headers["access-control-allow-origin"] == "http://localhost:3000"
        allowed = response.headers["access-control-allow-headers"].split(", ")
        assert {"authorization", "mcp-session-id", "mcp-name", "last-event-id", "mcp-param-region"} <= set(allowed)
        assert "x-other" not in allowed
        assert response.headers["access-control-allow-methods"] == "POST, GET, DELETE"
        stranger = await client.http.options(client.url, headers={**asked, "origin": "https://evil.example"})
        assert stranger.status_code == 403


async def test_an_answer_of_refusal_can_be_read_by_a_page_that_is_allowed(gateway: Gateway) -> None:
    async with peer(gateway, token="") as client:
        response = await client.ask_for("tools/list", headers={"origin": "http://localhost:3000"})
        assert response.status_code == 401
        assert response.headers["access-control-allow-origin"] == "http://localhost:3000"


async def test_off_loopback_servers_are_open_to_everybody_only_where_that_is_allowed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with Gateway(data) as gateway:
        await gateway.expect(201, "POST", "/servers", {"name": "Open", "access": "anonymous"})
        async with peer(gateway, "open", "") as client:
            assert (await client.ask_for("tools/list")).status_code == 200
    outside = {"arguments": ("--host", "0.0.0.0")}
    public = {
        "GATEHOUSE_PUBLIC_URL": "https://tools.example.com",
        "GATEHOUSE_ALLOWED_ORIGINS": "https://app.example.com",
    }
    async with Gateway(data, Launch(**outside, environment=public)) as gateway:
        refused = await gateway.api("POST", "/servers", {"name": "More", "access": "anonymous"})
        assert refused.status_code == 403
        async with peer(gateway, "open", "") as client:
            assert (await client.ask_for("tools/list")).status_code == 401
            client.token = gateway.token
            for headers, status in (
                ({"host": "tools.example.com"}, 200),
                ({"host": "tools.example.com", "origin": "https://tools.example.com"}, 200),
                ({"host": "tools.example.com", "origin": "https://app.example.com"}, 200),
                ({"host": "tools.example.com", "origin": "https://other.example.com"}, 403),
                ({"host": "other.example.com"}, 403),
            ):
                assert (await client.ask_for("tools/list", headers=headers)).status_code == status, headers
    allowed = {"GATEHOUSE_ALLOW_ANONYMOUS": "true"}
    async with Gateway(data, Launch(**outside, environment=allowed)) as gateway, peer(gateway, "open", "") as client:
        assert (await client.ask_for("tools/list")).status_code == 200


async def test_a_host_must_be_named(gateway: Gateway) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
    async with raw(gateway) as (reader, writer):
        sent = http_request(gateway, body).replace(f"host: 127.0.0.1:{gateway.port}\r\n".encode(), b"")
        writer.write(sent)
        status, _, answer = await raw_answer(reader)
    assert status in (400, 403), answer

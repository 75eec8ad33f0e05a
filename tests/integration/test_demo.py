"""`up --demo`: what is in it answers, and nothing of it is left when it ends."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp_types as types
import pytest
from mcp.client import Client, ClientRequestContext
from mcp.client.streamable_http import streamable_http_client

from tests.support.gateway import Gateway, Launch
from tests.support.processes import descendants, living, until, until_true
from tests.support.talk import modern_call, text_of

pytestmark = pytest.mark.anyio
DEMO = Launch(arguments=("--demo",))


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with Gateway(tmp_path_factory.mktemp("demo") / "data", DEMO) as gateway:

        async def is_ready() -> bool:
            return "The demo is ready" in gateway.log

        await until_true(is_ready, 150)
        yield gateway


async def test_it_has_what_a_company_has(demo: Gateway) -> None:
    upstreams = {one["name"]: one["status"] for one in await demo.items("/upstreams", kind="mcp")}
    assert len(upstreams) == 32 and list(upstreams.values()).count("ok") >= 29
    states = {upstreams[name] for name in ("vault", "legacy-erp", "inventory")}
    assert states == {"sign_in", "down", "maintenance"}
    counts = {path: len(await demo.items(path)) for path in ("/tools", "/servers", "/teams", "/users", "/tokens")}
    assert counts == {"/tools": 604, "/servers": 9, "/teams": 5, "/users": 14, "/tokens": 13}
    assert len((await demo.expect(200, "GET", "/tools/duplicates"))["items"]) >= 3


async def test_a_month_has_been_lived_in_it(demo: Gateway) -> None:
    totals = await demo.expect(200, "GET", "/metrics/totals", params={"since": "31d"})
    assert totals["sums"]["calls"] > 20_000 and totals["sums"]["errors"] > 100
    series = await demo.expect(200, "GET", "/metrics/series", params={"since": "29d", "step": "1d"})
    assert sum(point["sums"]["calls"] > 0 for point in series["points"]) >= 28
    flows = await demo.expect(200, "GET", "/metrics/flows", params={"since": "7d"})
    assert len({one["client"] for one in flows["items"]}) >= 5


async def test_its_servers_answer_in_every_way(demo: Gateway) -> None:
    async def call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return (await modern_call(f"{demo.url}/mcp", demo.token, tool, arguments))["result"]

    found = await call("tracker_search_issues", {"query": "harbour", "limit": 3})
    assert found["structuredContent"]["items"] and not found["isError"]
    assert (await call("tracker_get_issue", {"id": "0"}))["isError"]
    report = await call("tracker_report_comment", {})
    assert {one["type"] for one in report["content"]} == {"text", "image", "resource_link"}
    assert (await call("weather_play_forecast", {}))["content"][1]["mimeType"] == "audio/wav"
    refused = await call("desk_refund_order", {"order": "10042"})
    assert refused["isError"], "a client that can't ask anybody hears of it"


async def test_a_tool_of_it_asks_before_it_acts(demo: Gateway) -> None:
    async def fill_in(context: ClientRequestContext, params: types.ElicitRequestParams) -> types.ElicitResult:
        assert "Pay it back?" in params.message
        return types.ElicitResult(action="accept", content={"reason": "late", "amount": 12})

    headers = {"authorization": f"Bearer {demo.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{demo.url}/mcp", http_client=http), elicitation_callback=fill_in) as client,
    ):
        done = await client.call_tool("desk_refund_order", {"order": "10042"})
    assert done.structured_content == {"order": "10042", "refunded": 12, "reason": "late"}


async def test_an_agent_of_it_answers_a2a_clients_and_as_a_tool(demo: Gateway) -> None:
    (agent,) = await demo.items("/agents")
    assert (agent["name"], agent["status"]) == ("editor", "ok")
    said = await modern_call(f"{demo.url}/servers/writer/mcp", demo.token, "plain_words", {"message": "We utilize it."})
    assert "We use it." in text_of(said)


async def test_some_of_it_was_not_used_for_a_month(demo: Gateway) -> None:
    found = {
        of: (await demo.expect(200, "GET", "/metrics/unused", params={"of": of, "unused_for": "30d"}))["items"]
        for of in ("tool", "server", "token", "upstream")
    }
    assert {one["name"] for one in found["server"]} == {"everything-once"}
    assert all(found.values()) and len(found["tool"]) > 100
    (used,) = (one for one in await demo.items("/tokens") if one["name"] == "support agent")
    assert used["last_used_at"]


async def test_started_again_it_makes_nothing_twice_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data", DEMO) as first:

        async def is_ready() -> bool:
            return "The demo is ready" in first.log

        await until_true(is_ready, 150)
        children = descendants(first.pid)
        assert children
        first.kill()
        await until(lambda: not living(children))
        await first.start()
        await until_true(is_ready, 60)
        assert len(await first.items("/users")) == 14


async def test_a_gateway_that_has_another_use_is_not_filled(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data") as gateway:
        await gateway.add_upstream("clock", command=sys.executable, args=["-m", "gatehouse.samples.time"])
    command = [sys.executable, "-m", "gatehouse", "up", "--demo", "--no-browser", "--port", "0"]
    refused = await anyio.run_process([*command, "--data", str(tmp_path / "data")], check=False)
    said = refused.stderr.decode()
    assert refused.returncode != 0 and "are not the demo's" in said and "--data" in said

"""Events of a gateway that runs as people run it, with two workers: each once, as it comes, and on the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.support.everything.running import everything
from tests.support.gateway import Gateway, Launch
from tests.support.processes import until_every_worker
from tests.support.program import PAUSE
from tests.support.talk import modern_call

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    directory = tmp_path_factory.mktemp("events")
    async with everything(directory) as url, Gateway(directory / "data", Launch(workers=2)) as running:
        await running.add_upstream("box", url=url)
        await running.create_server("Desk", ["box"])
        await running.create_server("Attic", ["box"])
        yield running


@asynccontextmanager
async def stream(gateway: Gateway, path: str, **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    """Its lines, once it is open."""
    sent = {"authorization": f"Bearer {gateway.token}", **headers}
    async with (
        httpx.AsyncClient(timeout=30, headers=sent) as client,
        client.stream("GET", f"{gateway.url}/api/v1{path}") as response,
    ):
        assert response.status_code == 200
        lines = response.aiter_lines()
        await anext(lines)
        yield lines


async def found(gateway: Gateway, wanted: int, **query: str) -> list[dict[str, Any]]:
    """Events that fit, newest first, once there are so many."""
    with anyio.fail_after(10):
        while len(events := await gateway.items("/events", **query)) < wanted:  # noqa: ASYNC110 - it is another process
            await anyio.sleep(PAUSE)
    return events


async def test_refusals_over_mcp_say_which_token_where_and_how_often(gateway: Gateway) -> None:
    desk = f"{gateway.url}/servers/desk/mcp"
    narrow = await gateway.create_token("narrow", ["attic"])
    slow = await gateway.create_token("slow", ["desk"], rate_limit="1/h")
    # Either worker may answer, and has to have heard of the token, and of what it used up.
    wanted = {("narrow", "not_allowed"), ("slow", "limit_used_up"), (None, "unknown")}
    refused, events = 0, list[dict[str, Any]]()
    with anyio.fail_after(20):
        while not wanted <= {(one["subject"]["name"], one["data"]["cause"]) for one in events}:
            for token in (narrow, slow, "gh_made_up"):
                await modern_call(desk, token, "test_simple_text")
            refused += 1
            events = await gateway.items("/events", kind="token.refused", server="desk")
    unknown = [one["count"] for one in events if one["data"]["cause"] == "unknown"]
    assert len(unknown) <= 2 and sum(unknown) <= refused, "each worker tells once a minute"
    narrowed = next(
        one for one in events if (one["subject"]["name"], one["data"]["cause"]) == ("narrow", "not_allowed")
    )
    assert (
        "Token 'narrow' was refused at server 'desk' from 127.0.0.1: token 'narrow' was not made" in narrowed["message"]
    )
    assert narrow not in json.dumps(events) and "gh_made_up" not in json.dumps(events)


async def test_an_upstream_that_dies_and_comes_back_is_told_once_by_all_workers(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with everything(tmp_path) as url:
        made = await gateway.add_upstream("frail", url=url)
    for _ in range(4):
        await gateway.expect(200, "POST", "/upstreams/frail/refresh")
    await found(gateway, 1, upstream=made["id"], kind="upstream.down")
    events = await gateway.items("/events", upstream=made["id"], kind="upstream.")
    assert events[0]["kind"] == "upstream.down"
    assert len([one for one in events if one["kind"] == "upstream.down"]) == 1
    assert len([one for one in events if one["kind"] == "upstream.added"]) == 1
    (tools,) = await found(gateway, 1, upstream=made["id"], kind="tool.added")
    assert tools["data"]["total"] > 3


async def test_calls_and_events_come_in_one_stream_and_in_either_form(gateway: Gateway) -> None:
    token = await gateway.create_token("agent", ["desk"])

    async def called() -> bool:
        return "result" in await modern_call(f"{gateway.url}/servers/desk/mcp", token, "test_simple_text")

    await until_every_worker(called)
    with anyio.fail_after(20):
        async with stream(gateway, "/live", accept="text/event-stream") as lines:
            assert await called()
            await gateway.expect(200, "PATCH", "/servers/desk", {"description": "Changed"})
            names = set[str]()
            while names != {"call", "event"}:
                text = await anext(lines)
                names |= {text.removeprefix("event: ")} if text.startswith("event: ") else set()
        async with stream(gateway, "/live?calls=false&kind=server.") as lines:
            await gateway.expect(200, "PATCH", "/servers/desk", {"description": "Changed again"})
            told = json.loads(await anext(lines))
    assert told["event"]["message"] == "Server 'desk' was changed: description."

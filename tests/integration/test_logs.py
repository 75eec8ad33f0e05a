"""The log of a gateway that runs as people run it: JSON on a pipe, from two workers, with a line for each request."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pytest

from tests.support.everything.running import everything
from tests.support.gateway import Gateway, Launch
from tests.support.program import PAUSE
from tests.support.talk import Talk, modern_call

pytestmark = pytest.mark.anyio
WORKERS = 2


@dataclass(frozen=True, slots=True)
class House:
    gateway: Gateway
    desk: str
    token: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All that was logged: what is no JSON is what `up` says of itself."""
        return [json.loads(line) for line in self.gateway.log.splitlines() if line.startswith("{")]

    async def line(self, **fields: Any) -> dict[str, Any]:
        """The one with these fields, once it is written."""
        with anyio.fail_after(10):
            while True:
                found = [one for one in self.lines if all(one.get(name) == value for name, value in fields.items())]
                if found:
                    return found[0]
                await anyio.sleep(PAUSE)  # it is another process


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    directory = tmp_path_factory.mktemp("logs")
    launch = Launch(WORKERS, environment={"GATEHOUSE_LOG__REQUESTS": "true"})
    async with everything(directory) as url, Gateway(directory / "data", launch) as gateway:
        await gateway.add_upstream("box", url=url)
        desk = await gateway.create_server("Desk", ["box"])
        token = await gateway.create_token("agent", [desk["id"]])
        yield House(gateway, f"{gateway.url}/servers/desk/mcp", token)


async def test_each_line_is_a_document_and_names_its_worker(house: House) -> None:
    await house.gateway.api("GET", "/servers")
    await house.line(path="/api/v1/servers")
    for line in house.gateway.log.splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])
            assert {"level", "logger", "message", "worker"} <= set(found)
        else:
            assert "http" in line or line.startswith("  "), f"neither JSON nor what `up` says: {line}"


async def test_a_request_of_the_api_is_a_line_with_its_id(house: House) -> None:
    secret = "hunter2-in-a-query"
    headers = {"x-request-id": "mine-1", "authorization": f"Bearer {house.gateway.token}"}
    async with httpx.AsyncClient(headers=headers) as client:
        response = await client.get(f"{house.gateway.url}/api/v1/servers", params={"q": secret})
    assert response.headers["x-request-id"] == "mine-1"
    line = await house.line(request_id="mine-1")
    assert (line["path"], line["status"], line["bytes"]) == ("/api/v1/servers", 200, len(response.content))
    assert line["principal"].startswith("tok_") and line["address"] == "127.0.0.1"
    assert secret not in house.gateway.log and house.gateway.token not in house.gateway.log


async def test_a_call_of_either_era_is_one_line_with_how_it_ended(house: House) -> None:
    async with Talk(house.desk, house.token) as talk:
        await talk.call("test_simple_text")
    await modern_call(house.desk, house.token, "test_error_handling")
    for tool, outcome in (("test_simple_text", "ok"), ("test_error_handling", "tool_error")):
        line = await house.line(name=tool)
        assert (line["rpc_method"], line["outcome"], line["server"], line["upstream"]) == (
            "tools/call", outcome, "desk", "box",
        )  # fmt: skip
        assert line["call_ms"] >= line["upstream_ms"] > 0


async def test_levels_set_at_run_time_reach_every_worker_and_fall_back(house: House) -> None:
    asked = {"levels": {"gatehouse.requests": "error", "gatehouse.tests": "debug"}, "for": "3s"}
    await house.gateway.expect(200, "PUT", "/logs/levels", asked)

    async def told(words: str) -> None:
        with anyio.fail_after(10):
            while True:
                of = [one for one in house.lines if one["message"].startswith(words)]
                if len({one["worker"] for one in of}) == WORKERS:
                    return
                await anyio.sleep(PAUSE)

    await told("Levels of the log: gatehouse.requests=error, gatehouse.tests=debug")
    await told("Levels of the log: the usual")
    found = await house.gateway.expect(200, "GET", "/logs/levels")
    assert found == {"levels": {}, "until": None, "usual": {"*": "info"}}

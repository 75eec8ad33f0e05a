"""The server of the tests does the same in both eras, over each transport: what Gatehouse is measured by."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Literal

import anyio
import mcp_types as types
import pytest
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated

from tests.support.everything.answering import EXPECTED, Memory, answering, text_of
from tests.support.everything.resources import WATCHED
from tests.support.everything.running import STDIO_COMMAND, everything
from tests.support.program import ROOT, clean_environment

pytestmark = pytest.mark.anyio

Mode = Literal["auto", "legacy"]
LINES: list[tuple[str, Mode]] = [
    ("http", "auto"),
    ("http", "legacy"),
    ("stdio", "auto"),
    ("stdio", "legacy"),
    ("sse", "legacy"),
]


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        yield url


def transport(name: str, url: str) -> Any:
    if name == "http":
        return streamable_http_client(url)
    if name == "sse":
        return sse_client(url.replace("/mcp", "/sse"))
    command, *arguments = STDIO_COMMAND
    return stdio_client(StdioServerParameters(command=command, args=arguments, env=clean_environment(), cwd=ROOT))


@pytest.mark.parametrize(("name", "mode"), LINES)
async def test_the_answers_to_its_questions_lead_to_the_same_in_both_eras(name: str, mode: Mode, url: str) -> None:
    memory = Memory()
    with anyio.fail_after(30):
        async with answering(transport(name, url), mode, memory) as client:
            said = {tool: await text_of(client, tool, arguments) for tool, (arguments, _) in EXPECTED.items()}
    assert said == {tool: text for tool, (_, text) in EXPECTED.items()}
    assert memory.questions.count("What is your name?") == 3


@pytest.mark.parametrize(("name", "mode"), LINES)
async def test_a_client_that_can_not_be_asked_gets_an_error(name: str, mode: Mode, url: str) -> None:
    with anyio.fail_after(30):
        async with Client(transport(name, url), mode=mode) as client:
            with pytest.raises(MCPError, match="sampling/createMessage"):
                await text_of(client, "test_missing_capability")


@pytest.mark.parametrize(("name", "mode"), LINES)
async def test_a_change_of_the_watched_resource_is_heard(name: str, mode: Mode, url: str) -> None:
    memory = Memory()
    with anyio.fail_after(30):
        async with answering(transport(name, url), mode, memory) as client:
            if mode == "auto":
                async with client.listen(resource_subscriptions=[WATCHED]) as subscription:
                    await text_of(client, "test_trigger_resource_update")
                    assert await anext(aiter(subscription)) == ResourceUpdated(uri=WATCHED)
            else:
                params = types.SubscribeRequestParams(uri=WATCHED)
                await client.session.send_request(types.SubscribeRequest(params=params), types.EmptyResult)
                await text_of(client, "test_trigger_resource_update")
                await memory.heard.wait()
                assert memory.notifications == ["notifications/resources/updated"]


@pytest.mark.parametrize(("name", "mode"), LINES)
async def test_log_and_progress_come_before_the_result(name: str, mode: Mode, url: str) -> None:
    memory = Memory()
    seen: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total))

    with anyio.fail_after(30):
        async with answering(transport(name, url), mode, memory, "info") as client:
            await client.call_tool("test_tool_with_progress", {}, progress_callback=note)
            await text_of(client, "test_tool_with_logging")
    assert seen == [(0, 100), (50, 100), (100, 100)]
    assert [log.partition(":")[0] for log in memory.logs] == ["info"] * 3

"""A2A's own SDK, as a client and as an agent, with Gatehouse between them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import mcp_types as types
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.support.agents import sdk_agent, sdk_client
from tests.support.gateway import Gateway
from tests.support.program import PAUSE

pytestmark = pytest.mark.anyio
SECRET = "what-the-agent-wants"


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    """With the agents `box` (both versions), `old` (0.3 alone) and `plain` (without streaming)."""
    directory = tmp_path_factory.mktemp("agents")
    async with (
        sdk_agent(directory, "--token", SECRET) as box,
        sdk_agent(directory, "--versions", "0.3") as old,
        sdk_agent(directory, "--plain") as plain,
        Gateway(directory / "gateway") as gateway,
    ):
        credential = {"type": "bearer", "token": SECRET}
        await gateway.expect(201, "POST", "/agents", {"name": "box", "url": box, "credential": credential})
        await gateway.expect(201, "POST", "/agents", {"name": "old", "url": old})
        await gateway.expect(201, "POST", "/agents", {"name": "plain", "url": plain})
        yield gateway


def base(gateway: Gateway, agent: str) -> str:
    return f"{gateway.url}/agents/{agent}"


async def token_for(gateway: Gateway, *agents: str) -> str:
    made = await gateway.expect(201, "POST", "/tokens", {"name": "client", "agents": list(agents)})
    return made["token"]


async def written(gateway: Gateway, path: str, **filters: str) -> list[dict[str, Any]]:
    """What stands in a list that another process writes to every second."""
    with anyio.fail_after(20):
        while not (found := await gateway.items(path, **filters)):  # noqa: ASYNC110 - it is another process
            await anyio.sleep(PAUSE)
    return found


def states(events: list[dict[str, Any]]) -> list[str]:
    found = [event.get("task") or event.get("statusUpdate") for event in events]
    return [one["status"]["state"].removeprefix("TASK_STATE_").lower() for one in found if one]


def words(events: list[dict[str, Any]]) -> str:
    parts = [part for event in events for part in event.get("artifactUpdate", {}).get("artifact", {}).get("parts", [])]
    return "".join(part.get("text", "") for part in parts)


def texts(answer: types.CallToolResult) -> list[str]:
    return [block.text for block in answer.content if isinstance(block, types.TextContent)]


async def test_who_has_no_token_or_one_for_something_else_is_refused_with_a_challenge(gateway: Gateway) -> None:
    await gateway.expect(201, "POST", "/servers", {"name": "Desk"})
    for_server, for_other = await gateway.create_token("s", ["desk"]), await token_for(gateway, "old")
    body = {"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": "x"}}
    async with httpx.AsyncClient(base_url=base(gateway, "box")) as client:
        for path, sent in (("/.well-known/agent-card.json", None), ("/a2a", body)):
            method = "GET" if sent is None else "POST"
            for token, status in (("", 401), ("wrong", 401), (for_server, 403), (for_other, 403)):
                headers = {"authorization": f"Bearer {token}"} if token else {}
                answer = await client.request(method, path, json=sent, headers=headers)
                assert answer.status_code == status, answer.text
                assert answer.headers["www-authenticate"].startswith("Bearer")
    refused = await written(gateway, "/audit", action="agent.call")
    assert {one["resource"]["id"] for one in refused} == {"box"}


@pytest.mark.parametrize("agent", ["box", "old", "plain"])
async def test_a_client_of_the_sdk_streams_from_an_agent_of_the_sdk(gateway: Gateway, agent: str) -> None:
    seen = await sdk_client(base(gateway, agent), await token_for(gateway, agent), "send", "echo hello")
    if agent == "plain":
        parts = [part for artifact in seen[0]["task"]["artifacts"] for part in artifact["parts"]]
        assert "".join(part.get("text", "") for part in parts) == "hello"
    else:
        assert (states(seen)[0], states(seen)[-1], words(seen)) == ("submitted", "completed", "hello")


@pytest.mark.parametrize("agent", ["box", "old"])
async def test_a_task_is_followed_cancelled_and_answered_through_the_gateway(gateway: Gateway, agent: str) -> None:
    token = await token_for(gateway, agent)
    cancelled = await sdk_client(base(gateway, agent), token, "cancel")
    assert states([{"task": cancelled["cancelled"]}, {"task": cancelled["now"]}]) == ["canceled", "canceled"]
    assert states(cancelled["seen"])[-1] == "canceled"
    answered = await sdk_client(base(gateway, agent), token, "answer", "Rome")
    assert "input_required" in states(answered) or "input-required" in states(answered)
    assert (states(answered)[-1], words(answered)) == ("completed", "The answer was Rome")


async def test_a_task_is_shown_to_nobody_else_and_by_no_other_spelling(gateway: Gateway) -> None:
    token, other = await token_for(gateway, "box"), await token_for(gateway, "box")
    task = (await sdk_client(base(gateway, "box"), token, "send", "echo mine"))[0]["task"]
    bare = task["id"].rpartition(".")[0]
    found = await rpc(gateway, token, "GetTask", {"id": task["id"]})
    assert found["result"]["id"] == task["id"]
    for who, id_ in ((other, task["id"]), (token, bare), (other, bare), (gateway.token, task["id"])):
        assert (await rpc(gateway, who, "GetTask", {"id": id_}))["error"]["code"] == -32001
        assert (await rpc(gateway, who, "CancelTask", {"id": id_}))["error"]["code"] == -32001
    listed = await rpc(gateway, token, "ListTasks", {"contextId": task["contextId"]})
    assert [one["id"] for one in listed["result"]["tasks"]] == [task["id"]]
    assert (await rpc(gateway, other, "ListTasks", {"contextId": task["contextId"]}))["result"]["tasks"] == []
    assert (await rpc(gateway, token, "ListTasks", {}))["error"]["code"] == -32004
    message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}], "task_id": bare}
    assert "camelCase" in (await rpc(gateway, other, "SendMessage", {"message": message}))["error"]["message"]
    webhook = {"taskId": task["id"], "url": "https://hook.test"}
    assert (await rpc(gateway, token, "CreateTaskPushNotificationConfig", webhook))["error"]["code"] == -32003
    assert (await rpc(gateway, token, "DoAnything", {}))["error"]["code"] == -32601


async def rpc(gateway: Gateway, token: str, method: str, params: Any) -> Any:
    headers = {"authorization": f"Bearer {token}", "a2a-version": "1.0"}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with httpx.AsyncClient(headers=headers, timeout=30) as client:
        return (await client.post(f"{base(gateway, 'box')}/a2a", json=body)).json()


async def test_what_a_client_of_a2a_does_is_recorded_and_counted(gateway: Gateway) -> None:
    made = await gateway.expect(201, "POST", "/tokens", {"name": "one", "agents": ["box"], "daily_quota": 1})
    assert (await sdk_client(base(gateway, "box"), made["token"], "send", "echo x"))[-1]
    refused = await sdk_client(base(gateway, "box"), made["token"], "send", "echo x")
    assert "429" in refused["words"]
    found = await written(gateway, "/calls", principal=made["id"])
    assert [(one["method"], one["outcome"], one["upstream"]["name"]) for one in found] == [
        ("SendStreamingMessage", "ok", "box")
    ]


async def test_an_mcp_client_finds_an_agents_skills_as_tools_of_a_server(gateway: Gateway) -> None:
    server = await gateway.create_server("Helpers", ["box"])
    token = await gateway.create_token("mcp", [server["id"]])
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=30)
    told: list[str | None] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    url = f"{gateway.url}/servers/{server['id']}/mcp"
    async with http, Client(streamable_http_client(url, http_client=http)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["echo", "find_city_"]
        assert "echo hello" in (tools["echo"].description or "")
        answer = await client.call_tool("echo", {"message": "echo hello"}, progress_callback=progress)
        assert texts(answer) == ["hello", '{"letters": 5.0}']
        assert "Thinking" in told
        asked = await client.call_tool("find_city_", {"message": "ask"})
        assert asked.structured_content["state"] == "input-required"
        known = {key: asked.structured_content[key] for key in ("taskId", "contextId")}
        done = await client.call_tool("find_city_", {"message": "Rome", **known})
        assert texts(done) == ["The answer was Rome"]
        failed = await client.call_tool("echo", {"message": "fail"})
        assert failed.is_error and texts(failed)[0] == "Out of paper"
        picture = await client.call_tool("echo", {"message": "image"})
        image = picture.content[0]
        assert isinstance(image, types.ImageContent) and image.mime_type == "image/png"


async def test_the_command_line_adds_an_agent_and_talks_to_it(gateway: Gateway, tmp_path: Path) -> None:
    environment = dict(os.environ) | {"GATEHOUSE_URL": gateway.url, "GATEHOUSE_TOKEN": gateway.token}

    async def run(*arguments: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "gatehouse", "agent", *arguments]
        done = await anyio.run_process(command, env=environment, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    async with sdk_agent(tmp_path) as url:
        assert "2 skills" in (await run("add", "mine", url))[1]
        assert "mine_echo" in (await run("show", "mine"))[1]
        status, out, _ = await run("send", "mine", "ask", "--json")
        asked = json.loads(out)
        assert (status, asked["state"]) == (0, "input-required")
        status, out, _ = await run("send", "mine", "Rome", "--task", asked["task_id"], "--stream")
        assert (status, out.splitlines()[-1]) == (0, "The answer was Rome")
        status, _, error = await run("cancel", "mine", asked["task_id"])
        assert status == 1 and error
        assert "Removed" in (await run("remove", "mine"))[1]
    status, _, error = await run("show", "mine")
    assert status == 1 and "There is no agent 'mine'" in error

"""Upstreams that die, are down, or change what they offer, while clients go on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.support.everything.running import everything
from tests.support.gateway import Gateway, Launch, free_port
from tests.support.processes import until, until_true
from tests.support.program import Program, running
from tests.support.talk import Talk, modern_call, text_of

pytestmark = pytest.mark.anyio

WILFUL = [sys.executable, "-m", "tests.support.wilful"]


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with Gateway(tmp_path_factory.mktemp("upstreams") / "data") as gateway:
        yield gateway


def command(directory: Path) -> dict[str, Any]:
    """How an upstream over stdio is registered."""
    directory.mkdir(exist_ok=True)
    return {"command": WILFUL[0], "args": [*WILFUL[1:], str(directory)], "env": {"PYTHONPATH": os.getcwd()}}


def over_http(directory: Path, port: int) -> Program:
    directory.mkdir(exist_ok=True)
    return Program([*WILFUL, str(directory), "--port", str(port)], directory / "log")


async def tool_of(gateway: Gateway, upstream: str, name: str) -> dict[str, Any]:
    return next(tool for tool in await gateway.items("/tools", upstream=upstream) if tool["name"] == name)


async def test_a_stdio_upstream_killed_in_a_call_tells_so_and_is_started_again(
    gateway: Gateway, tmp_path: Path
) -> None:
    await gateway.add_upstream("mortal", **command(tmp_path / "mortal"))
    await gateway.add_upstream("bystander", **command(tmp_path / "bystander"))
    async with Talk(f"{gateway.url}/mcp", gateway.token) as talk, Talk(f"{gateway.url}/mcp", gateway.token) as other:
        answers: list[dict[str, Any]] = []

        async def call(client: Talk, tool: str) -> None:
            answers.append(await client.call(tool))

        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(call, other, "bystander_wait")
                await until((tmp_path / "bystander" / "waiting").exists)
                async with anyio.create_task_group() as doomed:
                    doomed.start_soon(call, talk, "mortal_wait")
                    await until((tmp_path / "mortal" / "waiting").exists)
                    victim = int((tmp_path / "mortal" / "waiting").read_text())
                    os.kill(victim, signal.SIGKILL)
                error = answers.pop()["error"]
                assert "mortal" in error["message"]
                assert "SIGKILL" in error["message"]
                assert int(text_of(await talk.call("mortal_whoami"))) != victim
                (tmp_path / "bystander" / "go").touch()
        assert [text_of(answer) for answer in answers] == ["went on"]


async def test_an_http_upstream_killed_in_a_call_tells_so_and_is_used_again_when_it_is_back(
    gateway: Gateway, tmp_path: Path
) -> None:
    port = free_port()
    program = over_http(tmp_path / "remote", port)
    await program.until_listening(port)
    await gateway.add_upstream("remote", url=f"http://127.0.0.1:{port}/mcp")
    await gateway.add_upstream("neighbour", **command(tmp_path / "neighbour"))
    async with Talk(f"{gateway.url}/mcp", gateway.token) as talk:
        answers: list[dict[str, Any]] = []

        async def call() -> None:
            answers.append(await talk.call("remote_wait"))

        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(call)
                await until((tmp_path / "remote" / "waiting").exists)
                program.kill()
            assert "remote" in answers[0]["error"]["message"]
            down = await talk.call("remote_whoami")
            assert "remote" in down["error"]["message"]
            assert text_of(await talk.call("neighbour_whoami"))
            async with running(over_http(tmp_path / "remote", port)) as again:
                await again.until_listening(port)
                assert text_of(await talk.call("remote_whoami")) == str(again.pid)
                assert text_of(await modern_call(f"{gateway.url}/mcp", gateway.token, "remote_whoami"))


async def test_an_upstream_that_is_down_when_it_is_added_is_kept_and_comes_up_by_itself(
    gateway: Gateway, tmp_path: Path
) -> None:
    port = free_port()
    added = await gateway.expect(201, "POST", "/upstreams", {"name": "late", "url": f"http://127.0.0.1:{port}/mcp"})
    assert added["status"] == "down"
    assert str(port) in added["error"]
    assert added["tools"] == []
    async with Talk(f"{gateway.url}/mcp", gateway.token) as talk, running(over_http(tmp_path / "late", port)):

        async def is_up() -> bool:
            return "late_whoami" in await talk.tools()

        await until_true(is_up, 20)
        assert text_of(await talk.call("late_whoami"))
        assert (await gateway.expect(200, "GET", "/upstreams/late"))["status"] == "ok"


async def test_a_capability_that_disappears_is_gone_and_comes_back_with_its_binding(
    gateway: Gateway, tmp_path: Path
) -> None:
    await gateway.add_upstream("fickle", **command(tmp_path / "fickle"))
    server = await gateway.create_server("fickle-server", ["fickle"])
    before = await tool_of(gateway, "fickle", "wait")
    url = f"{gateway.url}/servers/{server['slug']}/mcp"
    (tmp_path / "fickle" / "tools").write_text("whoami\nbear\n")
    await gateway.expect(200, "POST", "/upstreams/fickle/refresh")
    assert (await tool_of(gateway, "fickle", "wait"))["state"] == "gone"
    async with Talk(url, gateway.token) as talk:
        assert await talk.tools() == {"whoami", "bear"}
        assert "error" in await talk.call("wait")
        (tmp_path / "fickle" / "tools").unlink()
        await gateway.expect(200, "POST", "/upstreams/fickle/refresh")
        after = await tool_of(gateway, "fickle", "wait")
        assert (after["id"], after["state"]) == (before["id"], "present")
        assert await talk.tools() == {"whoami", "bear", "wait"}
        (tmp_path / "fickle" / "go").touch()
        assert text_of(await talk.call("wait")) == "went on"


async def test_a_change_of_a_list_is_seen_in_the_api_and_told_to_clients_of_every_worker(tmp_path: Path) -> None:
    """Clients are spread over two workers by the kernel, so there are enough of them that both have some."""
    async with everything(tmp_path) as url, Gateway(tmp_path / "data", Launch(workers=2)) as gateway:
        await gateway.add_upstream("changing", url=url)
        before = (await tool_of(gateway, "changing", "test_trigger_tool_change"))["description"]
        heard = anyio.Semaphore(0)
        clients = 8

        async def listen(stack: AsyncExitStack, ready: anyio.abc.TaskStatus[None]) -> None:
            talk = await stack.enter_async_context(Talk(f"{gateway.url}/mcp", gateway.token))
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
            headers = talk.headers | {"authorization": f"Bearer {gateway.token}"}
            async with http.stream("GET", talk.url, headers=headers) as response:
                ready.started()
                async for line in response.aiter_lines():
                    if "notifications/tools/list_changed" in line:
                        heard.release()
                        return

        async with AsyncExitStack() as stack, anyio.create_task_group() as group:

            async def start(*, task_status: anyio.abc.TaskStatus[None]) -> None:
                await listen(stack, task_status)

            for _ in range(clients):
                await group.start(start)
            answer = await modern_call(f"{gateway.url}/mcp", gateway.token, "changing_test_trigger_tool_change")
            assert text_of(answer)
            with anyio.fail_after(25):
                for _ in range(clients):
                    await heard.acquire()
        after = (await tool_of(gateway, "changing", "test_trigger_tool_change"))["description"]
        assert after != before

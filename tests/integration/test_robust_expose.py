"""`gatehouse expose`: a stdio server for clients of both eras over HTTP, and for the oldest over SSE."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from tests.support.gateway import free_port
from tests.support.processes import descendants, living, until, until_true
from tests.support.program import ROOT, Program, clean_environment, running
from tests.support.talk import Talk, modern_call, text_of

pytestmark = pytest.mark.anyio

EXPOSE = (sys.executable, "-m", "gatehouse", "expose")
TIME = (sys.executable, "-m", "gatehouse.samples.time")


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    port = free_port()
    program = Program([*EXPOSE, "--port", str(port), "--", *TIME], tmp_path_factory.mktemp("expose") / "log")
    async with running(program):
        await until(lambda: "is served at" in program.log, 30)
        await program.until_listening(port)
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("path", "mode"), [("/mcp", "auto"), ("/mcp", "legacy"), ("/sse", "legacy")], ids=["modern", "legacy", "sse"]
)
async def test_an_exposed_server_serves_clients_of_both_eras(
    url: str, path: str, mode: Literal["auto", "legacy"]
) -> None:
    transport: Any = sse_client(url + path) if path == "/sse" else streamable_http_client(url + path)
    with anyio.fail_after(30):
        async with Client(transport, mode=mode) as client:
            assert (client.protocol_version == "2026-07-28") == (mode == "auto")
            tools = (await client.list_tools()).tools
            assert {tool.name for tool in tools} == {"current_time", "convert_time"}
            result = await client.call_tool("current_time", {"timezone": "Asia/Seoul"})
            assert "+09:00" in str(result.content)
            assert (await client.list_prompts()).prompts
            assert (await client.list_resources()).resources


@pytest.mark.parametrize(("command", "words"), [("there-is-no-such-command", "was not found"), ("true", "exited")])
async def test_a_command_that_is_no_server_is_told(command: str, words: str) -> None:
    arguments = [*EXPOSE, "--port", str(free_port()), "--", command]
    with anyio.fail_after(30):
        done = await anyio.run_process(arguments, cwd=ROOT, env=clean_environment(), check=False)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode != 0
    assert words in said
    assert "Traceback" not in said


async def test_an_exposed_server_that_dies_is_started_again_and_goes_when_it_ends(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tests.support.wilful", str(tmp_path)]
    environment = ["--env", f"PYTHONPATH={os.getcwd()}"]
    program = Program([*EXPOSE, "--port", str(port), *environment, "--", *command], tmp_path / "log")
    async with running(program):
        await until(lambda: "is served at" in program.log, 30)
        await program.until_listening(port)
        async with Talk(f"http://127.0.0.1:{port}/mcp", "") as talk:
            first = int(text_of(await talk.call("whoami")))
            os.kill(first, 9)

            async def is_back() -> bool:
                answer = await talk.call("whoami")
                return "result" in answer and text_of(answer) != str(first)

            await until_true(is_back)
        assert text_of(await modern_call(f"http://127.0.0.1:{port}/mcp", "", "whoami")).isdigit()
        everybody = descendants(program.pid)
        os.kill(program.pid, 2)
        await until(lambda: not living(everybody))
        assert "Traceback" not in program.log
        assert "Aborted" not in program.log


async def test_what_is_exposed_is_for_this_machine_alone(url: str) -> None:
    async with httpx.AsyncClient() as http:
        for headers in ({"host": "attacker.example"}, {"origin": "https://attacker.example"}):
            assert (await http.post(f"{url}/mcp", json={}, headers=headers)).status_code == 403

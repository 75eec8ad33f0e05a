"""Servers that people really use, as upstreams, over each transport, for clients of both eras."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from tests.integration.clients.house import House
from tests.support.clients.drivers import Mode, PythonSdk, Target
from tests.support.environments import node, python
from tests.support.gateway import free_port
from tests.support.program import Program, running

pytestmark = pytest.mark.anyio

SERVER_EVERYTHING = "@modelcontextprotocol/server-everything", "dist/index.js"
MODES: tuple[Mode, ...] = ("auto", "legacy")


@pytest.fixture(scope="package")
async def timekeeper(house: House) -> Target:
    arguments = ["-m", "mcp_server_time", "--local-timezone", "UTC"]
    await house.gateway.add_upstream("time", command=python("legacy"), args=arguments)
    return await house.open("time")


@pytest.fixture(scope="package")
async def historian(house: House) -> tuple[Target, Path]:
    """A server of git, and the repository that it looks at: without any commit, with one new file."""
    repository = house.directory / "repository"
    await anyio.run_process(["git", "init", "--quiet", str(repository)])
    (repository / "novel.txt").write_text("Chapter 1")
    arguments = ["-m", "mcp_server_git", "--repository", str(repository)]
    await house.gateway.add_upstream("git", command=python("legacy"), args=arguments)
    return await house.open("git"), repository


@pytest.fixture(scope="package")
async def references(house: House) -> AsyncGenerator[dict[str, Target]]:
    """The reference server in TypeScript, by the transport that it is reached over."""
    command = node().command(*SERVER_EVERYTHING)
    async with AsyncExitStack() as stack:
        urls: dict[str, str] = {}
        for name, argument, path in (("sse", "sse", "sse"), ("http", "streamableHttp", "mcp")):
            port = free_port()
            program = Program([*command, argument], house.directory / f"reference-{name}.log", {"PORT": str(port)})
            await stack.enter_async_context(running(program))
            await program.until_listening(port)
            urls[name] = f"http://127.0.0.1:{port}/{path}"
        await house.gateway.add_upstream("reference-stdio", command=command[0], args=[*command[1:], "stdio"])
        for name, url in urls.items():
            await house.gateway.add_upstream(f"reference-{name}", url=url)
        yield {name: await house.open(f"reference-{name}") for name in ("stdio", "sse", "http")}


@pytest.mark.parametrize("mode", MODES)
async def test_the_time_server_converts_a_time(mode: Mode, timekeeper: Target) -> None:
    wanted = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    answer = await PythonSdk(mode)(timekeeper, "convert_time", wanted)
    assert answer.tools == ("get_current_time", "convert_time")
    assert json.loads(answer.text)["time_difference"] == "+9.0h"


@pytest.mark.parametrize("mode", MODES)
async def test_the_git_server_tells_what_is_new(mode: Mode, historian: tuple[Target, Path]) -> None:
    target, repository = historian
    answer = await PythonSdk(mode)(target, "git_status", {"repo_path": str(repository)})
    assert {"git_status", "git_log", "git_diff"} <= set(answer.tools)
    assert "novel.txt" in answer.text


@pytest.mark.parametrize("transport", ["stdio", "sse", "http"])
@pytest.mark.parametrize("mode", MODES)
async def test_the_reference_server_adds_two_numbers(mode: Mode, transport: str, references: dict[str, Target]) -> None:
    answer = await PythonSdk(mode)(references[transport], "get-sum", {"a": 19, "b": 23})
    assert {"echo", "get-sum", "get-tiny-image"} <= set(answer.tools)
    assert answer.text == "The sum of 19 and 23 is 42."

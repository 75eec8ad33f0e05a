"""Every client that is tried on Gatehouse, behind one signature: it lists the tools and calls one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import anyio
import httpx2
import mcp_types as types
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.support.environments import node, python
from tests.support.program import ROOT, clean_environment

Mode = Literal["auto", "legacy"]
HERE = Path(__file__).parent
SECONDS = 60
"""Longest that a client may take for all of it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A virtual server, for a client to connect to."""

    gateway: str
    """Its URL."""
    server: str
    """Id or slug."""
    token: str

    @property
    def url(self) -> str:
        return f"{self.gateway}/servers/{self.server}/mcp"

    @property
    def sse_url(self) -> str:
        return f"{self.gateway}/servers/{self.server}/sse"


@dataclass(frozen=True, slots=True)
class Answer:
    tools: tuple[str, ...]
    text: str
    """Of the first content of the call's result."""
    version: str = ""
    """The protocol version that was agreed on, where the client tells."""


class Driver(Protocol):
    async def __call__(self, target: Target, tool: str, arguments: Mapping[str, Any]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class PythonSdk:
    """The official SDK, in this process."""

    mode: Mode

    async def __call__(self, target: Target, tool: str, arguments: Mapping[str, Any]) -> Answer:
        headers = {"authorization": f"Bearer {target.token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http:
            return await use(
                Client(streamable_http_client(target.url, http_client=http), mode=self.mode), tool, arguments
            )


@dataclass(frozen=True, slots=True)
class Connect:
    """The official SDK, in this process, in front of `gatehouse connect`."""

    mode: Mode

    async def __call__(self, target: Target, tool: str, arguments: Mapping[str, Any]) -> Answer:
        command = ["-m", "gatehouse", "connect", target.server]
        variables = clean_environment() | {"GATEHOUSE_URL": target.gateway, "GATEHOUSE_TOKEN": target.token}
        parameters = StdioServerParameters(command=sys.executable, args=command, env=variables, cwd=ROOT)
        return await use(Client(stdio_client(parameters), mode=self.mode), tool, arguments)


async def use(client: Client, tool: str, arguments: Mapping[str, Any]) -> Answer:
    with anyio.fail_after(SECONDS):
        async with client:
            listed = await client.list_tools()
            result = await client.call_tool(tool, dict(arguments))
            assert isinstance(result, types.CallToolResult), result
            assert isinstance(result.content[0], types.TextContent), result
            names = tuple(each.name for each in listed.tools)
            return Answer(names, result.content[0].text, str(client.protocol_version))


@dataclass(frozen=True, slots=True)
class LegacyPython:
    """The 1.x line of the official SDK."""

    sse: bool = False

    async def __call__(self, target: Target, tool: str, arguments: Mapping[str, Any]) -> Answer:
        url = target.sse_url if self.sse else target.url
        return await _told([python("legacy"), str(HERE / "legacy_python.py"), url], target, tool, arguments)


async def fastmcp(target: Target, tool: str, arguments: Mapping[str, Any]) -> Answer:
    return await _told([python("fastmcp"), str(HERE / "fastmcp_client.py"), target.url], target, tool, arguments)


@dataclass(frozen=True, slots=True)
class TypeScript:
    """An SDK in TypeScript, by the name of its script."""

    script: str
    sse: bool = False

    async def __call__(self, target: Target, tool: str, arguments: Mapping[str, Any]) -> Answer:
        tools = node()
        url = target.sse_url if self.sse else target.url
        return await _told([tools.binary, str(HERE / self.script), str(tools.modules), url], target, tool, arguments)


@dataclass(frozen=True, slots=True)
class Inspector:
    """The command line of the MCP Inspector; it does one thing a run."""

    sse: bool = False

    async def __call__(self, target: Target, tool: str, arguments: Mapping[str, Any]) -> Answer:
        pairs = [f"{name}={value}" for name, value in arguments.items()]
        listed = await self._run(target, ["--method", "tools/list"])
        result = await self._run(target, ["--method", "tools/call", "--tool-name", tool, "--tool-arg", *pairs])
        return Answer(tuple(each["name"] for each in listed["tools"]), result["content"][0]["text"])

    async def _run(self, target: Target, method: list[str]) -> dict[str, Any]:
        command = node().command("@modelcontextprotocol/inspector", "clients/launcher/build/index.js")
        where = [target.sse_url, "--transport", "sse"] if self.sse else [target.url, "--transport", "http"]
        return json.loads(
            await _output([*command, "--cli", *where, *method, "--header", f"Authorization: Bearer {target.token}"])
        )


async def _told(command: list[str], target: Target, tool: str, arguments: Mapping[str, Any]) -> Answer:
    """The answer of a script of this directory."""
    told = json.loads(await _output([*command, tool, json.dumps(arguments)], {"TOKEN": target.token}))
    return Answer(tuple(told["tools"]), told["text"], told.get("version", ""))


async def _output(command: list[str], environment: Mapping[str, str] | None = None) -> bytes:
    variables = clean_environment() | dict(environment or {})
    # The scripts run in environments of their own, that this repository is no part of.
    del variables["PYTHONPATH"]
    with anyio.fail_after(SECONDS):
        done = await anyio.run_process(command, check=False, env=variables, stderr=subprocess.PIPE)
    assert done.returncode == 0, f"{command[1]}: {done.stderr.decode(errors='replace')}"
    return done.stdout

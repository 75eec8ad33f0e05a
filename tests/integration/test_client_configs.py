"""The MCP servers of other programs on this machine: found, shown without secrets, taken over, and told to nobody elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway import Gateway, Launch, free_port
from tests.support.program import Program, running

pytestmark = pytest.mark.anyio
TIME = ["-m", "gatehouse.samples.time"]
WILFUL = ["-m", "tests.support.wilful"]
SECRETS = ("geheim-1", "geheim-2", "geheim-3", "geheim-4", "geheim-5", "s3cr3ts3cr3ts3cr3ts3cr3t")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of somebody who has used several clients for a while."""
    made = tmp_path_factory.mktemp("home")
    clock: dict[str, Any] = {"command": sys.executable, "args": TIME, "env": {"API_KEY": "geheim-1"}}
    remote = {"url": "https://api.example.com/mcp?token=geheim-2", "headers": {"Authorization": "Bearer geheim-3"}}
    write(made / ".cursor" / "mcp.json", json.dumps({"mcpServers": {"clock": clock, "remote": remote}}))
    options = {"command": "no-such-command", "args": ["--api-key", "geheim-4", "--verbose", "${FROM_OUTSIDE}"]}
    own_url = {"type": "http", "url": "https://hooks.example.com/s/s3cr3ts3cr3ts3cr3ts3cr3t/mcp"}
    project = {
        "mcpServers": {"lost": {"type": "websocket", "url": "wss://x"}, "asks": {"command": "a", "args": ["${B}"]}}
    }
    write(
        made / ".claude.json",
        json.dumps(
            {"mcpServers": {"options": options, "hook": own_url}, "projects": {"/src": project}, "theme": "dark"}
        ),
    )
    gateway = {"command": "gatehouse", "args": ["connect", "desk"]}
    write(made / ".config" / "Claude" / "claude_desktop_config.json", json.dumps({"mcpServers": {"desk": gateway}}))
    write(made / ".codex" / "config.toml", '[mcp_servers.dated]\ncommand = "uvx"\nargs = ["mcp-dates"]\n')
    write(made / ".gemini" / "settings.json", '{"theme": "dark"}')
    write(made / ".codeium" / "windsurf" / "mcp_config.json", '{"mcpServers": ')
    return made


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory, home: Path) -> AsyncIterator[Gateway]:
    environment = {"HOME": str(home), "FROM_OUTSIDE": "geheim-5", "XDG_CONFIG_HOME": "", "PYTHONPATH": str(Path.cwd())}
    async with Gateway(tmp_path_factory.mktemp("configs") / "data", Launch(environment=environment)) as started:
        yield started


async def files(gateway: Gateway) -> dict[str, dict[str, Any]]:
    found = await gateway.expect(200, "GET", "/client-configs")
    assert found["available"] and found["reason"] is None
    return {one["path"]: one for one in found["files"]}


async def take(gateway: Gateway, *wanted: tuple[str, str]) -> list[dict[str, Any]]:
    body = {"upstreams": [{"path": path, "name": name} for path, name in wanted]}
    return (await gateway.expect(200, "POST", "/client-configs/import", body))["items"]


async def test_through_a_proxy_nothing_is_told(gateway: Gateway) -> None:
    for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        headers = {"authorization": f"Bearer {gateway.token}", name: "127.0.0.1"}
        told = (await gateway.api("GET", "/client-configs", headers=headers)).json()
        assert not told["available"] and told["reason"] and told["files"] == []
        body = {"upstreams": [{"path": "~/.cursor/mcp.json", "name": "clock"}]}
        assert (await gateway.api("POST", "/client-configs/import", body, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "setting", [{"GATEHOUSE_PUBLIC_URL": "https://tools.example.com"}, {"GATEHOUSE_HOST": "0.0.0.0"}]
)
async def test_a_gateway_for_others_looks_into_no_files(tmp_path: Path, home: Path, setting: dict[str, str]) -> None:
    arguments = ("--host", setting["GATEHOUSE_HOST"]) if "GATEHOUSE_HOST" in setting else ()
    launch = Launch(environment={**setting, "HOME": str(home)}, arguments=arguments)
    async with Gateway(tmp_path / "data", launch) as gateway:
        told = await gateway.expect(200, "GET", "/client-configs")
        assert not told["available"] and "other machines" in told["reason"] and told["files"] == []


async def test_whoever_may_not_run_commands_sees_none(gateway: Gateway) -> None:
    token = await gateway.create_token("adds urls", permissions=["upstream.write", "upstream.read"])
    assert (await gateway.api("GET", "/client-configs", token=token)).status_code == 403
    body = {"upstreams": [{"path": "~/.cursor/mcp.json", "name": "remote"}]}
    assert (await gateway.api("POST", "/client-configs/import", body, token=token)).status_code == 403


async def test_every_file_with_servers_is_found_and_no_secret_is_told(gateway: Gateway) -> None:
    found = await files(gateway)
    assert {path: one["client"] for path, one in found.items()} == {
        "~/.cursor/mcp.json": "cursor",
        "~/.claude.json": "claude-code",
        "~/.config/Claude/claude_desktop_config.json": "claude-desktop",
        "~/.codex/config.toml": "codex",
        "~/.codeium/windsurf/mcp_config.json": "windsurf",
    }
    assert found["~/.cursor/mcp.json"]["title"] == "Cursor"
    assert not [secret for secret in SECRETS if secret in str(found)]
    clock, remote = found["~/.cursor/mcp.json"]["upstreams"]
    assert clock["address"].startswith("API_KEY=*** ") and clock["address"].endswith("-m gatehouse.samples.time")
    assert remote["address"] == "https://api.example.com/mcp?token=***" and remote["transport"] == "auto"
    options, hook, asks = found["~/.claude.json"]["upstreams"]
    assert options["address"] == "no-such-command --api-key '***' --verbose '${FROM_OUTSIDE}'"
    assert hook["address"] == "https://hooks.example.com/s/***/mcp" and options["problems"] == []
    assert "environment variable B" in asks["problems"][0]


async def test_what_is_wrong_with_a_file_is_said(gateway: Gateway) -> None:
    found = await files(gateway)
    assert "not valid JSON" in found["~/.codeium/windsurf/mcp_config.json"]["problems"][0]
    assert "'lost' was left out" in found["~/.claude.json"]["problems"][0]


async def test_the_gateway_is_not_taken_for_an_upstream_of_its_own(gateway: Gateway) -> None:
    (desk,) = (await files(gateway))["~/.config/Claude/claude_desktop_config.json"]["upstreams"]
    assert desk["known"] and "gateway itself" in desk["problems"][0]
    (refused,) = await take(gateway, ("~/.config/Claude/claude_desktop_config.json", "desk"))
    assert refused["id"] is None and "gateway itself" in refused["error"]


async def test_nothing_but_what_was_told_can_be_taken_over(gateway: Gateway, home: Path) -> None:
    write(home / "other.json", json.dumps({"mcpServers": {"x": {"command": "touch", "args": [str(home / "touched")]}}}))
    wanted = [("~/other.json", "x"), (str(home / "other.json"), "x"), ("~/.cursor/../other.json", "x")]
    refused = await take(gateway, *wanted, ("~/.cursor/mcp.json", "nobody"))
    assert all(one["id"] is None and "not among" in one["error"] for one in refused)
    assert not (home / "touched").exists()


async def test_they_are_taken_over_with_their_secrets_each_by_itself(gateway: Gateway, home: Path) -> None:
    port = free_port()
    program = Program(
        [sys.executable, *WILFUL, str(home), "--port", str(port), "--require", "Bearer geheim-3"], home / "log"
    )
    entry = {"type": "http", "url": f"http://127.0.0.1:{port}/mcp", "headers": {"Authorization": "Bearer geheim-3"}}
    write(home / ".config" / "Code" / "User" / "mcp.json", json.dumps({"servers": {"locked": entry}}))
    async with running(program):
        await program.until_listening(port)
        cursor = "~/.cursor/mcp.json"
        made = await take(
            gateway, (cursor, "clock"), ("~/.config/Code/User/mcp.json", "locked"), ("~/.claude.json", "options")
        )
    clock, locked, options = made
    assert (clock["status"], locked["status"], options["status"]) == ("ok", "ok", "down"), made
    assert clock["error"] is None and "not found" in options["error"]
    stored = await gateway.expect(200, "GET", f"/upstreams/{clock['id']}")
    assert stored["env"] == ["API_KEY"] and stored["counts"]["tools"] > 0
    again, *_ = await take(gateway, (cursor, "clock"))
    assert again["id"] is None and "already" in again["error"]
    assert (await files(gateway))[cursor]["upstreams"][0]["known"]
    records = await gateway.items("/audit", action="upstream.create")
    assert {"clock", "locked", "options"} <= {one["resource"]["name"] for one in records}
    assert not [secret for secret in SECRETS if secret in str((made, records, gateway.log))]

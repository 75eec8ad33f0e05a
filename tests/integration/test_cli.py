"""The commands, run as people run them, against a gateway that runs as people run it."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from mcp import Client, StdioServerParameters

from tests.support.everything.running import STDIO_COMMAND, everything
from tests.support.gateway import Gateway, free_port
from tests.support.program import ROOT, clean_environment

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands where GATEHOUSE_URL and GATEHOUSE_DATA point to one gateway."""

    gateway: Gateway
    everything: str
    """URL of an MCP server."""

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment() | {"GATEHOUSE_URL": self.gateway.url, "GATEHOUSE_DATA": str(self.gateway.data)}

    async def run(self, *arguments: str, **environment: str) -> Ended:
        with anyio.fail_after(60):
            done = await anyio.run_process(
                [sys.executable, "-m", "gatehouse", *arguments],
                cwd=ROOT,
                env=self.environment | environment,
                check=False,
            )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    async def expect(self, *arguments: str, **environment: str) -> Ended:
        """A command that must do what it was asked."""
        ended = await self.run(*arguments, **environment)
        assert ended.code == 0, f"{arguments}: {ended}"
        return ended


@pytest.fixture(scope="module")
async def shell(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shell]:
    directory = tmp_path_factory.mktemp("cli")
    async with everything(directory) as url, Gateway(directory / "data") as gateway:
        shell = Shell(gateway, url)
        await shell.expect("add", "everything", url)
        await shell.expect("server", "create", "All", "--all-from", "everything")
        yield shell


async def test_a_token_that_is_not_good_is_refused_with_what_to_do(shell: Shell) -> None:
    ended = await shell.run("upstream", "list", GATEHOUSE_TOKEN="nonsense")
    assert ended.code == 1
    assert ended.err.startswith("Error: ")
    assert len(ended.err.splitlines()) == 2
    assert "Traceback" not in ended.err


async def test_a_name_that_does_not_exist_is_refused(shell: Shell) -> None:
    for command in (["upstream", "show"], ["upstream", "remove"], ["server", "show"], ["server", "delete"]):
        ended = await shell.run(*command, "nothing-like-this")
        assert ended.code == 1, command
        assert "nothing-like-this" in ended.err


async def test_a_name_that_is_taken_is_refused(shell: Shell) -> None:
    ended = await shell.run("add", "everything", shell.everything)
    assert ended.code == 1
    assert ended.out == ""


async def test_an_upstream_that_is_down_is_added_and_its_error_told(shell: Shell) -> None:
    ended = await shell.expect("add", "down", f"http://127.0.0.1:{free_port()}/mcp")
    assert "can't be reached" in ended.out
    assert "gatehouse upstream refresh down" in ended.out
    listed = await shell.expect("upstream", "list")
    assert "down" in listed.out
    assert (await shell.run("upstream", "refresh", "down")).code == 1
    assert (await shell.run("upstream", "check", "down")).code == 1
    assert "Removed 'down'" in (await shell.expect("upstream", "remove", "down")).out


async def test_a_pattern_that_matches_nothing_names_what_is_near(shell: Shell) -> None:
    ended = await shell.run("server", "create", "None", "--tool", "everything_test_simple_txt")
    assert ended.code == 1
    assert "everything_test_simple_text" in ended.err


async def test_a_command_is_added_as_a_stdio_upstream(shell: Shell) -> None:
    ended = await shell.expect("add", "local", "-e", "COLOUR=crimson", "--json", "--", *STDIO_COMMAND)
    assert (ended.json["transport"], ended.json["status"], ended.json["env"]) == ("stdio", "ok", ["COLOUR"])
    shown = await shell.expect("upstream", "show", "local")
    assert "test_simple_text" in shown.out
    assert "crimson" not in shown.out
    assert (await shell.expect("upstream", "log", "local")).err == ""
    await shell.expect("upstream", "remove", "local")


async def test_what_add_found_is_told(shell: Shell) -> None:
    ended = await shell.expect("add", "again", shell.everything)
    assert "Added 'again' (http modern 2026-07-28)" in ended.out
    assert "tools" in ended.out
    assert "gatehouse server create" in ended.out
    checked = await shell.expect("upstream", "check", "again")
    assert "again answers" in checked.out
    await shell.expect("upstream", "remove", "again")


async def test_lists_are_json_where_asked_for(shell: Shell) -> None:
    for command in ("upstream", "tool", "server", "token"):
        listed = (await shell.expect(command, "list", "--json")).json
        assert listed["next"] is None
        assert isinstance(listed["items"], list)


async def test_a_server_has_the_tools_that_its_patterns_match(shell: Shell) -> None:
    made = await shell.expect(
        "server", "create", "Some", "--tool", "*simple*", "--tool", "everything/test_image*", "--json"
    )
    assert (made.json["slug"], len(made.json["tools"])) == ("some", 2)
    shown = await shell.expect("server", "show", "some")
    assert "test_simple_text" in shown.out
    assert "test_image_content" in shown.out
    assert "some" in (await shell.expect("server", "list")).out
    assert "Deleted 'some'" in (await shell.expect("server", "delete", "some")).out


async def test_a_token_is_printed_alone_opens_its_server_and_can_be_revoked(shell: Shell) -> None:
    made = await shell.expect("token", "create", "agent", "--server", "all", "--expires", "1h")
    token = made.out.strip()
    assert len(token.split()) == 1
    assert "agent" in made.err
    called = await shell.expect("call", "all", "test_simple_text", GATEHOUSE_TOKEN=token)
    assert called.out.strip()
    assert (await shell.run("upstream", "list", GATEHOUSE_TOKEN=token)).code == 1
    (id_,) = [
        one["id"] for one in (await shell.expect("token", "list", "--json")).json["items"] if one["name"] == "agent"
    ]
    assert token not in (await shell.expect("token", "list", "--json")).out
    await shell.expect("token", "revoke", id_)
    with anyio.fail_after(10):
        while (await shell.run("call", "all", "test_simple_text", GATEHOUSE_TOKEN=token)).code == 0:
            pass


async def test_a_call_converts_its_arguments_and_mirrors_them(shell: Shell) -> None:
    ended = await shell.expect("call", "all", "test_x_mcp_header", "region=ü", "limit=3", "dry_run=yes")
    assert "Region: ü" in ended.out


async def test_a_config_is_what_a_client_reads(shell: Shell) -> None:
    ended = await shell.expect("server", "config", "all", "--client", "json", "--transport", "http")
    entry = ended.json["mcpServers"]["all"]
    assert entry["url"] == f"{shell.gateway.url}/servers/all/mcp"
    assert shell.gateway.token not in ended.out + ended.err
    stdio = await shell.expect("server", "config", "all", "--client", "vscode", "--transport", "stdio")
    assert stdio.json["servers"]["all"]["args"] == ["connect", "all"]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_stdio_client_reaches_a_server_by_its_name(shell: Shell, mode: Any) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "gatehouse", "connect", "all"], env=shell.environment, cwd=str(ROOT)
    )
    with anyio.fail_after(60):
        async with Client(server, mode=mode) as client:
            assert not (await client.call_tool("test_simple_text", {})).is_error


async def test_a_file_of_another_program_is_imported_once(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    servers = {"Remote": {"url": shell.everything}, "odd": {"type": "pigeon"}}
    await to_thread.run_sync(file.write_text, json.dumps({"servers": servers}))
    first = await shell.run("import", str(file), "--json")
    assert [(one["name"], one["state"]) for one in first.json["items"]] == [("remote", "ok")]
    assert first.code == 1
    assert "pigeon" in first.json["problems"][0]
    assert [one["state"] for one in (await shell.run("import", str(file), "--json")).json["items"]] == ["same"]
    await shell.expect("upstream", "remove", "remote")


async def test_doctor_finds_all_well(shell: Shell) -> None:
    ended = await shell.run("doctor", "--json")
    found = {one["check"]: one["state"] for one in ended.json["items"]}
    assert found.pop("event loop") in ("ok", "warn"), "it is late where the machine has more to do than it can"
    well = ("python", "data directory", "database", "gateway", "token", "upstreams", "call records", "queries")
    assert found == dict.fromkeys(well, "ok")
    assert ended.code == 0


async def test_doctor_finds_a_token_that_is_not_good(shell: Shell) -> None:
    ended = await shell.run("doctor", GATEHOUSE_TOKEN="nonsense")
    assert ended.code == 1
    assert "token" in ended.out


async def test_what_is_meant_is_found_by_some_of_its_words(shell: Shell) -> None:
    found = await shell.expect("find", "tset", "simpel", "text", "--kind", "tool", "--limit", "3")
    titles, first, *_, last = found.out.splitlines()
    assert titles.split() == ["KIND", "NAME", "UPSTREAM", "SERVERS", "DESCRIPTION"]
    assert first.split()[:4] == ["tool", "test_simple_text", "everything", "all"]
    assert last == "There is more: --limit, up to 500, or more words."
    assert (await shell.expect("find", "all", "--json")).json["items"][0]["kind"] == "server"
    assert (await shell.expect("find", "marzipan")).out == "Nothing was found: try fewer or other words.\n"
    refused = await shell.run("find", "text", "--kind", "toll")
    assert refused.code == 1
    assert "Accepted: tool" in refused.err

"""`change`, `bind`, `unbind` and `rename` on the command line, and what clients then find."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_cli import Shell
from tests.support.agents import sdk_agent
from tests.support.everything.running import everything
from tests.support.front import peer
from tests.support.gateway import Gateway, free_port

pytestmark = pytest.mark.anyio
TEXT, IMAGE = "test_simple_text", "test_image_content"


@pytest.fixture(scope="module")
async def shell(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shell]:
    directory = tmp_path_factory.mktemp("changes")
    async with everything(directory) as url, Gateway(directory / "data") as gateway:
        shell = Shell(gateway, url)
        await shell.expect("add", "everything", url)
        await shell.expect("server", "create", "Desk", "--tool", TEXT)
        yield shell


async def tools_of(shell: Shell, server: str) -> dict[str, dict[str, Any]]:
    async with peer(shell.gateway, server, shell.gateway.token) as client:
        return {one["name"]: one for one in (await client.ask("tools/list"))["result"]["tools"]}


async def test_what_is_not_there_or_says_nothing_is_refused_and_changes_nothing(shell: Shell) -> None:
    for command, code, words in (
        (("server", "change", "nowhere", "--name", "x"), 1, "nowhere"),
        (("server", "change", "desk"), 2, "Nothing is to be changed"),
        (("server", "change", "desk", "--clear", "pigeons"), 2, "'pigeons' can't be cleared"),
        (("server", "change", "desk", "--visibility", "odd"), 1, "Accepted: private, public, team"),
        (("server", "bind", "desk", "--tool", "test_simple_txt"), 1, "everything_test_simple_text"),
        (("server", "unbind", "desk", "nothing*"), 1, "No binding matches"),
        (("server", "rename", "desk", "nothing", "new"), 1, "No binding matches"),
        (("server", "rename", "desk", TEXT), 2, "Nothing is to be changed"),
        (("upstream", "change", "everything"), 2, "Nothing is to be changed"),
        (("upstream", "change", "everything", "-H", "no header"), 2, "-H"),
        (("upstream", "change", "everything", "--", "npx"), 1, "both a url and a command"),
        (("tool", "change", "nothing", "--title", "x"), 1, "nothing"),
        (("agent", "change", "nobody", "--name", "x"), 1, "nobody"),
    ):
        ended = await shell.run(*command)
        assert (ended.code, words in ended.err, ended.out) == (code, True, ""), (command, ended)
    assert list(await tools_of(shell, "desk")) == [TEXT]


async def test_tools_are_put_into_a_server_renamed_and_taken_out(shell: Shell) -> None:
    put = await shell.expect("server", "bind", "desk", "--tool", "everything/test_image*", "--prompt", "*simple*")
    assert IMAGE in put.out and "test_simple_prompt" in put.out
    assert "already" in (await shell.expect("server", "bind", "desk", "--tool", IMAGE)).out
    renamed = await shell.expect("server", "rename", "desk", TEXT, "say", "--description", "Says a text")
    assert f"clients can still call '{TEXT}'" in renamed.out
    found = await tools_of(shell, "desk")
    assert (list(found), found["say"]["description"]) == (["say", IMAGE], "Says a text")
    async with peer(shell.gateway, "desk", shell.gateway.token) as client:
        assert "result" in await client.ask("tools/call", {"name": TEXT, "arguments": {}})
    shown = (await shell.expect("server", "show", "desk")).out
    assert ["say", "everything", TEXT, "Says", "a", "text"] in [row.split() for row in shown.splitlines()]
    assert "'say'" in (await shell.run("server", "rename", "desk", IMAGE, "say")).err
    await shell.expect("server", "rename", "desk", "say", "--disable")
    assert list(await tools_of(shell, "desk")) == [IMAGE]
    assert "Took 2 bindings" in (await shell.expect("server", "unbind", "desk", "say", "*prompt")).out
    left = (await shell.expect("server", "unbind", "desk", "everything/test_*", "--json")).json
    assert left == {"items": []}
    await shell.expect("server", "bind", "desk", "--tool", TEXT)


async def test_a_server_is_changed_and_what_is_left_out_stays(shell: Shell) -> None:
    await shell.expect("server", "create", "Hall", "--tool", TEXT, "--description", "For all")
    changed = await shell.expect("server", "change", "hall", "--slug", "lobby", "--tag", "a", "--tag", "b", "--json")
    assert (changed.json["slug"], changed.json["tags"], changed.json["name"]) == ("lobby", ["a", "b"], "Hall")
    cleared = await shell.expect(
        "server", "change", "lobby", "--clear", "tags", "--clear", "description", "--instructions", "Be brief", "--json"
    )
    assert (cleared.json["tags"], cleared.json["description"]) == ([], "")
    assert cleared.json["instructions"] == "Be brief" and len(cleared.json["tools"]) == 1
    assert "/servers/lobby/mcp" in (await shell.expect("server", "change", "lobby", "--disable")).out
    assert (await shell.run("call", "lobby", TEXT)).code == 1
    await shell.expect("server", "delete", "lobby")


async def test_what_is_said_of_a_tool_is_said_to_clients_until_it_is_cleared(shell: Shell) -> None:
    tool = f"everything_{TEXT}"
    changed = await shell.expect("tool", "change", tool, "--title", "Plain text", "--tag", "texts")
    assert changed.out == f"Changed '{tool}'.\n"
    assert (await tools_of(shell, "desk"))[TEXT]["title"] == "Plain text"
    shown = (await shell.expect("tool", "show", tool)).out
    assert "Plain text" in shown and "texts" in shown and "Desk" in shown
    await shell.expect("tool", "change", tool, "--clear", "title", "--clear", "tags")
    assert "Plain text" not in (await shell.expect("tool", "show", tool)).out


async def test_an_upstream_that_moved_is_found_again(shell: Shell) -> None:
    await shell.expect("add", "moving", f"http://127.0.0.1:{free_port()}/mcp", "-H", "Authorization: Bearer s3cret")
    refused = await shell.run("upstream", "change", "moving", shell.everything)
    assert refused.code == 1 and "credential" in refused.err, "it was given for another place"
    moved = await shell.expect("upstream", "change", "moving", shell.everything, "-H", "X-Key: s3cret", "--tag", "new")
    assert "Changed 'moving', which is ok: " in moved.out
    shown = (await shell.expect("upstream", "show", "moving", "--json")).json
    assert (shown["credential"], shown["tags"], shown["url"]) == ({"type": "headers"}, ["new"], shell.everything)
    assert "switched off" in (await shell.expect("upstream", "change", "moving", "--disable")).out
    cleared = await shell.expect("upstream", "change", "moving", "--enable", "--clear", "credential", "--json")
    assert (cleared.json["credential"], cleared.json["status"]) == (None, "ok")
    assert "s3cret" not in moved.out + moved.err + cleared.out
    await shell.expect("upstream", "remove", "moving")


async def test_a_command_gets_other_words_and_another_environment(shell: Shell) -> None:
    command = [sys.executable, "-m", "gatehouse.samples.time"]
    await shell.expect("add", "clock", "-e", "COLOUR=crimson", "--", "no-such-program")
    changed = await shell.expect("upstream", "change", "clock", "-e", "SHADE=umber", "--json", "--", *command)
    assert (changed.json["status"], changed.json["args"], changed.json["env"]) == ("ok", command[1:], ["SHADE"])
    await shell.expect("upstream", "remove", "clock")


async def test_an_agent_is_changed(shell: Shell, tmp_path: Path) -> None:
    async with sdk_agent(tmp_path) as url:
        await shell.expect("agent", "add", "box", f"http://127.0.0.1:{free_port()}")
        changed = await shell.expect("agent", "change", "box", "--url", url, "--name", "crate", "--description", "Ours")
        assert changed.out == "Changed 'crate', which is ok.\n"
        assert "Ours" in (await shell.expect("agent", "show", "crate")).out
        await shell.expect("agent", "remove", "crate")


async def test_tokens_and_people_are_tagged_and_found_by_it(shell: Shell) -> None:
    made = await shell.expect("token", "create", "ci", "--server", "desk", "--tag", "robots", "--json")
    await shell.expect("user", "add", "ada@example.com", "--tag", "robots", "--tag", "lab")
    counted = (await shell.expect("tag", "list", "--json")).json["items"]
    assert [(one["tag"], one["tokens"], one["users"]) for one in counted] == [("lab", 0, 1), ("robots", 1, 1)]
    listed = (await shell.expect("token", "list", "--tag", "robots", "--json")).json["items"]
    assert [one["name"] for one in listed] == ["ci"]
    await shell.expect("user", "change", "ada@example.com", "--tag", "people")
    assert "people" in (await shell.expect("user", "show", "ada@example.com")).out
    listed = (await shell.expect("user", "list", "--tag", "people", "--json")).json["items"]
    assert [one["email"] for one in listed] == ["ada@example.com"]
    for command in (("token", "change", made.json["id"]), ("user", "change", "ada@example.com")):
        await shell.expect(*command, "--clear", "tags")
    assert (await shell.expect("tag", "list", "--json")).json["items"] == []

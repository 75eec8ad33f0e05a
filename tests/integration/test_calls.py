"""The records of calls of a gateway that runs as people run it: every outcome, in both eras, and what a kill costs."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.support.everything.running import everything
from tests.support.gateway import Gateway
from tests.support.program import PAUSE, ROOT, clean_environment
from tests.support.talk import Talk, modern_call

pytestmark = pytest.mark.anyio
BEHIND = 1.5
"""Seconds after which a call has to be in every figure."""


@dataclass(frozen=True, slots=True)
class House:
    gateway: Gateway
    desk: str
    """URL of a server with an upstream that works, one that waits for ever, and one that is gone."""
    token: str
    waiting: Path
    """Is there once the upstream waits."""


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    directory = tmp_path_factory.mktemp("calls")
    slow = directory / "slow"
    slow.mkdir()
    async with everything(directory) as url, Gateway(directory / "data") as gateway:
        await gateway.add_upstream("box", url=url)
        wilful = {"command": sys.executable, "args": ["-m", "tests.support.wilful", str(slow)], "cwd": str(ROOT)}
        await gateway.add_upstream("slow", **wilful, timeout=1)
        gone = directory / "gone"
        gone.mkdir()
        async with everything(gone) as other:
            await gateway.add_upstream("gone", url=other)
        desk = await gateway.create_server("Desk", ["box", "slow", "gone"])
        token = await gateway.create_token("agent", [desk["id"]])
        yield House(gateway, f"{gateway.url}/servers/desk/mcp", token, slow / "waiting")


async def recorded(gateway: Gateway, wanted: int, seconds: float = BEHIND, **query: str) -> list[dict[str, Any]]:
    """Calls that fit, newest first, once there are so many."""
    with anyio.fail_after(seconds):
        while len(found := await gateway.items("/calls", **query)) < wanted:  # noqa: ASYNC110 - it is another process
            await anyio.sleep(PAUSE)
    return found


async def token_id(gateway: Gateway, name: str) -> str:
    return next(one["id"] for one in await gateway.items("/tokens") if one["name"] == name)


async def run(gateway: Gateway, *arguments: str, token: str = "") -> tuple[int, str, str]:
    where = {"GATEHOUSE_URL": gateway.url, "GATEHOUSE_DATA": str(gateway.data)}
    environment = clean_environment() | where | ({"GATEHOUSE_TOKEN": token} if token else {})
    with anyio.fail_after(60):
        done = await anyio.run_process(
            [sys.executable, "-m", "gatehouse", *arguments], cwd=ROOT, env=environment, check=False
        )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def test_who_may_not_see_calls_hears_so_on_the_command_line(house: House) -> None:
    token = await house.gateway.create_token("nosy", permissions=["server.read"])
    for command in (["calls"], ["tail"], ["metrics", "totals"], ["metrics", "unused"]):
        code, out, err = await run(house.gateway, *command, token=token)
        assert (code, out) == (1, "") and "call.read" in err, command


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_each_outcome_is_recorded_in_both_eras(house: House, era: str) -> None:
    token = await house.gateway.create_token(f"agent {era}", ["desk"])
    ends = {
        "test_simple_text": ("ok", None),
        "test_error_handling": ("tool_error", "tool_error"),
        "gone_test_simple_text": ("protocol_error", "upstream_down"),
        "no_such_tool": ("refused", "unknown_tool"),
        "wait": ("timed_out", "timed_out"),
    }
    names = {tool["name"] for tool in (await house.gateway.expect(200, "GET", "/servers/desk"))["bindings"]}
    assert set(ends) - {"no_such_tool"} <= names
    for tool in ends:
        if era == "modern":
            await modern_call(house.desk, token, tool)
        else:
            async with Talk(house.desk, token) as talk:
                await talk.call(tool)
    principal = await token_id(house.gateway, f"agent {era}")
    found = await recorded(house.gateway, len(ends), principal=principal)
    assert len(found) == len(ends)
    assert {(one["outcome"], one["error_class"]) for one in found} == set(ends.values())
    for one in found:
        assert one["principal"] == {
            "id": principal, "kind": "token", "name": f"agent {era}", "user": None, "team": None
        }  # fmt: skip
        assert one["client"] == {"name": "talk", "version": "1", "era": era}
        assert one["server"]["name"] == "desk" and one["method"] == "tools/call"
        assert one["total_ms"] >= one["upstream_ms"] >= 0
    good = next(one for one in found if one["outcome"] == "ok")
    assert (good["upstream"]["name"], good["name"], good["original"]) == ("box", "test_simple_text", "test_simple_text")
    assert good["bytes_in"] > 0 and good["bytes_out"] > 0 and good["upstream_ms"] > 0
    sums = (await house.gateway.expect(200, "GET", "/metrics/totals", params={"principal": principal}))["sums"]
    assert sums["outcomes"] == {outcome: 1 for outcome, _ in ends.values()}
    assert (sums["calls"], sums["errors"]) == (5, 4)


async def test_what_is_called_through_the_api_is_recorded_without_a_server(house: House) -> None:
    tools = await house.gateway.items("/tools", q="test_error_handling")
    (tool,) = [one for one in tools if one["upstream"]["name"] == "box"]
    before = len(await house.gateway.items("/calls", tool=tool["name"]))
    await house.gateway.expect(200, "POST", f"/tools/{tool['id']}/call", {"arguments": {}})
    (one,) = [one for one in await recorded(house.gateway, before + 1, tool=tool["name"]) if one["server"] is None]
    assert (one["outcome"], one["original"], one["upstream"]["name"]) == ("tool_error", tool["name"], "box")
    assert one["total_ms"] >= one["upstream_ms"] > 0
    for name, is_called in ((tool["name"], True), ("nobody_has_this", False)):
        asked = {"upstream": "box", "original": name, "method": "tools/call"}
        sums = (await house.gateway.expect(200, "GET", "/metrics/totals", params=asked))["sums"]
        assert (sums["calls"] > 0) is is_called


async def test_arguments_and_results_are_kept_only_where_a_server_asks_for_it_and_without_secrets(house: House) -> None:
    id_ = (await house.gateway.expect(200, "GET", "/servers/desk"))["id"]
    token = await house.gateway.create_token("open book", ["desk"])
    said = {"message": "hello", "api_key": "sk-very-secret"}
    await modern_call(house.desk, token, "test_simple_text", said)
    await house.gateway.expect(200, "PATCH", f"/servers/{id_}", {"record_content": True})
    await modern_call(house.desk, token, "test_simple_text", said)
    await house.gateway.expect(200, "PATCH", f"/servers/{id_}", {"record_content": False})
    found = await recorded(house.gateway, 2, principal=await token_id(house.gateway, "open book"))
    after, before = [await house.gateway.expect(200, "GET", f"/calls/{one['id']}") for one in found]
    assert (before["arguments"], before["result"]) == (None, None)
    assert after["arguments"]["arguments"] == {"message": "hello", "api_key": "***"}
    assert after["result"]["content"][0]["type"] == "text"


async def test_a_call_whose_client_went_away_is_recorded_as_cancelled(house: House) -> None:
    house.waiting.unlink(missing_ok=True)
    token = await house.gateway.create_token("hasty", ["desk"])
    async with anyio.create_task_group() as group:
        group.start_soon(modern_call, house.desk, token, "wait")
        with anyio.fail_after(10):
            while not house.waiting.exists():  # noqa: ASYNC110 - it is another process
                await anyio.sleep(PAUSE)
        group.cancel_scope.cancel()
    principal = await token_id(house.gateway, "hasty")
    (one,) = await recorded(house.gateway, 1, seconds=5, principal=principal)
    assert (one["outcome"], one["name"], one["client"]["era"]) == ("cancelled", "wait", "modern")


async def test_a_call_that_its_legacy_client_takes_back_is_recorded_as_cancelled(house: House) -> None:
    house.waiting.unlink(missing_ok=True)
    token = await house.gateway.create_token("fickle", ["desk"])
    async with Talk(house.desk, token) as talk, anyio.create_task_group() as group:
        group.start_soon(talk.call, "wait")
        with anyio.fail_after(10):
            while not house.waiting.exists():  # noqa: ASYNC110 - it is another process
                await anyio.sleep(PAUSE)
        words = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
        headers = talk.headers | {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(headers=headers) as client:
            assert (await client.post(house.desk, json=words)).status_code == 202
    principal = await token_id(house.gateway, "fickle")
    (one,) = await recorded(house.gateway, 1, seconds=5, principal=principal)
    assert (one["outcome"], one["name"], one["client"]["era"]) == ("cancelled", "wait", "legacy")


async def test_the_live_stream_tells_each_call_once_and_ends_with_its_token(house: House) -> None:
    seer = await house.gateway.expect(201, "POST", "/tokens", {"name": "seer", "permissions": ["call.read"]})
    headers = {"authorization": f"Bearer {seer['token']}"}
    url = f"{house.gateway.url}/api/v1/calls/live?tool=test_image_content"
    told: list[str] = []
    with anyio.fail_after(20):
        async with httpx.AsyncClient(timeout=20, headers=headers) as client, client.stream("GET", url) as stream:
            assert stream.status_code == 200
            for tool in ("test_image_content", "test_simple_text", "test_image_content"):
                await modern_call(house.desk, house.token, tool)
            async for line in stream.aiter_lines():
                told += [json.loads(line)["id"]] if line.strip() else []
                if len(told) == 2:
                    await house.gateway.expect(204, "DELETE", f"/tokens/{seer['id']}")
    assert len(told) == len(set(told)) == 2


async def test_the_command_line_tells_the_same_as_the_api(house: House) -> None:
    await modern_call(house.desk, house.token, "test_simple_text")
    one = (await recorded(house.gateway, 1, tool="test_simple_text"))[0]
    code, out, _ = await run(house.gateway, "calls", one["id"], "--json")
    assert code == 0 and json.loads(out) == one | {"arguments": None, "result": None}
    code, out, _ = await run(house.gateway, "calls", "--tool", "test_simple_text", "--csv")
    assert code == 0 and out.splitlines()[0].startswith("id,at,outcome") and one["id"] in out
    for command in ("totals", "series", "top", "unused", "errors", "slowest"):
        code, out, err = await run(house.gateway, "metrics", command)
        assert (code, err) == (0, "") and out, command
    code, out, _ = await run(house.gateway, "metrics", "top", "--by", "upstream", "--csv")
    assert code == 0 and ",box," in out
    code, out, err = await run(house.gateway, "calls", one["id"], "--follow")
    assert (code, out) == (2, "") and "Leave the id" in err


async def test_a_kill_loses_a_second_at_most_and_a_stop_nothing(tmp_path: Path) -> None:
    async with everything(tmp_path) as url:
        gateway = Gateway(tmp_path / "data")
        async with gateway:
            await gateway.add_upstream("box", url=url)
            await gateway.create_server("Desk", ["box"])
            token = await gateway.create_token("agent", ["desk"])
            desk = f"{gateway.url}/servers/desk/mcp"
            for _ in range(3):
                await modern_call(desk, token, "test_simple_text")
        async with Gateway(tmp_path / "data") as again:
            assert len(await again.items("/calls")) == 3, "a normal stop writes what waits"
            desk = f"{again.url}/servers/desk/mcp"
            await modern_call(desk, token, "test_simple_text")
            await recorded(again, 4, seconds=1.0)
            again.kill()
        async with Gateway(tmp_path / "data") as after:
            assert len(await after.items("/calls")) == 4

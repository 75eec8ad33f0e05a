"""Trying upstreams before they are added: real ones that can't be reached, or say nothing, or want a sign-in, and good ones."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.support.gateway import Gateway, free_port
from tests.support.processes import named, until, until_true
from tests.support.program import Program, running
from tests.support.visitor import Visitor, add_user

pytestmark = pytest.mark.anyio
TIME = ["-m", "gatehouse.samples.time"]
WILFUL = ["-m", "tests.support.wilful"]


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with Gateway(tmp_path_factory.mktemp("trials") / "data") as started:
        yield started


async def tried(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    return await gateway.expect(200, "POST", "/upstreams/trial", {"name": "new", **fields})


def states(report: dict[str, Any]) -> list[str]:
    assert [one["name"] for one in report["stages"]] == ["address", "connection", "handshake", "offer"]
    return [one["state"] for one in report["stages"]]


def failed(report: dict[str, Any], stage: str) -> dict[str, Any]:
    """What is told of the stage that it came to."""
    found = next(one for one in report["stages"] if one["state"] == "failed")
    assert not report["ok"] and found["name"] == stage and found["detail"] and found["hint"], report
    after = states(report)[[one["name"] for one in report["stages"]].index(stage) + 1 :]
    assert set(after) <= {"skipped"} and found["milliseconds"] is not None
    assert report["tools"] == [] and report["server"] is None and report["counts"]["tool"] == 0
    return found


async def test_a_host_that_is_not_there_fails_at_its_address(gateway: Gateway) -> None:
    report = await tried(gateway, url="http://nowhere.invalid/mcp")
    assert "can't be resolved" in failed(report, "address")["detail"]


async def test_a_port_that_nobody_listens_on_fails_at_the_connection(gateway: Gateway) -> None:
    report = await tried(gateway, url=f"http://127.0.0.1:{free_port()}/mcp")
    assert "refused" in failed(report, "connection")["detail"]
    assert states(report) == ["ok", "failed", "skipped", "skipped"]


async def test_https_to_a_server_without_fails_at_the_connection(gateway: Gateway) -> None:
    """Gatehouse itself, which has no TLS here."""
    report = await tried(gateway, url=f"https://127.0.0.1:{gateway.port}/mcp")
    assert "TLS" in failed(report, "connection")["detail"]


async def test_a_web_server_that_is_no_mcp_server_fails_at_the_handshake(gateway: Gateway) -> None:
    failed(await tried(gateway, url=f"{gateway.url}/healthz"), "handshake")


async def test_a_server_that_wants_a_sign_in_says_so(gateway: Gateway, tmp_path: Path) -> None:
    port = free_port()
    program = Program(
        [sys.executable, *WILFUL, str(tmp_path), "--port", str(port), "--require", "Bearer right"], tmp_path / "log"
    )
    async with running(program):
        await program.until_listening(port)
        report = await tried(gateway, url=f"http://127.0.0.1:{port}/mcp")
        assert report["sign_in"] and "401" in failed(report, "handshake")["detail"]
        credential = {"type": "bearer", "token": "right"}
        assert (await tried(gateway, url=f"http://127.0.0.1:{port}/mcp", credential=credential))["ok"]


async def test_a_command_that_is_not_there_fails_at_its_address(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    for command in ("no-such-command", str(tmp_path / "plain"), "./plain"):
        report = await tried(gateway, command=command, cwd=str(tmp_path))
        assert command in failed(report, "address")["detail"]


async def test_a_command_with_nowhere_to_start_fails_at_the_start(gateway: Gateway, tmp_path: Path) -> None:
    report = await tried(gateway, command=sys.executable, cwd=str(tmp_path / "gone"))
    assert "directory" in failed(report, "connection")["detail"]


async def test_a_command_that_ends_shows_its_last_words_without_secrets(gateway: Gateway) -> None:
    code = "import os, sys; sys.exit('no such thing as ' + os.environ['API_KEY'] + '\\ngiving up')"
    report = await tried(gateway, command=sys.executable, args=["-c", code], env={"API_KEY": "geheim"})
    told = failed(report, "handshake")
    assert "no such thing as ***\ngiving up" in told["detail"] and "geheim" not in str(report)
    assert states(report) == ["ok", "ok", "failed", "skipped"]


async def test_a_server_that_never_answers_is_given_up_and_ended(gateway: Gateway) -> None:
    mark = "never-answers-8a1f"
    begun = time.monotonic()
    code = f"import time; print('{mark}'); time.sleep(600)"
    report = await tried(gateway, command=sys.executable, args=["-c", code])
    assert "20 s" in failed(report, "handshake")["detail"]
    assert time.monotonic() - begun < 30 and not named(mark)


async def test_it_is_ended_when_who_asked_goes_away(gateway: Gateway) -> None:
    mark = "left-alone-77c2"
    body = {"name": "new", "command": sys.executable, "args": ["-c", f"import time; time.sleep(600)  # {mark}"]}
    headers = {"authorization": f"Bearer {gateway.token}"}
    async with httpx.AsyncClient(headers=headers) as client, anyio.create_task_group() as group:
        group.start_soon(lambda: client.post(f"{gateway.url}/api/v1/upstreams/trial", json=body, timeout=60))
        await until(lambda: named(mark))
        group.cancel_scope.cancel()
    await until(lambda: not named(mark), 12)
    assert "Traceback" not in gateway.log and "Exception" not in gateway.log


async def test_a_good_server_shows_all_that_it_would_bring_and_nothing_is_saved(gateway: Gateway) -> None:
    report = await tried(gateway, command=sys.executable, args=TIME)
    assert report["ok"] and states(report) == ["ok"] * 4 and not report["sign_in"]
    assert report["transport"] == "stdio" and report["era"] in ("legacy", "modern") and report["server"]["name"]
    names = [tool["name"] for tool in report["tools"]]
    assert "current_time" in names and report["counts"]["tool"] == len(names)
    assert report["duplicates"] == [] and report["skipped"] == []
    assert await gateway.items("/upstreams") == [] and await gateway.items("/tools") == []


async def test_it_tells_of_the_tools_that_are_there_already(gateway: Gateway, tmp_path: Path) -> None:
    made = await gateway.add_upstream("clock", command=sys.executable, args=TIME)
    try:
        port = free_port()
        program = Program([sys.executable, *TIME, "--http", str(port)], tmp_path / "log")
        async with running(program):
            await program.until_listening(port)
            report = await tried(gateway, url=f"http://127.0.0.1:{port}/mcp")
        like = {one["tool"]: [known["tool"]["handle"] for known in one["similar"]] for one in report["duplicates"]}
        assert like["current_time"] == ["clock_current_time"], report["duplicates"]
        (similar,) = report["duplicates"][0]["similar"]
        assert similar["score"] > 0.9 and similar["reason"] == "the same definition"
    finally:
        await gateway.expect(204, "DELETE", f"/upstreams/{made['id']}")


async def test_whoever_may_not_run_commands_may_not_try_them_either(gateway: Gateway) -> None:
    token = await gateway.create_token("adds urls", permissions=["upstream.write"])
    refused = await gateway.api("POST", "/upstreams/trial", {"name": "new", "command": "true"}, token=token)
    assert refused.status_code == 403 and "upstream.stdio" in refused.text
    await add_user(gateway, "guest")
    async with Visitor(gateway, "guest@example.com") as guest:
        assert (await guest.send("POST", "/upstreams/trial", {"name": "new", "command": "true"})).status_code == 403


async def test_a_command_that_was_tried_is_in_the_audit(gateway: Gateway) -> None:
    await tried(gateway, command=sys.executable, args=["-c", "pass", "--token", "geheim"], env={"API_KEY": "geheim"})

    async def noted() -> bool:
        return bool(await gateway.items("/audit", action="upstream.trial"))

    await until_true(noted)
    records = await gateway.items("/audit", action="upstream.trial")
    assert any(one["after"]["args"][:2] == ["-c", "pass"] for one in records)
    assert "geheim" not in str(records)


async def test_what_could_not_be_added_can_not_be_tried(gateway: Gateway) -> None:
    for fields in ({}, {"url": "ftp://host/mcp"}, {"url": "http://host/mcp", "command": "true"}):
        refused = await gateway.api("POST", "/upstreams/trial", {"name": "new", **fields})
        assert refused.status_code == 400, refused.text


async def test_a_server_that_is_reached_by_two_addresses_is_reached(gateway: Gateway, tmp_path: Path) -> None:
    port = free_port()
    program = Program([sys.executable, *TIME, "--http", str(port)], tmp_path / "log", dict(os.environ))
    async with running(program):
        await program.until_listening(port)
        report = await tried(gateway, url=f"http://localhost:{port}/mcp")
        assert report["ok"] and socket.gethostbyname("localhost") in report["stages"][0]["detail"]

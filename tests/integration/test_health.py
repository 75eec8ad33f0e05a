"""How upstreams are, with real ones that stop, hang, want a sign-in and come back: two workers, each change told once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.gateway import Gateway, Launch, free_port
from tests.support.processes import until_every_worker, until_true
from tests.support.program import Program, running
from tests.support.talk import Talk, modern_call, text_of

pytestmark = pytest.mark.anyio
WILFUL = [sys.executable, "-m", "tests.support.wilful"]


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """Without probes, so that calls alone tell."""
    environment = {"GATEHOUSE_HEALTH__INTERVAL": "0"}
    data = tmp_path_factory.mktemp("health") / "data"
    async with Gateway(data, Launch(workers=2, environment=environment)) as gateway:
        yield gateway


def program(directory: Path, port: int, *more: str) -> Program:
    directory.mkdir(exist_ok=True)
    return Program([*WILFUL, str(directory), "--port", str(port), *more], directory / "log")


async def call(gateway: Gateway, tool: str) -> dict[str, Any]:
    return await modern_call(f"{gateway.url}/mcp", gateway.token, tool)


async def add(gateway: Gateway, name: str, port: int, **fields: Any) -> None:
    """Until whichever worker is asked can call it."""
    await gateway.add_upstream(name, url=f"http://127.0.0.1:{port}/mcp", **fields)

    async def is_known() -> bool:
        async with Talk(f"{gateway.url}/mcp", gateway.token) as talk:
            return f"{name}_whoami" in await talk.tools()

    await until_every_worker(is_known)


async def until_status(gateway: Gateway, name: str, status: str, seconds: float = 40) -> dict[str, Any]:
    async def is_so() -> bool:
        return (await gateway.expect(200, "GET", f"/upstreams/{name}"))["status"] == status

    await until_true(is_so, seconds)
    return await gateway.expect(200, "GET", f"/upstreams/{name}/health")


async def told(gateway: Gateway, name: str, wanted: str) -> list[str]:
    """Kinds of events, oldest first, once there is the wanted one."""

    async def kinds() -> list[str]:
        items = await gateway.items("/events", upstream=name, kind="upstream.")
        return [one["kind"].partition(".")[2] for one in items[::-1]]

    async def is_there() -> bool:
        return (await kinds())[-1] == wanted

    await until_true(is_there)
    return await kinds()


async def listed(gateway: Gateway, name: str) -> set[str]:
    return {one["name"] for one in await gateway.items("/tools", upstream=name)}


def command(gateway: Gateway, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"GATEHOUSE_URL": gateway.url, "GATEHOUSE_TOKEN": gateway.token}
    return subprocess.run(
        [sys.executable, "-m", "gatehouse", *words], env=environment, capture_output=True, text=True, check=False
    )


async def test_one_that_stops_is_down_by_its_calls_stays_listed_and_comes_back(
    gateway: Gateway, tmp_path: Path
) -> None:
    port = free_port()
    async with running(program(tmp_path / "frail", port)) as up:
        await up.until_listening(port)
        await add(gateway, "frail", port)
        tools = await listed(gateway, "frail")
        assert text_of(await call(gateway, "frail_whoami"))
    for _ in range(3):
        assert "frail" in (await call(gateway, "frail_whoami"))["error"]["message"]
    health = await until_status(gateway, "frail", "down")
    assert health["history"][0]["before"] == "ok" and health["reason"]
    assert await listed(gateway, "frail") == tools
    async with running(program(tmp_path / "frail", port)) as up:
        await up.until_listening(port)
        health = await until_status(gateway, "frail", "ok")
        assert text_of(await call(gateway, "frail_whoami"))
    assert await told(gateway, "frail", "up") == ["added", "up", "down", "up"]
    assert [one["after"] for one in health["history"]] == ["ok", "down", "ok"]


async def test_one_that_wants_a_sign_in_says_so_until_its_credential_is_changed(
    gateway: Gateway, tmp_path: Path
) -> None:
    port = free_port()
    async with running(program(tmp_path / "shut", port)) as up:
        await up.until_listening(port)
        await add(gateway, "shut", port)
    async with running(program(tmp_path / "shut", port, "--require", "Bearer hush-hush")) as up:
        await up.until_listening(port)
        answer = await call(gateway, "shut_whoami")
        assert answer["error"]["code"] == -31511
        health = await until_status(gateway, "shut", "sign_in")
        assert "credential" in health["reason"]
        body = {"credential": {"type": "bearer", "token": "hush-hush"}}
        assert (await gateway.expect(200, "PATCH", "/upstreams/shut", body))["status"] == "ok"

        async def is_let_in() -> bool:
            return "result" in await call(gateway, "shut_whoami")

        await until_true(is_let_in)
        assert (await gateway.expect(200, "GET", "/upstreams/shut"))["status"] == "ok"

    async def all_come() -> bool:
        return len(await gateway.items("/events", upstream="shut", kind="upstream.")) >= 5

    # The first "up" is there at once, and what came of the sign-in half a second later.
    await until_true(all_come)
    assert await told(gateway, "shut", "up") == ["added", "up", "sign_in_needed", "changed", "up"]


async def test_one_that_hangs_is_degraded(gateway: Gateway, tmp_path: Path) -> None:
    port = free_port()
    async with running(program(tmp_path / "slow", port)) as up:
        await up.until_listening(port)
        await add(gateway, "slow", port, timeout=0.3)
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(call, gateway, "slow_wait")
        health = await until_status(gateway, "slow", "degraded")
        assert "calls in the last minute failed by its own fault" in health["reason"]
        (tmp_path / "slow" / "go").touch()
        assert text_of(await call(gateway, "slow_wait")) == "went on", "it is called all the same"
        report = await gateway.expect(200, "POST", "/upstreams/slow/check")
        assert report["ok"] and (await gateway.expect(200, "GET", "/upstreams/slow"))["status"] == "degraded"
    shown = command(gateway, "upstream", "health")
    assert shown.returncode == 0, shown.stderr
    (line,) = (one for one in shown.stdout.splitlines() if one.startswith("slow "))
    assert "degraded" in line and "failed by its own fault" in line


async def test_maintenance_says_until_when_and_why_and_is_over_when_it_ends(gateway: Gateway, tmp_path: Path) -> None:
    port = free_port()
    async with running(program(tmp_path / "shop", port)) as up:
        await up.until_listening(port)
        await add(gateway, "shop", port)
        tools = await listed(gateway, "shop")
        begun = command(gateway, "upstream", "maintenance", "shop", "--for", "2h", "--note", "a new disk")
        assert begun.returncode == 0 and "until" in begun.stdout, begun.stderr

        async def is_shut() -> bool:
            message = (await call(gateway, "shop_whoami")).get("error", {}).get("message", "")
            return "in maintenance until 2" in message and "UTC: a new disk" in message

        await until_true(is_shut)
        assert await listed(gateway, "shop") == tools
    refused = command(gateway, "upstream", "check", "shop")
    assert refused.returncode != 0 and "does not answer" in refused.stdout
    assert (await gateway.expect(200, "GET", "/upstreams/shop"))["status"] == "maintenance"
    assert await told(gateway, "shop", "maintenance") == ["added", "up", "maintenance"]
    async with running(program(tmp_path / "shop", port)) as up:
        await up.until_listening(port)
        assert command(gateway, "upstream", "maintenance", "shop").returncode != 0
        over = command(gateway, "upstream", "maintenance", "shop", "--end")
        assert over.returncode == 0 and over.stdout == "shop is not in maintenance any more: ok.\n"
        shown = command(gateway, "upstream", "health", "shop", "--json")
        changes = [one["after"] for one in json.loads(shown.stdout)["history"]]
        assert changes == ["ok", "unknown", "maintenance", "ok"]


async def test_one_that_nobody_calls_is_found_to_be_gone_by_probes(tmp_path: Path) -> None:
    port, environment = free_port(), {"GATEHOUSE_HEALTH__INTERVAL": "0.5"}
    async with Gateway(tmp_path / "data", Launch(environment=environment)) as gateway:
        async with running(program(tmp_path / "lonely", port)) as up:
            await up.until_listening(port)
            made = await gateway.add_upstream("lonely", url=f"http://127.0.0.1:{port}/mcp")

            async def is_probed() -> bool:
                """And looked at as it is soon after it was found well, so that no look is due."""
                found = await gateway.expect(200, "GET", "/upstreams/lonely/health")
                return bool((found["last_probe"] or {}).get("ok")) and found["looked_at"] != made["checked_at"]

            await until_true(is_probed, 30)
        health = await until_status(gateway, "lonely", "down")
        causes = [(one["after"], one["cause"]) for one in health["history"]]
        assert causes[:2] == [("down", "probe"), ("degraded", "probe")]
        assert await told(gateway, "lonely", "down") == ["added", "up", "degraded", "down"]
        shown = command(gateway, "upstream", "health", "lonely")
        assert "failed" in shown.stdout and "degraded" in shown.stdout

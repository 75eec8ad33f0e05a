"""Two hundred clients come and go, politely or not; what the gateway holds is what it held before."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import pytest

from tests.support.gateway import Gateway, Launch
from tests.support.processes import descendants, open_files, until, until_true
from tests.support.talk import Talk, modern_call, text_of

pytestmark = pytest.mark.anyio

CLIENTS = 40
"""Of each of five kinds."""
AT_ONCE = 8
QUICK = {"GATEHOUSE_TIMEOUTS__SESSION_IDLE": "2", "GATEHOUSE_TIMEOUTS__UPSTREAM_IDLE": "2"}
_GAUGE = re.compile(r"^gatehouse_(sessions|followers|calls_waiting|tasks) (\d+)\.0$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Held:
    processes: int
    files: int
    gauges: dict[str, int]


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    directory = tmp_path_factory.mktemp("leaks")
    async with Gateway(directory / "data", Launch(environment=QUICK)) as gateway:
        arguments = ["-m", "tests.support.wilful", str(directory)]
        await gateway.add_upstream("it", command=sys.executable, args=arguments, env={"PYTHONPATH": os.getcwd()})
        (directory / "go").touch()
        yield gateway


async def held(gateway: Gateway) -> Held:
    headers = {"authorization": f"Bearer {gateway.token}"}
    async with httpx.AsyncClient(timeout=60) as http:
        figures = (await http.get(f"{gateway.url}/metrics", headers=headers)).text
    gauges = {name: int(value) for name, value in _GAUGE.findall(figures)}
    return Held(len(descendants(gateway.pid)), open_files(gateway.pid), gauges)


async def polite(gateway: Gateway) -> None:
    async with Talk(f"{gateway.url}/mcp", gateway.token) as talk:
        assert text_of(await talk.call("it_whoami"))


async def silent(gateway: Gateway) -> None:
    """Goes without a goodbye."""
    async with Talk(f"{gateway.url}/mcp", gateway.token, goodbye=False) as talk:
        assert text_of(await talk.call("it_whoami"))


async def streaming(gateway: Gateway) -> None:
    """Opens HTTP+SSE, and closes it."""
    headers = {"authorization": f"Bearer {gateway.token}"}
    async with httpx.AsyncClient(timeout=60, headers=headers) as http:
        async with http.stream("GET", f"{gateway.url}/sse") as response:
            assert "event: endpoint" in await anext(response.aiter_text())


async def modern(gateway: Gateway) -> None:
    assert text_of(await modern_call(f"{gateway.url}/mcp", gateway.token, "it_whoami"))


async def aborted(gateway: Gateway) -> None:
    """Cuts its connection in a call."""
    async with Talk(f"{gateway.url}/mcp", gateway.token, goodbye=False) as talk:
        with anyio.move_on_after(0.05):
            await talk.call("it_whoami")


async def test_clients_that_come_and_go_leave_nothing_behind(gateway: Gateway) -> None:
    for kind in (polite, silent, streaming, modern, aborted):
        await kind(gateway)
    before = await settled(gateway)
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def one(kind: Callable[[Gateway], Awaitable[None]]) -> None:
        async with limiter:
            await kind(gateway)

    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            for _ in range(CLIENTS):
                for kind in (polite, silent, streaming, modern, aborted):
                    group.start_soon(one, kind)
    after = await settled(gateway)
    assert after.gauges == before.gauges
    assert after.processes == before.processes
    assert abs(after.files - before.files) <= 2, "a database connection or two may be open or not"


async def settled(gateway: Gateway) -> Held:
    """What it holds when every session has been idle for too long, and been ended."""

    async def nobody_left() -> bool:
        gauges = (await held(gateway)).gauges
        return gauges["sessions"] == gauges["followers"] == gauges["calls_waiting"] == 0

    await until_true(nobody_left, 30)
    # What is left is the launcher of stdio upstreams.
    await until(lambda: len(descendants(gateway.pid)) == 1, 30)
    return await held(gateway)


async def test_a_token_for_the_figures_opens_them_and_nothing_else(gateway: Gateway) -> None:
    token = await gateway.create_token("prometheus", permissions=["metrics.read"])
    async with httpx.AsyncClient(base_url=gateway.url) as http:
        assert (await http.get("/metrics")).status_code == 401
        answer = await http.get("/metrics", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert dict(_GAUGE.findall(answer.text)).keys() == {"sessions", "followers", "calls_waiting", "tasks"}
    assert (await gateway.api("GET", "/upstreams", token=token)).status_code == 403


async def test_a_gateway_asked_to_end_while_clients_listen_ends_at_once(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data") as gateway:
        async with Talk(f"{gateway.url}/mcp", gateway.token, goodbye=False) as talk, httpx.AsyncClient() as http:
            headers = talk.headers | {"authorization": f"Bearer {gateway.token}"}
            async with (
                http.stream("GET", talk.url, headers=headers) as stream,
                http.stream("GET", f"{gateway.url}/sse", headers=headers) as older,
            ):
                assert stream.status_code == older.status_code == 200
                with anyio.fail_after(8):
                    await gateway.stop()

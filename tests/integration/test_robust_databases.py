"""Two workers, on each kind of database: what one does the other knows within a second."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

from tests.support.databases import BACKENDS, fresh_url
from tests.support.gateway import Gateway, Launch, free_port
from tests.support.line import Line
from tests.support.processes import until_true
from tests.support.talk import modern_call, text_of

pytestmark = pytest.mark.anyio

SOON = 1.0
"""Seconds within which workers agree."""
SLACK = 1.0
"""More of them, for machines that do something else as well."""
CONNECTIONS = 12
"""The kernel spreads connections over workers as it likes: with so many, both mostly have some."""
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
TIME = ["-m", "gatehouse.samples.time"]


@pytest.fixture(scope="module", params=BACKENDS)
async def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    directory = tmp_path_factory.mktemp(request.param)
    async with (
        fresh_url(request.param, directory) as url,
        Gateway(directory / "data", Launch(workers=2, database=url)) as gateway,
    ):
        await gateway.add_upstream("clock", command=sys.executable, args=TIME)
        yield gateway


async def everywhere(gateway: Gateway, path: str, token: str, good: Callable[[httpx.Response], bool]) -> float:
    """Seconds until the answer is good on each of many connections, asked over and over."""
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(httpx.AsyncClient(timeout=30)) for _ in range(CONNECTIONS)]
        headers = {"authorization": f"Bearer {token}"}

        async def ask(client: httpx.AsyncClient) -> None:
            async def is_good() -> bool:
                return good(await client.get(f"{gateway.url}{path}", headers=headers))

            await until_true(is_good, 10)

        async with anyio.create_task_group() as group:
            for client in clients:
                group.start_soon(ask, client)
    return time.monotonic() - started


async def test_what_is_made_in_one_worker_is_used_in_both_within_a_second(gateway: Gateway) -> None:
    server = await gateway.create_server("Times", ["clock"])
    token = await gateway.create_token("agent", [server["id"]])

    # Nothing is listed at this address, so a token that is known gets 405, and one that is not gets 401.
    seconds = await everywhere(
        gateway, "/servers/times/mcp", token, lambda response: response.status_code not in (401, 404)
    )
    assert seconds < SOON + SLACK

    # A worker that had none of those connections may still have to learn of the token.
    async def is_called() -> bool:
        answer = await modern_call(f"{gateway.url}/servers/times/mcp", token, "current_time", {"timezone": "UTC"})
        return "result" in answer and "UTC" in text_of(answer)

    started = time.monotonic()
    for _ in range(CONNECTIONS):
        await until_true(is_called, SOON + SLACK)
    assert time.monotonic() - started < CONNECTIONS * SOON


async def test_a_revoked_token_is_refused_by_both_workers_within_a_second(gateway: Gateway) -> None:
    plain = await gateway.create_token("short-lived", permissions=["upstream.read"])
    await everywhere(gateway, "/api/v1/upstreams", plain, lambda response: response.status_code == 200)
    token = next(one for one in await gateway.items("/tokens") if one["name"] == "short-lived")
    await gateway.expect(204, "DELETE", f"/tokens/{token['id']}")
    seconds = await everywhere(gateway, "/api/v1/upstreams", plain, lambda response: response.status_code == 401)
    assert seconds < SOON + SLACK


async def test_the_admin_token_is_made_once(gateway: Gateway) -> None:
    assert [one["name"] for one in await gateway.items("/tokens")].count("admin") == 1


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_two_gateways_can_start_on_one_empty_database_at_the_same_time(backend: str, tmp_path: Path) -> None:
    async with fresh_url(backend, tmp_path) as url, AsyncExitStack() as stack:
        launch = Launch(database=url, environment={"GATEHOUSE_KEY": KEY})
        gateways = [Gateway(tmp_path / name, launch, free_port()) for name in ("one", "other")]

        async def start(gateway: Gateway) -> None:
            try:
                await gateway.start()
            except FileNotFoundError:
                gateway.token = ""  # The other one made the admin token, and has its file.
            stack.push_async_callback(gateway.stop)

        async with anyio.create_task_group() as group:
            for gateway in gateways:
                group.start_soon(start, gateway)
        tokens = [gateway.token for gateway in gateways if gateway.token]
        assert len(tokens) == 1
        one, other = gateways
        one.token = other.token = tokens[0]
        await one.add_upstream("clock", command=sys.executable, args=TIME)
        await everywhere(other, "/api/v1/upstreams/clock", tokens[0], lambda response: response.status_code == 200)

        async def answers() -> bool:
            return "result" in await modern_call(f"{other.url}/mcp", tokens[0], "clock_current_time")

        await until_true(answers)
        for gateway in gateways:
            assert "Traceback" not in gateway.log


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
async def test_calls_go_on_while_the_database_is_away_and_changes_when_it_is_back(backend: str, tmp_path: Path) -> None:
    async with fresh_url(backend, tmp_path) as url:
        parts = urlsplit(url)
        async with Line(parts.port or 0, parts.hostname or "") as line:
            through = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{line.port}")).geturl()
            async with Gateway(tmp_path / "data", Launch(database=through)) as gateway:
                await gateway.add_upstream("clock", command=sys.executable, args=TIME)
                assert text_of(await modern_call(f"{gateway.url}/mcp", gateway.token, "clock_current_time"))
                await line.cut()
                assert await status_of(gateway, "/readyz") == 503
                for _ in range(20):
                    assert text_of(await modern_call(f"{gateway.url}/mcp", gateway.token, "clock_current_time"))
                refused = await gateway.api("GET", "/upstreams")
                assert refused.status_code == 503
                assert "database" in refused.json()["detail"]
                line.mend()

                async def is_ready() -> bool:
                    return await status_of(gateway, "/readyz") == 200

                await until_true(is_ready)
                await gateway.expect(201, "POST", "/servers", {"name": "After"})
                assert gateway.log.count("The database") < 20, "an outage is told, not repeated every second"


async def status_of(gateway: Gateway, path: str) -> int:
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.get(f"{gateway.url}{path}")).status_code

"""A sign of life, as cheap as the era lets it be, and links that let no call through."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gatehouse.catalog.model import AGENT, Upstream
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, UpstreamDown
from gatehouse.protocol.a2a import Operation
from gatehouse.protocol.call import Failure
from gatehouse.upstreams.a2a import AgentRequest
from gatehouse.upstreams.peer import SignInNeeded, ignore
from gatehouse.upstreams.pool import Pool
from tests.support.gateway import free_port
from tests.support.program import Program, running
from tests.support.quick import quick_upstream
from tests.support.upstream_links import bench, legacy_client, tool_call

pytestmark = pytest.mark.anyio
WILFUL = (sys.executable, "-m", "tests.support.wilful")
NOWHERE = "http://127.0.0.1:9/mcp"


async def test_a_modern_upstream_is_probed_without_a_session_and_one_that_is_gone_is_down() -> None:
    async with bench() as at:
        async with quick_upstream() as url:
            link = at.link(url)
            assert not await link.probe(), "nobody knows yet how it speaks"
            await link.discover()
            assert await link.probe()
        await at.http.close()
        with pytest.raises(UpstreamDown):
            await link.probe()


async def test_a_legacy_upstream_is_probed_in_a_session_and_one_that_wants_a_sign_in_says_so(tmp_path: Path) -> None:
    port = free_port()
    async with bench() as at:
        link = at.link(f"http://127.0.0.1:{port}/mcp")
        async with running(Program([*WILFUL, str(tmp_path), "--port", str(port)], tmp_path / "log")) as up:
            await up.until_listening(port)
            await link.discover()
            assert await link.probe(), "in a session that was opened for it"
            await link.send(tool_call(legacy_client(), "whoami"), None, ignore)
            assert await link.probe(), "in the session that there is"
        shut = Program([*WILFUL, str(tmp_path), "--port", str(port), "--require", "x"], tmp_path / "shut")
        async with running(shut) as up:
            await up.until_listening(port)
            with pytest.raises(SignInNeeded):
                await link.probe()


async def test_no_process_is_started_for_a_probe(tmp_path: Path) -> None:
    async with bench() as at:
        link = at.link((*WILFUL, str(tmp_path)))
        await link.discover()
        assert at.launcher.running == 0
        assert not await link.probe() and at.launcher.running == 0
        await link.send(tool_call(legacy_client(), "whoami"), None, ignore)
        assert await link.probe() and at.launcher.running == 1


async def test_calls_of_what_is_in_maintenance_are_told_so_until_it_is_over() -> None:
    async with bench() as at:
        pool, until = Pool(at.reach), at.clock.time + 60
        upstream = Upstream("u1", "box", url=NOWHERE, maintenance_until=until, maintenance_note="a new disk.")
        agent = Upstream("a1", "helper", kind=AGENT, url=NOWHERE, maintenance_until=until)
        call, request = tool_call(legacy_client()), AgentRequest(Operation.SEND, "1.0", {"message": json.EMPTY}, "p1")
        for outcome in (await pool.send(upstream, call, None, ignore), await pool.send(agent, call, None, ignore)):
            assert isinstance(outcome, Failure) and outcome.own and outcome.code == -31503
        told = await pool.send(upstream, call, None, ignore)
        assert getattr(told, "message", "") == (
            "box is in maintenance until 2027-01-15 08:01 UTC: a new disk. Try again after that."
        )
        assert isinstance(await pool.agent(agent).ask(request), Failure)
        at.clock.time = until
        told = await pool.send(upstream, call, None, ignore)
        assert "maintenance" not in getattr(told, "message", "maintenance")
        with pytest.raises(GatewayError):
            await pool.agent(agent).ask(request)
        await pool.close()

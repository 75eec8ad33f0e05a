"""Gatehouse in front of a server that passes the official conformance suite passes it, too, on both wires."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest

from tests.conformance.suite import WIRES, run_suite
from tests.support.environments import Node, node
from tests.support.everything.running import everything
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def tools() -> Node:
    return node()


@pytest.fixture(scope="module")
async def gateway(tools: Node, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    """With a virtual server that offers all of the everything server under its own names."""
    directory = tmp_path_factory.mktemp("conformance")
    async with everything(directory) as url, Gateway(directory / "data") as gateway:
        await gateway.add_upstream("everything", url=url)
        await gateway.create_server("everything", ["everything"])
        yield gateway


@pytest.mark.parametrize(("wire", "scenarios"), WIRES.items())
async def test_every_conformance_scenario_passes_through_gatehouse(
    wire: str, scenarios: int, tools: Node, gateway: Gateway
) -> None:
    token = await gateway.create_token(f"conformance {wire}", ["everything"])
    with anyio.fail_after(180):
        verdict = await run_suite(tools, f"{gateway.url}/servers/everything/mcp", wire, token)
    print(gateway.log)
    assert len(verdict.scenarios) == scenarios, verdict.output
    assert not verdict.failed, str(verdict)

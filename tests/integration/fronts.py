"""The gateway that the tests of its MCP faces share: one upstream that offers everything, bound to the server `desk`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.everything.running import everything
from tests.support.gateway import Gateway, Launch


async def furnish(gateway: Gateway, url: str) -> None:
    """The upstream `box`, and the server `desk` with all that it offers."""
    await gateway.add_upstream("box", url=url)
    await gateway.create_server("Desk", ["box"])


@pytest.fixture(scope="module", params=["true", "false"], ids=["fast", "asgi"])
async def both_ways(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """The gateway with its fast path, and the gateway without."""
    directory = tmp_path_factory.mktemp("front")
    launch = Launch(environment={"GATEHOUSE_FAST_PATH": request.param})
    async with everything(directory) as url, Gateway(directory / "data", launch) as gateway:
        await furnish(gateway, url)
        yield gateway


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    directory = tmp_path_factory.mktemp("front")
    async with everything(directory) as url, Gateway(directory / "data") as gateway:
        await furnish(gateway, url)
        yield gateway

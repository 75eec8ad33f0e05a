"""One gateway for all of these tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from tests.integration.clients.house import House
from tests.support.clients.drivers import Target
from tests.support.everything.running import everything
from tests.support.gateway import Gateway


@pytest.fixture(scope="package")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    directory = tmp_path_factory.mktemp("clients")
    async with Gateway(directory / "data") as gateway:
        yield House(gateway, directory)


@pytest.fixture(scope="package")
async def front(house: House) -> AsyncGenerator[Target]:
    """A virtual server in front of the everything server."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(everything(house.directory))
        await house.gateway.add_upstream("everything", url=url)
        yield await house.open("everything")

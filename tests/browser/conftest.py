"""A gateway with an administrator, and one browser, for the tests of one file."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.support.console import Visit, browser, set_up, visit
from tests.support.gateway import Gateway


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """Empty, but for the administrator."""
    async with Gateway(tmp_path_factory.mktemp("console") / "data") as gateway:
        await set_up(gateway)
        yield gateway


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


@pytest.fixture
async def visitor(chromium: Browser, gateway: Gateway) -> AsyncIterator[Visit]:
    """The administrator's visit, at 1440 px."""
    async with visit(chromium, gateway) as made:
        yield made

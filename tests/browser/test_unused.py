"""Finding what nobody uses in the console, and being rid of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest
from playwright.async_api import Browser, expect

from tests.support.console import Visit, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio
SOON = "1s"
"""What nobody used for so long is unused, for a test."""


@pytest.fixture(scope="module", autouse=True)
async def upstreams(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        await gateway.add_upstream("box", url=url)
        await gateway.create_server("Desk", ["box"])
        await gateway.create_token("idle", permissions=["call.read"])
        yield


async def test_what_is_new_has_had_no_chance_yet(visitor: Visit) -> None:
    await visitor.go("/unused")
    await expect(visitor.page.get_by_text("Everything is used")).to_be_visible()
    await visitor.check()


async def test_unused_tools_are_found_and_switched_off_with_a_way_back(visitor: Visit, gateway: Gateway) -> None:
    page = visitor.page
    await _aged(gateway, "tool")
    await visitor.go(f"/unused?for={SOON}")
    row = page.get_by_role("row").filter(has_text="box_test_simple_text")
    await expect(row).to_contain_text("desk")
    await expect(row).to_contain_text("Never used")
    await expect(page.get_by_text("tokens of schema")).to_be_visible()
    await visitor.check()
    for name in ("box_test_simple_text", "box_test_image_content"):
        await page.get_by_role("checkbox", name=f"Select {name}").click()
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_text("2 switched off")).to_be_visible()
    assert len(await gateway.items("/tools", enabled="false")) == 2
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("2 switched on again")).to_be_visible()
    assert await gateway.items("/tools", enabled="false") == []


async def test_servers_go_with_a_way_back_and_tokens_only_after_a_question(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=390) as visitor:
        page = visitor.page
        await _aged(gateway, "token")
        await visitor.go(f"/unused?for={SOON}&of=server")
        await page.get_by_role("checkbox", name="Select desk").click()
        await page.get_by_role("button", name="Take away").click()
        await expect(page.get_by_role("link", name="desk")).to_have_count(0)
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("link", name="desk")).to_be_visible()
        await page.get_by_role("radio", name="Tokens").click()
        await page.get_by_role("checkbox", name="Select idle").click()
        await page.get_by_role("button", name="Revoke").click()
        await visitor.check()
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(page.get_by_text("1 token revoked")).to_be_visible()
        await expect(page.get_by_role("link", name="idle")).to_have_count(0)
        for of in ("prompt", "resource", "upstream"):
            await visitor.go(f"/unused?for={SOON}&of={of}")
            await visitor.check()


async def _aged(gateway: Gateway, of: str) -> None:
    """Until something is old enough to be unused."""
    with anyio.fail_after(20):
        while not (await gateway.expect(200, "GET", "/metrics/unused", params={"of": of, "unused_for": SOON}))["items"]:
            await anyio.lowlevel.checkpoint()

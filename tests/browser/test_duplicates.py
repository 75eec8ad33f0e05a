"""Finding tools that do the same in the console, and saying which one to use."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import Visit, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def box(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        await gateway.add_upstream("first", url=url)
        yield url


async def test_without_duplicates_the_page_says_what_would_be_here(visitor: Visit, box: str) -> None:
    assert box
    await visitor.go("/duplicates")
    await expect(visitor.page.get_by_text("No duplicates")).to_be_visible()
    await visitor.check()


async def test_a_duplicate_is_found_compared_and_judged_with_a_way_back(
    visitor: Visit, gateway: Gateway, box: str
) -> None:
    page = visitor.page
    await gateway.add_upstream("second", url=box)
    await visitor.go("/tools?q=test_x_mcp_header")
    await expect(page.get_by_text("1 duplicate").first).to_be_visible()
    await page.get_by_role("link", name="Duplicates").last.click()
    group = page.locator("section").filter(has_text="test_x_mcp_header")
    await expect(group.get_by_text("2 alike")).to_be_visible()
    await group.get_by_role("button", name="Compare schemas").click()
    await expect(group.get_by_text("The schemas are the same.")).to_be_visible()
    await visitor.settle()
    await visitor.check()
    await group.get_by_role("button", name="Use this one").first.click()
    await expect(group.get_by_text("To be used")).to_be_visible()
    (said,) = (await gateway.expect(200, "GET", "/tools/duplicates/verdicts"))["items"]
    assert said["verdict"] == "keep"
    await page.get_by_role("button", name="Undo").click()
    await expect(group.get_by_text("To be used")).to_have_count(0)
    assert (await gateway.expect(200, "GET", "/tools/duplicates/verdicts"))["items"] == []


async def test_what_is_different_is_set_aside_and_can_be_taken_back(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=390) as visitor:
        page = visitor.page
        await visitor.go("/duplicates?score=0.6")
        group = page.locator("section").filter(has_text="test_x_mcp_header")
        await group.get_by_role("button", name="They are different").click()
        aside = page.locator("section").filter(has_text="Set aside as different")
        await expect(aside.get_by_role("link", name="first_test_x_mcp_header")).to_be_visible()
        await visitor.settle()
        await visitor.check()
        await aside.get_by_role("button", name="Take it back").click()
        await expect(aside).to_have_count(0)
        await page.get_by_role("combobox", name="Judged or not").select_option("yes")
        await expect(page.get_by_text("Nothing found")).to_be_visible()

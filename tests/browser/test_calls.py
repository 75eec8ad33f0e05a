"""Calls: found as they come, opened, told apart by filters that stand in the address."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import Visit, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway
from tests.support.processes import until_true
from tests.support.talk import Talk

pytestmark = pytest.mark.anyio


@dataclass
class Desk:
    """A virtual server that keeps what is called, and a token for it."""

    gateway: Gateway
    url: str
    token: str
    called: int = 0

    async def call(self, *tools: str) -> None:
        """Returns when their records can be read, which they can half a second later."""
        async with Talk(self.url, self.token) as talk:
            for tool in tools:
                await talk.call(tool)
        self.called += len(tools)
        await until_true(self._all_stored, 10)

    async def _all_stored(self) -> bool:
        totals = await self.gateway.expect(200, "GET", "/metrics/totals")
        return totals["sums"]["calls"] >= self.called


@pytest.fixture(scope="module")
async def desk(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    directory: Path = tmp_path_factory.mktemp("everything")
    async with everything(directory) as url:
        await gateway.add_upstream("everything", url=url)
        server = await gateway.create_server("Desk", ["everything"], record_content=True)
        token = await gateway.create_token("laptop", [server["id"]])
        yield Desk(gateway, server["url"], token)


async def test_with_no_calls_at_all_the_page_says_how_they_come(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=390) as guest:
        await guest.go("/calls")
        await expect(guest.page.get_by_text("No calls yet")).to_be_visible()
        await guest.check()


async def test_a_call_is_found_as_it_comes_and_its_timeline_is_told(visitor: Visit, desk: Desk) -> None:
    page = visitor.page
    await visitor.go("/calls?follow=yes")
    await expect(page.get_by_text("Following: new calls appear on top.")).to_be_visible()
    await desk.call("test_simple_text")
    link = page.get_by_role("table", name="Calls").get_by_role("link", name="test_simple_text")
    await link.click()
    await visitor.settle()
    await expect(page.get_by_role("heading", level=1, name="test_simple_text")).to_be_visible()
    for part in ("Until it was sent on", "At the MCP server", "Back to the client"):
        await expect(page.get_by_role("img", name=f"{part}: ")).to_be_visible()
    facts = page.get_by_role("main")
    for who in ("laptop", "Desk", "everything"):
        await expect(facts.get_by_role("link", name=who, exact=False).first).to_be_visible()
    await expect(facts.get_by_text("talk 1")).to_be_visible()
    await expect(facts.get_by_text("Legacy era")).to_be_visible()
    await expect(facts.get_by_text("This is a simple text response")).to_be_visible()
    await visitor.check()


async def test_while_it_is_paused_new_calls_are_counted_and_held_back(visitor: Visit, desk: Desk) -> None:
    page = visitor.page
    await visitor.go("/calls?follow=yes&tool=test_image_content")
    await expect(page.get_by_text("Following: new calls appear on top.")).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await desk.call("test_image_content", "test_image_content", "test_simple_text")
    await expect(page.get_by_text("Paused; 2 new calls wait.")).to_be_visible()
    await expect(page.get_by_role("link", name="test_image_content")).to_have_count(0)
    await page.get_by_role("button", name="Show them").click()
    await expect(page.get_by_role("link", name="test_image_content")).to_have_count(2)
    await page.get_by_role("button", name="Go on").click()
    await desk.call("test_image_content")
    await expect(page.get_by_role("link", name="test_image_content")).to_have_count(3)


async def test_what_was_refused_says_so_and_leads_to_the_reason(visitor: Visit, desk: Desk) -> None:
    page = visitor.page
    await desk.call("no_such_tool")
    await visitor.go("/calls?outcome=refused")
    await page.get_by_role("table", name="Calls").get_by_role("link", name="tools/call").first.click()
    await expect(page.get_by_text("Unknown tool: no_such_tool")).to_be_visible()
    await expect(page.get_by_role("link", name="Why was it refused?")).to_have_attribute(
        "href", re.compile(r"/explain\?principal=tok_")
    )
    await visitor.settle()
    await visitor.check()


async def test_a_filter_is_found_by_typing_and_survives_a_reload(visitor: Visit, desk: Desk) -> None:
    page = visitor.page
    await desk.call("test_error_handling", "test_simple_text")
    await visitor.go("/calls")
    await page.get_by_role("button", name="Filter").click()
    await page.get_by_placeholder("Filter by").fill("outc")
    await page.keyboard.press("Enter")
    await page.get_by_placeholder("Outcome…").fill("tool err")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{visitor.base}/console/calls?outcome=tool_error")
    await page.get_by_role("button", name="Filter", exact=True).click()
    await page.get_by_placeholder("Filter by").fill("virtual")
    await page.keyboard.press("Enter")
    await page.get_by_role("option", name="desk").click()
    await page.reload()
    await visitor.settle()
    await expect(page.get_by_role("button", name="Remove filter: Outcome Tool error")).to_be_visible()
    await expect(page.get_by_role("button", name="Remove filter: Virtual server desk")).to_be_visible()
    rows = page.get_by_role("table", name="Calls").get_by_role("row")
    await expect(rows.get_by_role("link", name="test_error_handling").first).to_be_visible()
    await expect(rows.get_by_role("link", name="test_simple_text")).to_have_count(0)
    await visitor.check()


async def test_the_calls_before_and_after_lead_from_one_to_the_next(visitor: Visit, desk: Desk) -> None:
    page = visitor.page
    await desk.call("test_audio_content", "test_embedded_resource", "test_multiple_content_types")
    await visitor.go("/calls?tool=test_embedded_resource")
    await page.get_by_role("table", name="Calls").get_by_role("link", name="test_embedded_resource").click()
    near = page.locator("section", has_text="Before and after")
    await expect(near.get_by_role("link", name="test_multiple_content_types")).to_be_visible()
    await near.get_by_role("link", name="test_audio_content").click()
    await expect(page.get_by_role("heading", level=1, name="test_audio_content")).to_be_visible()


async def test_on_a_telephone_a_call_is_as_good_to_read(chromium: Browser, gateway: Gateway, desk: Desk) -> None:
    await desk.call("test_error_handling")
    async with visit(chromium, gateway, width=360) as guest:
        await guest.go("/calls")
        await guest.check()
        await guest.page.get_by_role("link", name="test_error_handling").first.click()
        await expect(guest.page.get_by_text("The tool ran, and said that it failed.").first).to_be_visible()
        await guest.settle()
        await guest.check()


async def test_a_call_that_is_not_there_any_more_is_told_of(visitor: Visit) -> None:
    visitor.expect(404, "/calls/cal_gone")
    await visitor.go("/calls/cal_gone")
    await expect(visitor.page.get_by_text("There is no such call")).to_be_visible()

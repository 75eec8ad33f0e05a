"""What runs and what is wrong: the overview, the map, and what happened."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import Visit, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway, free_port
from tests.support.talk import Talk

pytestmark = pytest.mark.anyio


@dataclass
class Busy:
    url: str
    token: str

    async def call(self, *tools: str) -> None:
        async with Talk(self.url, self.token) as talk:
            for tool in tools:
                await talk.call(tool)


@pytest.fixture(scope="module")
async def busy(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Busy]:
    """One MCP server that answers, one that is down, a token that ends soon, and some calls."""
    directory: Path = tmp_path_factory.mktemp("everything")
    async with everything(directory) as url:
        await gateway.add_upstream("everything", url=url)
        await gateway.expect(
            201, "POST", "/upstreams", {"name": "billing", "url": f"http://127.0.0.1:{free_port()}/mcp"}
        )
        server = await gateway.create_server("Desk", ["everything"])
        token = await gateway.create_token("laptop", [server["id"]], expires_in="2d")
        made = Busy(server["url"], token)
        await made.call("test_simple_text", "test_simple_text", "test_error_handling")
        yield made


async def test_an_empty_gateway_shows_the_way_to_the_first_steps(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=390) as guest:
        await guest.go("")
        await expect(guest.page.get_by_text("Nothing runs here yet")).to_be_visible()
        await guest.check()
        await guest.page.get_by_role("main").get_by_role("link", name="First steps").click()
        await expect(guest.page).to_have_url(f"{guest.base}/console/start")


async def test_an_empty_map_shows_the_way_too(visitor: Visit) -> None:
    await visitor.go("/map")
    await expect(visitor.page.get_by_text("Nothing to draw yet")).to_be_visible()
    await visitor.check()


async def test_what_is_wrong_stands_with_the_way_to_mend_it(visitor: Visit, busy: Busy) -> None:
    page = visitor.page
    await visitor.go("")
    wrong = page.locator("section", has_text="What is wrong")
    await expect(wrong.get_by_role("link", name="billing is down")).to_be_visible()
    await expect(wrong.get_by_role("link", name="Token laptop expires soon")).to_be_visible()
    await visitor.check()
    await wrong.get_by_role("button", name="Check now: billing").click()
    await expect(page.get_by_text("billing does not answer as it should")).to_be_visible()
    await wrong.get_by_role("link", name="Renew: laptop").click()
    await expect(page).to_have_url(re.compile("/console/tokens/tok_"))


async def test_calls_appear_as_they_come(visitor: Visit, busy: Busy) -> None:
    page = visitor.page
    await visitor.go("")
    tail = page.locator("section", has_text="Calls as they come")
    await expect(tail.get_by_role("link", name="test_simple_text")).to_have_count(2)
    await busy.call("test_image_content")
    await expect(tail.get_by_role("listitem").first).to_contain_text("test_image_content")
    top = page.locator("section", has_text="Most called tools").get_by_role("listitem")
    await expect(top.first).to_contain_text("test_simple_text")
    await page.get_by_role("radio", name="7 days").click()
    await expect(page).to_have_url(re.compile(r"/console/?\?since=7d$"))


async def test_on_a_telephone_in_korean_the_overview_fits(chromium: Browser, gateway: Gateway, busy: Busy) -> None:
    async with visit(chromium, gateway, width=360, language="ko-KR") as guest:
        await guest.go("")
        await expect(guest.page.get_by_text("billing 중단됨")).to_be_visible()
        await guest.check()


async def test_the_map_draws_what_calls_what_and_tells_it_in_a_table(visitor: Visit, busy: Busy) -> None:
    page = visitor.page
    await visitor.go("/map")
    picture = page.get_by_role("group", name="The map as a picture")
    await expect(picture.get_by_role("list", name="Clients").get_by_role("link", name="talk")).to_be_visible()
    await expect(picture.get_by_role("link", name="Down billing")).to_be_visible()
    row = page.get_by_role("table", name="Every path").get_by_role("row", name="everything")
    await expect(row).to_contain_text("talk → Desk")
    await visitor.check()
    await picture.get_by_role("link", name="Desk").focus()
    await expect(picture.get_by_role("link", name="Down billing")).to_have_class(re.compile("opacity-35"))
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/console/servers/srv_"))


async def test_on_a_telephone_the_map_is_the_table_alone(chromium: Browser, gateway: Gateway, busy: Busy) -> None:
    async with visit(chromium, gateway, width=390) as guest:
        await guest.go("/map")
        await expect(guest.page.get_by_role("table", name="Every path")).to_be_visible()
        await expect(guest.page.get_by_role("group", name="The map as a picture")).to_have_count(0)
        await guest.check()


async def test_events_are_told_as_they_come_and_narrowed_by_kind(visitor: Visit, gateway: Gateway, busy: Busy) -> None:
    page = visitor.page
    await visitor.go("/events?follow=yes")
    events = page.get_by_role("list", name="Events").get_by_role("listitem")
    await expect(events.filter(has_text="Upstream 'billing' is down")).to_be_visible()
    await gateway.expect(201, "POST", "/servers", {"name": "Fresh", "tools": []})
    await expect(events.first).to_contain_text("Server 'fresh' was added.")
    await visitor.check()
    await page.get_by_label("Every kind").select_option("upstream.down")
    await page.reload()
    await visitor.settle()
    await expect(events).to_have_count(1)
    await events.get_by_role("link", name="billing").click()
    await expect(page).to_have_url(re.compile("/console/upstreams/ups_"))


async def test_on_a_telephone_events_fit(chromium: Browser, gateway: Gateway, busy: Busy) -> None:
    async with visit(chromium, gateway, width=360) as guest:
        await guest.go("/events")
        await guest.check()

"""MCP servers in the console: added by URL, by command and by a pasted file; looked at, changed, paused and deleted."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import Visit, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway, free_port

pytestmark = pytest.mark.anyio
TIME = ["-m", "gatehouse.samples.time"]


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        yield url


async def test_a_server_is_added_by_its_url_after_a_live_handshake(gateway: Gateway, visitor: Visit, url: str) -> None:
    page = visitor.page
    await visitor.go("/upstreams")
    await expect(page.get_by_text("No MCP servers yet")).to_be_visible()
    await visitor.check()
    await page.get_by_role("link", name="Add an MCP server").first.click()
    await page.get_by_label("URL").fill(url)
    await page.get_by_label("Name").fill("box")
    await page.get_by_role("button", name="Check it").click()
    await expect(page.get_by_role("img", name="Good")).to_have_count(4)
    await visitor.check()
    await page.get_by_role("button", name="Add it").click()
    await expect(page.get_by_role("heading", name="box", exact=True)).to_be_visible()
    await expect(page.get_by_text("Running").first).to_be_visible()
    await visitor.settle()
    await visitor.check()
    assert (await gateway.expect(200, "GET", "/upstreams/box"))["status"] == "ok"


async def test_one_that_can_not_be_reached_says_at_which_stage_and_can_be_kept(visitor: Visit) -> None:
    page = visitor.page
    await visitor.go("/upstreams/new")
    await page.get_by_label("URL").fill(f"http://127.0.0.1:{free_port()}/mcp")
    await page.get_by_label("Name").fill("nobody")
    await page.get_by_role("button", name="Check it").click()
    await expect(page.get_by_role("img", name="Failed")).to_have_count(1)
    await expect(page.get_by_role("img", name="Not tried").first).to_be_visible()
    await page.get_by_role("button", name="Add it all the same").click()
    await expect(page.get_by_role("heading", name="nobody")).to_be_visible()
    await expect(page.get_by_text("Down").first).to_be_visible()


async def test_a_command_is_shown_whole_and_what_it_brings_twice_is_told(gateway: Gateway, visitor: Visit) -> None:
    page = visitor.page
    await gateway.add_upstream("clock", command=sys.executable, args=TIME)
    await visitor.go("/upstreams/new?way=command")
    await page.get_by_label("Command").fill(sys.executable)
    await page.get_by_label("Arguments").fill("\n".join(TIME))
    await page.get_by_label("Name").fill("time")
    await expect(page.get_by_role("note")).to_contain_text("gatehouse.samples.time")
    await page.get_by_role("button", name="Check it").click()
    await expect(page.get_by_text("exist already")).to_be_visible()
    await expect(page.get_by_role("link", name="clock_current_time")).to_be_visible()
    await visitor.check()
    await page.get_by_role("button", name="Add it", exact=True).click()
    await expect(page.get_by_role("heading", name="time", exact=True)).to_be_visible()


async def test_a_pasted_file_adds_what_is_in_it(gateway: Gateway, visitor: Visit) -> None:
    page = visitor.page
    await visitor.go("/upstreams/new?way=paste")
    box = page.get_by_label("Configuration")
    await box.fill("{ not json")
    await expect(page.get_by_text("This is no JSON with MCP servers in it.")).to_be_visible()
    await box.fill(json.dumps({"mcpServers": {"watch": {"command": sys.executable, "args": TIME}}}))
    await expect(page.get_by_text("1 MCP server in it")).to_be_visible()
    await page.get_by_role("button", name="Add them").click()
    await expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    await visitor.check()
    await gateway.expect(200, "GET", "/upstreams/watch")


async def test_it_is_paused_changed_and_deleted_with_a_way_back(gateway: Gateway, visitor: Visit, url: str) -> None:
    await gateway.add_upstream("shop", url=url)
    page = visitor.page
    await visitor.go("/upstreams/shop")
    await page.get_by_role("button", name="Actions: shop").click()
    await page.get_by_role("menuitem", name="Maintenance…").click()
    await page.get_by_role("dialog").get_by_label("Note").fill("a new disk")
    await page.get_by_role("dialog").get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("note").filter(has_text="a new disk")).to_be_visible()
    await visitor.go("/upstreams/shop?tab=settings")
    await page.get_by_label("Description").fill("Where things are bought")
    await expect(page.get_by_role("group", name="What changes")).to_contain_text("Where things are bought")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved")).to_be_visible()
    assert (await gateway.expect(200, "GET", "/upstreams/shop"))["description"] == "Where things are bought"
    await page.get_by_role("button", name="Actions: shop").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page).to_have_url(f"{visitor.base}/console/upstreams")
    await expect(page.get_by_role("link", name="shop", exact=True)).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("link", name="shop", exact=True)).to_be_visible()
    await gateway.expect(200, "GET", "/upstreams/shop")


async def test_roots_are_added_and_removed(gateway: Gateway, visitor: Visit, tmp_path: Path) -> None:
    page = visitor.page
    await visitor.go("/roots")
    await visitor.check()
    await page.get_by_role("button", name="Add a root").first.click()
    await page.get_by_role("dialog").get_by_label("Address").fill(tmp_path.as_uri())
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_text(tmp_path.as_uri())).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Actions: ")).click()
    await page.get_by_role("menuitem", name="Remove").click()
    await expect(page.get_by_text("No roots")).to_be_visible()


async def test_pages_of_servers_are_good_on_a_telephone(chromium: Browser, gateway: Gateway, url: str) -> None:
    await gateway.add_upstream("pocket", url=url)
    tabs = ("", "?tab=used", "?tab=health", "?tab=settings")
    async with visit(chromium, gateway, width=360) as phone:
        for path in ("/upstreams", "/upstreams/new", *(f"/upstreams/pocket{tab}" for tab in tabs), "/roots"):
            await phone.go(path)
            await phone.check()

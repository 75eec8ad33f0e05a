"""The catalog in the console: tools, prompts and resources as lists, and one of each in its details."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest
from playwright.async_api import Browser, expect

from tests.support.console import Visit, set_up, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", autouse=True)
async def upstreams(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        await gateway.add_upstream("box", url=url)
        await gateway.create_server("Desk", ["box"])
        yield


async def test_an_empty_catalog_teaches_where_tools_come_from(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with Gateway(tmp_path_factory.mktemp("empty") / "data") as empty:
        await set_up(empty)
        async with visit(chromium, empty) as visitor:
            for path in ("/tools", "/prompts", "/resources"):
                await visitor.go(path)
                await expect(visitor.page.get_by_role("link", name="Add an MCP server")).to_be_visible()
            await visitor.check()


async def test_tools_are_found_and_filtered_and_the_address_remembers(visitor: Visit) -> None:
    page = visitor.page
    await visitor.go("/tools")
    await visitor.check()
    await page.get_by_label("Search tools").fill("picture")
    await expect(page.get_by_role("link", name="test_image_content")).to_be_visible()
    await expect(page.get_by_role("link", name="test_simple_text")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_label("Search tools")).to_have_value("picture")
    await page.get_by_label("Search tools").fill("no such thing anywhere")
    await expect(page.get_by_text("Nothing found")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(page.get_by_role("link", name="test_simple_text")).to_be_visible()


async def test_many_are_tagged_and_switched_off_at_once_with_a_way_back(visitor: Visit, gateway: Gateway) -> None:
    page = visitor.page
    await visitor.go("/tools?q=content")
    for name in ("test_image_content", "test_audio_content"):
        await page.get_by_role("checkbox", name=f"Select {name}").click()
    await page.get_by_label("Search tools").fill("")
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await page.get_by_role("button", name="Tags", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Add these tags").fill("media")
    await page.keyboard.press("Enter")
    await visitor.check()
    await dialog.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("Tags of 2 changed")).to_be_visible()
    await page.get_by_role("combobox", name="Any tag").select_option("media")
    await expect(page.get_by_role("row")).to_have_count(3)
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_text("2 switched off")).to_be_visible()
    assert len(await gateway.items("/tools", tag="media", enabled="false")) == 2
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("2 switched on")).to_be_visible()
    assert len(await gateway.items("/tools", tag="media", enabled="true")) == 2


async def test_a_tool_tells_what_it_takes_where_it_is_and_how_it_is_used(visitor: Visit, gateway: Gateway) -> None:
    page = visitor.page
    tool = await _one(gateway, "tools", "json_schema_2020_12_tool")
    await visitor.go(f"/tools/{tool['id']}")
    await expect(page.get_by_text("one of phone, email")).to_be_visible()
    await visitor.check()
    for tab, words in (("Bound in", "Desk"), ("Similar", "Nothing is like it"), ("Usage", "Nobody called it")):
        await page.get_by_role("tab", name=tab).click()
        await expect(page.get_by_role("tabpanel", name=tab).get_by_text(words).first).to_be_visible()
        await visitor.settle()
        await visitor.check()
    await gateway.expect(200, "POST", f"/tools/{tool['id']}/call", {"arguments": {"email": "a@example.com"}})
    with anyio.fail_after(10):
        while not await gateway.items("/calls", original=tool["name"]):  # Records are written a moment later.
            await anyio.lowlevel.checkpoint()
    await page.reload()
    await expect(page.get_by_role("img", name="Calls and errors over time")).to_be_visible()
    await visitor.settle()
    await visitor.check()


async def test_what_agents_read_can_be_said_otherwise_and_taken_back(visitor: Visit, gateway: Gateway) -> None:
    page = visitor.page
    tool = await _one(gateway, "tools", "test_simple_text")
    await visitor.go(f"/tools/{tool['id']}?tab=overrides")
    await expect(page.get_by_text("Original: Answers with a text.")).to_be_visible()
    await page.get_by_label("Title").fill("Say something")
    await page.get_by_role("textbox", name="Description").fill("Answers with a short text.")
    await page.get_by_label("Only reads").select_option("yes")
    await visitor.check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", name="Say something")).to_be_visible()
    await expect(page.get_by_text("Read-only")).to_be_visible()
    seen = await gateway.expect(200, "GET", f"/tools/{tool['id']}")
    assert seen["overrides"]["annotations"] == {"readOnlyHint": True}
    for _ in ("title", "description"):
        await page.get_by_role("button", name="Back to the original").first.click()
    await expect(page.get_by_role("button", name="Back to the original")).to_have_count(0)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", name="test_simple_text")).to_be_visible()


async def test_prompts_and_resources_stand_beside_tools(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=360, language="ko-KR") as visitor:
        page = visitor.page
        for shelf in ("tools", "prompts", "resources"):
            await visitor.go(f"/{shelf}")
            await visitor.check()
        await page.get_by_role("combobox", name="모든 종류").select_option("resource_template")
        await page.get_by_role("link", name="test://template/{id}/data").click()
        await expect(page.get_by_role("tab", name="상세")).to_be_visible()
        await visitor.settle()
        await visitor.check()
        prompt = await _one(gateway, "prompts", "test_prompt_with_arguments")
        for tab in ("details", "overrides", "bound", "usage"):
            await visitor.go(f"/prompts/{prompt['id']}?tab={tab}")
            await visitor.check()


async def test_what_is_not_there_says_so(visitor: Visit) -> None:
    visitor.expect(404, "/tools/cap_nowhere")
    await visitor.go("/tools/cap_nowhere")
    await expect(visitor.page.get_by_role("alert")).to_be_visible()
    await visitor.check()


async def _one(gateway: Gateway, shelf: str, name: str) -> dict[str, str]:
    (found,) = [one for one in await gateway.items(f"/{shelf}", upstream="box") if one["name"] == name]
    return found

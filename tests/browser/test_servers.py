"""Virtual servers and tokens in the console: composed, connected, renamed, measured; tokens made, shown once, revoked."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.console import Visit, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway
from tests.support.processes import until_true
from tests.support.talk import Talk, modern_call, text_of

pytestmark = pytest.mark.anyio
TIME = {"command": sys.executable, "args": ["-m", "gatehouse.samples.time"]}


@pytest.fixture(scope="module")
async def furnished(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """With two MCP servers that offer the same names."""
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        await gateway.add_upstream("time", **TIME)
        await gateway.add_upstream("clock", **TIME)
        await gateway.add_upstream("box", url=url)
        yield gateway


async def pick(page: Page, words: str, name: str) -> None:
    await page.get_by_label("Search tools, prompts, resources").fill(words)
    await page.get_by_role("checkbox", name=re.compile(name)).first.click()


async def test_a_virtual_server_is_composed_and_a_client_connected(furnished: Gateway, visitor: Visit) -> None:
    """From the empty list to a real client that uses the address and the token that the page showed."""
    page = visitor.page
    await visitor.go("/servers")
    await visitor.check()
    await page.get_by_role("link", name="Compose a virtual server").first.click()
    await page.get_by_label("Name").fill("Research")
    await pick(page, "time current", r"^current_time .*time ·")
    await pick(page, "clock current", r"^current_time .*clock ·")
    picked = page.get_by_role("list", name="Picked")
    await page.get_by_label("Search tools, prompts, resources").fill("nothing has this")
    await expect(page.get_by_text("Nothing matches")).to_be_visible()
    await expect(picked.get_by_role("listitem")).to_have_count(2)
    await expect(picked.get_by_text("clock_current_time")).to_be_visible()
    await visitor.check()
    await page.get_by_role("button", name="Create it").click()
    await expect(page.get_by_role("heading", name="Research")).to_be_visible()
    await page.get_by_role("radio", name="Other").click()
    await page.get_by_role("button", name="Make a token").click()
    await expect(page.get_by_role("note").filter(has_text="stands in the text")).to_be_visible()
    await visitor.settle()
    await visitor.check()
    config = json.loads(await page.locator("pre code").first.inner_text())
    entry = config["mcpServers"]["research"]
    token = entry["headers"]["Authorization"].removeprefix("Bearer ")

    async def answers() -> bool:
        return "result" in await modern_call(entry["url"], token, "current_time")

    await until_true(answers)
    async with Talk(entry["url"], token) as talk:
        assert await talk.tools() == {"current_time", "clock_current_time"}
        assert text_of(await talk.call("current_time"))
    assert token not in page.url


async def test_a_name_for_agents_is_changed_and_the_old_one_still_works(furnished: Gateway, visitor: Visit) -> None:
    tools = {one["handle"]: one["id"] for one in await furnished.items("/tools")}
    body = {"name": "desk", "tools": [tools["time_current_time"], tools["time_convert_time"]]}
    await furnished.expect(201, "POST", "/servers", body)
    page = visitor.page
    await visitor.go("/servers/desk")
    await visitor.check()
    await page.get_by_role("button", name="Actions: current_time").click()
    await page.get_by_role("menuitem", name="Change how it appears").click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_label("Name for agents").fill("what_time_is_it")
    await sheet.get_by_label("Description").fill("The time, for people in a hurry")
    await visitor.check()
    await sheet.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("link", name="what_time_is_it")).to_be_visible()
    await expect(page.get_by_text("Earlier names: current_time")).to_be_visible()
    await page.get_by_role("switch", name="convert_time is on").click()
    await expect(page.get_by_role("switch", name="convert_time is on")).not_to_be_checked()
    token = await furnished.create_token("hurry", ["desk"])

    async def both_work() -> bool:
        names = ("what_time_is_it", "current_time")
        answers = [await modern_call(f"{furnished.url}/servers/desk/mcp", token, name) for name in names]
        return all("result" in one for one in answers)

    await until_true(both_work)


async def test_what_is_composed_anew_is_shown_before_it_is_saved(furnished: Gateway, visitor: Visit) -> None:
    tools = {one["handle"]: one["id"] for one in await furnished.items("/tools")}
    await furnished.expect(201, "POST", "/servers", {"name": "shelf", "tools": [tools["time_current_time"]]})
    page = visitor.page
    await visitor.go("/servers/shelf?tab=compose")
    await pick(page, "time convert", r"^convert_time .*time ·")
    await page.get_by_role("button", name="Take current_time away").click()
    await expect(page.get_by_text("1 added, 1 taken away")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Nothing changed")).to_be_visible()
    server = await furnished.expect(200, "GET", "/servers/shelf")
    assert [one["name"] for one in server["bindings"]] == ["convert_time"]


async def test_settings_are_saved_and_a_deletion_can_be_undone(furnished: Gateway, visitor: Visit) -> None:
    await furnished.expect(201, "POST", "/servers", {"name": "hall"})
    page = visitor.page
    await visitor.go("/servers/hall?tab=settings")
    await page.get_by_label("Instructions").fill("Ask before you buy.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved")).to_be_visible()
    assert (await furnished.expect(200, "GET", "/servers/hall"))["instructions"] == "Ask before you buy."
    await page.get_by_role("button", name="Actions").first.click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page.get_by_role("link", name="hall", exact=True)).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("link", name="hall", exact=True)).to_be_visible()


async def test_a_token_is_made_with_its_access_in_sight_and_refused_once_it_is_revoked(
    furnished: Gateway, visitor: Visit
) -> None:
    tools = {one["handle"]: one["id"] for one in await furnished.items("/tools")}
    await furnished.expect(201, "POST", "/servers", {"name": "gate", "tools": [tools["time_current_time"]]})
    page = visitor.page
    await visitor.go("/tokens")
    await visitor.check()
    await page.get_by_role("link", name="Make a token").first.click()
    await page.get_by_label("Name").fill("night watch")
    await page.get_by_role("combobox", name="Virtual servers").click()
    await page.get_by_role("option", name="gate").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("current_time")).to_be_visible()
    visitor.expect(400, "/tokens")
    await page.get_by_label("Rate").fill("often")
    await page.get_by_role("button", name="Make a token").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Rate").fill("60/m")
    await page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    token = await dialog.locator("code").first.inner_text()
    await visitor.check()
    await dialog.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("heading", name="night watch")).to_be_visible()
    assert token not in await page.content()
    await visitor.settle()
    await visitor.check()
    address = f"{furnished.url}/servers/gate/mcp"

    async def is_let_in() -> bool:
        return "result" in await modern_call(address, token, "current_time")

    await until_true(is_let_in)
    await page.get_by_role("button", name="Revoke").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("Revoked").first).to_be_visible()

    async def is_refused() -> bool:
        return "error" in await modern_call(address, token, "current_time")

    await until_true(is_refused)


async def test_pages_are_good_on_a_telephone(chromium: Browser, furnished: Gateway) -> None:
    tools = {one["handle"]: one["id"] for one in await furnished.items("/tools")}
    await furnished.expect(201, "POST", "/servers", {"name": "pocket", "tools": [tools["time_current_time"]]})
    tabs = ("", "?tab=compose", "?tab=connect", "?tab=try", "?tab=usage", "?tab=settings")
    async with visit(chromium, furnished, width=360) as phone:
        for path in ("/servers", "/servers/new", *(f"/servers/pocket{tab}" for tab in tabs), "/tokens", "/tokens/new"):
            await phone.go(path)
            await phone.check()

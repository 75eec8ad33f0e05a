"""First steps and the registry in the console: from the set-up link to a first call, and installing in one step."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import EMAIL, PASSWORD, Visit, set_up, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway, Launch
from tests.support.registry_server import server_json

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        yield url


async def test_from_the_set_up_link_to_a_first_call_in_four_steps(chromium: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".cursor").mkdir(parents=True)
    (home / ".cursor" / "mcp.json").write_text('{"mcpServers": {"nowhere": {"url": "http://127.0.0.1:9/mcp"}}}')
    async with (
        Gateway(tmp_path / "data", Launch(environment={"HOME": str(home)})) as gateway,
        visit(chromium, gateway, email="") as person,
    ):
        page = person.page
        link = re.search(r"http://\S+/setup#\S+", gateway.log)
        assert link
        await page.goto(link[0])
        await expect(page.get_by_role("heading", name="Set up Gatehouse")).to_be_visible()
        await person.check()
        await page.get_by_label("Email address").fill(EMAIL)
        await page.get_by_label("Name").fill("Dana Moon")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Make the account").click()
        await expect(page.get_by_role("heading", name="First steps")).to_be_visible()
        await expect(page.get_by_text("~/.cursor/mcp.json")).to_be_visible()
        await person.check()
        await page.get_by_role("button", name="Take 1 in").click()
        await expect(page.get_by_role("link", name="nowhere")).to_be_visible()
        await page.get_by_role("button", name="Take the sample").click()
        await expect(page.get_by_role("link", name="time", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_role("checkbox", name="nowhere").click()
        await person.check()
        await page.get_by_role("button", name="Create it").click()
        await page.get_by_role("button", name="Make a token").click()
        await expect(page.get_by_role("note").filter(has_text="stands in the text")).to_be_visible()
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_text("Waiting for a call")).to_be_visible()
        await page.get_by_role("button", name="Call", exact=True).click()
        await expect(page.get_by_text("That's it.")).to_be_visible()
        await person.settle()
        await person.check()


async def test_an_entry_is_installed_from_the_registry(gateway: Gateway, visitor: Visit, url: str) -> None:
    header = {"name": "X-Key", "description": "Any will do", "isRequired": True, "isSecret": True}
    remote = [{"type": "streamable-http", "url": url, "headers": [header]}]
    servers = [server_json("com.example/parcels", remotes=remote)]
    await gateway.expect(201, "POST", "/registry/sources", {"name": "ours", "servers": servers})
    page = visitor.page
    await visitor.go("/registry?q=parcels")
    await page.get_by_role("link", name=re.compile("parcels", re.I)).first.click()
    await expect(page.get_by_role("heading", name="Install", exact=True)).to_be_visible()
    await visitor.settle()
    await visitor.check()
    await page.get_by_label("X-Key").fill("any")
    await page.get_by_label("Name here").fill("box")
    await page.get_by_role("button", name="Install", exact=True).click()
    await expect(page.get_by_role("link", name="Open it")).to_be_visible()
    await visitor.check()
    await page.get_by_role("link", name="Open it").click()
    await expect(page.get_by_role("heading", name="box", exact=True)).to_be_visible()
    assert (await gateway.expect(200, "GET", "/upstreams/box"))["status"] == "ok"


async def test_a_card_shows_the_mark_of_its_entry_or_a_letter(gateway: Gateway, visitor: Visit) -> None:
    page = visitor.page
    async with page.expect_response(re.compile(r"/registry/icons/github\.svg$")) as answered:
        await visitor.go("/registry?q=github")
    answer = await answered.value
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="GitHub", exact=True))
    await expect(card.locator("[data-icon]")).to_be_visible()
    await visitor.go("/registry?q=deepwiki")
    await expect(page.get_by_role("listitem").get_by_text("D", exact=True)).to_be_visible()
    await expect(page.locator("[data-icon]")).to_have_count(0)


async def test_a_command_runs_only_once_it_was_read(gateway: Gateway, visitor: Visit) -> None:
    (entry,) = (one for one in await gateway.items("/registry", q="time") if one["title"].lower() == "time")
    page = visitor.page
    await visitor.go(f"/registry/{entry['id']}")
    await expect(page.get_by_text("This will run on the gateway's machine")).to_be_visible()
    await expect(page.get_by_role("button", name="Install", exact=True)).to_be_disabled()
    await page.get_by_role("checkbox", name="I have read the command").click()
    await expect(page.get_by_role("button", name="Install", exact=True)).to_be_enabled()
    await visitor.check()


async def test_the_registry_is_searched_filtered_and_good_on_a_telephone(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=360) as phone:
        await phone.go("/registry")
        await expect(phone.page.get_by_role("listitem").first).to_be_visible()
        await phone.check()
        await phone.page.get_by_label("Any way").select_option("stdio")
        await expect(phone.page).to_have_url(re.compile("transport=stdio"))
        await phone.page.get_by_label("Search the registry").fill("nothing is called so")
        await expect(phone.page.get_by_text("Nothing found")).to_be_visible()
        for path in ("/registry/sources", "/start", "/start?step=compose", "/start?step=connect"):
            await phone.go(path)
            await phone.check()


async def test_who_skips_the_set_up_link_is_told_where_it_is(chromium: Browser, tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data") as gateway:
        async with visit(chromium, gateway, email="") as guest:
            guest.expect(401, "/auth/session")
            await guest.page.goto(f"{gateway.url}/")
            await expect(guest.page.get_by_text("prints the link that makes the first one")).to_be_visible()
            await guest.check()
        await set_up(gateway)

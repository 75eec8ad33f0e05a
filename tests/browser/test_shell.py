"""What stands around every page: the bar at the side, the palette, colours, languages, and the doors."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import PASSWORD, Visit, visit
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio


async def test_who_is_not_signed_in_is_taken_to_the_door_and_back(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, email="") as guest:
        guest.expect(401, "/auth/session")
        guest.expect(401, "/auth/login")
        await guest.page.goto(f"{gateway.url}/console/roots?x=1")
        await expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()
        await guest.check()
        await guest.page.get_by_label("Email address").fill("dana@example.com")
        await guest.page.get_by_label("Password").fill("not this one")
        await guest.page.get_by_role("button", name="Sign in").first.click()
        await expect(guest.page.get_by_role("alert")).to_be_visible()
        await guest.page.get_by_label("Password").fill(PASSWORD)
        await guest.page.get_by_role("button", name="Sign in").first.click()
        await expect(guest.page).to_have_url(f"{gateway.url}/console/roots?x=1")


async def test_an_api_token_is_a_way_in_that_ends_with_the_tab(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, email="") as guest:
        await guest.page.goto(f"{gateway.url}/sign-in")
        await guest.page.get_by_text("Use an API token").click()
        await guest.page.get_by_label("API token").fill(gateway.token)
        await guest.page.get_by_role("button", name="Sign in").last.click()
        await expect(guest.page).to_have_url(f"{gateway.url}/console")
        other = await guest.page.context.new_page()
        await other.goto(f"{gateway.url}/console")
        await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
        guest.expect(401, "/auth/session")


async def test_the_palette_goes_to_pages_and_changes_the_colours(visitor: Visit) -> None:
    await visitor.go("")
    await visitor.page.keyboard.press("Control+k")
    await visitor.page.get_by_placeholder("A page, a thing").fill("roots")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page).to_have_url(f"{visitor.base}/console/roots")
    await visitor.page.keyboard.press("Control+k")
    await visitor.page.get_by_placeholder("A page, a thing").fill("dark")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_a_korean_browser_is_spoken_to_in_korean(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, language="ko-KR") as guest:
        await guest.go("/roots")
        await expect(guest.page.get_by_role("link", name="가상 서버")).to_be_visible()
        await expect(guest.page.locator("html")).to_have_attribute("lang", "ko")


async def test_on_a_telephone_the_pages_are_in_a_drawer(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=360) as guest:
        await guest.go("/roots")
        await guest.page.get_by_role("button", name="Open menu").click()
        await guest.page.get_by_role("dialog").get_by_role("link", name="Tokens").click()
        await expect(guest.page).to_have_url(f"{guest.base}/console/tokens")
        await guest.settle()
        await guest.check()


async def test_an_address_that_leads_nowhere_says_so(visitor: Visit) -> None:
    await visitor.go("/nowhere/at/all")
    await expect(visitor.page.get_by_text("There is nothing at this address.")).to_be_visible()
    await visitor.check()


async def test_signing_out_ends_the_session(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway) as guest:
        await guest.go("/roots")
        await guest.page.get_by_role("button", name="dana@example.com").click()
        await guest.page.get_by_role("menuitem", name="Sign out").click()
        await expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()
        guest.expect(401, "/auth/session")
        await guest.page.goto(f"{gateway.url}/console/roots")
        await expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()

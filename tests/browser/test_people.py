"""Users, teams, roles and one's own account in the console: inviting, joining, giving roles, leaving."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import PASSWORD, Visit, visit
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio


async def person(gateway: Gateway, email: str, name: str) -> str:
    body = {"email": email, "name": name, "password": PASSWORD}
    return (await gateway.expect(201, "POST", "/users", body))["id"]


async def pages(visitor: Visit, *paths: str) -> None:
    """Each is accessible, on a wide screen and on a narrow one."""
    for width in (1440, 360):
        await visitor.page.set_viewport_size({"width": width, "height": 900})
        for path in paths:
            await visitor.go(path)
            await visitor.check()


async def test_somebody_is_invited_takes_the_link_and_is_in_the_list(
    chromium: Browser, gateway: Gateway, visitor: Visit
) -> None:
    page = visitor.page
    await visitor.go("/users")
    await page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Email address").fill("minji@example.com")
    await dialog.get_by_role("button", name="Make the link").click()
    link = await page.get_by_role("dialog").locator("code").inner_text()
    await visitor.check()
    await page.get_by_role("button", name="Done").click()
    async with visit(chromium, gateway, email="") as guest:
        guest.expect(401, "/auth/session")
        await guest.page.goto(link)
        await guest.page.get_by_label("Name").fill("Minji Kim")
        await guest.page.get_by_label("Password").fill(PASSWORD)
        await guest.check()
        await guest.page.get_by_role("button", name="Go on").click()
        await expect(guest.page.get_by_role("button", name="minji@example.com")).to_be_visible()
    async with visit(chromium, gateway, email="") as late:
        late.expect(403, "/auth/invitation")
        late.expect(404, "/auth/invitation")
        late.expect(409, "/auth/invitation")
        late.expect(401, "/auth/session")
        await late.page.goto(link)
        await expect(late.page.get_by_role("alert")).to_be_visible()
    await visitor.go("/users")
    await expect(page.get_by_role("link", name="Minji Kim")).to_be_visible()


async def test_a_role_is_given_and_taken_away_with_a_way_back(gateway: Gateway, visitor: Visit) -> None:
    user = await person(gateway, "tom@example.com", "Tom Baker")
    page = visitor.page
    await visitor.go(f"/users/{user}")
    await page.get_by_role("button", name="Give a role").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("combobox", name="Role").click()
    await page.get_by_role("option", name=re.compile("^editor")).click()
    await dialog.get_by_role("button", name="Give a role").click()
    await expect(page.get_by_text("editor", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Remove: editor").click()
    await expect(page.get_by_text("editor", exact=True)).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("editor", exact=True)).to_be_visible()
    assert [one["role"] for one in (await gateway.expect(200, "GET", f"/users/{user}"))["grants"]] == ["editor"]


async def test_who_is_switched_off_is_signed_out_and_who_is_deleted_is_gone(gateway: Gateway, visitor: Visit) -> None:
    user = await person(gateway, "ada@example.com", "Ada Okafor")
    page = visitor.page
    await visitor.go(f"/users/{user}")
    await page.get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name="Switch off").click()
    await expect(page.get_by_role("note")).to_contain_text("Switched off")
    assert not (await gateway.expect(200, "GET", f"/users/{user}"))["active"]
    await page.get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(f"{visitor.base}/console/users")
    await expect(page.get_by_role("link", name="Ada Okafor")).to_be_hidden()
    await gateway.expect(404, "GET", f"/users/{user}")


async def test_a_team_is_made_asked_to_be_joined_and_left(chromium: Browser, gateway: Gateway, visitor: Visit) -> None:
    await person(gateway, "sofia@example.com", "Sofia Rossi")
    page = visitor.page
    await visitor.go("/teams")
    await page.get_by_role("button", name="Make a team").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Data")
    await dialog.get_by_label("Who finds it").select_option("public")
    await dialog.get_by_role("button", name="Make a team").click()
    await expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    team = page.url.rpartition("/")[2]
    async with visit(chromium, gateway, email="sofia@example.com") as sofia:
        await sofia.go(f"/teams/{team}")
        await sofia.page.get_by_role("button", name="Ask to join").click()
        await sofia.page.get_by_role("dialog").get_by_label("Message").fill("For the weekly report")
        await sofia.page.get_by_role("dialog").get_by_role("button", name="Ask to join").click()
        await expect(sofia.page.get_by_text("Asked. The owners decide.")).to_be_visible()
        await page.reload()
        await page.get_by_role("button", name="Accept").click()
        await expect(page.get_by_text("Sofia Rossi is a member now")).to_be_visible()
        await sofia.go(f"/teams/{team}")
        await sofia.page.get_by_role("button", name="Actions").click()
        await sofia.page.get_by_role("menuitem", name="Leave the team").click()
        await expect(sofia.page.get_by_text("You left the team")).to_be_visible()


async def test_a_role_of_ones_own_has_what_was_ticked(gateway: Gateway, visitor: Visit) -> None:
    page = visitor.page
    await visitor.go("/roles")
    await page.get_by_role("button", name="Make a role").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("operator")
    await dialog.get_by_text("stdio").locator("xpath=../..").get_by_role("checkbox").click()
    await visitor.check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("operator")).to_be_visible()
    roles = {one["name"]: one["permissions"] for one in await gateway.items("/roles")}
    assert roles["operator"] == ["upstream.stdio"]


async def test_the_own_password_is_changed_and_other_sessions_end(chromium: Browser, gateway: Gateway) -> None:
    await person(gateway, "jonas@example.com", "Jonas Weber")
    async with (
        visit(chromium, gateway, email="jonas@example.com") as here,
        visit(chromium, gateway, email="jonas@example.com") as elsewhere,
    ):
        await here.go("/account")
        await here.check()
        await here.page.get_by_label("Current password").fill(PASSWORD)
        await here.page.get_by_label("New password").fill("another good password")
        await here.page.get_by_role("button", name="Change it").click()
        await expect(here.page.get_by_text("The password is changed")).to_be_visible()
        elsewhere.expect(401, "/auth/session")
        await elsewhere.page.goto(f"{gateway.url}/console/account")
        await expect(elsewhere.page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_pages_of_people_are_accessible_wide_and_narrow(gateway: Gateway, visitor: Visit) -> None:
    user = await person(gateway, "grace@example.com", "Grace Park")
    team = (await gateway.expect(201, "POST", "/teams", {"name": "Support"}))["id"]
    await pages(visitor, "/users", f"/users/{user}", "/teams", f"/teams/{team}", "/roles", "/account")

"""The console for those who may do less than everything: nothing is offered to them that would be refused."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import PASSWORD, Visit, visit
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio
EVERYWHERE = "*"
PEOPLE = {
    "guest@example.com": None,
    "viewer@example.com": ("viewer", EVERYWHERE),
    "member@example.com": ("member", "data"),
    "editor@example.com": ("editor", "data"),
}
"""What role each has, and where."""


@dataclass
class House:
    gateway: Gateway
    upstream: str
    tool: str


@pytest.fixture(scope="module")
async def house(gateway: Gateway) -> House:
    """A team with an MCP server and a virtual server of its own, and people of each role."""
    team = (await gateway.expect(201, "POST", "/teams", {"name": "Data", "slug": "data"}))["id"]
    command = {"command": sys.executable, "args": ["-m", "gatehouse.samples.time"]}
    made = await gateway.add_upstream("time", **command, team=team, visibility="team")
    tool = next(one["id"] for one in await gateway.items("/tools") if one["name"] == "current_time")
    body = {"name": "Clock", "slug": "clock", "tools": [tool], "team": team, "visibility": "team"}
    await gateway.expect(201, "POST", "/servers", body)
    for email, role in PEOPLE.items():
        name = email.partition("@")[0].capitalize()
        user = await gateway.expect(201, "POST", "/users", {"email": email, "name": name, "password": PASSWORD})
        if role is not None:
            scope = EVERYWHERE if role[1] == EVERYWHERE else team
            if scope == team:
                await gateway.expect(201, "POST", f"/teams/{team}/members", {"user": user["id"], "role": "member"})
            await gateway.expect(201, "POST", "/grants", {"user": user["id"], "role": role[0], "scope": scope})
    return House(gateway, made["id"], tool)


async def places(visitor: Visit) -> dict[str, str]:
    """The pages in the bar at the side, by their names."""
    links = await visitor.page.get_by_role("navigation", name="Pages").get_by_role("link").all()
    return {(await one.inner_text()).strip(): await one.get_attribute("href") or "" for one in links}


@pytest.mark.parametrize("email", PEOPLE)
async def test_no_page_that_is_offered_asks_for_what_is_refused(chromium: Browser, house: House, email: str) -> None:
    async with visit(chromium, house.gateway, email=email) as visitor:
        await visitor.go("/")
        offered = await places(visitor)
        assert "Overview" in offered and "Tokens" in offered
        for path in [*offered.values(), "/console/account", "/console/start"]:
            await visitor.go(path.removeprefix("/console"))
            await expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
        await visitor.check()


async def test_what_only_administrators_do_is_in_nobody_elses_bar(chromium: Browser, house: House) -> None:
    for email in PEOPLE:
        async with visit(chromium, house.gateway, email=email) as visitor:
            await visitor.go("/")
            assert not {"Users", "Audit", "Single sign-on"} & (await places(visitor)).keys(), email


async def test_who_goes_there_anyway_is_told_so_in_words(chromium: Browser, house: House) -> None:
    async with visit(chromium, house.gateway, email="viewer@example.com") as visitor:
        visitor.expect(403, "/audit")
        await visitor.go("/audit")
        await expect(visitor.page.get_by_role("alert")).to_contain_text("lacks permission audit.read")
        await visitor.check()


async def test_who_may_only_look_is_offered_no_change_of_what_is_others(chromium: Browser, house: House) -> None:
    async with visit(chromium, house.gateway, email="viewer@example.com") as visitor:
        page = visitor.page
        await visitor.go("/servers")
        await expect(page.get_by_role("link", name="Clock")).to_be_visible()
        await expect(page.get_by_role("button", name="Actions")).to_have_count(0)
        for path in ("/servers/clock", f"/upstreams/{house.upstream}", f"/tools/{house.tool}"):
            await visitor.go(path)
            await expect(page.get_by_role("tab").first).to_be_visible()
            for tab in ("Compose", "Settings", "Overrides"):
                await expect(page.get_by_role("tab", name=tab)).to_have_count(0)


async def test_a_guest_sees_nothing_of_a_team(chromium: Browser, house: House) -> None:
    async with visit(chromium, house.gateway, email="guest@example.com") as visitor:
        visitor.expect(404, "/servers/clock")
        await visitor.go("/servers/clock")
        await expect(visitor.page.get_by_role("heading", level=1, name="Clock")).to_have_count(0)


async def test_an_editor_changes_what_is_the_teams(chromium: Browser, house: House) -> None:
    async with visit(chromium, house.gateway, email="editor@example.com") as visitor:
        page = visitor.page
        await visitor.go("/servers/clock?tab=settings")
        await page.get_by_label("Description").fill("For the whole team")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("For the whole team").first).to_be_visible()
    assert (await house.gateway.expect(200, "GET", "/servers/clock"))["description"] == "For the whole team"

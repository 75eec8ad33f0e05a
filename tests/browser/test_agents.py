"""Agents: registered by their cards, talked to, handed to A2A clients, changed and deleted."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.agents import sdk_agent
from tests.support.console import Visit, visit
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    directory: Path = tmp_path_factory.mktemp("agent")
    async with sdk_agent(directory) as url:
        yield url


@pytest.fixture(scope="module")
async def researcher(gateway: Gateway, agent: str) -> str:
    """The id of an agent that is there."""
    made = await gateway.expect(201, "POST", "/agents", {"name": "researcher", "url": agent})
    return made["id"]


async def test_an_agent_is_added_by_the_address_of_its_card(visitor: Visit, agent: str) -> None:
    page = visitor.page
    await visitor.go("/agents")
    await expect(page.get_by_text("No agents yet")).to_be_visible()
    await visitor.check()
    await page.get_by_role("main").get_by_role("link", name="Add an agent").first.click()
    await visitor.settle()
    await visitor.check()
    visitor.expect(400, "/agents")
    await page.get_by_label("Address of its card").fill("ftp://nowhere.example")
    await page.get_by_label("Name", exact=True).fill("helper")
    await page.get_by_role("button", name="Add an agent").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Address of its card").fill(agent)
    await page.get_by_label("What Gatehouse shows it").select_option("Bearer token")
    await page.get_by_label("Token", exact=True).fill("open-sesame")
    await page.get_by_role("button", name="Add an agent").click()
    await expect(page.get_by_role("heading", level=1, name="helper")).to_be_visible()
    await expect(page.get_by_role("main").get_by_text("Running")).to_be_visible()


async def test_an_agent_that_asks_back_is_answered(visitor: Visit, researcher: str) -> None:
    page = visitor.page
    await visitor.go(f"/agents/{researcher}")
    await page.get_by_label("Message").fill("ask me")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("Which city?").first).to_be_visible()
    await expect(page.get_by_text("It waits for an answer from you.")).to_be_visible()
    await visitor.check()
    await page.get_by_label("Message").fill("Oslo")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The answer was Oslo").first).to_be_visible()
    await expect(page.get_by_text("Done", exact=True)).to_be_visible()


async def test_a_task_that_takes_long_is_let_go_and_cancelled(visitor: Visit, researcher: str) -> None:
    page = visitor.page
    await visitor.go(f"/agents/{researcher}")
    await page.get_by_label("Message").fill("wait for ever")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("Thinking").first).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await page.get_by_role("button", name="Cancel the task").click()
    await expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()


async def test_its_skills_card_and_addresses_are_shown(visitor: Visit, gateway: Gateway, researcher: str) -> None:
    page = visitor.page
    await visitor.go(f"/agents/{researcher}?tab=skills")
    skill = (await gateway.expect(200, "GET", f"/agents/{researcher}"))["skills"][0]
    await expect(page.get_by_role("heading", level=3, name=skill["name"])).to_be_visible()
    await expect(page.get_by_role("link", name=skill["handle"])).to_have_attribute(
        "href", f"/console/tools/{skill['tool']}"
    )
    await visitor.check()
    await page.get_by_role("tab", name="Card").click()
    await expect(page.get_by_text('"skills"')).to_be_visible()
    await page.get_by_role("tab", name="Connect").click()
    await expect(page.get_by_text(f"{gateway.url}/agents/researcher/a2a")).to_be_visible()
    await visitor.check()


async def test_it_is_checked_changed_and_deleted_with_a_way_back(
    visitor: Visit, gateway: Gateway, researcher: str
) -> None:
    page = visitor.page
    await visitor.go(f"/agents/{researcher}?tab=settings")
    await page.get_by_label("Description").fill("Reads papers")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("main").get_by_role("paragraph").filter(has_text="Reads papers")).to_be_visible()
    await page.get_by_role("button", name="Check").click()
    await expect(page.get_by_text("It shows its card, in")).to_be_visible()
    await page.get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name="Delete").click()
    rows = page.get_by_role("table", name="Agents")
    await expect(rows.get_by_role("link", name="helper")).to_be_visible()
    await expect(rows.get_by_role("link", name="researcher")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(rows.get_by_role("link", name="researcher")).to_be_visible()
    assert (await gateway.expect(200, "GET", f"/agents/{researcher}"))["description"] == "Reads papers"


async def test_on_a_telephone_agents_fit(chromium: Browser, gateway: Gateway, researcher: str) -> None:
    async with visit(chromium, gateway, width=360) as guest:
        for path in ("/agents", f"/agents/{researcher}", f"/agents/{researcher}?tab=settings"):
            await guest.go(path)
            await guest.check()
        await expect(guest.page).to_have_title(re.compile("researcher"))

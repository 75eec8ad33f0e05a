"""Figures: those of the page are those of the API, over any range, by whatever tells calls apart, and as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from playwright.async_api import Browser, Download, expect

from tests.support.console import Visit, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway
from tests.support.talk import Talk

pytestmark = pytest.mark.anyio
TOOLS = ["test_simple_text"] * 4 + ["test_image_content"] * 2 + ["test_error_handling"] * 2


@pytest.fixture(scope="module")
async def called(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """With some calls, of which a quarter failed."""
    directory: Path = tmp_path_factory.mktemp("everything")
    async with everything(directory) as url:
        await gateway.add_upstream("everything", url=url)
        server = await gateway.create_server("Desk", ["everything"])
        token = await gateway.create_token("laptop", [server["id"]])
        async with Talk(server["url"], token) as talk:
            for tool in TOOLS:
                await talk.call(tool)
        yield gateway


async def figures(gateway: Gateway, path: str, **query: str) -> Any:
    return await gateway.expect(200, "GET", f"/metrics/{path}", params=query)


async def test_without_calls_the_page_says_so(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=390) as guest:
        await guest.go("/metrics")
        await expect(guest.page.get_by_text("No calls in this time")).to_be_visible()
        await guest.check()


async def test_the_figures_are_those_of_the_api(visitor: Visit, called: Gateway) -> None:
    await visitor.go("/metrics?top=errors")
    page = visitor.page.get_by_role("main")
    sums = (await figures(called, "totals"))["sums"]
    assert sums["calls"] == len(TOOLS)
    for name, value in (("Calls", "8"), ("Errors", "2"), ("Error rate", "25%"), ("Tokens", str(sums["tokens"]))):
        await expect(page.get_by_text(name, exact=True).locator("..").filter(has_text=value).first).to_be_visible()
    ranked = (await figures(called, "top", by="tool", measure="errors"))["items"]
    first = page.locator("section", has_text="Ranking").get_by_role("listitem").first
    await expect(first).to_contain_text(ranked[0]["name"])
    await expect(first).to_contain_text("2")
    group = page.locator("section", has_text="By class, the most frequent first").get_by_role("listitem")
    await expect(group).to_contain_text("tool_error")
    await visitor.check()


async def test_the_course_over_time_can_be_read_as_a_table(visitor: Visit, called: Gateway) -> None:
    await visitor.go("/metrics?since=1h")
    page = visitor.page
    await page.get_by_text("As a table").click()
    cells = page.get_by_role("table").filter(has=page.get_by_role("columnheader", name="Calls")).get_by_role("cell")
    numbers = [int(text) for text in await cells.all_inner_texts()]
    assert [sum(numbers[0::2]), sum(numbers[1::2])] == [8, 2]
    await visitor.check()
    await page.get_by_role("rowheader").get_by_role("button").first.click()
    await expect(page.get_by_role("heading", level=1, name="Calls")).to_be_visible()


async def test_what_is_chosen_survives_a_reload(visitor: Visit, called: Gateway) -> None:
    page = visitor.page
    await visitor.go("/metrics")
    await page.get_by_role("radio", name="7 days").click()
    await page.get_by_role("radio", name="Latency").click()
    await page.get_by_label("Told apart by").select_option("Tool")
    await page.get_by_role("switch", name="Compare with the time before").click()
    await page.get_by_role("button", name="Filter by: test_image_content").click()
    await page.get_by_label("By", exact=True).select_option("MCP server")
    await page.reload()
    await visitor.settle()
    for choice in ("7 days", "Latency"):
        await expect(page.get_by_role("radio", name=choice)).to_be_checked()
    await expect(page.get_by_role("switch", name="Compare with the time before")).to_be_checked()
    await expect(page.get_by_role("button", name="Remove filter: Tool test_image_content")).to_be_visible()
    await expect(page.get_by_role("img", name="Latency over time")).to_be_visible()
    ranked = page.locator("section", has_text="Ranking").get_by_role("link", name="everything")
    await expect(ranked).to_have_attribute("href", f"/console/upstreams/{await upstream_id(called)}")
    await visitor.check()


async def test_an_own_range_has_to_begin_before_it_ends(visitor: Visit, called: Gateway) -> None:
    page = visitor.page
    await visitor.go("/metrics")
    await page.get_by_role("button", name="Own range").click()
    await page.get_by_label("From").fill("2026-01-02T00:00")
    await page.get_by_label("To", exact=True).fill("2026-01-01T00:00")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.get_by_text("It has to begin before it ends.")).to_be_visible()
    await page.get_by_label("To", exact=True).fill("2026-01-03T00:00")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.get_by_text("Choose a longer time")).to_be_visible()


async def test_the_figures_can_be_taken_away_as_files(visitor: Visit, called: Gateway) -> None:
    await visitor.go("/metrics?outcome=ok")
    rows = list(csv.DictReader(io.StringIO(await exported(visitor, "Ranking, as CSV"))))
    assert {row["tool"]: row["calls"] for row in rows} == {"test_simple_text": "4", "test_image_content": "2"}
    course = list(csv.DictReader(io.StringIO(await exported(visitor, "Course over time, as CSV"))))
    assert sum(int(row["calls"]) for row in course) == 6
    everything = json.loads(await exported(visitor, "All figures, as JSON"))
    assert everything["totals"]["sums"] == (await figures(called, "totals", outcome="ok"))["sums"]


async def exported(visitor: Visit, what: str) -> str:
    async with visitor.page.expect_download() as waiting:
        await visitor.page.get_by_role("button", name="Export").click()
        await visitor.page.get_by_role("menuitem", name=what).click()
    done: Download = await waiting.value
    return await anyio.Path(await done.path()).read_text()


async def upstream_id(gateway: Gateway) -> str:
    return (await gateway.expect(200, "GET", "/upstreams/everything"))["id"]

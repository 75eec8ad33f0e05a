"""Audit, explanations, settings, single sign-on, export and import in the console."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser, Download, expect

from tests.support.console import Visit, visit
from tests.support.gateway import Gateway
from tests.support.processes import until_true
from tests.support.talk import modern_call

pytestmark = pytest.mark.anyio
SAMPLE = {"command": "python", "args": ["-m", "gatehouse.samples.time"]}


@pytest.fixture(scope="module")
async def furnished(gateway: Gateway) -> Gateway:
    """With the sample, a virtual server of one of its tools, and a token for it."""
    await gateway.add_upstream("time", **SAMPLE)
    tools = {one["name"]: one["id"] for one in await gateway.items("/tools", upstream="time")}
    await gateway.expect(201, "POST", "/servers", {"name": "clock", "tools": [tools["current_time"]]})
    await gateway.create_token("wall clock", ["clock"])
    return gateway


async def downloaded(download: Download) -> str:
    return await anyio.Path(await download.path()).read_text()


async def test_a_refusal_is_explained_question_by_question(furnished: Gateway, visitor: Visit) -> None:
    """From the refused call of an agent to the reason in words."""
    token = await furnished.create_token("too early", ["clock"], allowed_ips=["10.9.9.0/24"])
    refused = await modern_call(f"{furnished.url}/servers/clock/mcp", token, "current_time")
    assert "error" in refused
    page = visitor.page
    await visitor.go("/explain")
    await visitor.check()
    await page.get_by_role("combobox", name="Who").click()
    await page.get_by_role("option", name="too early").click()
    await page.get_by_role("combobox", name="Which virtual server").click()
    await page.get_by_role("option", name="clock").click()
    await page.get_by_role("combobox", name="Which tool").click()
    await page.get_by_role("option", name="current_time").click()
    await page.get_by_label("From which address").fill("127.0.0.1")
    await page.get_by_label("From which address").press("Enter")
    await expect(page.get_by_text("too early may not")).to_be_visible()
    await expect(page.get_by_text("token 'too early' is not good from 127.0.0.1").first).to_be_visible()
    await visitor.check()
    await page.reload()
    await expect(page.get_by_text("too early may not")).to_be_visible()


async def test_the_audit_tells_what_changed_and_its_chain_is_checked(furnished: Gateway, visitor: Visit) -> None:
    await furnished.expect(200, "PATCH", "/servers/clock", {"description": "On every wall"})
    page = visitor.page

    async def is_there() -> bool:
        await visitor.go("/audit?action=server.*")
        return await page.get_by_role("button", name="server.change").count() > 0

    await until_true(is_there)
    await page.get_by_role("button", name="server.change").first.click()
    sheet = page.get_by_role("dialog")
    await expect(sheet.get_by_text("On every wall")).to_be_visible()
    await visitor.check()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Check the chain").click()
    await expect(page.get_by_text("The chain is intact")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export as JSONL").click()
    lines = (await downloaded(await download.value)).splitlines()
    assert any(json.loads(line)["action"] == "server.change" for line in lines)


async def test_every_setting_says_where_its_value_comes_from(furnished: Gateway, visitor: Visit) -> None:
    page = visitor.page
    await visitor.go("/settings")
    await visitor.check()
    await page.get_by_role("switch", name="Changed ones only").click()
    row = page.get_by_role("row").filter(has_text="GATEHOUSE_PORT")
    await expect(row).to_contain_text(str(furnished.port))
    await expect(row).to_contain_text("Command line")
    await page.get_by_role("tab", name="This gateway").click()
    await expect(page.get_by_text("SQLite")).to_be_visible()
    await visitor.check()
    await page.get_by_role("tab", name="Logging").click()
    await page.get_by_label("Logger").fill("gatehouse.health")
    await page.get_by_role("button", name="Log more").click()
    await expect(page.get_by_role("button", name="Back to the usual levels")).to_be_visible()
    assert (await furnished.expect(200, "GET", "/logs/levels"))["levels"] == {"gatehouse.health": "debug"}
    await visitor.check()


async def test_a_provider_is_added_tried_and_deleted_with_a_way_back(furnished: Gateway, visitor: Visit) -> None:
    page = visitor.page
    await visitor.go("/sign-on")
    await visitor.check()
    await page.get_by_role("button", name="Add a provider").first.click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_label("Name").fill("Works")
    await sheet.get_by_label("Issuer").fill("http://127.0.0.1:9/")
    await sheet.get_by_label("Client id").fill("gatehouse")
    await sheet.get_by_label("Client secret").fill("a secret of the provider")
    await visitor.check()
    await sheet.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Works")).to_be_visible()
    await page.get_by_role("button", name="Test").click()
    await expect(page.get_by_text("Something is not right yet")).to_be_visible()
    await visitor.check()
    await page.get_by_role("button", name="Actions: Works").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page.get_by_role("heading", name="Works")).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("heading", name="Works")).to_be_visible()


async def test_what_was_exported_is_compared_before_it_is_imported(
    furnished: Gateway, visitor: Visit, tmp_path: Path
) -> None:
    page = visitor.page
    await visitor.go("/transfer")
    await visitor.check()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download").click()
    document = json.loads(await downloaded(await download.value))
    (clock,) = (one for one in document["servers"] if one["slug"] == "clock")
    clock["description"] = "Brought back"
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document))
    await visitor.go("/transfer?tab=import")
    await page.locator("input[type=file]").set_input_files(changed)
    await page.get_by_role("button", name="Show what would change").click()
    await page.get_by_text("clock", exact=True).click()
    await expect(page.get_by_text("Brought back")).to_be_visible()
    await visitor.check()
    assert (await furnished.expect(200, "GET", "/servers/clock"))["description"] != "Brought back"
    await page.get_by_role("button", name="Import it").click()
    await expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert (await furnished.expect(200, "GET", "/servers/clock"))["description"] == "Brought back"


async def test_a_file_that_is_no_document_is_refused_in_words(visitor: Visit, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.json"
    wrong.write_text("no { json")
    await visitor.go("/transfer?tab=import")
    await visitor.page.locator("input[type=file]").set_input_files(wrong)
    await expect(visitor.page.get_by_text("This is no JSON document.")).to_be_visible()


async def test_pages_of_governance_are_good_on_a_telephone(chromium: Browser, furnished: Gateway) -> None:
    async with visit(chromium, furnished, width=360) as phone:
        for path in ("/explain?server=clock&tool=current_time", "/audit", "/settings", "/sign-on", "/transfer"):
            await phone.go(path)
            await phone.check()

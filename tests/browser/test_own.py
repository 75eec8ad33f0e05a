"""Prompts and resources that are written in the console: with a preview, with versions, and a way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import Visit, visit
from tests.support.everything.samples import png
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio


async def test_a_prompt_is_written_with_a_preview_and_every_version_can_come_back(
    visitor: Visit, gateway: Gateway
) -> None:
    page = visitor.page
    await visitor.go("/prompts")
    await page.get_by_role("link", name="New prompt").click()
    await page.get_by_label("Name", exact=True).fill("review")
    await page.get_by_label("Text of message 1").fill("Review this {{language}} code{{#if focus}} for {{focus}}.")
    visitor.expect(400, "/prompts/preview")
    await expect(page.get_by_role("note").filter(has_text="{{/if}}").first).to_be_visible()
    await page.get_by_role("button", name="Add an argument").click()
    await page.get_by_role("group", name="argument 1").get_by_label("Name").fill("language")
    await page.get_by_role("button", name="Add an argument").click()
    focus = page.get_by_role("group", name="argument 2")
    await focus.get_by_label("Name").fill("focus")
    await page.get_by_role("group", name="focus").get_by_label("Must be given").click()
    text = "Review this {{language}} code{{#if focus}} for {{focus}}{{/if}}."
    await page.get_by_label("Text of message 1").fill(text)
    await expect(page.get_by_text("Review this [language] code.")).to_be_visible()
    await page.get_by_role("textbox", name="language", exact=True).fill("Rust")
    await expect(page.get_by_text("Review this Rust code.")).to_be_visible()
    await visitor.check()
    await page.get_by_role("button", name="Make the prompt").click()
    await expect(page.get_by_role("heading", name="review")).to_be_visible()
    await page.get_by_role("tab", name="Edit").click()
    await page.get_by_label("Text of message 1").fill("Look at this {{language}} code.")
    await page.get_by_label("What changed").fill("shorter")
    await page.get_by_role("button", name="Save as a new version").click()
    await expect(page.get_by_text("A new version was saved")).to_be_visible()
    await page.get_by_role("tab", name="Versions").click()
    await page.get_by_role("button", name="Show version 1").click()
    await expect(page.get_by_role("group", name="Version 1 and the current one")).to_contain_text("Look at this")
    await visitor.settle()
    await visitor.check()
    await page.get_by_role("button", name="Make version 1 current again").click()
    await expect(page.get_by_text("Restored from 1")).to_be_visible()
    (prompt,) = await gateway.items("/prompts")
    answer = await gateway.expect(200, "POST", f"/prompts/{prompt['id']}/get", {"arguments": {"language": "Go"}})
    assert answer["messages"][0]["content"]["text"] == "Review this Go code."


async def test_a_name_that_is_taken_is_said_and_nothing_typed_is_lost(visitor: Visit, gateway: Gateway) -> None:
    page = visitor.page
    body = {"name": "taken", "messages": [{"role": "user", "content": "x"}]}
    made = await gateway.expect(201, "POST", "/prompts", body)
    visitor.expect(409, "/prompts")
    await visitor.go("/prompts/new")
    await page.get_by_label("Name", exact=True).fill("taken")
    await page.get_by_label("Text of message 1").fill("something long")
    await page.get_by_role("button", name="Make the prompt").click()
    await expect(page.get_by_role("alert")).to_contain_text("taken")
    await expect(page.get_by_label("Text of message 1")).to_have_value("something long")
    await gateway.expect(204, "DELETE", f"/prompts/{made['id']}")


async def test_a_text_and_a_file_become_resources(visitor: Visit, gateway: Gateway, tmp_path: Path) -> None:
    page = visitor.page
    await visitor.go("/resources/new")
    await visitor.check()
    await page.get_by_label("Name", exact=True).fill("Welcome")
    await page.get_by_label("Text", exact=True).fill("# Hello")
    await page.get_by_role("button", name="Make the resource").click()
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    picture = tmp_path / "dot.png"
    picture.write_bytes(png())
    await visitor.go("/resources/new")
    await page.get_by_label("Name", exact=True).fill("Dot")
    await page.get_by_role("radio", name="File").click()
    await page.locator("input[type=file]").set_input_files(picture)
    await page.get_by_role("button", name="Make the resource").click()
    await page.get_by_role("tab", name="Try").click()
    await page.get_by_role("button", name="Read", exact=True).click()
    await expect(page.get_by_role("img", name="Image 1 (image/png)")).to_be_visible()
    await page.get_by_role("tab", name="Edit").click()
    await page.get_by_label("Description").fill("A red dot.")
    await page.get_by_role("button", name="Save as a new version").click()
    await expect(page.get_by_text("A new version was saved")).to_be_visible()
    (dot,) = [one for one in await gateway.items("/resources") if one["title"] == "Dot" or "dot" in one["name"]]
    read = await gateway.expect(200, "POST", f"/resources/{dot['id']}/read", {})
    assert read["contents"][0]["blob"]
    await visitor.settle()
    await visitor.check()


async def test_a_template_is_read_by_its_uri_and_goes_with_a_way_back(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=390) as visitor:
        page = visitor.page
        await visitor.go("/resources/new")
        await page.get_by_role("radio", name="A template").click()
        await page.get_by_label("URI template").fill("note://weeks/{week}")
        await page.get_by_label("Name", exact=True).first.fill("Week")
        await page.get_by_role("group", name="week").get_by_label("Type").select_option("integer")
        await page.get_by_label("Text", exact=True).fill("Plan of week {{week}}")
        await expect(page.get_by_text("Plan of week 1")).to_be_visible()
        await visitor.check()
        await page.get_by_role("button", name="Make the resource").click()
        await page.get_by_role("tab", name="Try").click()
        await page.get_by_role("combobox", name="week").fill("7")
        await page.get_by_role("button", name="Read", exact=True).click()
        await expect(page.get_by_text("Plan of week 7")).to_be_visible()
        await page.get_by_role("tab", name="Edit").click()
        await page.get_by_role("button", name="Delete").click()
        await expect(page.get_by_role("heading", name="Resources")).to_be_visible()
        await expect(page.get_by_role("link", name="note://weeks/{week}")).to_have_count(0)
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("link", name="note://weeks/{week}")).to_be_visible()

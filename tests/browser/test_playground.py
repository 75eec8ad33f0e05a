"""Trying a tool, a prompt, a resource in the console: forms from schemas, questions back, and what comes of it, in both eras."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.support.console import Visit, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", autouse=True)
async def upstreams(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    """The same server twice: `modern` and `legacy`; and `clock`, with structured answers."""
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        await gateway.add_upstream("modern", url=url)
        await gateway.add_upstream("legacy", url=url, era="legacy")
        await gateway.add_upstream("clock", command=sys.executable, args=["-m", "gatehouse.samples.time"])
        yield


async def test_a_tool_that_asks_a_question_is_called_and_answered(visitor: Visit) -> None:
    page = visitor.page
    await visitor.go("/tools")
    await page.get_by_label("Search tools").fill("test_elicitation")
    await page.get_by_role("combobox", name="Any MCP server").select_option("modern")
    await page.get_by_role("link", name="test_elicitation", exact=True).click()
    await page.get_by_role("tab", name="Try").click()
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_text("Some arguments do not fit")).to_be_visible()
    await page.get_by_label("message").fill("Who are you?")
    await page.get_by_role("button", name="Call", exact=True).click()
    question = page.get_by_role("group", name="The server asks")
    await expect(question.get_by_text("Who are you?")).to_be_visible()
    await visitor.check()
    await question.get_by_role("button", name="Accept and send").click()
    await expect(question.get_by_text("This is needed.").first).to_be_visible()
    await question.get_by_label("username").fill("ada")
    await question.get_by_label("email").fill("ada@example.com")
    await question.get_by_role("button", name="Accept and send").click()
    await expect(page.get_by_text('"email": "ada@example.com"')).to_be_visible()
    await expect(page.get_by_text("Answered in")).to_be_visible()
    await page.get_by_role("radio", name="Exchange").click()
    await expect(page.locator("summary", has_text="tools/call")).to_have_count(2)
    await visitor.check()


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_the_user_the_model_and_the_roots_are_asked_in_both_eras(
    visitor: Visit, gateway: Gateway, era: str
) -> None:
    page = visitor.page
    await _try(visitor, gateway, era, "test_input_required_result_multiple_inputs")
    form = await _asked(page.get_by_role("group", name="The server asks"), "What is your name?")
    await form.get_by_label("name").fill("Ada")
    await form.get_by_role("button", name="Accept and send").click()
    model = await _asked(page.get_by_role("group", name="The server asks"), "Generate a greeting")
    await model.get_by_label("The model says").fill("Good day,")
    await model.get_by_role("button", name="Send as the model's answer").click()
    roots = await _asked(page.get_by_role("group", name="The server asks"), "which folders")
    await roots.get_by_label("Roots").fill("file:///home/ada")
    await roots.get_by_role("button", name="Send these roots").click()
    await expect(page.get_by_text("Good day, Ada, roots: 1")).to_be_visible()


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_question_can_be_declined_and_a_call_cancelled(visitor: Visit, gateway: Gateway, era: str) -> None:
    page = visitor.page
    await _try(visitor, gateway, era, "test_streaming_elicitation")
    question = await _asked(page.get_by_role("group", name="The server asks"), "What is your name?")
    await expect(page.get_by_role("progressbar")).to_be_visible()
    await question.get_by_role("button", name="Decline").click()
    await expect(page.get_by_text("action=decline")).to_be_visible()
    await page.get_by_role("button", name="Run again").click()
    await expect(page.get_by_role("group", name="The server asks")).to_be_visible()
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await expect(page.get_by_text("Cancelled after")).to_be_visible()
    await expect(page.get_by_role("group", name="The server asks")).to_have_count(0)


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_page_elsewhere_is_shown_whole_before_it_is_opened(visitor: Visit, gateway: Gateway, era: str) -> None:
    page = visitor.page
    await _try(visitor, gateway, era, "test_elicitation_url")
    question = await _asked(page.get_by_role("group", name="The server asks"), "Connect your account first.")
    await expect(question.get_by_text("https://accounts.example.com/connect?to=everything")).to_be_visible()
    way = question.get_by_role("link", name="accounts.example.com")
    await expect(way).to_have_attribute("rel", "noopener noreferrer")
    await visitor.check()
    await question.get_by_role("button", name="I have done it").click()
    await expect(page.get_by_text("Page: action=accept")).to_be_visible()


async def test_a_legacy_server_that_wants_a_page_opened_first_says_which(visitor: Visit, gateway: Gateway) -> None:
    page = visitor.page
    await _try(visitor, gateway, "legacy", "test_elicitation_url_required")
    await expect(page.get_by_text("-32042")).to_be_visible()
    await expect(page.get_by_role("link", name="accounts.example.com")).to_be_visible()
    await visitor.check()


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_all_kinds_of_answers_are_shown(visitor: Visit, gateway: Gateway, era: str) -> None:
    page = visitor.page
    await _try(visitor, gateway, era, "test_multiple_content_types")
    picture = page.get_by_role("img", name="Image 2 (image/png)")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    await expect(page.get_by_text("test://mixed-content-resource")).to_be_visible()
    await visitor.check()
    await _try(visitor, gateway, era, "test_audio_content")
    sound = page.locator("audio")
    await expect(sound).to_be_visible()
    await _try(visitor, gateway, era, "test_error_handling")
    await expect(page.get_by_text("The tool ran, and says that it failed.")).to_be_visible()
    await expect(page.get_by_text("This tool intentionally returns an error")).to_be_visible()
    await _try(visitor, gateway, era, "test_tool_with_logging")
    await expect(page.get_by_text("Tool execution completed")).to_be_visible()
    await _try(visitor, gateway, era, "test_tool_with_progress")
    await expect(page.get_by_text("100 / 100")).to_be_visible()


async def test_structured_content_is_held_against_its_schema(visitor: Visit, gateway: Gateway) -> None:
    page = visitor.page
    await _open(visitor, gateway, "clock", "current_time")
    await page.get_by_label("timezone").fill("Asia/Seoul")
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_text("Fits the output schema")).to_be_visible()
    await page.get_by_role("radio", name="Same call").click()
    await expect(page.get_by_text("gatehouse call")).to_contain_text("timezone=Asia/Seoul")
    await expect(page.get_by_text("$GATEHOUSE_TOKEN").first).to_be_visible()
    await visitor.check()


async def test_the_form_and_its_json_keep_what_was_typed(chromium: Browser, gateway: Gateway) -> None:
    async with visit(chromium, gateway, width=360) as visitor:
        page = visitor.page
        await _open(visitor, gateway, "modern", "json_schema_2020_12_tool")
        await page.get_by_role("button", name="Add address").click()
        await page.get_by_label("city").fill("Seoul")
        await page.get_by_label("contactMethod").select_option(label="phone")
        await page.get_by_role("radio", name="JSON").click()
        text = page.get_by_label("Arguments as a JSON object")
        assert '"city": "Seoul"' in await text.input_value()
        await text.fill('{"phone": "1"')
        await page.get_by_role("radio", name="Form").click()
        await expect(page.get_by_text("It stays as you typed it.")).to_be_visible()
        await text.fill('{"contactMethod": "phone", "phone": "12"}')
        await page.get_by_role("radio", name="Form").click()
        await expect(page.get_by_label("phone")).to_have_value("12")
        await visitor.check()
        await page.get_by_role("button", name="Call", exact=True).click()
        await expect(page.get_by_text("Arguments: {'contactMethod': 'phone', 'phone': '12'}")).to_be_visible()


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_prompts_are_completed_and_got_and_resources_are_read(visitor: Visit, gateway: Gateway, era: str) -> None:
    page = visitor.page
    await _open(visitor, gateway, era, "test_prompt_with_arguments", "prompts")
    await page.get_by_label("arg1").fill("par")
    await expect(page.locator("datalist option[value='paris']").first).to_be_attached()
    await page.get_by_label("arg1").fill("paris")
    await page.get_by_label("arg2").fill("x")
    await page.get_by_role("button", name="Get", exact=True).click()
    await expect(page.get_by_text("arg1='paris', arg2='x'")).to_be_visible()
    await _open(visitor, gateway, era, "test://static-binary", "resources")
    await page.get_by_role("button", name="Read", exact=True).click()
    await expect(page.get_by_role("img", name="Image 1 (image/png)")).to_be_visible()
    await _open(visitor, gateway, era, "test://template/{id}/data", "resources")
    await page.get_by_role("combobox", name="id").fill("a b")
    await expect(page.get_by_text("test://template/a%20b/data")).to_be_visible()
    await page.get_by_role("button", name="Read", exact=True).click()
    await expect(page.get_by_text('"templateTest"')).to_be_visible()
    await visitor.check()


async def _asked(questions: Locator, words: str) -> Locator:
    """The question that says this, once it is there."""
    question = questions.filter(has_text=words)
    await expect(question).to_be_visible()
    return question


async def _open(visitor: Visit, gateway: Gateway, upstream: str, name: str, shelf: str = "tools") -> None:
    (found,) = [one for one in await gateway.items(f"/{shelf}", upstream=upstream) if one["name"] == name]
    await visitor.go(f"/{shelf}/{found['id']}?tab=try")


async def _try(visitor: Visit, gateway: Gateway, upstream: str, name: str) -> None:
    await _open(visitor, gateway, upstream, name)
    await visitor.page.get_by_role("button", name="Call", exact=True).click()

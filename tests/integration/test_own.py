"""Own prompts and resources, for the official SDK in both eras, through a virtual server."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

import anyio
import httpx2
import mcp_types as types
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio
Mode = Literal["auto", "legacy"]
LOGO = bytes(range(256))
GREETING: dict[str, Any] = {
    "name": "greeting",
    "arguments": [
        {"name": "who", "required": True},
        {"name": "tone", "type": "enum", "choices": ["warm", "formal"], "default": "warm"},
    ],
    "messages": [{"role": "user", "content": "Greet {{who}}{{#if tone}} in a {{tone}} tone{{/if}}."}],
}
WEEK: dict[str, Any] = {
    "name": "Week",
    "uri_template": "note://weeks/{week}",
    "text": "Week {{week}}",
    "arguments": [{"name": "week", "type": "integer", "required": True}],
}


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    """The server `desk` binds the template and all else but the resource `note://weeks/secret`."""
    async with Gateway(tmp_path_factory.mktemp("own") / "data") as gateway:
        prompt = await gateway.expect(201, "POST", "/prompts", GREETING)
        logo = {"name": "Logo", "uri": "note://logo", "mime_type": "image/png", "blob": base64.b64encode(LOGO).decode()}
        resources = [await gateway.expect(201, "POST", "/resources", body) for body in (logo, WEEK)]
        await gateway.expect(201, "POST", "/resources", {"name": "x", "uri": "note://weeks/secret", "text": "secret"})
        bound = {"prompts": [prompt["id"]], "resources": [one["id"] for one in resources]}
        await gateway.expect(201, "POST", "/servers", {"name": "Desk", **bound})
        yield gateway


@asynccontextmanager
async def connected(gateway: Gateway, mode: Mode, server: str = "desk", **options: Any) -> AsyncGenerator[Client]:
    token = await gateway.create_token("client", [server])
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=60) as http:
        transport = streamable_http_client(f"{gateway.url}/servers/{server}/mcp", http_client=http)
        with anyio.fail_after(60):
            async with Client(transport, mode=mode, **options) as client:
                yield client


def said(result: Any) -> str:
    content = result.messages[0].content
    assert isinstance(content, types.TextContent)
    return content.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_gets_an_own_prompt_and_reads_own_resources(gateway: Gateway, mode: Mode) -> None:
    async with connected(gateway, mode) as client:
        (prompt,) = (await client.list_prompts()).prompts
        assert [(one.name, one.required) for one in prompt.arguments or []] == [("who", True), ("tone", None)]
        with pytest.raises(MCPError, match="'who' is missing"):
            await client.get_prompt("greeting", {})
        with pytest.raises(MCPError, match=r"'tone' is .rude.\. Give one of warm, formal"):
            await client.get_prompt("greeting", {"who": "Ada", "tone": "rude"})
        assert said(await client.get_prompt("greeting", {"who": "{{tone}}"})) == "Greet {{tone}} in a warm tone."
        reference = types.PromptReference(type="ref/prompt", name="greeting")
        completed = await client.complete(reference, {"name": "tone", "value": "f"})
        assert completed.completion.values == ["formal"]
        (content,) = (await client.read_resource("note://logo")).contents
        assert isinstance(content, types.BlobResourceContents)
        assert (base64.b64decode(content.blob), content.mime_type) == (LOGO, "image/png")
        (week,) = (await client.read_resource("note://weeks/7")).contents
        assert isinstance(week, types.TextResourceContents) and week.text == "Week 7"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_template_does_not_lead_to_a_resource_that_is_not_bound(gateway: Gateway, mode: Mode) -> None:
    async with connected(gateway, mode) as client:
        with pytest.raises(MCPError, match="'week' is \"secret\""):
            await client.read_resource("note://weeks/secret")


async def _change(gateway: Gateway, word: str) -> None:
    messages = [{"role": "user", "content": f"{word}, {{{{who}}}}"}]
    await gateway.expect(200, "PATCH", "/prompts/own_greeting", {"messages": messages, "note": word})


async def test_a_modern_client_hears_of_a_change_and_gets_the_new_text(gateway: Gateway) -> None:
    async with connected(gateway, "auto") as client:
        await client.get_prompt("greeting", {"who": "Ada"})
        async with client.listen(prompts_list_changed=True, resource_subscriptions=["note://logo"]) as heard:
            events = aiter(heard)
            await _change(gateway, "Hello")
            assert "Prompts" in type(await anext(events)).__name__
            assert said(await client.get_prompt("greeting", {"who": "Ada"})) == "Hello, Ada"
            await gateway.expect(200, "PATCH", "/resources/own_note___logo", {"blob": "AAAA"})
            while "Updated" not in type(event := await anext(events)).__name__:
                pass
            assert getattr(event, "uri", "") == "note://logo"
    await gateway.expect(200, "POST", "/resources/own_note___logo/versions/1/restore")


@pytest.mark.filterwarnings("ignore:resources/(un)?subscribe is removed")
async def test_a_legacy_client_is_told_when_an_own_resource_changes_that_it_subscribed_to(gateway: Gateway) -> None:
    told, tell = anyio.create_memory_object_stream[str](10)

    async def hear(message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            await told.send(str(message.params.uri))

    note = {"name": "Note", "uri": "note://today", "text": "rain"}
    other = {"name": "Other", "uri": "note://other", "text": "x"}
    ids = [(await gateway.expect(201, "POST", "/resources", one))["id"] for one in (note, other)]
    await gateway.expect(201, "POST", "/servers", {"name": "Notes", "resources": ids})
    async with told, tell, connected(gateway, "legacy", "notes", message_handler=hear) as client:
        assert client.server_capabilities.resources is not None and client.server_capabilities.resources.subscribe
        with pytest.raises(MCPError, match="Resource not found"):
            await client.subscribe_resource("note://logo")
        for uri in ("note://today", "note://other"):
            await client.subscribe_resource(uri)
        for text in ("sun", "wind"):
            await gateway.expect(200, "PATCH", f"/resources/{ids[0]}", {"text": text})
            assert await tell.receive() == "note://today"
            (content,) = (await client.read_resource("note://today")).contents
            assert getattr(content, "text", "") == text
        await client.unsubscribe_resource("note://today")
        await gateway.expect(200, "PATCH", f"/resources/{ids[0]}", {"text": "snow"})
        await gateway.expect(200, "PATCH", f"/resources/{ids[1]}", {"text": "y"})
        assert await tell.receive() == "note://other"


async def test_a_legacy_client_hears_of_a_change_and_gets_the_new_text(gateway: Gateway) -> None:
    changed = anyio.Event()

    async def hear(message: Any) -> None:
        if isinstance(message, types.PromptListChangedNotification):
            changed.set()

    async with connected(gateway, "legacy", message_handler=hear) as client:
        await client.get_prompt("greeting", {"who": "Ada"})
        await _change(gateway, "Good day")
        await changed.wait()
        assert said(await client.get_prompt("greeting", {"who": "Ada"})) == "Good day, Ada"
    records = await gateway.items("/calls", method="prompts/get")
    assert any(one["upstream"]["name"] == "own" for one in records)

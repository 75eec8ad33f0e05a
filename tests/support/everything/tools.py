"""Tools that answer by themselves: each kind of content, errors, notifications, schemas, streams."""

from __future__ import annotations

import anyio
import mcp_types as types

from tests.support.everything.exchange import Exchange, Refusal
from tests.support.everything.samples import PNG, WAV
from tests.support.everything.shelf import Shelf, text

MOMENT = 0.05
"""Seconds between two notifications."""

ADDRESS_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
HEADER_SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "limit": {"type": "integer", "x-mcp-header": "Limit"},
        "dry_run": {"type": "boolean", "x-mcp-header": "Dry-Run"},
        "query": {"type": "string"},
    },
    "required": ["region"],
}

shelf = Shelf()


def image() -> types.ImageContent:
    return types.ImageContent(type="image", data=PNG, mime_type="image/png")


def embedded(uri: str, mime_type: str, content: str) -> types.EmbeddedResource:
    resource = types.TextResourceContents(uri=uri, mime_type=mime_type, text=content)
    return types.EmbeddedResource(type="resource", resource=resource)


@shelf.tool("test_simple_text", "Answers with a text.")
async def simple_text(_: Exchange) -> list[types.ContentBlock]:
    return [text("This is a simple text response for testing.")]


@shelf.tool("test_image_content", "Answers with a picture.")
async def image_content(_: Exchange) -> list[types.ContentBlock]:
    return [image()]


@shelf.tool("test_audio_content", "Answers with a sound.")
async def audio_content(_: Exchange) -> list[types.ContentBlock]:
    return [types.AudioContent(type="audio", data=WAV, mime_type="audio/wav")]


@shelf.tool("test_embedded_resource", "Answers with a resource.")
async def embedded_resource(_: Exchange) -> list[types.ContentBlock]:
    return [embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]


@shelf.tool("test_multiple_content_types", "Answers with a text, a picture and a resource.")
async def multiple_content_types(_: Exchange) -> list[types.ContentBlock]:
    resource = embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return [text("Multiple content types test:"), image(), resource]


@shelf.tool("test_tool_with_logging", "Logs three messages while it works.")
async def tool_with_logging(exchange: Exchange) -> list[types.ContentBlock]:
    await exchange.log("info", "Tool execution started")
    await anyio.sleep(MOMENT)
    await exchange.log("info", "Tool processing data")
    await anyio.sleep(MOMENT)
    await exchange.log("info", "Tool execution completed")
    return [text("Three messages were logged.")]


@shelf.tool("test_logging_tool", "Logs one message of each level.")
async def logging_tool(exchange: Exchange) -> list[types.ContentBlock]:
    for level in ("debug", "info", "warning", "error"):
        await exchange.log(level, f"A message of level {level}")
    return [text("Four messages were logged.")]


@shelf.tool("test_tool_with_progress", "Tells how far it is, three times.")
async def tool_with_progress(exchange: Exchange) -> list[types.ContentBlock]:
    for done in (0, 50, 100):
        await exchange.progress(done, 100)
        await anyio.sleep(MOMENT)
    return [text("All of it is done.")]


@shelf.tool("test_error_handling", "Always fails.")
async def error_handling(_: Exchange) -> list[types.ContentBlock]:
    raise Refusal("This tool intentionally returns an error for testing")


@shelf.tool("test_reconnection", "Closes its own stream half way; the answer is for those who come back for it.")
async def reconnection(exchange: Exchange) -> list[types.ContentBlock]:
    # 2025-11-25 basic/transports: a server may close the stream once it has given an event id.
    if exchange.context.close_sse_stream:
        await exchange.context.close_sse_stream()
    await anyio.sleep(MOMENT)
    return [text("You came back.")]


@shelf.tool_of_schema("json_schema_2020_12_tool", "Has an input schema with many keywords.", ADDRESS_SCHEMA)
async def json_schema_tool(exchange: Exchange) -> list[types.ContentBlock]:
    return [text(f"Arguments: {dict(exchange.arguments)}")]


@shelf.tool_of_schema("test_x_mcp_header", "Has arguments that also travel as headers.", HEADER_SCHEMA)
async def x_mcp_header(exchange: Exchange) -> list[types.ContentBlock]:
    return [text(f"Region: {exchange.arguments['region']}")]

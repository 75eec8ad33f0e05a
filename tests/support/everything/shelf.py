"""Where tools and prompts are put by their modules, and found by the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types

from tests.support.everything.exchange import Exchange

ToolHandler = Callable[[Exchange], Awaitable[list[types.ContentBlock]]]
PromptHandler = Callable[[Exchange], Awaitable[list[types.PromptMessage]]]


def text(value: str) -> types.TextContent:
    return types.TextContent(type="text", text=value)


@dataclass(frozen=True, slots=True)
class Shelf:
    tools: dict[str, tuple[types.Tool, ToolHandler]] = field(default_factory=dict[str, tuple[types.Tool, ToolHandler]])
    prompts: dict[str, tuple[types.Prompt, PromptHandler]] = field(
        default_factory=dict[str, tuple[types.Prompt, PromptHandler]]
    )

    def tool(
        self, name: str, description: str, properties: Mapping[str, Any] | None = None
    ) -> Callable[[ToolHandler], ToolHandler]:
        """Every one of `properties` is required."""
        known = dict(properties or {})
        schema = {"type": "object", "properties": known} | ({"required": list(known)} if known else {})
        return self.tool_of_schema(name, description, schema)

    def tool_of_schema(
        self, name: str, description: str, schema: dict[str, Any]
    ) -> Callable[[ToolHandler], ToolHandler]:
        def put(handler: ToolHandler) -> ToolHandler:
            self.tools[name] = (types.Tool(name=name, description=description, input_schema=schema), handler)
            return handler

        return put

    def prompt(
        self, name: str, description: str, arguments: Mapping[str, str] | None = None
    ) -> Callable[[PromptHandler], PromptHandler]:
        """`arguments` are names and descriptions; every one is required."""
        known = [types.PromptArgument(name=n, description=d, required=True) for n, d in (arguments or {}).items()]

        def put(handler: PromptHandler) -> PromptHandler:
            self.prompts[name] = (types.Prompt(name=name, description=description, arguments=known or None), handler)
            return handler

        return put

"""The server itself: looks handlers up, and says what there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import mcp_types as types
from mcp.server import CacheHint, InitializationOptions, NotificationOptions, Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from tests.support.everything import asking, prompts, tools
from tests.support.everything.changes import Changes, Context
from tests.support.everything.exchange import Exchange, Pause, Refusal
from tests.support.everything.resources import RESOURCES, TEMPLATES, WATCHED, read
from tests.support.everything.shelf import Shelf, text

NAME = "everything"
INSTRUCTIONS = "Offers one of everything that MCP knows, for tests."
TRIGGERS = "test_trigger_tool_change", "test_trigger_prompt_change"
WORDS = ["paris", "park", "party", "test-one", "test-two"]
"""What arguments are completed to."""

Listed = TypeVar("Listed", types.Tool, types.Prompt)


class _Announced(Server[Any]):
    """Says in the handshake, too, that its lists may change: the SDK leaves that out unless it is asked for."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        options = notification_options or NotificationOptions(
            prompts_changed=True, resources_changed=True, tools_changed=True
        )
        return super().create_initialization_options(options, experimental_capabilities, extensions)


class Everything:
    """The request handlers of one server."""

    def __init__(self) -> None:
        self.changes = Changes()
        self._tools = tools.shelf.tools | asking.shelf.tools | self._triggers().tools
        self._prompts = prompts.shelf.prompts

    async def list_tools(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        listed = [tool for tool, _ in self._tools.values()]
        return types.ListToolsResult(tools=[_edition(tool, TRIGGERS[0], self.changes.tools) for tool in listed])

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        entry = self._tools.get(name)
        return entry[0].input_schema if entry else None

    async def call_tool(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        if params.name not in self._tools:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
        tool, handler = self._tools[params.name]
        try:
            exchange = self._exchange(context, params, params.arguments, tool.input_schema.get("required", ()))
            return types.CallToolResult(content=await handler(exchange))
        except Pause as pause:
            return pause.result
        except Refusal as refusal:
            return types.CallToolResult(content=[text(str(refusal))], is_error=True)

    async def list_prompts(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        listed = [prompt for prompt, _ in self._prompts.values()]
        first = listed[0].name
        return types.ListPromptsResult(prompts=[_edition(each, first, self.changes.prompts) for each in listed])

    async def get_prompt(
        self, context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        if params.name not in self._prompts:
            raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name}")
        prompt, handler = self._prompts[params.name]
        required = [argument.name for argument in prompt.arguments or ()]
        try:
            messages = await handler(self._exchange(context, params, params.arguments, required))
            return types.GetPromptResult(description=prompt.description, messages=messages)
        except Pause as pause:
            return pause.result
        except Refusal as refusal:
            raise MCPError(types.INVALID_PARAMS, str(refusal)) from None

    async def list_resources(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=RESOURCES)

    async def list_templates(
        self, _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=TEMPLATES)

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
        return read(str(params.uri), self.changes.watched, modern=modern)

    async def complete(self, _: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        values = [word for word in WORDS if word.startswith(params.argument.value)]
        completion = types.Completion(values=values, total=len(values), has_more=False)
        return types.CompleteResult(completion=completion)

    async def set_level(self, context: Context, params: types.SetLevelRequestParams) -> types.EmptyResult:
        self.changes.set_level(context, params.level)
        return types.EmptyResult()

    async def subscribe(self, context: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        self.changes.watch(context, str(params.uri))
        return types.EmptyResult()

    async def unsubscribe(self, context: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        self.changes.unwatch(context, str(params.uri))
        return types.EmptyResult()

    async def initialized(self, context: Context, _: types.NotificationParams) -> None:
        self.changes.join(context)

    def _exchange(
        self,
        context: Context,
        params: types.InputResponseRequestParams,
        arguments: Mapping[str, Any] | None,
        required: list[str],
    ) -> Exchange:
        missing = [name for name in required if name not in (arguments or {})]
        if missing:
            raise Refusal(f"Missing arguments: {', '.join(missing)}")
        return Exchange(context, params, arguments or {}, self.changes.lowest_level(context))

    def _triggers(self) -> Shelf:
        shelf = Shelf()

        @shelf.tool(TRIGGERS[0], "Changes the list of tools.")
        async def change_tools(_: Exchange) -> list[types.ContentBlock]:
            await self.changes.change_tools()
            return [text(f"The list of tools has edition {self.changes.tools} now.")]

        @shelf.tool(TRIGGERS[1], "Changes the list of prompts.")
        async def change_prompts(_: Exchange) -> list[types.ContentBlock]:
            await self.changes.change_prompts()
            return [text(f"The list of prompts has edition {self.changes.prompts} now.")]

        @shelf.tool("test_trigger_resource_update", "Changes the watched resource.")
        async def change_watched(_: Exchange) -> list[types.ContentBlock]:
            await self.changes.change_watched(WATCHED)
            return [text(f"The watched resource has edition {self.changes.watched} now.")]

        return shelf


def _edition(listed: Listed, name: str, edition: int) -> Listed:
    """The one of this name says in its description how often its list has changed."""
    if listed.name != name or not edition:
        return listed
    return listed.model_copy(update={"description": f"{listed.description} Edition {edition}."})


def build() -> Server[Any]:
    """A server with a state of its own."""
    everything = Everything()
    server = _Announced(
        NAME,
        version="1.0.0",
        instructions=INSTRUCTIONS,
        cache_hints={"tools/list": CacheHint(1000, "public"), "resources/read": CacheHint(0, "private")},
        get_tool_input_schema=everything.input_schema,
        on_list_tools=everything.list_tools,
        on_call_tool=everything.call_tool,
        on_list_prompts=everything.list_prompts,
        on_get_prompt=everything.get_prompt,
        on_list_resources=everything.list_resources,
        on_list_resource_templates=everything.list_templates,
        on_read_resource=everything.read_resource,
        on_subscribe_resource=everything.subscribe,
        on_unsubscribe_resource=everything.unsubscribe,
        on_completion=everything.complete,
        on_subscriptions_listen=ListenHandler(everything.changes.bus),
    )
    # Not as an argument: that one warns that the modern wire has no such method.
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, everything.set_level)
    server.add_notification_handler("notifications/initialized", types.NotificationParams, everything.initialized)
    # A state that comes back changed is refused before any handler sees it.
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME))
    return server

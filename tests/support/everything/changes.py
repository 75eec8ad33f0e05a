"""What changes while the server runs, who is told, and how: by stream on the modern wire, by session on the legacy one."""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.server import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp.shared.subscriptions import PromptsListChanged, ResourceUpdated, ToolsListChanged
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from tests.support.everything.exchange import LEVELS

LOG_LEVEL = "io.modelcontextprotocol/logLevel"

Context = ServerRequestContext[Any, Any]


def session_key(context: Context) -> str:
    """Tells legacy sessions apart; the one client of a stdio server has the empty key."""
    request = context.request
    if request is None:
        return ""
    return request.headers.get("mcp-session-id") or request.query_params.get("session_id", "")


class Changes:
    """Editions are counted, and shown in descriptions and contents, so that every change can really be seen."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.tools = 0
        self.prompts = 0
        self.watched = 0
        self._sessions: dict[str, ServerSession] = {}
        self._levels: dict[str, types.LoggingLevel] = {}
        self._watchers: dict[str, set[str]] = {}

    def join(self, context: Context) -> None:
        self._sessions[session_key(context)] = context.session

    def watch(self, context: Context, uri: str) -> None:
        self._watchers.setdefault(uri, set()).add(session_key(context))

    def unwatch(self, context: Context, uri: str) -> None:
        self._watchers.get(uri, set()).discard(session_key(context))

    def set_level(self, context: Context, level: types.LoggingLevel) -> None:
        self._levels[session_key(context)] = level

    def lowest_level(self, context: Context) -> types.LoggingLevel | None:
        """The least severe level that this client is told; on the modern wire each request says it."""
        if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            return self._levels.get(session_key(context), "debug")
        asked = dict(context.meta or {}).get(LOG_LEVEL)
        return next((level for level in LEVELS if level == asked), None)

    async def change_tools(self) -> None:
        self.tools += 1
        await self.bus.publish(ToolsListChanged())
        for session in list(self._sessions.values()):
            await session.send_tool_list_changed()

    async def change_prompts(self) -> None:
        self.prompts += 1
        await self.bus.publish(PromptsListChanged())
        for session in list(self._sessions.values()):
            await session.send_prompt_list_changed()

    async def change_watched(self, uri: str) -> None:
        self.watched += 1
        await self.bus.publish(ResourceUpdated(uri=uri))
        for key in list(self._watchers.get(uri, ())):
            await self._sessions[key].send_resource_updated(uri)

"""MCP spoken by hand over HTTP, a message at a time, by clients that tests can let go at any moment."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

import httpx

VERSION = "2025-11-25"
MODERN = "2026-07-28"
ACCEPT = "application/json, text/event-stream"
CLIENT = {"name": "talk", "version": "1"}
JsonObject = dict[str, Any]


class Talk:
    """A legacy client of one MCP URL: `async with Talk(url, token) as talk:` shakes hands, and says goodbye."""

    def __init__(self, url: str, token: str, *, goodbye: bool = True) -> None:
        self.url = url
        self.session = ""
        self._goodbye = goodbye
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(timeout=60, headers=headers)
        self._last_id = 0

    async def __aenter__(self) -> Self:
        hello = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": CLIENT}
        response = await self.post("initialize", hello)
        response.raise_for_status()
        self.session = response.headers["mcp-session-id"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._goodbye and kind is None:
                await self._http.delete(self.url, headers=self.headers)
        finally:
            await self._http.aclose()

    @property
    def headers(self) -> dict[str, str]:
        session = {"mcp-session-id": self.session, "mcp-protocol-version": VERSION} if self.session else {}
        return {"accept": ACCEPT, **session}

    async def post(self, method: str, params: JsonObject | None = None) -> httpx.Response:
        self._last_id += 1
        message = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params or {}}
        return await self._http.post(self.url, json=message, headers=self.headers)

    async def request(self, method: str, params: JsonObject | None = None) -> JsonObject:
        """The JSON-RPC response, of whichever HTTP status."""
        return last_message(await self.post(method, params))

    async def call(self, tool: str, arguments: JsonObject | None = None) -> JsonObject:
        return await self.request("tools/call", {"name": tool, "arguments": arguments or {}})

    async def tools(self) -> set[str]:
        answer = await self.request("tools/list")
        return {tool["name"] for tool in answer["result"]["tools"]}


async def modern_call(url: str, token: str, tool: str, arguments: JsonObject | None = None) -> JsonObject:
    """One stateless call; the JSON-RPC response."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": CLIENT,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": tool, "arguments": arguments or {}, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {"accept": ACCEPT, "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}
    if token:
        headers["authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(timeout=60) as http:
        return last_message(await http.post(url, json=message, headers=headers))


def text_of(response: JsonObject) -> str:
    """What a tool said; raises `KeyError` for an error."""
    return response["result"]["content"][0]["text"]


def last_message(response: httpx.Response) -> JsonObject:
    """Of a JSON body or an event stream."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        events = [line.removeprefix("data:").strip() for line in response.text.splitlines() if line.startswith("data:")]
        return json.loads([event for event in events if event][-1])
    return response.json()

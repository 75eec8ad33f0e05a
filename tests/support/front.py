"""MCP by hand against a gateway: any header, any body, answers as they came, and streams an event at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx

from tests.support.gateway import Gateway

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
PREFIX = "io.modelcontextprotocol/"
CLIENT = {"name": "front", "version": "1"}
EVERY_CAPABILITY: dict[str, Any] = {"elicitation": {}, "sampling": {}, "roots": {"listChanged": True}}
MIRRORED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
PATIENCE = 10
"""Seconds that anything may take here."""
Json = dict[str, Any]
Headers = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Event:
    data: str
    id: str | None = None
    kind: str = "message"

    @property
    def message(self) -> Json:
        return json.loads(self.data)


class Events:
    """An event stream that is under way."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Event | None:
        """None at its end. Comments are passed over."""
        said: dict[str, str] = {}
        with anyio.fail_after(PATIENCE):
            async for line in self._lines:
                if not line and said:
                    return Event(said.get("data", ""), said.get("id"), said.get("event", "message"))
                name, _, value = line.partition(":")
                if name:
                    said[name] = value.removeprefix(" ")
        return None

    async def message(self) -> Json:
        """The next one that is a message; raises `EOFError` at the end."""
        while (event := await self.next()) is not None:
            if event.data:
                return event.message
        raise EOFError("the stream ended")

    async def rest(self) -> list[Event]:
        """All that is still to come."""
        found: list[Event] = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found


@dataclass(slots=True)
class Peer:
    """A client of one MCP address. A header that is None is left out."""

    url: str
    token: str
    http: httpx.AsyncClient
    session: str = ""
    version: str = LEGACY
    _last_id: int = field(default=0)

    def headers(self, more: Headers | None = None) -> dict[str, str]:
        usual: dict[str, str | None] = {
            "authorization": f"Bearer {self.token}" if self.token else None,
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
            "mcp-session-id": self.session or None,
            "mcp-protocol-version": self.version if self.session else None,
        }
        return {name: value for name, value in {**usual, **(more or {})}.items() if value is not None}

    async def send(self, body: bytes, headers: Headers | None = None) -> httpx.Response:
        return await self.http.post(self.url, content=body, headers=self.headers(headers))

    def request(self, method: str, params: Json | None = None, id: Any = None) -> Json:
        self._last_id += 1
        id = self._last_id if id is None else id
        return {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}

    def modern(
        self, method: str, params: Json | None = None, capabilities: Json | None = None, meta: Json | None = None
    ) -> tuple[Json, dict[str, str | None]]:
        """A modern request, and the headers that go with it."""
        envelope = {
            PREFIX + "protocolVersion": MODERN,
            PREFIX + "clientInfo": CLIENT,
            PREFIX + "clientCapabilities": capabilities or {},
            **(meta or {}),
        }
        params = {**(params or {}), "_meta": envelope}
        headers: dict[str, str | None] = {"mcp-protocol-version": MODERN, "mcp-method": method}
        if method in MIRRORED and MIRRORED[method] in params:
            headers["mcp-name"] = params[MIRRORED[method]]
        return self.request(method, params), headers

    async def ask(self, method: str, params: Json | None = None, **more: Any) -> Json:
        """The JSON-RPC response to a modern request, whatever its status."""
        return last_message(await self.ask_for(method, params, **more))

    async def ask_for(
        self, method: str, params: Json | None = None, headers: Headers | None = None, **more: Any
    ) -> httpx.Response:
        message, usual = self.modern(method, params, **more)
        return await self.send(json.dumps(message).encode(), {**usual, **(headers or {})})

    async def initialize(self, capabilities: Json | None = None, version: str = LEGACY) -> httpx.Response:
        """Shake hands as a legacy client; later requests are of this session."""
        self.session = ""
        params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": CLIENT}
        response = await self.say("initialize", params)
        self.session, self.version = response.headers.get("mcp-session-id", ""), version
        if self.session:
            await self.tell("notifications/initialized")
        return response

    async def say(self, method: str, params: Json | None = None, headers: Headers | None = None) -> httpx.Response:
        """A legacy request."""
        return await self.send(json.dumps(self.request(method, params)).encode(), headers)

    async def call(self, tool: str, arguments: Json | None = None) -> Json:
        """The response to a legacy tools/call."""
        return last_message(await self.say("tools/call", {"name": tool, "arguments": arguments or {}}))

    async def tell(self, method: str, params: Json | None = None) -> httpx.Response:
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        return await self.send(json.dumps(message).encode())

    async def answer(self, id: Any, result: Json) -> httpx.Response:
        return await self.send(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}).encode())

    @contextlib.asynccontextmanager
    async def posted(self, message: Json, headers: Headers | None = None) -> AsyncGenerator[Events]:
        async with self.http.stream("POST", self.url, json=message, headers=self.headers(headers)) as response:
            yield Events(response)

    @contextlib.asynccontextmanager
    async def listening(self, headers: Headers | None = None) -> AsyncGenerator[Events]:
        """The GET stream."""
        usual: dict[str, str | None] = {"accept": "text/event-stream", "content-type": None}
        async with self.http.stream("GET", self.url, headers=self.headers({**usual, **(headers or {})})) as response:
            yield Events(response)

    @contextlib.asynccontextmanager
    async def subscribed(self, wanted: Json) -> AsyncGenerator[Events]:
        """A modern subscriptions/listen."""
        message, headers = self.modern("subscriptions/listen", {"notifications": wanted})
        async with self.posted(message, headers) as events:
            yield events


@contextlib.asynccontextmanager
async def peer(gateway: Gateway, server: str = "desk", token: str | None = None) -> AsyncGenerator[Peer]:
    """A client of a virtual server, or of everything where that is empty; with the admin's token unless another is given."""
    path = f"/servers/{server}/mcp" if server else "/mcp"
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(timeout=60, limits=limits) as http:
        yield Peer(gateway.url + path, gateway.token if token is None else token, http)


def last_message(response: httpx.Response) -> Json:
    """Of a JSON body or an event stream."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        events = [line.removeprefix("data:").strip() for line in response.text.splitlines() if line.startswith("data:")]
        return json.loads([event for event in events if event][-1])
    return response.json()


def text_of(response: Json) -> str:
    """What a tool said; raises `KeyError` for an error."""
    return response["result"]["content"][0]["text"]


@contextlib.asynccontextmanager
async def raw(gateway: Gateway) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection."""
    address = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def raw_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer; one that is chunked is put together."""
    with anyio.fail_after(PATIENCE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding") != "chunked":
            return int(first.split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0")))
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return int(first.split()[1]), headers, body


def http_request(
    gateway: Gateway,
    body: bytes,
    *lines: str,
    path: str = "/servers/desk/mcp",
    verb: str = "POST",
    token: str | None = None,
) -> bytes:
    """The bytes of an HTTP/1.1 request, with the admin's token where there is no other; `lines` are more headers."""
    head = [
        f"{verb} {path} HTTP/1.1",
        f"host: 127.0.0.1:{gateway.port}",
        f"authorization: Bearer {token or gateway.token}",
        "accept: application/json, text/event-stream",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *lines,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def until(condition: Any) -> None:
    """Look, again and again, at what is in another process."""
    with anyio.fail_after(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - it is another process
            await anyio.sleep(0.03)

"""Upstreams that do what no good server does: over HTTP by a handler for each request, over stdio by a small program."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel

Json = dict[str, Any]
MODERN = "2026-07-28"
LEGACY = "2025-11-25"


@dataclass
class Heard:
    """One request; `message` is its body, empty where it has none. `gone` is set when its connection closes."""

    verb: str
    headers: Mapping[str, str]
    message: Json
    gone: anyio.Event

    @property
    def method(self) -> str:
        return self.message.get("method", "")

    @property
    def id(self) -> Any:
        return self.message.get("id")


class Reply:
    """What to answer a request with: one of `json`, `nothing`, `text` and `open`, which `event` may follow."""

    def __init__(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        self._heard = heard
        self._writer = writer
        self.streaming = False

    async def result(self, value: Json, **headers: str) -> None:
        await self.json({"jsonrpc": "2.0", "id": self._heard.id, "result": value}, 200, **headers)

    async def error(self, status: int, code: int, message: str = "No", data: Any = None) -> None:
        error = {"code": code, "message": message} | ({"data": data} if data is not None else {})
        await self.json({"jsonrpc": "2.0", "id": self._heard.id, "error": error}, status)

    async def json(self, value: Any, status: int = 200, **headers: str) -> None:
        await self.text(status, json.dumps(value), "application/json", **headers)

    async def nothing(self, status: int = 202) -> None:
        await self.text(status, "", "text/plain")

    async def text(self, status: int, body: str, kind: str, **headers: str) -> None:
        data = body.encode()
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(data)}\r\n{more}\r\n"
        self._writer.write(head.encode() + data)
        await self._writer.drain()

    async def open(self) -> None:
        """Begin an event stream, which ends with the connection when the handler returns."""
        self.streaming = True
        self._writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        await self._writer.drain()

    async def event(self, message: Any, id: str | None = None, retry: int | None = None) -> None:
        lines = [f"id: {id}\n"] if id is not None else []
        lines += [f"retry: {retry}\n"] if retry is not None else []
        data = "" if message is None else json.dumps(message)
        self._writer.write(("".join(lines) + f"data: {data}\n\n").encode())
        await self._writer.drain()

    async def answer(self, value: Json) -> None:
        """The result, as an event."""
        await self.event({"jsonrpc": "2.0", "id": self._heard.id, "result": value})


Handler = Callable[[Heard, Reply], Awaitable[None]]


@dataclass
class Scripted:
    handler: Handler
    url: str = ""
    heard: list[Heard] = field(default_factory=list[Heard])
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        gone = anyio.Event()
        try:
            ahead = b""
            while (heard := await _read(reader, gone, ahead)) is not None:
                async with self._arrived:
                    self.heard.append(heard)
                    self._arrived.notify_all()
                reply = Reply(heard, writer)
                ahead = await self._play(heard, reply, reader)
                if reply.streaming or gone.is_set():
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            gone.set()
            self._writers.discard(writer)
            writer.close()

    async def _play(self, heard: Heard, reply: Reply, reader: asyncio.StreamReader) -> bytes:
        """Run the handler, and tell it when the client leaves meanwhile. Gives what was read of the next request."""

        async def look() -> bytes:
            byte = await reader.read(1)
            if not byte:
                heard.gone.set()
            return byte

        looking = asyncio.create_task(look())  # noqa: TID251 - a test server, which ends with its connection
        try:
            await self.handler(heard, reply)
        finally:
            looking.cancel()
            await asyncio.wait({looking})
        return b"" if looking.cancelled() or looking.exception() else looking.result()

    async def until(self, method: str, count: int = 1) -> list[Heard]:
        """Wait for so many messages of this method (or requests of this verb)."""
        with anyio.fail_after(10):
            async with self._arrived:
                while len(found := [h for h in self.heard if method in (h.method, h.verb)]) < count:
                    await self._arrived.wait()
        return found

    def methods(self) -> list[str]:
        return [heard.method or heard.verb for heard in self.heard]

    def drop_connections(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()


async def _read(reader: asyncio.StreamReader, gone: anyio.Event, ahead: bytes) -> Heard | None:
    try:
        head = (ahead + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(first.split(" ")[0], headers, json.loads(body) if body else {}, gone)


@asynccontextmanager
async def scripted(handler: Handler) -> AsyncGenerator[Scripted]:
    """Serve it on a free port of the loopback interface."""
    server = Scripted(handler)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/mcp"
    try:
        yield server
    finally:
        listener.close()
        server.drop_connections()
        await anyio.lowlevel.checkpoint()  # the transports report their end in the next turns of the loop
        await anyio.lowlevel.checkpoint()


async def legacy_handshake(heard: Heard, reply: Reply, session: str | None = "s1", **capabilities: Json) -> bool:
    """Answer what a legacy server answers before any call; whether it was that."""
    if heard.verb == "GET":
        await reply.nothing(405)
    elif heard.verb == "DELETE" or heard.id is None:
        await reply.nothing()
    elif heard.method == "server/discover":
        await reply.error(400, -32000, "Bad Request: Server not initialized")
    elif heard.method == "initialize":
        offered = {
            "protocolVersion": LEGACY,
            "capabilities": capabilities or {"tools": {}},
            "serverInfo": {"name": "s"},
        }
        await reply.result(offered, **({"mcp_session_id": session} if session else {}))
    elif heard.method == "ping":
        await reply.result({})
    else:
        return False
    return True


async def modern_handshake(heard: Heard, reply: Reply, **capabilities: Json) -> bool:
    """Answer what a modern server answers before any call; whether it was that."""
    if heard.verb != "POST":
        await reply.nothing(405)
    elif "mcp-method" not in heard.headers:
        await reply.error(400, -32602, "Invalid params: _meta is missing")
    elif heard.method == "server/discover":
        await reply.result(discovered(capabilities or {"tools": {}}))
    else:
        return False
    return True


def discovered(capabilities: Json) -> Json:
    info = {"io.modelcontextprotocol/serverInfo": {"name": "m", "version": "1"}}
    lasting = {"ttlMs": 0, "cacheScope": "private", "resultType": "complete"}
    return {"supportedVersions": [MODERN], "capabilities": capabilities, "_meta": info, **lasting}


PROGRAM = """
import json, sys
def say(**fields):
    print(json.dumps({"jsonrpc": "2.0", **fields}), flush=True)
def legacy(message):
    if message["method"] == "initialize":
        say(id=message["id"], result={"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "resources": {}},
                                      "serverInfo": {"name": "s"}})
        return True
    return "id" not in message
def refuse(message):
    say(id=message["id"], error={"code": -32601, "message": "Method not found: " + message["method"]})
def messages():
    for line in sys.stdin:
        yield json.loads(line)
"""


def program(body: str) -> tuple[str, ...]:
    """The command of a stdio server: `body` is Python that has the words of `PROGRAM`."""
    return (sys.executable, "-c", PROGRAM + body)

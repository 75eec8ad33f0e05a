"""A modern MCP server and a client that cost little, for tests with thousands of calls; both on the loop of the test."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle

import anyio
import msgspec

from gatehouse.kit import json
from gatehouse.protocol.call import MODERN_VERSION

_META = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "quick", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_TEXT = {"content": [{"type": "text", "text": "so it is"}], "resultType": "complete"}
ANSWERS: Mapping[str, Mapping[str, object]] = {
    "fine": {"result": _TEXT},
    "other": {"result": _TEXT},
    "fails": {"result": {**_TEXT, "isError": True}},
    "odd": {"error": {"code": -32050, "message": "odd"}},
}
"""What each tool answers."""
_OFFERS: Mapping[str, Mapping[str, object]] = {
    "server/discover": {"supportedVersions": [MODERN_VERSION], "capabilities": {"tools": {}}},
    "tools/list": {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in ANSWERS]},
}
_CACHED = {"ttlMs": 60_000, "cacheScope": "public", "resultType": "complete"}


class _Envelope(msgspec.Struct):
    method: str
    id: msgspec.Raw
    params: dict[str, msgspec.Raw] = {}


def _answered(body: bytes) -> bytes:
    asked = msgspec.json.decode(body, type=_Envelope)
    answer: Mapping[str, object]
    if asked.method == "tools/call":
        answer = ANSWERS[json.text(asked.params["name"]) or ""]
    elif asked.method in _OFFERS:
        answer = {"result": {**_OFFERS[asked.method], **_CACHED}}
    else:
        answer = {"error": {"code": -32601, "message": "not here"}}
    return json.dump({"jsonrpc": "2.0", "id": asked.id, **answer})


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            body = _answered((await _message(reader))[1])
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            writer.write(head + body)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    return head, await reader.readexactly(length)


@asynccontextmanager
async def quick_upstream() -> AsyncGenerator[str]:
    """Its URL."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"


@dataclass(frozen=True, slots=True)
class QuickCall:
    server: str
    """Its slug."""
    tool: str
    token: str

    def request(self) -> bytes:
        params = {"name": self.tool, "arguments": {"text": "x" * 50}, "_meta": _META}
        body = json.dump({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        lines = (
            f"POST /servers/{self.server}/mcp HTTP/1.1",
            "host: 127.0.0.1",
            f"authorization: Bearer {self.token}",
            "content-type: application/json",
            "accept: application/json, text/event-stream",
            f"mcp-protocol-version: {MODERN_VERSION}",
            "mcp-method: tools/call",
            f"mcp-name: {self.tool}",
            f"content-length: {len(body)}",
        )
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def call_all(
    port: int, calls: Iterable[QuickCall], connections: int = 32, seen: Counter[int] | None = None
) -> Counter[int]:
    """Make each call once, over many connections at the same time. How often each status came; 0: it was cut off.

    `seen` is where they are counted while that goes on.
    """
    waiting, requests, statuses = iter(calls), dict[QuickCall, bytes](), Counter[int]() if seen is None else seen

    async def one_after_the_other() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for call in waiting:
                if call not in requests:
                    requests[call] = call.request()
                writer.write(requests[call])
                head, _ = await _message(reader)
                statuses[int(head[9:12])] += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            statuses[0] += 1
        finally:
            writer.close()

    async with anyio.create_task_group() as group:
        for _ in range(connections):
            group.start_soon(one_after_the_other)
    return statuses


def in_turn(calls: Iterable[QuickCall], count: int) -> list[QuickCall]:
    """So many, of these in turn."""
    return [call for _, call in zip(range(count), cycle(calls), strict=False)]

"""An MCP upstream that costs as little as can be: both eras, any number of upstreams in one process, told apart by path.

`/ERA/TOOLS/mcp` or `/ERA/TOOLS/LABEL/mcp`, where ERA is `any`, `modern` or `legacy`. TOOLS is how many small tools are
offered (`t0`, `t1`, ...), or `sizes` for `r4096` and `r262144`, whose results are that long, and `s1000`, which answers
with that many notifications of progress first. Each result names the tool and repeats `arguments.key`.

    python bench/upstream.py        prints its port, and ends when its standard input does
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from functools import cache, partial

import msgspec
import uvloop

MODERN, LEGACY = "2026-07-28", "2025-11-25"
SIZED = ("r4096", "r262144", "s1000")
SMALL = 120
"""Bytes of padding that make a small result about 200 bytes long."""
PAGE = 100
SERVER = {"name": "upstream", "version": "1"}
CAPABILITIES = {"tools": {"listChanged": True}}
MODERN_TAIL = {"resultType": "complete", "_meta": {"io.modelcontextprotocol/serverInfo": SERVER}}

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
_TEXT = b'{"content":[{"type":"text","text":"%b %b %b"}],"isError":false%b}'
_NUMBERS = itertools.count(1)


class Envelope(msgspec.Struct):
    method: str = ""
    id: msgspec.Raw = msgspec.Raw()
    params: msgspec.Raw = msgspec.Raw(b"{}")


class Arguments(msgspec.Struct):
    key: msgspec.Raw = msgspec.Raw(b'""')


class Meta(msgspec.Struct):
    progressToken: msgspec.Raw = msgspec.Raw()


class Params(msgspec.Struct):
    name: str = ""
    arguments: Arguments = msgspec.field(default_factory=Arguments)
    meta: Meta = msgspec.field(default_factory=Meta, name="_meta")
    cursor: str = "0"


_envelope = msgspec.json.Decoder(Envelope)
_params = msgspec.json.Decoder(Params)


class Offer:
    """What one path is: the eras that it speaks, and its tools."""

    def __init__(self, era: str, tools: str) -> None:
        self.speaks_modern = era != "legacy"
        self.speaks_legacy = era != "modern"
        self.tools = SIZED if tools == "sizes" else tuple(f"t{number}" for number in range(int(tools)))
        self.page = cache(self._page)

    def _page(self, start: int, modern: bool) -> bytes:
        content: dict[str, object] = {"tools": [describe(name) for name in self.tools[start : start + PAGE]]}
        if start + PAGE < len(self.tools):
            content["nextCursor"] = str(start + PAGE)
        cached = {"ttlMs": 60_000, "cacheScope": "public", **MODERN_TAIL} if modern else {}
        return dump(content | cached)


def describe(name: str) -> dict[str, object]:
    text = {"type": "string", "description": "What the answer is about, in a few words"}
    schema = {"type": "object", "properties": {"key": {"type": "string"}, "text": text}, "required": ["key"]}
    return {
        "name": name,
        "description": f"Repeats the key that it is called with; this is {name}",
        "inputSchema": schema,
    }


def dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@cache
def offer_at(path: bytes) -> Offer | None:
    parts = path.decode().strip("/").split("/")
    return Offer(parts[0], parts[1]) if len(parts) in (3, 4) and parts[-1] == "mcp" else None


@cache
def padding(name: str) -> bytes:
    return b"x" * (int(name[1:]) if name[0] == "r" else SMALL)


@cache
def greeting(modern: bool) -> bytes:
    if modern:
        fields = {"supportedVersions": [MODERN], "capabilities": CAPABILITIES, "ttlMs": 60_000, "cacheScope": "public"}
        return dump(fields | MODERN_TAIL)
    return dump({"protocolVersion": LEGACY, "capabilities": CAPABILITIES, "serverInfo": SERVER})


_TAILS = {True: b"," + dump(MODERN_TAIL)[1:-1], False: b""}


class Connection(asyncio.Protocol):
    def __init__(self, sessions: set[bytes]) -> None:
        self._sessions = sessions
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while self._buffer and self._take():
            pass

    def _take(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._buffer[:end].lower()
        stop = end + 4 + int(header(head, b"content-length") or 0)
        if len(self._buffer) < stop:
            return False
        body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
        method, target, _ = head.split(b" ", 2)
        offer = offer_at(target)
        if offer is None:
            self._refuse(b"404 Not Found")
        elif method == b"post":
            self._post(offer, head, body)
        elif method == b"delete":
            self._sessions.discard(header(head, b"mcp-session-id"))
            self._write(b"HTTP/1.1 200 OK\r\n", b"")
        else:
            self._refuse(b"405 Method Not Allowed")
        return True

    def _post(self, offer: Offer, head: bytes, body: bytes) -> None:
        message = _envelope.decode(body)
        modern = b"\r\nmcp-protocol-version: 2026-07-28" in head
        if not (offer.speaks_modern if modern else offer.speaks_legacy):
            self._refuse(b"400 Bad Request")
        elif modern:
            self._answer(offer, message, True)
        elif message.method == "initialize":
            session = b"session-%d" % next(_NUMBERS)
            self._sessions.add(session)
            self._result(message, greeting(False), b"mcp-session-id: %b\r\n" % session)
        elif header(head, b"mcp-session-id") not in self._sessions:
            self._refuse(b"404 Not Found")
        else:
            self._answer(offer, message, False)

    def _answer(self, offer: Offer, message: Envelope, modern: bool) -> None:
        if message.method == "tools/call":
            self._call(message, _params.decode(message.params), modern)
        elif not bytes(message.id):
            self._write(b"HTTP/1.1 202 Accepted\r\n", b"")
        elif message.method == "tools/list":
            self._result(message, offer.page(int(_params.decode(message.params).cursor), modern))
        elif message.method == "server/discover":
            self._result(message, greeting(True))
        elif message.method == "subscriptions/listen":
            self._listen(message)
        elif message.method == "ping":
            self._result(message, b"{}")
        else:
            self._refuse(b"404 Not Found")

    def _call(self, message: Envelope, params: Params, modern: bool) -> None:
        name, key = params.name, bytes(params.arguments.key)[1:-1]
        result = _TEXT % (name.encode(), key, padding(name), _TAILS[modern])
        token = bytes(params.meta.progressToken)
        if name[0] == "s" and token:
            self._transport.write(_STREAM)
            self._progress(token, 1, int(name[1:]), response(message, result))
        else:
            self._result(message, result)

    def _progress(self, token: bytes, number: int, total: int, last: bytes) -> None:
        """One event in a turn of the loop, so that each is a write of its own."""
        if self._transport.is_closing():
            return
        if number > total:
            self._transport.write(event(last) + b"0\r\n\r\n")
            return
        words = b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%b,"progress":%d,"total":%d}}'
        self._transport.write(event(words % (token, number, total)))
        asyncio.get_running_loop().call_soon(partial(self._progress, token, number + 1, total, last))

    def _listen(self, message: Envelope) -> None:
        """2026-07-28 "Subscriptions": acknowledged, and then nothing ever changes."""
        meta = b'"_meta":{"io.modelcontextprotocol/subscriptionId":%b}' % bytes(message.id)
        words = (
            b'{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{%b,"notifications":{}}}'
        )
        self._transport.write(_STREAM + event(words % meta))

    def _result(self, message: Envelope, result: bytes, more: bytes = b"") -> None:
        self._write(_OK + more, response(message, result))

    def _refuse(self, status: bytes) -> None:
        self._write(b"HTTP/1.1 %b\r\ncontent-type: text/plain\r\n" % status, status)

    def _write(self, head: bytes, body: bytes) -> None:
        self._transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))


def header(head: bytes, name: bytes) -> bytes:
    """The value of a header in a head that is in lower case; empty where it is missing."""
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


def response(message: Envelope, result: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (bytes(message.id), result)


def event(data: bytes) -> bytes:
    """An event of a stream, as a chunk."""
    text = b"event: message\ndata: %b\n\n" % data
    return b"%x\r\n%b\r\n" % (len(text), text)


async def main() -> None:
    loop, sessions, ended = asyncio.get_running_loop(), set[bytes](), asyncio.Event()
    server = await loop.create_server(lambda: Connection(sessions), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())

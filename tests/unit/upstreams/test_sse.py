"""Against the SDK's HTTP+SSE server, and against a scripted one for what no good server does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, Invalid, TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.sse import encode_event
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.sse import SseChannel

pytestmark = pytest.mark.anyio

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n"
ENDPOINT = encode_event(b"/messages?session_id=1", event="endpoint")
ACCEPTED = b"HTTP/1.1 202 Accepted\r\ncontent-length: 8\r\n\r\nAccepted"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    http = HttpClient()
    yield http
    await http.close()


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    await tasks.cancel_all()


Stream = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Server:
    """Answers a GET with what `stream` writes, keeping it open until that returns, and a POST with `answer`."""

    def __init__(self, stream: Stream, answer: bytes) -> None:
        self.stream = stream
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.left = anyio.Event()
        self.url = ""
        self.writers: list[asyncio.StreamWriter] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head)
                if head.startswith(b"GET"):
                    await self.stream(writer)
                    return
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                writer.write(self.answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(stream: Stream, answer: bytes = ACCEPTED) -> AsyncGenerator[Server]:
    server = Server(stream, answer)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/sse"
    try:
        yield server
    finally:
        listener.close()
        for writer in server.writers:
            writer.transport.abort()
        await anyio.lowlevel.checkpoint()  # the transports report their end in the next turns of the loop
        await anyio.lowlevel.checkpoint()


def writes(*parts: bytes, until: anyio.Event | None = None) -> Stream:
    async def stream(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await anyio.lowlevel.checkpoint()
        if until is not None:
            await until.wait()

    return stream


class Peer:
    def __init__(self, channel: SseChannel) -> None:
        self.channel = channel
        self.closings: list[str] = []
        self._closed = anyio.Event()
        self._messages: asyncio.Queue[bytes] = asyncio.Queue()

    async def open(self) -> None:
        with anyio.fail_after(20):
            await self.channel.open(self._messages.put_nowait, self._on_close)

    async def receive(self) -> bytes:
        with anyio.fail_after(20):
            return await self._messages.get()

    async def end(self) -> str:
        with anyio.fail_after(20):
            await self._closed.wait()
        return self.closings[0]

    def _on_close(self, reason: str) -> None:
        self.closings.append(reason)
        self._closed.set()


def peer_of(http: HttpClient, tasks: Tasks, url: str, timeout: float = 10.0, largest: int = 100_000) -> Peer:
    headers = b"authorization: Bearer hush\r\n"
    return Peer(SseChannel(http, url, headers, tasks=tasks, timeout=timeout, largest=largest))


async def refused(peer: Peer) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await peer.open()
    assert not peer.channel.alive
    assert "hush" not in str(caught.value)
    with pytest.raises(UpstreamDown):
        await peer.channel.send(b"{}")
    await peer.channel.close()
    assert peer.closings == []
    return caught.value


async def test_what_is_no_url_is_refused_before_anything_is_opened(http: HttpClient, tasks: Tasks) -> None:
    with pytest.raises(Invalid):
        peer_of(http, tasks, "ftp://example.com/sse")


async def test_an_upstream_that_is_not_there_is_down(http: HttpClient, tasks: Tasks) -> None:
    async with serving(writes()) as server:
        url = server.url
    error = await refused(peer_of(http, tasks, url))
    assert isinstance(error, UpstreamDown)
    assert "can't be reached" in str(error)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "wants credentials (HTTP 401)"),
        (403, "wants credentials (HTTP 403)"),
        (307, "has moved (HTTP 307)"),
        (500, "HTTP 500"),
    ],
)
async def test_a_status_other_than_200_is_told(http: HttpClient, tasks: Tasks, status: int, words: str) -> None:
    async with serving(writes(b"HTTP/1.1 %d No\r\ncontent-length: 0\r\n\r\n" % status)) as server:
        error = await refused(peer_of(http, tasks, server.url))
        assert isinstance(error, UpstreamFailed)
        assert words in str(error)


async def test_an_answer_that_is_no_event_stream_is_told(http: HttpClient, tasks: Tasks) -> None:
    page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi"
    async with serving(writes(page)) as server:
        assert "without an event stream" in str(await refused(peer_of(http, tasks, server.url)))


@pytest.mark.parametrize(
    "endpoint",
    [
        b"https://127.0.0.1/messages",
        b"http://elsewhere.example/messages",
        b"//elsewhere.example/messages",
        b"http://127.0.0.1:1/messages",
    ],
)
async def test_an_endpoint_at_another_origin_gets_no_message(http: HttpClient, tasks: Tasks, endpoint: bytes) -> None:
    async with serving(writes(STREAM, encode_event(endpoint, event="endpoint"), until=anyio.Event())) as server:
        error = await refused(peer_of(http, tasks, server.url))
        assert isinstance(error, UpstreamDown)
        assert "another origin" in str(error)
        assert server.bodies == []


@pytest.mark.parametrize("endpoint", [b"file:///etc/passwd", b"http://user:pw@127.0.0.1/", b"\xff", b"http://[::1"])
async def test_an_endpoint_that_is_no_http_address_is_refused(http: HttpClient, tasks: Tasks, endpoint: bytes) -> None:
    async with serving(writes(STREAM, encode_event(endpoint, event="endpoint"), until=anyio.Event())) as server:
        assert "not an HTTP address" in str(await refused(peer_of(http, tasks, server.url)))


async def test_a_stream_that_names_no_endpoint_in_time_is_given_up(http: HttpClient, tasks: Tasks) -> None:
    async with serving(writes(STREAM, b": hello\n\n", until=anyio.Event())) as server:
        error = await refused(peer_of(http, tasks, server.url, timeout=0.1))
        assert "did not say within 0.1 s where messages go" in str(error)


async def test_a_stream_that_ends_before_its_endpoint_is_down(http: HttpClient, tasks: Tasks) -> None:
    async with serving(writes(STREAM)) as server:
        assert isinstance(await refused(peer_of(http, tasks, server.url)), UpstreamDown)


@asynccontextmanager
async def opened(
    http: HttpClient, tasks: Tasks, *parts: bytes, answer: bytes = ACCEPTED, timeout: float = 10.0
) -> AsyncGenerator[tuple[Peer, Server, anyio.Event]]:
    """With a stream that stays open until the event is set."""
    over = anyio.Event()
    async with serving(writes(STREAM, ENDPOINT, *parts, until=over), answer) as server:
        peer = peer_of(http, tasks, server.url, timeout)
        await peer.open()
        try:
            yield peer, server, over
        finally:
            await peer.channel.close()
            over.set()


@pytest.mark.parametrize(("status", "words"), [(401, "wants credentials"), (404, "HTTP 404"), (500, "HTTP 500")])
async def test_a_message_that_is_not_accepted_raises_its_status(
    http: HttpClient, tasks: Tasks, status: int, words: str
) -> None:
    answer = b"HTTP/1.1 %d No\r\ncontent-length: 4\r\n\r\noops" % status
    async with opened(http, tasks, answer=answer) as (peer, _, _):
        with pytest.raises(UpstreamFailed, match=words):
            await peer.channel.send(b"{}")
        assert peer.channel.alive


async def test_a_message_that_is_not_answered_times_out(http: HttpClient, tasks: Tasks) -> None:
    async with opened(http, tasks, answer=b"", timeout=0.2) as (peer, _, _):
        with anyio.fail_after(20), pytest.raises(TimedOut):
            await peer.channel.send(b"{}")


async def test_the_end_of_the_stream_is_told_once(http: HttpClient, tasks: Tasks) -> None:
    async with opened(http, tasks) as (peer, _, over):
        assert peer.channel.alive
        over.set()
        assert "closed its event stream" in await peer.end()
        assert not peer.channel.alive
        with pytest.raises(UpstreamDown, match="closed its event stream"):
            await peer.channel.send(b"{}")
    assert len(peer.closings) == 1


async def test_a_message_that_is_too_long_ends_the_stream(http: HttpClient, tasks: Tasks) -> None:
    async with opened(http, tasks, encode_event(b"x" * 200_000)) as (peer, _, _):
        assert "too much at once" in await peer.end()


async def test_an_end_that_we_asked_for_is_not_told_and_frees_the_connection(http: HttpClient, tasks: Tasks) -> None:
    left = anyio.Event()

    async def stream(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + ENDPOINT)
        try:
            while True:
                writer.write(b": \n\n")
                await writer.drain()
                await anyio.lowlevel.checkpoint()
        finally:
            left.set()

    async with serving(stream) as server:
        peer = peer_of(http, tasks, server.url)
        await peer.open()
        await peer.channel.close()
        await peer.channel.close()
        with anyio.fail_after(20):
            await left.wait()
        assert peer.closings == []


async def test_messages_go_to_the_endpoint_and_come_from_the_stream(http: HttpClient, tasks: Tasks) -> None:
    long = b'{"text":"%s"}' % (b"x" * 90_000)
    parts = (
        encode_event(b"1")[:7],
        encode_event(b"1")[7:],
        b"event: other\ndata: 2\n\n",
        b"data: 3\n\n",
        encode_event(long),
    )
    async with opened(http, tasks, *parts) as (peer, server, _):
        assert [await peer.receive() for _ in range(3)] == [b"1", b"3", long]
        for number in range(3):
            await peer.channel.send(b'{"id":%d}' % number)
        assert server.bodies == [b'{"id":0}', b'{"id":1}', b'{"id":2}']
        assert server.heads[0].startswith(b"GET /sse HTTP/1.1\r\n")
        assert all(head.startswith(b"POST /messages?session_id=1 HTTP/1.1\r\n") for head in server.heads[1:])
        assert all(b"authorization: Bearer hush\r\n" in head for head in server.heads)


SDK_SERVER = """
import socket, sys, uvicorn
from mcp.server.mcpserver import MCPServer
server = MCPServer("sdk")
@server.tool()
def repeat(text: str, times: int) -> str:
    return text * times
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(server.sse_app(), log_level="error")).run(sockets=[listener])
"""


@pytest.fixture
async def sdk_url() -> AsyncIterator[str]:
    async with await anyio.open_process([sys.executable, "-W", "ignore", "-c", SDK_SERVER], stderr=None) as process:
        assert process.stdout is not None
        with anyio.fail_after(30):
            port = await process.stdout.receive()
        yield f"http://127.0.0.1:{int(port)}/sse"
        process.kill()


async def test_it_talks_with_the_server_of_the_sdk(http: HttpClient, tasks: Tasks, sdk_url: str) -> None:
    peer = peer_of(http, tasks, sdk_url, largest=10_000_000)
    await peer.open()
    me = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    await peer.channel.send(json.dump({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": me}))
    assert json.load(await peer.receive())["result"]["protocolVersion"] == "2024-11-05"
    await peer.channel.send(json.dump({"jsonrpc": "2.0", "method": "notifications/initialized"}))
    call = {"name": "repeat", "arguments": {"text": "ü" * 1000, "times": 1000}}
    for id_ in (2, 3):
        await peer.channel.send(json.dump({"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": call}))
        answer = json.load(await peer.receive())
        assert answer["id"] == id_
        assert answer["result"]["content"][0]["text"] == "ü" * 1_000_000
    await peer.channel.close()

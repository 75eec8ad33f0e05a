"""What clients do with connections: send ahead, read slowly, speak HTTP/1.0, and leave."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

from tests.integration.fronts import both_ways
from tests.support.front import PATIENCE, Json, http_request, peer, raw, raw_answer, until
from tests.support.gateway import Gateway
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, scripted

__all__ = ["both_ways"]
pytestmark = pytest.mark.anyio
MEGABYTE = 1024 * 1024


def modern_bytes(gateway: Gateway, id: int, method: str, params: Json, *lines: str) -> bytes:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": id,
    }
    body = json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": {**params, "_meta": meta}}).encode()
    headers = ["mcp-protocol-version: 2026-07-28", f"mcp-method: {method}"]
    headers += [f"mcp-name: {params['name']}"] if "name" in params else []
    return http_request(gateway, body, *headers, *lines)


async def test_requests_that_were_sent_ahead_are_answered_in_order(both_ways: Gateway) -> None:
    sent = [
        modern_bytes(both_ways, 1, "tools/call", {"name": "test_tool_with_progress"}),
        modern_bytes(both_ways, 2, "tools/list", {}),
        modern_bytes(both_ways, 3, "tools/call", {"name": "test_simple_text"}),
        modern_bytes(both_ways, 4, "no/such", {}),
        modern_bytes(both_ways, 5, "tools/call", {"name": "test_simple_text"}),
    ]
    async with raw(both_ways) as (reader, writer):
        for _ in range(2):
            writer.write(b"".join(sent))
            answers = [await raw_answer(reader) for _ in sent]
            assert [status for status, _, _ in answers] == [200, 200, 200, 404, 200]
            assert b'"id":1,"result"' in answers[0][2]
            for number in (2, 3, 4, 5):
                assert json.loads(answers[number - 1][2])["id"] == number


async def test_a_request_may_come_in_pieces(both_ways: Gateway) -> None:
    async with raw(both_ways) as (reader, writer):
        sent = modern_bytes(both_ways, 1, "tools/list", {})
        for start in range(0, len(sent), 40):
            writer.write(sent[start : start + 40])
            await writer.drain()
            await anyio.lowlevel.checkpoint()
        status, _, body = await raw_answer(reader)
    assert status == 200 and b'"tools"' in body


async def test_a_chunked_body_is_read(both_ways: Gateway) -> None:
    whole = modern_bytes(both_ways, 1, "tools/list", {})
    head, _, body = whole.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length")]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[i : i + 50]), body[i : i + 50]) for i in range(0, len(body), 50))
    async with raw(both_ways) as (reader, writer):
        writer.write(b"\r\n".join([*lines, b"transfer-encoding: chunked", b"", b""]) + chunks + b"0\r\n\r\n")
        status, _, answer = await raw_answer(reader)
    assert status == 200 and b'"tools"' in answer


async def test_http_1_0_and_connection_close_end_with_the_answer(both_ways: Gateway) -> None:
    older = modern_bytes(both_ways, 1, "tools/list", {}).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    closing = modern_bytes(both_ways, 1, "tools/call", {"name": "test_simple_text"}, "connection: close")
    for sent in (older, closing):
        async with raw(both_ways) as (reader, writer):
            writer.write(sent)
            status, headers, body = await raw_answer(reader)
            assert status == 200 and b'"id":1,"result"' in body
            assert headers["connection"] == "close"
            with anyio.fail_after(PATIENCE):
                assert await reader.read() == b""


async def test_a_client_that_leaves_in_the_middle_harms_nobody(both_ways: Gateway) -> None:
    for length in (1, 60, 400):
        async with raw(both_ways) as (_, writer):
            writer.write(modern_bytes(both_ways, 1, "tools/list", {})[:length])
            await writer.drain()
    for _ in range(20):
        async with raw(both_ways) as (_, writer):
            writer.write(modern_bytes(both_ways, 1, "tools/call", {"name": "test_tool_with_progress"}))
            await writer.drain()
    async with peer(both_ways) as client:
        assert (await client.ask_for("tools/list")).status_code == 200
    assert "Traceback" not in both_ways.log


class Flood:
    """A legacy server whose one tool tells of its progress without end; `told` counts how often it could."""

    def __init__(self) -> None:
        self.told = 0
        self._seen = -1

    async def __call__(self, heard: Heard, reply: Reply) -> None:
        if await legacy_handshake(heard, reply):
            return
        if heard.method == "tools/list":
            await reply.result({"tools": [{"name": "flood", "inputSchema": {"type": "object"}}]})
            return
        await reply.open()
        token = heard.message["params"]["_meta"]["progressToken"]
        while self.told < 2000 and not heard.gone.is_set():
            params = {"progressToken": token, "progress": self.told, "message": "x" * 100_000}
            await reply.event({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
            self.told += 1

    async def stands_still(self) -> bool:
        before, self._seen = self._seen, self.told
        await anyio.sleep(0.2)
        return before == self.told


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_slow_reader_of_a_long_stream_takes_no_more_memory(both_ways: Gateway, era: str) -> None:
    flood = Flood()
    async with scripted(flood) as upstream, peer(both_ways, "flood") as client:
        await both_ways.add_upstream("flood", url=upstream.url)
        await both_ways.create_server("Flood", ["flood"])
        try:
            if era == "modern":
                sent = modern_bytes(both_ways, 1, "tools/call", {"name": "flood"})
            else:
                await client.initialize()
                params = {"name": "flood", "_meta": {"progressToken": 1}}
                body = json.dumps(client.request("tools/call", params)).encode()
                sent = http_request(both_ways, body, f"mcp-session-id: {client.session}")
            before = memory(both_ways.pid)
            async with raw(both_ways) as (reader, writer):
                writer.write(sent.replace(b"/servers/desk/mcp", b"/servers/flood/mcp"))
                await reader.readuntil(b"progress")
                await until(flood.stands_still)
                assert flood.told < 1000
                assert memory(both_ways.pid) - before < 60 * MEGABYTE
                assert (await client.ask_for("tools/list")).status_code == 200
        finally:
            await both_ways.expect(204, "DELETE", "/servers/flood")
            await both_ways.expect(204, "DELETE", "/upstreams/flood")


def memory(pid: int) -> int:
    """Bytes that a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096

"""A client sends the same head again and again: it is understood once, and everything else is looked at each time."""

from __future__ import annotations

import json

import anyio
import pytest

from tests.integration.fronts import both_ways
from tests.support.front import PATIENCE, http_request, raw, raw_answer
from tests.support.gateway import Gateway

__all__ = ["both_ways"]
pytestmark = pytest.mark.anyio

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
CALL = ("mcp-protocol-version: 2026-07-28", "mcp-method: tools/call", "mcp-name: test_simple_text")


def call(gateway: Gateway, id: int, name: str = "test_simple_text", token: str | None = None) -> bytes:
    params = {"name": name, "arguments": {}, "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).encode()
    return http_request(gateway, body, *CALL, token=token)


async def test_each_request_under_the_same_head_gets_its_own_answer(both_ways: Gateway) -> None:
    async with raw(both_ways) as (reader, writer):
        for id in (11, 12, 13):
            writer.write(call(both_ways, id))
            status, _, body = await raw_answer(reader)
            assert status == 200
            assert json.loads(body)["id"] == id


async def test_a_known_head_whose_body_comes_later_waits_for_it(both_ways: Gateway) -> None:
    async with raw(both_ways) as (reader, writer):
        for id in (11, 12, 13):
            sent = call(both_ways, id)
            cut = sent.index(b"\r\n\r\n") + 4 + id
            writer.write(sent[:cut])
            await writer.drain()
            await anyio.lowlevel.checkpoint()
            writer.write(sent[cut:])
            status, _, body = await raw_answer(reader)
            assert status == 200
            assert json.loads(body)["id"] == id


async def test_a_known_head_does_not_vouch_for_a_body_that_says_something_else(both_ways: Gateway) -> None:
    async with raw(both_ways) as (reader, writer):
        writer.write(call(both_ways, 11))
        assert (await raw_answer(reader))[0] == 200
        writer.write(call(both_ways, 12, "test_other_text_"[: len("test_simple_text")]))
        status, _, body = await raw_answer(reader)
    assert status == 400
    assert json.loads(body)["error"]["code"] == -32020


async def test_a_token_that_is_revoked_is_refused_under_a_head_that_was_good_before(both_ways: Gateway) -> None:
    made = await both_ways.expect(201, "POST", "/tokens", {"name": "short-lived", "servers": ["desk"]})
    async with raw(both_ways) as (reader, writer):
        for id in (11, 12):
            writer.write(call(both_ways, id, token=made["token"]))
            assert (await raw_answer(reader))[0] == 200
        await both_ways.expect(204, "DELETE", f"/tokens/{made['id']}")
        with anyio.fail_after(PATIENCE):
            writer.write(call(both_ways, 13, token=made["token"]))
            assert (await raw_answer(reader))[0] == 401


async def test_two_requests_in_one_packet_are_two_also_when_their_head_is_known(both_ways: Gateway) -> None:
    async with raw(both_ways) as (reader, writer):
        writer.write(call(both_ways, 11))
        assert (await raw_answer(reader))[0] == 200
        writer.write(call(both_ways, 12) + call(both_ways, 13))
        answers = [json.loads((await raw_answer(reader))[2]) for _ in range(2)]
    assert [answer["id"] for answer in answers] == [12, 13]

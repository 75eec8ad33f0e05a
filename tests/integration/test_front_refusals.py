"""What must not get in: each with its status and its words, on both ways through the server, which goes on afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.integration.fronts import both_ways, furnish
from tests.support.everything.running import everything
from tests.support.front import LEGACY, MODERN, PATIENCE, http_request, peer, raw, raw_answer, text_of, until
from tests.support.gateway import Gateway

__all__ = ["both_ways"]
pytestmark = pytest.mark.anyio
SIMPLE = {"name": "test_simple_text", "arguments": {}}
MEGABYTE = 1024 * 1024


@pytest.fixture
async def front(both_ways: Gateway) -> AsyncIterator[Gateway]:
    """Each test ends with a look whether the gateway still does what it is for."""
    yield both_ways
    async with peer(both_ways) as client:
        assert "simple text" in text_of(await client.ask("tools/call", SIMPLE))


def refused(response: httpx.Response, status: int, code: int, *words: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["error"]["code"] == code, body
    for word in words:
        assert word in body["error"]["message"], body
    return body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Parse error"),
        (b"", "Parse error"),
        (b"nonsense", "Parse error"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":' + b'{"a":' * 100_000, "nested too deeply"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\xff"}}', "not UTF-8 at byte 55"),
    ],
    ids=["cut off", "empty", "no JSON", "100,000 arrays", "100,000 objects", "not UTF-8"],
)
@pytest.mark.parametrize("version", [MODERN, LEGACY])
async def test_what_is_no_json_is_a_parse_error(front: Gateway, body: bytes, words: str, version: str) -> None:
    async with peer(front) as client:
        refused(await client.send(body, {"mcp-protocol-version": version}), 400, -32700, words)


@pytest.mark.parametrize(
    "body", [b"5", b'{"id":7,"method":"ping"}', b'{"jsonrpc":"2.0","id":{},"method":"ping"}', b'{"jsonrpc":"2.0"}']
)
async def test_json_that_is_no_message_is_an_invalid_request(front: Gateway, body: bytes) -> None:
    async with peer(front) as client:
        refused(await client.send(body, {"mcp-protocol-version": MODERN}), 400, -32600, "Invalid request")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("completion/complete", {"ref": 5, "argument": {"name": "a", "value": "b"}}),
        ("tools/list", {"cursor": 5}),
        ("tools/list", {"cursor": "not-ours"}),
        ("subscriptions/listen", {"notifications": 5}),
        ("tools/call", {"name": ["test_simple_text"]}),
        ("tools/call", {}),
        ("resources/read", {"uri": "test://nowhere"}),
        ("prompts/get", {"name": "nobody"}),
    ],
)
async def test_params_of_the_wrong_kind_are_invalid_params(front: Gateway, method: str, params: dict[str, Any]) -> None:
    async with peer(front) as client:
        headers: dict[str, str | None] = {"mcp-name": None} if params.get("name") == ["test_simple_text"] else {}
        response = await client.ask_for(method, params, headers=headers)
        assert response.status_code == 400
        assert response.json()["error"]["code"] in (-32602, -32020)
        assert response.json()["id"] == 1


@pytest.mark.parametrize(
    "params", [b'"name":', b'"cursor":', b'"uri":', b'"ref":', b'"arguments":', b'"notifications":']
)
@pytest.mark.parametrize("method", ["tools/call", "tools/list", "completion/complete"])
async def test_params_that_are_nested_too_deeply_harm_nothing(front: Gateway, method: str, params: bytes) -> None:
    meta = json.dumps(
        {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    )
    deep = b"[" * 900 + b"]" * 900
    body = b'{"jsonrpc":"2.0","id":1,"method":"%b","params":{%b%b,"_meta":%b}}' % (
        method.encode(), params, deep, meta.encode(),
    )  # fmt: skip
    async with peer(front) as client:
        response = await client.send(body, {"mcp-protocol-version": MODERN, "mcp-method": method})
        assert response.status_code in (200, 400), response.text


async def test_an_unknown_tool_is_invalid_params_in_both_eras(front: Gateway) -> None:
    async with peer(front) as client:
        body = refused(await client.ask_for("tools/call", {"name": "nobody"}), 400, -32602, "Unknown tool: nobody")
        assert body["id"] == 1
        await client.initialize()
        refused(await client.say("tools/call", {"name": "nobody"}), 200, -32602, "Unknown tool: nobody")


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
async def test_a_body_of_20_megabytes_is_refused(front: Gateway, chunked: bool) -> None:
    head = http_request(front, b"").replace(b"content-length: 0\r\n", b"")
    size = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % (20 * MEGABYTE)
    piece = b"%x\r\n%b\r\n" % (MEGABYTE, b"x" * MEGABYTE) if chunked else b"x" * MEGABYTE
    async with raw(front) as (reader, writer):
        writer.write(head.removesuffix(b"\r\n") + size + b"\r\n\r\n")
        answer = asyncio.ensure_future(raw_answer(reader))  # noqa: TID251 - read while we write
        for _ in range(20):
            if answer.done() or writer.is_closing():
                break
            writer.write(piece)
            try:
                await writer.drain()
            except ConnectionError:
                break
        status, headers, body = await answer
    assert (status, headers["connection"]) == (413, "close")
    assert "larger than 10485760 bytes" in body.decode() and "limits.body_bytes" in body.decode()


async def test_a_body_just_within_the_limit_is_read(front: Gateway) -> None:
    async with peer(front) as client:
        params = {"name": "nobody", "arguments": {"padding": "x" * (10 * MEGABYTE - 1000)}}
        refused(await client.ask_for("tools/call", params), 400, -32602, "Unknown tool: nobody")


@pytest.mark.parametrize("line", ["x: " + "y" * 200_000, "\r\n".join(f"x-{n}: {'y' * 1000}" for n in range(200))])
async def test_a_head_that_is_too_large_is_refused(front: Gateway, line: str) -> None:
    async with raw(front) as (reader, writer):
        writer.write(http_request(front, b"{}", line))
        status, headers, body = await raw_answer(reader)
    assert (status, headers["connection"]) == (431, "close")
    assert b"larger than 65536 bytes" in body


async def test_a_head_without_end_is_refused(front: Gateway) -> None:
    async with raw(front) as (reader, writer):
        writer.write(f"POST /servers/desk/mcp HTTP/1.1\r\nhost: 127.0.0.1:{front.port}\r\n".encode())
        answer = asyncio.ensure_future(raw_answer(reader))  # noqa: TID251 - read while we write
        with anyio.fail_after(PATIENCE):
            while not answer.done():
                writer.write(b"x: " + b"y" * 5000 + b"\r\n")
                await asyncio.sleep(0.005)
        status, _, _ = await answer
    assert status == 431


@pytest.mark.parametrize(
    "bad",
    [
        b"NONSENSE\r\n\r\n",
        b"POST /servers/desk/mcp HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST /\xff\xfe/mcp HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_bad_request(front: Gateway, bad: bytes) -> None:
    async with raw(front) as (reader, writer):
        writer.write(bad)
        status, _, _ = await raw_answer(reader)
    assert status in (400, 403, 404)


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        (None, "Not signed in"),
        ("Bearer gh_wrong", "unknown or revoked"),
        ("Basic Z2g6Z2g=", "not of the form 'Bearer TOKEN'"),
        ("Bearer", "not of the form 'Bearer TOKEN'"),
    ],
)
async def test_nobody_comes_in_without_a_good_token(front: Gateway, authorization: str | None, words: str) -> None:
    async with peer(front) as client:
        for response in (
            await client.ask_for("tools/list", headers={"authorization": authorization}),
            await client.say("initialize", headers={"authorization": authorization}),
        ):
            refused(response, 401, -31401, words)
            challenge = response.headers["www-authenticate"]
            assert challenge.startswith("Bearer ")
            assert ("invalid_token" in challenge) is (authorization is not None)


async def test_a_token_in_the_address_opens_nothing(front: Gateway) -> None:
    async with peer(front) as client:
        for query in ("token", "access_token", "authorization"):
            client.url = f"{client.url.partition('?')[0]}?{query}={front.token}"
            refused(await client.ask_for("tools/list", headers={"authorization": None}), 401, -31401)
            assert (await client.ask_for("tools/list")).status_code == 200


async def test_a_token_for_another_server_is_forbidden(front: Gateway) -> None:
    other = await front.expect(201, "POST", "/servers", {"name": "Other"})
    token = await front.create_token("other", [other["id"]])
    async with peer(front, token=token) as client:
        refused(await client.ask_for("tools/list"), 403, -31403, "was not made for this server", "Ask for a token")
    async with peer(front, "other", token) as client:
        assert (await client.ask("tools/list"))["result"]["tools"] == []
    async with peer(front, "nowhere", token) as client:
        refused(await client.ask_for("tools/list"), 403, -31403, "was not made for this server")
    await front.expect(204, "DELETE", "/servers/other")


async def test_an_unknown_server_is_not_found_for_who_may_use_any(front: Gateway) -> None:
    async with peer(front, "nowhere") as client:
        refused(
            await client.ask_for("tools/list"), 404, -32602, "There is no server 'nowhere'", "gatehouse server list"
        )
    async with peer(front, "nowhere", "") as client:
        refused(await client.ask_for("tools/list"), 401, -31401)


async def test_a_revoked_token_is_refused_within_one_second(front: Gateway) -> None:
    made = await front.expect(201, "POST", "/tokens", {"name": "short-lived", "servers": ["desk"]})
    async with peer(front, token=made["token"]) as client:
        await client.initialize()
        assert "simple text" in text_of(await client.call("test_simple_text"))
        await front.expect(204, "DELETE", f"/tokens/{made['id']}")
        with anyio.fail_after(1):
            while (response := await client.say("ping")).status_code == 200:
                pass
        refused(response, 401, -31401, "unknown or revoked")
        refused(await client.ask_for("tools/call", SIMPLE), 401, -31401)


async def test_an_expired_token_is_refused(front: Gateway) -> None:
    token = await front.create_token("a second", ["desk"], expires_in="1s")
    async with peer(front, token=token) as client:
        responses: list[httpx.Response] = []

        async def has_expired() -> bool:
            responses.append(await client.ask_for("tools/list"))
            return responses[-1].status_code != 200

        await until(has_expired)
        assert responses[0].status_code == 200
        refused(responses[-1], 401, -31401, "has expired")


@pytest.mark.parametrize("name", ["mcp-method", "mcp-protocol-version", "mcp-name"])
async def test_a_routing_header_that_comes_twice_is_a_mismatch(front: Gateway, name: str) -> None:
    async with peer(front) as client:
        message, headers = client.modern("tools/call", SIMPLE)
        lines = [f"{key}: {value}" for key, value in headers.items()] + [f"{name}: {headers[name]}"]
        async with raw(front) as (reader, writer):
            writer.write(http_request(front, json.dumps(message).encode(), *lines))
            status, _, body = await raw_answer(reader)
    assert status == 400
    assert json.loads(body)["error"]["code"] == -32020
    assert f"{name} was sent more than once" in json.loads(body)["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"mcp-method": "tools/list"}, "Mcp-Method"),
        ({"mcp-method": None}, "Mcp-Method"),
        ({"mcp-name": "another"}, "Mcp-Name"),
        ({"mcp-name": None}, "Mcp-Name"),
        ({"mcp-name": "=?base64?!?="}, "Mcp-Name"),
    ],
)
async def test_headers_that_do_not_say_what_the_body_says_are_a_mismatch(
    front: Gateway, headers: dict[str, str | None], words: str
) -> None:
    async with peer(front) as client:
        body = refused(await client.ask_for("tools/call", SIMPLE, headers=headers), 400, -32020, words)
        assert body["id"] == 1


async def test_a_parameter_that_is_mirrored_must_be_mirrored_right(front: Gateway) -> None:
    async with peer(front) as client:
        params = {"name": "test_x_mcp_header", "arguments": {"region": "eu", "limit": 5, "dry_run": True, "query": "q"}}
        right = {"mcp-param-region": "eu", "mcp-param-limit": "5", "mcp-param-dry-run": "true"}
        assert "eu" in text_of(await client.ask("tools/call", params, headers=right))
        wrong = {**right, "mcp-param-region": "us"}
        refused(await client.ask_for("tools/call", params, headers=wrong), 400, -32020, "Mcp-Param-region")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/html", 406),
        ("application/json, text/event-stream", 200),
        ("*/*", 200),
        ("application/*", 200),
        ("Application/JSON", 200),
        (None, 200),
    ],
)
async def test_who_accepts_no_kind_of_answer_gets_none(front: Gateway, accept: str | None, status: int) -> None:
    async with peer(front) as client:
        async with raw(front) as (reader, writer):
            message, headers = client.modern("tools/list")
            lines = [f"{key}: {value}" for key, value in headers.items()]
            sent = http_request(front, json.dumps(message).encode(), *lines)
            usual = b"accept: application/json, text/event-stream\r\n"
            writer.write(sent.replace(usual, f"accept: {accept}\r\n".encode() if accept else b""))
            seen, _, body = await raw_answer(reader)
    assert seen == status, body
    assert status == 200 or "send 'Accept: application/json, text/event-stream'" in json.loads(body)["error"]["message"]


async def test_a_body_that_says_it_is_no_json_is_refused(front: Gateway) -> None:
    async with peer(front) as client:
        response = await client.ask_for("tools/list", headers={"content-type": "text/plain"})
        refused(response, 415, -32600, "Content-Type: application/json")
        for kind in ("application/json; charset=utf-8", "Application/JSON"):
            assert (await client.ask_for("tools/list", headers={"content-type": kind})).status_code == 200


@pytest.mark.parametrize("verb", ["GET", "DELETE", "PUT"])
async def test_modern_addresses_are_posted_to(front: Gateway, verb: str) -> None:
    async with peer(front) as client:
        headers = client.headers({"mcp-protocol-version": MODERN})
        response = await client.http.request(verb, client.url, headers=headers)
        refused(response, 405, -32600, "use POST")
        assert response.headers["allow"] == "POST"


async def test_legacy_clients_hear_which_verbs_there_are(front: Gateway) -> None:
    async with peer(front) as client:
        response = await client.http.put(client.url, headers=client.headers())
        assert (response.status_code, response.headers["allow"]) == (405, "POST, GET, DELETE")
        no_stream = await client.http.get(client.url, headers=client.headers({"accept": "application/json"}))
        refused(no_stream, 406, -32600, "text/event-stream")


async def test_a_version_that_nobody_knows_is_told_which_there_are(front: Gateway) -> None:
    async with peer(front) as client:
        message, headers = client.modern("tools/list", meta={"io.modelcontextprotocol/protocolVersion": "2031-01-01"})
        response = await client.send(json.dumps(message).encode(), {**headers, "mcp-protocol-version": "2031-01-01"})
        body = refused(response, 400, -32022, "2031-01-01")
        assert body["error"]["data"] == {
            "supported": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
            "requested": "2031-01-01",
        }


@pytest.mark.parametrize("method", ["initialize", "ping", "logging/setLevel", "resources/subscribe", "no/such"])
async def test_methods_that_the_modern_era_lacks_are_not_found(front: Gateway, method: str) -> None:
    async with peer(front) as client:
        body = refused(await client.ask_for(method), 404, -32601, f"Method not found: {method}")
        assert body["id"] == 1


async def test_a_server_for_one_era_tells_clients_of_the_other_so(tmp_path: Path) -> None:
    async with everything(tmp_path) as url, Gateway(tmp_path / "data") as gateway:
        await furnish(gateway, url)
        await gateway.create_server("Old", ["box"], era="legacy")
        await gateway.create_server("New", ["box"], era="modern")
        async with peer(gateway, "old") as client:
            body = refused(await client.ask_for("tools/list"), 400, -32022)
            assert body["error"]["data"]["supported"] == ["2025-11-25", "2025-06-18", "2025-03-26"]
            assert (await client.initialize()).status_code == 200
        async with peer(gateway, "new") as client:
            body = refused(await client.initialize(), 400, -32022)
            assert body["error"]["data"]["supported"] == [MODERN]
            assert (await client.ask_for("tools/list")).status_code == 200
            response = await client.http.get(client.url, headers=client.headers({"accept": "text/event-stream"}))
            assert (response.status_code, response.headers["allow"]) == (405, "POST")

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared import inbound

from gatehouse.kit import json
from gatehouse.kit.json import Raw
from gatehouse.protocol import jsonrpc, modern
from gatehouse.protocol.call import Client, Era
from gatehouse.protocol.jsonrpc import Request
from gatehouse.protocol.modern import Inbound, Rejection

PREFIX = "io.modelcontextprotocol/"
NONE: frozenset[bytes] = frozenset()


def envelope(**changes: Any) -> dict[str, Any]:
    meta = {PREFIX + "protocolVersion": "2026-07-28", PREFIX + "clientCapabilities": {}}
    return {**meta, **{PREFIX + key if "." not in key else key: value for key, value in changes.items()}}


def request(method: str = "tools/call", meta: Any = None, **params: Any) -> Request:
    body = {"name": "t"} if method == "tools/call" and not params else params
    message = jsonrpc.read(jsonrpc.request(b"7", method, json.dump({**body, "_meta": meta or envelope()})))
    assert isinstance(message, Request)
    return message


def header(**changes: bytes | None) -> dict[bytes, bytes]:
    lines = {"mcp_protocol_version": b"2026-07-28", "mcp_method": b"tools/call", "mcp_name": b"t", **changes}
    return {name.replace("_", "-").encode(): value for name, value in lines.items() if value is not None}


def code(outcome: Inbound | Rejection) -> int:
    return outcome.code if isinstance(outcome, Rejection) else 0


def test_a_request_says_who_asks_and_keeps_the_rest_of_its_meta() -> None:
    meta = envelope(clientInfo={"name": "c"}, logLevel="info", serverInfo={}, subscriptionId=1)
    meta |= {"progressToken": 5, "traceparent": "00-1", "com.x/y": {"b": 1, "a": 2}}
    got = modern.read(request(meta=meta, name="t", arguments={"b": 1, "a": 2}), header(), NONE)
    assert isinstance(got, Inbound)
    assert got.envelope.client == Client(Era.MODERN, "2026-07-28", Raw(b"{}"), Raw(b'{"name":"c"}'))
    assert (got.envelope.log_level, got.envelope.progress_token) == ("info", Raw(b"5"))
    assert json.dump(got.envelope.meta) == b'{"traceparent":"00-1","com.x/y":{"b":1,"a":2}}'
    assert json.dump(got.params) == b'{"name":"t","arguments":{"b":1,"a":2}}'


def test_the_rungs_of_the_ladder_come_in_their_order() -> None:
    wrong = {PREFIX + "protocolVersion": "1900-01-01"}
    nowhere = {"mcp_protocol_version": b"1900-01-01", "mcp_method": b"nope"}
    rungs = [
        modern.read(request("nope", {"a": 1}), header(mcp_method=b"x"), frozenset({b"mcp-method"})),
        modern.read(request("nope", wrong), header(mcp_method=b"x"), NONE),
        modern.read(request("nope", envelope() | wrong), header(mcp_method=b"x"), NONE),
        modern.read(request("nope", envelope() | wrong), header(**nowhere), NONE),
        modern.read(request("nope"), header(mcp_method=b"nope"), NONE),
    ]
    assert [code(rung) for rung in rungs] == [-32020, -32602, -32020, -32022, -32601]
    assert {rung.id for rung in rungs} == {b"7"}


def test_an_unsupported_version_is_answered_with_those_that_are() -> None:
    meta = envelope(protocolVersion="1900-01-01")
    got = modern.read(request(meta=meta), header(mcp_protocol_version=b"1900-01-01"), NONE)
    assert isinstance(got, Rejection) and got.data is not None
    data = json.load(got.data)
    assert data["requested"] == "1900-01-01" and data["supported"][0] == "2026-07-28"


@pytest.mark.parametrize("name", [b"mcp-method", b"mcp-name", b"mcp-protocol-version"])
def test_a_routing_header_sent_twice_is_refused(name: bytes) -> None:
    assert code(modern.read(request(), header(), frozenset({name}))) == -32020
    assert code(modern.read(request(), header(), frozenset({b"accept"}))) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"protocolVersion": 5},
        {"protocolVersion": None},
        {"clientCapabilities": None},
        {"clientCapabilities": []},
        {"clientInfo": "me"},
        {"logLevel": 5},
    ],
)
def test_an_envelope_of_wrong_types_is_refused(changes: dict[str, Any]) -> None:
    got = modern.read(request(meta=envelope(**changes)), header(), NONE)
    assert code(got) == -32602


@pytest.mark.parametrize("key", ["protocolVersion", "clientCapabilities"])
def test_what_every_request_carries_is_named_where_it_is_missing(key: str) -> None:
    meta = envelope()
    del meta[PREFIX + key]
    got = modern.read(request(meta=meta), header(), NONE)
    assert isinstance(got, Rejection) and key in got.message


def test_a_meta_that_is_missing_or_no_object_is_refused() -> None:
    bare = jsonrpc.read(b'{"jsonrpc":"2.0","id":7,"method":"tools/list"}')
    assert isinstance(bare, Request)
    assert code(modern.read(bare, header(mcp_method=b"tools/list", mcp_name=None), NONE)) == -32602
    assert code(modern.read(request(meta=[1]), header(), NONE)) == -32602


@pytest.mark.parametrize("token", [None, {}, [], True])
def test_a_progress_token_is_a_string_or_a_number(token: Any) -> None:
    assert code(modern.read(request(meta=envelope() | {"progressToken": token}), header(), NONE)) == -32602


def test_space_around_a_header_value_is_not_part_of_it() -> None:
    spaced = header(mcp_protocol_version=b" 2026-07-28\t", mcp_method=b"\ttools/call ", mcp_name=b" t ")
    assert code(modern.read(request(), spaced, NONE)) == 0


def encoded(text: str) -> bytes:
    return b"=?base64?" + base64.b64encode(text.encode()) + b"?="


@pytest.mark.parametrize(
    ("name", "sent", "fits"),
    [
        ("t", b"t", True),
        ("t", b"T", False),
        ("t", encoded("t"), True),
        ("café", encoded("café"), True),
        ("café", "café".encode(), False),
        (" t", encoded(" t"), True),
        (" t", b" t", False),
        ('a"b\\c', b'a"b\\c', True),
        ('a"b\\c', b'a\\"b\\\\c', False),
        ("=?base64?YQ==?=", b"=?base64?YQ==?=", False),
        ("=?base64?YQ==?=", encoded("=?base64?YQ==?="), True),
        ("a", b"=?base64?YQ==?=", True),
        ("a", b"=?base64?YR==?=", False),
        ("", b"", True),
        ("t", None, False),
        (12, b"1", False),
        (121, b"2", False),
        (None, b"ul", False),
    ],
)
def test_the_name_in_the_header_is_that_of_the_body(name: Any, sent: bytes | None, fits: bool) -> None:
    assert code(modern.read(request(name=name), header(mcp_name=sent), NONE)) == (0 if fits else -32020)


def test_an_escaped_name_in_the_body_is_compared_by_what_it_says() -> None:
    body = jsonrpc.request(b"7", "tools/call", b'{"name":"\\u0061b","_meta":%b}' % json.dump(envelope()))
    message = jsonrpc.read(body)
    assert isinstance(message, Request)
    assert code(modern.read(message, header(mcp_name=b"ab"), NONE)) == 0
    again = jsonrpc.read(body)
    assert isinstance(again, Request)
    assert code(modern.read(again, header(mcp_name=b"\\u0061b"), NONE)) == -32020


def test_without_a_name_in_header_and_body_it_is_for_the_method_to_complain() -> None:
    assert code(modern.read(request(arguments={}), header(mcp_name=None), NONE)) == 0


@pytest.mark.parametrize(
    "method", ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/get"]
)
def test_methods_of_the_other_era_are_not_there(method: str) -> None:
    assert code(modern.read(request(method), header(mcp_method=method.encode()), NONE)) == -32601


@pytest.mark.parametrize(
    ("version", "meta", "is_modern"),
    [
        (b"2026-07-28", None, True),
        (b" 2026-07-28 ", None, True),
        (b"2025-11-25", envelope(), False),
        (b" 2025-06-18 ", None, False),
        (b"2099-01-01", None, True),
        (None, None, False),
        (None, envelope(), True),
        (None, {"x": PREFIX + "protocolVersion"}, False),
        (None, [PREFIX + "protocolVersion"], False),
    ],
)
def test_the_era_is_told_by_the_header_or_without_one_by_the_envelope(version: Any, meta: Any, is_modern: bool) -> None:
    headers = {b"mcp-protocol-version": version} if version else {}
    params = {"_meta": json.raw(meta)} if meta is not None else {}
    assert modern.is_modern(headers, params) is is_modern


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
MAYBE = st.none() | TEXT.map(encoded) | st.sampled_from([b"t", b"u", b"=?base64?!?="])


@given(
    TEXT | st.just("t"), MAYBE, st.sampled_from([b"2026-07-28", b"1900-01-01"]), st.sampled_from([b"tools/call", b"x"])
)
def test_the_sdk_judges_the_same(name: str, sent: bytes | None, version: bytes, method: bytes) -> None:
    lines = header(mcp_name=sent, mcp_protocol_version=version, mcp_method=method)
    body = {"method": "tools/call", "params": {"name": name, "_meta": envelope()}}
    verdict = inbound.classify_inbound_request(body, headers={k.decode(): v.decode() for k, v in lines.items()})
    assert code(modern.read(request(name=name), lines, NONE)) == getattr(verdict, "code", 0)


@given(TEXT)
def test_what_we_send_to_an_upstream_passes_its_ladder(name: str) -> None:
    client = Client(Era.MODERN, "2026-07-28", json.EMPTY, json.raw({"name": "c"}))
    params = {"name": json.raw(name), "_meta": json.raw(modern.request_meta(client, {}, "info", b"5"))}
    lines = modern.request_headers("tools/call", params).decode().splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    body = {"method": "tools/call", "params": json.load(json.dump(params))}
    assert not hasattr(inbound.classify_inbound_request(body, headers=headers), "code")


def test_arguments_nested_too_deeply_for_their_headers_are_told_by_name() -> None:
    params = {"arguments": Raw(b"[" * 100_000 + b"]" * 100_000)}
    with pytest.raises(json.BadJson):
        modern.param_problem({"n": ("n",)}, params, {})


@pytest.mark.parametrize(
    ("declared", "relayed"),
    [
        (b'{"sampling":{}}', b'{"sampling":{}}'),
        (b'{"extensions":{"io.modelcontextprotocol/tasks":{}}}', b"{}"),
        (
            b'{"a":1,"extensions":{"x/y":{"z":1.0},"io.modelcontextprotocol/tasks":{}}}',
            b'{"a":1,"extensions":{"x/y":{"z":1.0}}}',
        ),
        (b'{"x":"io.modelcontextprotocol/tasks","extensions":[]}', b'{"x":"io.modelcontextprotocol/tasks"}'),
    ],
)
def test_an_upstream_hears_of_what_the_client_can_do_less_what_we_can_not_carry(
    declared: bytes, relayed: bytes
) -> None:
    assert bytes(modern.relayed_capabilities(Raw(declared))) == relayed


@pytest.mark.parametrize("meta", [None, b"null", b"5", b'{"a":1}'])
def test_a_result_says_who_answered_whatever_its_meta_was(meta: bytes | None) -> None:
    fields = {} if meta is None else {"_meta": Raw(meta)}
    modern.with_server_info(fields, Raw(b'{"name":"us"}'))
    assert json.load(fields["_meta"])["io.modelcontextprotocol/serverInfo"] == {"name": "us"}


def test_a_mirrored_argument_that_is_sent_twice_is_a_mismatch() -> None:
    params = {"arguments": json.raw({"n": 1})}
    repeated = frozenset({b"mcp-param-n", b"accept"})
    problem = modern.param_problem({"n": ("n",)}, params, {b"mcp-param-n": b"1"}, repeated)
    assert problem == "mcp-param-n is given more than once"
    assert modern.param_problem({"n": ("n",)}, params, {b"mcp-param-n": b"1"}, frozenset({b"accept"})) is None

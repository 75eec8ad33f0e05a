from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.kit import json
from gatehouse.protocol import jsonrpc
from gatehouse.protocol.jsonrpc import Batch, Malformed, Notification, Request, Response

HUGE = b"123456789012345678901234567890123456789012345678901234567890"


def rejected(body: bytes) -> tuple[int, bytes]:
    message = jsonrpc.read(body)
    assert isinstance(message, Malformed), message
    return message.code, message.id


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b'{"jsonrpc":"2.0","id":1,"method":5,"params":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
)
def test_what_is_nested_too_deeply_is_a_parse_error_and_no_crash(body: bytes) -> None:
    assert rejected(body)[0] in (-32700, -32600)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"jsonrpc":"2.0","id":1,"method":"\xff"}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"\xc3"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"\\q"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"m"} {}',
        b"\xef\xbb\xbf{}",
        b'{"jsonrpc":"2.0","id":01,"method":"m"}',
    ],
)
def test_what_is_not_json_in_utf8_is_a_parse_error(body: bytes) -> None:
    assert rejected(body) == (-32700, b"null")


@pytest.mark.parametrize("id_", [b"null", b"1.0", b"1.5", b"1e5", b"1E5", b"true", b"[]", b"{}"])
def test_an_id_is_a_string_or_an_integer(id_: bytes) -> None:
    assert rejected(b'{"jsonrpc":"2.0","id":%b,"method":"m"}' % id_) == (-32600, b"null")


@pytest.mark.parametrize(
    ("body", "id_"),
    [
        (b'{"id":7,"method":"m"}', b"7"),
        (b'{"jsonrpc":"1.0","id":7,"method":"m"}', b"7"),
        (b'{"jsonrpc":"2.0","id":7,"method":"m","params":[1]}', b"7"),
        (b'{"jsonrpc":"2.0","id":7,"method":["m"]}', b"7"),
        (b'{"jsonrpc":"2.0","id":7}', b"7"),
        (b'{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":""}}', b"7"),
        (b'{"jsonrpc":"2.0","result":{}}', b"null"),
        (b'"text"', b"null"),
        (b"5", b"null"),
    ],
)
def test_what_is_no_message_is_refused_with_the_id_that_it_has(body: bytes, id_: bytes) -> None:
    assert rejected(body) == (-32600, id_)


def test_huge_integers_and_unknown_keys_survive() -> None:
    message = jsonrpc.read(
        b'{"jsonrpc":"2.0","id":%b,"method":"m","params":{"n":%b,"x":{"b":1,"a":2.50}}}' % (HUGE, HUGE)
    )
    assert isinstance(message, Request)
    assert message.id == HUGE
    assert jsonrpc.request(message.id, message.method, json.dump(message.params)) == (
        b'{"jsonrpc":"2.0","id":%b,"method":"m","params":{"n":%b,"x":{"b":1,"a":2.50}}}' % (HUGE, HUGE)
    )


def test_an_array_is_a_batch_whose_messages_are_read_one_by_one() -> None:
    message = jsonrpc.read(b' [{"jsonrpc":"2.0","method":"a"}, 5, {"jsonrpc":"2.0","id":1,"method":"b"}]')
    assert isinstance(message, Batch)
    assert [type(jsonrpc.read(bytes(item))) for item in message.items] == [Notification, Malformed, Request]


def test_a_response_has_a_result_or_an_error() -> None:
    result, error = (
        jsonrpc.read(b'{"jsonrpc":"2.0","id":"a","result":null}'),
        jsonrpc.read(b'{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"no","data":[1]}}'),
    )
    assert isinstance(result, Response) and bytes(result.result or b"") == b"null" and result.error is None
    assert isinstance(error, Response) and error.error is not None
    read = jsonrpc.read_error(error.error)
    assert (read.code, read.message, read.data) == (1, "no", json.Raw(b"[1]"))


@pytest.mark.parametrize("value", [b"5", b'"no"', b'{"code":"1"}', b"{}", b"null", b'{"code":1.5}'])
def test_an_error_that_is_no_error_object_gets_words_of_our_own(value: bytes) -> None:
    assert "not a JSON-RPC error" in jsonrpc.read_error(json.Raw(value)).message


@given(
    st.integers() | st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
)
def test_what_is_written_can_be_read(id_: int | str, text: str) -> None:
    message: Any = jsonrpc.read(jsonrpc.request(json.dump(id_), text, json.dump({"a": text})))
    assert (json.load(message.id), message.method, json.load(message.params["a"])) == (id_, text, text)
    failed: Any = jsonrpc.read(jsonrpc.error(json.dump(id_), -32000, text))
    assert jsonrpc.read_error(failed.error).message == text


@given(st.binary())
def test_reading_never_raises(body: bytes) -> None:
    jsonrpc.read(body)

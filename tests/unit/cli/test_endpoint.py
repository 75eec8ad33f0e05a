import json

import pytest

from gatehouse.cli.connect_words import refused
from gatehouse.cli.endpoint import Place, answers, rpc_error_for
from gatehouse.protocol.sse import SseEvent


@pytest.mark.parametrize(
    "message",
    [
        b"not json",
        b"[]",
        b'{"jsonrpc":"2.0","id":2,"result":{}}',
        b'{"jsonrpc":"2.0","id":"1","result":{}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","result":{}}',
        b'{"jsonrpc":"2.0","id":null,"error":{}}',
    ],
)
def test_what_is_not_the_response_to_a_request_is_not_taken_for_it(message: bytes) -> None:
    assert not answers(message, b"1")


def test_an_id_is_the_same_however_it_is_written() -> None:
    assert answers(b'{"id":"a","result":{}}', b'"\\u0061"')


def test_an_error_without_its_request_gets_the_id_of_the_one_that_was_sent() -> None:
    error = b'{"code":-32600,"message":"no","data":12345678901234567890}'
    assert rpc_error_for(b'{"jsonrpc":"2.0","id":null,"error":%b}' % error, b'"a"') == (
        b'{"jsonrpc":"2.0","id":"a","error":%b}' % error
    )
    same = b'{"error":%b,"id":1}' % error
    assert rpc_error_for(same, b"1") == same


def test_a_body_without_an_error_object_is_none() -> None:
    for body in (b"", b"<html>", b'{"error":"invalid_token"}', b'{"id":1,"result":{}}'):
        assert rpc_error_for(body, b"1") is None


def test_a_problem_document_is_told_in_its_own_words() -> None:
    told = json.loads(refused(b"1", 403, b'{"title":"Not allowed","detail":"Not for you.","hint":"Ask."}'))
    assert told["error"]["message"] == "Not for you. Ask."
    assert "GATEHOUSE_TOKEN" in json.loads(refused(b"1", 401, b""))["error"]["message"]
    assert "HTTP 502" in json.loads(refused(b"1", 502, b"<html>"))["error"]["message"]


def test_a_place_in_a_stream_is_its_last_id_and_the_servers_patience() -> None:
    place = Place()
    assert place.header() == b""
    place.note(SseEvent(b"", id="a", retry=50))
    place.note(SseEvent(b"{}"))
    assert (place.header(), place.retry) == (b"last-event-id: a\r\n", 0.05)
    for _ in range(20):
        place.slower()
    assert place.retry == 30

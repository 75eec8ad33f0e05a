"""Cards of A2A, as agents write them and as our clients are to see them."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.kit import json
from gatehouse.protocol.a2a import BadCard, read_card, shown_card, state_of

NEW: dict[str, Any] = {
    "name": "Box",
    "description": "Tries",
    "version": "1",
    "capabilities": {"streaming": True, "pushNotifications": True, "extensions": [{"uri": "urn:x"}]},
    "supportedInterfaces": [
        {"url": "https://a.test/grpc", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
        {"url": "https://a.test/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0", "tenant": "t1"},
    ],
    "securitySchemes": {"key": {"apiKeySecurityScheme": {"location": "header", "name": "x-key"}}},
    "securityRequirements": [{"schemes": {"key": {"list": []}}}],
    "signatures": [{"protected": "p", "signature": "s"}],
    "skills": [{"id": "echo", "name": "Echo", "tags": ["a"], "securityRequirements": [], "x-own": 1.0}],
    "iconUrl": "https://a.test/icon",
}
OLD: dict[str, Any] = {
    "name": "Box",
    "protocolVersion": "0.3.0",
    "url": "https://a.test/rpc",
    "preferredTransport": "JSONRPC",
    "supportsAuthenticatedExtendedCard": True,
    "security": [{"key": []}],
    "skills": [],
}


def card(said: dict[str, Any], **more: Any) -> bytes:
    return json.dump({**said, **more})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "can't be read"),
        (b"[]", "can't be read"),
        (b'{"skills":[]}', "missing required field `name`"),
        (card(NEW, skills=[{"name": "no id"}]), "missing required field `id`"),
        (b'{"name":"\xff"}', "not UTF-8"),
        (b'{"name":"x","more":' + b"[" * 5000 + b"]" * 5000 + b"}", "too deeply"),
    ],
)
def test_what_is_no_card_is_told_in_words(body: bytes, words: str) -> None:
    with pytest.raises(BadCard, match=words):
        read_card(body)


def test_a_card_of_either_version_tells_where_the_agent_speaks_json_rpc() -> None:
    new, old = read_card(card(NEW)), read_card(card(OLD))
    assert [(one.url, one.version, one.tenant) for one in new.interfaces] == [("https://a.test/rpc", "1.0", "t1")]
    assert (new.others, new.streaming) == (("GRPC of A2A 1.0",), True)
    assert [(one.url, one.version) for one in old.interfaces] == [("https://a.test/rpc", "0.3")]


def test_what_is_not_spoken_here_is_named() -> None:
    rest = {
        "supportedInterfaces": [{"url": "https://a.test", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"}]
    }
    assert read_card(card(NEW, **rest)).others == ("HTTP+JSON of A2A 1.0",)
    later = {"supportedInterfaces": [{"url": "https://a.test", "protocolBinding": "JSONRPC", "protocolVersion": "2.0"}]}
    found = read_card(card(NEW, **later))
    assert (found.interfaces, found.others) == ((), ("JSONRPC of A2A 2.0",))
    assert read_card(card(OLD, preferredTransport="GRPC")).interfaces == ()


def test_the_shown_card_leads_to_us_and_keeps_the_rest_as_it_came() -> None:
    body = card(NEW).replace(b'"x-own":1.0', b'"x-own":1.00')
    shown = shown_card(body, "https://gate.test/agents/box/a2a", ("1.0",))
    found = json.load(shown)
    assert b'"x-own":1.00' in shown
    assert [one["url"] for one in found["supportedInterfaces"]] == ["https://gate.test/agents/box/a2a"]
    assert found["iconUrl"] == "https://a.test/icon"
    assert found["capabilities"] == {"streaming": True, "pushNotifications": False, "extensions": [{"uri": "urn:x"}]}
    assert b"a.test/rpc" not in shown and b"grpc" not in shown and b"x-key" not in shown
    assert not {"signatures", "url", "security"} & found.keys()
    assert list(found["securitySchemes"]) == ["gatehouse"]
    assert "securityRequirements" not in found["skills"][0]


def test_the_shown_card_of_an_old_agent_has_the_old_form() -> None:
    found = json.load(shown_card(card(OLD), "https://gate.test/a2a", ("0.3",)))
    assert (found["url"], found["preferredTransport"], found["security"]) == (
        "https://gate.test/a2a",
        "JSONRPC",
        [{"gatehouse": []}],
    )
    assert found["securitySchemes"]["gatehouse"]["type"] == "http"
    assert found["supportsAuthenticatedExtendedCard"] is True
    assert "supportedInterfaces" not in found


@pytest.mark.parametrize(
    ("result", "state"),
    [
        ({"task": {"id": "t", "status": {"state": "TASK_STATE_INPUT_REQUIRED"}}}, "input-required"),
        ({"id": "t", "kind": "task", "status": {"state": "completed"}}, "completed"),
        ({"statusUpdate": {"status": {"state": "TASK_STATE_FAILED"}}}, "failed"),
        ({"message": {"parts": []}}, ""),
        ({"task": 5}, ""),
    ],
)
def test_the_state_of_a_task_is_told_in_one_way(result: dict[str, Any], state: str) -> None:
    assert state_of({name: json.raw(value) for name, value in result.items()}) == state

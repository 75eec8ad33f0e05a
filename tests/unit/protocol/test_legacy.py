from __future__ import annotations

from typing import Any

import pytest

from gatehouse.kit import json
from gatehouse.protocol import legacy
from gatehouse.protocol.call import Client, Era
from gatehouse.protocol.errors import http_status


def handshake(**params: Any) -> Client:
    return legacy.read_initialize({key: json.raw(value) for key, value in params.items()})


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])
def test_a_known_version_is_spoken_as_it_was_asked_for(version: str) -> None:
    assert handshake(protocolVersion=version, capabilities={}).version == version


@pytest.mark.parametrize("version", ["1999-01-01", "2026-07-28", ""])
def test_an_unknown_version_is_answered_with_the_latest(version: str) -> None:
    assert handshake(protocolVersion=version).version == "2025-11-25"


@pytest.mark.parametrize("params", [{}, {"protocolVersion": 5}, {"protocolVersion": "2025-11-25", "capabilities": []}])
def test_a_handshake_that_lacks_what_it_needs_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        handshake(**params)


def test_a_client_is_asked_only_what_it_said_it_answers() -> None:
    client = handshake(protocolVersion="2025-11-25", capabilities={"elicitation": {}})
    assert legacy.can_answer(client, "elicitation/create")
    assert not legacy.can_answer(client, "sampling/createMessage")
    assert not legacy.can_answer(client, "tasks/get")


def test_an_upstream_is_greeted_in_the_words_of_the_client() -> None:
    client = handshake(protocolVersion="2025-06-18", capabilities={"x": {"b": 1, "a": 2}}, clientInfo={"name": "c"})
    assert legacy.initialize_params(client, client.version) == (
        b'{"protocolVersion":"2025-06-18","capabilities":{"x":{"b":1,"a":2}},"clientInfo":{"name":"c"}}'
    )


@pytest.mark.parametrize(
    ("code", "modern", "older"),
    [(-32700, 400, 400), (-32602, 400, 200), (-32601, 404, 200), (-32603, 200, 200), (7, 200, 200)],
)
def test_the_status_of_an_error_depends_on_the_era(code: int, modern: int, older: int) -> None:
    assert (http_status(code, Era.MODERN), http_status(code, Era.LEGACY)) == (modern, older)

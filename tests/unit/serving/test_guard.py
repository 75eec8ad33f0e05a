"""By which names Gatehouse may be called, and by the pages of which origins."""

from __future__ import annotations

import pytest

from gatehouse.serving.guard import LOOPBACK, Guard
from gatehouse.serving.http import HttpRequest

LOCAL = Guard(LOOPBACK, frozenset())
PUBLIC = Guard(LOOPBACK | {"tools.example.com"}, frozenset({"https://app.example.com"}))
ANY = Guard(None, frozenset())


def asked(host: bytes | None = b"127.0.0.1:4444", origin: bytes | None = None, **more: bytes) -> HttpRequest:
    headers = {b"host": host, b"origin": origin, **{name.replace("_", "-").encode(): v for name, v in more.items()}}
    return HttpRequest("POST", "/mcp", b"", {name: value for name, value in headers.items() if value is not None})


@pytest.mark.parametrize(
    "host", [b"localhost", b"localhost:4444", b"LocalHost:1", b"127.0.0.1", b"[::1]", b"[::1]:4444"]
)
def test_names_of_the_own_machine_are_fine(host: bytes) -> None:
    assert LOCAL.refusal(asked(host)) is None


@pytest.mark.parametrize(
    "host",
    [b"evil.example", b"localhost.evil.example", b"127.0.0.1.evil.example:4444", b"[::2]", b"", None, b"\xff", b":80"],
)
def test_names_of_other_machines_are_refused_each_time(host: bytes | None) -> None:
    for _ in range(2):
        assert "allowed_hosts" in (LOCAL.refusal(asked(host)) or "")


def test_where_the_own_name_can_not_be_known_every_name_is_taken() -> None:
    assert ANY.refusal(asked(b"whatever.example")) is None
    assert ANY.refusal(asked(b"whatever.example", b"http://whatever.example")) is None
    assert ANY.refusal(asked(b"whatever.example", b"http://other.example")) is not None


@pytest.mark.parametrize(
    "origin", [b"http://localhost", b"http://localhost:3000", b"https://127.0.0.1:1", b"http://[::1]:5"]
)
def test_pages_of_the_own_machine_may_call(origin: bytes) -> None:
    assert LOCAL.refusal(asked(origin=origin)) is None


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"null",
        b"",
        b"http://[",
        b"http://localhost.evil.example",
        b"http://localhost@evil.example",
        b"file://localhost",
        b"\xff\xfe",
        b"https://app.example.com.evil.example",
        b"http://app.example.com",
    ],
)
def test_pages_of_strangers_may_not(origin: bytes) -> None:
    assert "allowed_origins" in (PUBLIC.refusal(asked(origin=origin)) or "")


def test_own_pages_and_those_that_were_allowed_may_call() -> None:
    assert PUBLIC.refusal(asked(b"tools.example.com", b"https://tools.example.com")) is None
    assert PUBLIC.refusal(asked(b"tools.example.com", b"https://app.example.com")) is None


def test_known_names_are_bounded() -> None:
    for number in range(1100):
        assert ANY.refusal(asked(b"h%d.example" % number)) is None
    assert ANY.refusal(asked(b"h1099.example")) is None


def test_without_a_page_there_is_nothing_to_tell_a_browser() -> None:
    assert LOCAL.cors(asked()) == ()


def test_a_page_may_send_what_tools_mirror_and_nothing_else_of_its_own() -> None:
    wanted = b"X-Other, Mcp-Param-Region,mcp-param-limit"
    answer = dict(LOCAL.preflight(asked(origin=b"http://localhost:3000", access_control_request_headers=wanted)))
    allowed = answer[b"access-control-allow-headers"].split(b", ")
    assert {b"authorization", b"mcp-session-id", b"mcp-param-region", b"mcp-param-limit"} <= set(allowed)
    assert b"x-other" not in allowed
    assert answer[b"access-control-allow-origin"] == b"http://localhost:3000"
    assert answer[b"vary"] == b"origin"

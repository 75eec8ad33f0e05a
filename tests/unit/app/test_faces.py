"""Which names and pages the settings let in."""

from __future__ import annotations

import pytest

from gatehouse.app.faces import build_guard
from gatehouse.serving.http import HttpRequest
from gatehouse.settings import Settings


def refusal(settings: Settings, host: str, origin: str | None = None) -> str | None:
    headers = {b"host": host.encode()} | ({b"origin": origin.encode()} if origin else {})
    return build_guard(settings).refusal(HttpRequest("POST", "/mcp", b"", headers))


def test_on_loopback_other_names_are_refused() -> None:
    assert refusal(Settings(), "attacker.example:4444")
    assert refusal(Settings(), "localhost:4444") is None
    assert refusal(Settings(allowed_hosts=("Tools.example.com",)), "tools.example.com") is None


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://Tools.example.com/mcp-gateway/", "tools.example.com", "https://tools.example.com"),
        ("https://tools.example.com:8443", "tools.example.com:8443", "https://tools.example.com:8443"),
        ("http://[2001:db8::1]:4444", "[2001:db8::1]:4444", "http://[2001:db8::1]:4444"),
    ],
)
def test_the_public_address_is_let_in_and_its_pages_too(url: str, host: str, origin: str) -> None:
    settings = Settings(host="0.0.0.0", public_url=url)
    assert refusal(settings, host, origin) is None
    assert refusal(settings, "127.0.0.1:4444", origin) is None
    assert refusal(settings, host, "https://attacker.example")
    assert refusal(settings, "attacker.example")


def test_where_others_can_reach_it_and_no_name_is_known_every_name_is_taken() -> None:
    assert refusal(Settings(host="0.0.0.0"), "whatever.example") is None

"""What a request shows of who sends it."""

from __future__ import annotations

import logging

import pytest
from starlette.requests import Request

from gatehouse.api.visitors import Visitors
from gatehouse.kit.net import Proxies

OURS = Proxies(["10.0.0.9"])


def request(
    *headers: tuple[str, str], client: tuple[str, int] | None = ("10.0.0.9", 1), scheme: str = "http"
) -> Request:
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in (("host", "gate.test"), *headers)]
    scope = {"type": "http", "method": "POST", "scheme": scheme, "path": "/", "query_string": b"", "headers": pairs}
    return Request({**scope, "client": client, "server": ("gate.test", 80)})


def test_addresses_of_several_proxies_are_one_list_however_they_were_sent() -> None:
    """Some add to the field that is there, others add another one."""
    for headers in (
        [("x-forwarded-for", "1.1.1.1, 198.51.100.1, 10.0.0.9")],
        [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "10.0.0.9")],
    ):
        assert Visitors(OURS).shown(request(*headers)).address == "198.51.100.1"


def test_cookies_are_one_list_however_they_were_sent() -> None:
    seen = Visitors(OURS).shown(request(("cookie", "a=1"), ("cookie", "b=2; c=3")))
    assert seen.cookies == {"a": "1", "b": "2", "c": "3"}


def test_who_has_a_connection_without_an_address_is_nowhere() -> None:
    seen = Visitors(OURS).shown(request(("x-forwarded-for", "198.51.100.1"), client=None))
    assert (seen.peer, seen.address) == (None, None)


def test_https_is_what_it_came_by_or_what_the_public_url_says() -> None:
    http, https = request(), request(scheme="https")
    assert not Visitors(OURS).shown(http).secure and Visitors(OURS).shown(https).secure
    assert Visitors(OURS, "https://tools.example.com").shown(http).secure
    assert not Visitors(OURS, "http://tools.example.com").shown(http).secure
    forwarded = request(("x-forwarded-proto", "https"))
    assert Visitors(OURS).shown(forwarded).secure and not Visitors(Proxies()).shown(forwarded).secure


def test_what_changes_something_is_told_by_its_method() -> None:
    assert Visitors(OURS).shown(request()).changes


def test_a_proxy_that_is_not_named_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """Else everybody behind it is slowed down as one, and nobody knows why."""
    visitors = Visitors(Proxies())
    with caplog.at_level(logging.WARNING):
        visitors.shown(request())
        assert caplog.records == []
        for _ in range(3):
            visitors.shown(request(("x-forwarded-for", "198.51.100.1")))
    (record,) = caplog.records
    assert "10.0.0.9" in record.getMessage() and "trusted_proxies" in record.getMessage()

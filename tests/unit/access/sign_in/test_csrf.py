"""What a browser signs by itself has to come from a page of ours."""

from __future__ import annotations

import pytest

from gatehouse.access.sign_in.csrf import Csrf, origin_of
from gatehouse.kit.errors import Forbidden
from gatehouse.store.secrets import Secrets
from tests.unit.access.sign_in.showing import shown

CSRF = Csrf(Secrets(bytes(32)))
PUBLIC = Csrf(Secrets(bytes(32)), "https://tools.example.com/gate")
SESSION = "ses_1"


def refused(csrf: Csrf, **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        csrf.check(shown(method="POST", headers={"x-csrf-token": csrf.token(SESSION), **named}), SESSION)
    except Forbidden:
        return True
    return False


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ANYTHING"])
def test_what_changes_something_needs_the_token_of_its_session(method: str) -> None:
    for sent in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "é"}, {"x-csrf-token": CSRF.token("ses_2")}):
        with pytest.raises(Forbidden) as caught:
            CSRF.check(shown(method=method, headers=sent), SESSION)
        assert "x-csrf-token" in caught.value.message and "/auth/session" in caught.value.hint
    CSRF.check(shown(method=method, headers={"x-csrf-token": CSRF.token(SESSION)}), SESSION)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_needs_none(method: str) -> None:
    CSRF.check(shown(method=method, headers={"origin": "https://evil.example"}), SESSION)


def test_the_token_is_of_this_installation() -> None:
    assert Csrf(Secrets(b"1" * 32)).token(SESSION) != CSRF.token(SESSION)
    assert SESSION not in CSRF.token(SESSION) and len(CSRF.token(SESSION)) == 43


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://gate.test.evil.example",
        "https://evil.example/gate.test",
        "http://gate.test",
        "https://gate.test:8443",
        "https://sub.gate.test",
        "null",
        "",
        "https://",
        "https://gate.test:x",
        "file://",
    ],
)
def test_a_page_of_another_origin_is_refused_whatever_token_it_has(origin: str) -> None:
    assert refused(CSRF, origin=origin)


@pytest.mark.parametrize("origin", ["https://gate.test", "HTTPS://GATE.TEST", "https://gate.test:443"])
def test_our_own_pages_are_let_through(origin: str) -> None:
    assert not refused(CSRF, origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "whatever"])
def test_a_browser_that_says_that_another_site_sends_it_is_believed(site: str) -> None:
    assert refused(CSRF, sec_fetch_site=site)
    assert not refused(CSRF, sec_fetch_site="same-origin")


def test_behind_a_proxy_our_pages_are_at_the_public_url() -> None:
    assert not refused(PUBLIC, host="10.0.0.5:4444", origin="https://tools.example.com")
    assert refused(PUBLIC, host="10.0.0.5:4444", origin="https://other.example.com")
    assert refused(CSRF, host="10.0.0.5:4444", origin="https://tools.example.com")


def test_without_a_host_no_origin_is_ours() -> None:
    assert refused(CSRF, host="", origin="https://")
    assert refused(CSRF, host="", origin="https://gate.test")


def test_programs_that_send_no_origin_need_the_token_alone() -> None:
    assert not refused(CSRF)
    CSRF.check_origin(shown(method="POST"))


@pytest.mark.parametrize("url", ["", "nonsense", "//host", "https://[::1", "javascript:alert(1)", "data:,x"])
def test_what_has_no_origin_has_none(url: str) -> None:
    assert origin_of(url) == ""

"""The cookie of a console session. Its name says how it came: one that was set over plain http is not taken over https."""

from __future__ import annotations

from collections.abc import Mapping

SECURE = "__Host-gatehouse"
"""Browsers take a cookie of this name only over https, from this very host, for all paths (RFC 6265bis 4.1.3.2)."""
PLAIN = "gatehouse-session"
_LONGEST = 200


def session_cookie(handle: str, secure: bool, lifetime: float) -> str:
    """A value of Set-Cookie. `lifetime`: seconds."""
    return _cookie(handle, secure, int(lifetime))


def ended_cookie(secure: bool) -> str:
    return _cookie("", secure, 0)


def session_handle(cookies: Mapping[str, str], secure: bool) -> str | None:
    handle = cookies.get(SECURE if secure else PLAIN)
    return handle if handle and len(handle) <= _LONGEST else None


def read_cookies(header: str) -> dict[str, str]:
    """A Cookie header. Of a name that is there twice the first is taken: the one with the most exact path."""
    found: dict[str, str] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals:
            found.setdefault(name, value)
    return found


def _cookie(handle: str, secure: bool, lifetime: int) -> str:
    flags = "Secure; HttpOnly; SameSite=Lax" if secure else "HttpOnly; SameSite=Lax"
    return f"{SECURE if secure else PLAIN}={handle}; {flags}; Path=/; Max-Age={lifetime}"

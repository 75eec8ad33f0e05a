"""What a request shows of who sends it, read off it once, behind proxies too."""

from __future__ import annotations

import logging

from starlette.requests import Request

from gatehouse.access.methods import Shown
from gatehouse.access.sign_in.cookies import read_cookies
from gatehouse.kit.net import Proxies

_log = logging.getLogger("gatehouse")


class Visitors:
    """`public_url`: as it is set; where it is an https address, everybody comes by https, whatever a proxy says."""

    def __init__(self, proxies: Proxies, public_url: str = "") -> None:
        self._proxies = proxies
        self._https = public_url.lower().startswith("https://")
        self._warned = False

    def shown(self, request: Request) -> Shown:
        headers = _joined(request)
        peer = request.client.host if request.client else None
        forwarded = headers.get("x-forwarded-for")
        if forwarded and not self._proxies.trusts(peer):
            self._warn(peer)
        return Shown(
            headers=headers,
            cookies=read_cookies(headers.get("cookie", "")),
            peer=peer,
            address=self._proxies.client(peer, forwarded),
            secure=self._https or self._proxies.secure(peer, request.url.scheme, headers.get("x-forwarded-proto")),
            method=request.method,
        )

    def _warn(self, peer: str | None) -> None:
        """Once: whoever is behind that proxy looks like one and the same, and is slowed down together."""
        if not self._warned:
            self._warned = True
            _log.warning(
                "X-Forwarded-For from %s is ignored; if that is a proxy of yours, name it in trusted_proxies", peer
            )


def _joined(request: Request) -> dict[str, str]:
    """A field that was sent more than once is one list (RFC 9110 5.3); cookies are joined in their own way (RFC 9113 8.2.3)."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        between = "; " if name == "cookie" else ", "
        headers[name] = f"{headers[name]}{between}{value}" if name in headers else value
    return headers

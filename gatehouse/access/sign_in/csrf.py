"""Whether a request that a browser signs by itself, with a cookie, was made by one of our own pages."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from gatehouse.access.methods import Shown
from gatehouse.kit.errors import Forbidden
from gatehouse.store.secrets import Secrets

HEADER = "x-csrf-token"
_PURPOSE = "csrf"
_OWN = ("same-origin", "none")
"""Values of Sec-Fetch-Site: our own pages, and what somebody typed or a program sent."""


class Csrf:
    def __init__(self, secrets: Secrets, public_url: str = "") -> None:
        """`public_url`: as it is set, since behind a proxy the Host of a request may be another one."""
        self._key = secrets.derive(_PURPOSE)
        self._public = origin_of(public_url)

    def token(self, of: str) -> str:
        """What our pages send back. `of`: the id of a session, or of a user whom a proxy names."""
        mac = hmac.new(self._key, of.encode(), sha256).digest()
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def check(self, shown: Shown, of: str) -> None:
        """Raises `Forbidden` for a request that changes something, and shows no token or comes from elsewhere."""
        if not shown.changes:
            return
        self.check_origin(shown)
        sent = shown.headers.get(HEADER, "")
        if not hmac.compare_digest(sent.encode(), self.token(of).encode()):
            raise Forbidden(
                f"The header {HEADER} is {'wrong' if sent else 'missing'}.",
                "Send the csrf_token that GET /api/v1/auth/session tells, or use an API token.",
            )

    def check_origin(self, shown: Shown) -> None:
        """Raises `Forbidden` where a browser says that a page of somebody else sends this."""
        origin = shown.headers.get("origin")
        if shown.headers.get("sec-fetch-site", "none") not in _OWN or not self._own(origin, shown):
            raise Forbidden(
                "This was sent by a page of another origin, and only our own pages may.",
                "Where Gatehouse is behind a proxy, set public_url to the address that browsers use.",
            )

    def _own(self, origin: str | None, shown: Shown) -> bool:
        if origin is None:
            return True
        here = f"{'https' if shown.secure else 'http'}://{shown.headers.get('host', '')}"
        return origin_of(origin) in {self._public, origin_of(here)} - {""}


def origin_of(url: str) -> str:
    """Scheme, host and port; empty for what has none."""
    try:
        parts = urlsplit(url.strip().lower())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname and port else ""

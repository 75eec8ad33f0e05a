"""Which names a request may call us by, and which web pages may send one: DNS rebinding and CORS.

2025-11-25 and 2026-07-28 basic/transports "Security Warning".
"""

from __future__ import annotations

from urllib.parse import urlsplit

from gatehouse.serving.http import Headers, HttpRequest

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_ALLOWED_HEADERS = (
    b"authorization, content-type, accept, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, last-event-id, "
    b"a2a-version, a2a-extensions, traceparent, tracestate, baggage"
)
_EXPOSED = b"mcp-session-id, www-authenticate"


class Guard:
    """`hosts` None: any name is taken, as it must be where Gatehouse can't know its own."""

    def __init__(self, hosts: frozenset[str] | None, origins: frozenset[str]) -> None:
        self._hosts = hosts
        self._origins = origins
        self._known: set[bytes] = set()

    def refusal(self, request: HttpRequest) -> str | None:
        """What is wrong with the request's Host or Origin, or None."""
        host = request.headers.get(b"host", b"")
        if host not in self._known:
            if not self._host_allowed(_name(host.decode("latin-1"))):
                return "The Host header is missing, or names another machine; see the setting allowed_hosts"
            if len(self._known) < 1000:
                self._known.add(host)
        origin = request.headers.get(b"origin")
        if origin is not None and not self._origin_allowed(origin.decode("latin-1"), host.decode("latin-1")):
            return "Web pages of this Origin may not call; see the setting allowed_origins"
        return None

    def _host_allowed(self, name: str) -> bool:
        return self._hosts is None or name in self._hosts

    def _origin_allowed(self, origin: str, host: str) -> bool:
        if origin in self._origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        same = parts.netloc == host and self._host_allowed(_name(host))
        return same or (parts.scheme in ("http", "https") and (parts.hostname or "") in LOOPBACK)

    def cors(self, request: HttpRequest) -> Headers:
        """The header fields that let an allowed page read the answer."""
        origin = request.headers.get(b"origin")
        if origin is None:
            return ()
        return (
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
            (b"vary", b"origin"),
        )

    def preflight(self, request: HttpRequest) -> Headers:
        """The answer to a browser that asks before it calls; it may send the parameters that tools mirror, too."""
        asked = request.headers.get(b"access-control-request-headers", b"").lower()
        mirrored = [name.strip() for name in asked.split(b",") if name.strip().startswith(b"mcp-param-")]
        return (
            *self.cors(request),
            (b"access-control-allow-methods", b"POST, GET, DELETE"),
            (b"access-control-allow-headers", b", ".join([_ALLOWED_HEADERS, *mirrored])),
            (b"access-control-max-age", b"600"),
        )


def _name(host: str) -> str:
    """The host without its port."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0].lower()

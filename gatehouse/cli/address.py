"""Where the gateway is, and what to show it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from gatehouse.cli.errors import Misused
from gatehouse.settings import default_data_dir

DEFAULT_URL = "http://127.0.0.1:4444"
TOKEN_FILE = "admin-token"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Address:
    url: str
    """Without a slash at the end."""
    token: str | None = field(default=None, repr=False)

    @property
    def on_loopback(self) -> bool:
        return (urlsplit(self.url).hostname or "") in _LOOPBACK

    def endpoint(self, server: str) -> str:
        """The MCP endpoint of a virtual server."""
        return f"{self.url}/servers/{quote(server, safe='')}/mcp"


def find_gateway(environ: Mapping[str, str] = os.environ) -> Address:
    """From GATEHOUSE_URL and GATEHOUSE_TOKEN, else the file that `up` wrote; raises `Misused`."""
    url = (environ.get("GATEHOUSE_URL") or DEFAULT_URL).rstrip("/")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Misused(f"GATEHOUSE_URL is '{url}'.", f"Give it as http://HOST:PORT, as in {DEFAULT_URL}.")
    return Address(url, environ.get("GATEHOUSE_TOKEN") or _token_from_file(environ))


def find_endpoint(target: str, environ: Mapping[str, str] = os.environ) -> Address:
    """The MCP endpoint that a server's name or a URL stands for. A token is shown to the gateway alone."""
    gateway = find_gateway(environ)
    if not target.startswith(("http://", "https://")):
        return Address(gateway.endpoint(target), gateway.token)
    return Address(target, gateway.token if _origin(target) == _origin(gateway.url) else None)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _token_from_file(environ: Mapping[str, str]) -> str | None:
    try:
        return (default_data_dir(environ) / TOKEN_FILE).read_text().strip() or None
    except OSError:
        return None

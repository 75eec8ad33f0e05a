"""Where requests go: scheme, host and port, taken from a URL."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from gatehouse.kit.errors import Invalid

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?\Z")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_KEPT = "%/:?#[]@!$&'()*+,;=-._~"
_EXAMPLE = "Write it like https://example.com/mcp."


@dataclass(frozen=True, slots=True)
class Origin:
    scheme: str
    host: str  # ASCII, lower case, without the brackets of an IPv6 address
    port: int

    @classmethod
    def from_url(cls, url: str) -> tuple[Origin, bytes]:
        """The origin, and the request target (path and query); raises `Invalid`, whose text never repeats the URL."""
        parts = _split(url)
        if parts.scheme not in _DEFAULT_PORTS:
            raise Invalid("The URL is neither http:// nor https://.", _EXAMPLE)
        if "@" in parts.netloc:
            raise Invalid("The URL has a user name or password in it.", "Take them out; set a credential instead.")
        return cls(parts.scheme, _host(parts), _port(parts)), _target(parts)

    @property
    def authority(self) -> str:
        """What the `host` header says: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _split(url: str) -> SplitResult:
    if _FORBIDDEN.search(url):
        raise Invalid("The URL has a space, a backslash or a control character in it.", "Percent-encode it.")
    try:
        return urlsplit(url)
    except ValueError:
        raise Invalid("The URL can't be read.", _EXAMPLE) from None


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    if not name:
        raise Invalid("The URL names no host.", _EXAMPLE)
    if ":" in name:
        return _ipv6(name)
    try:
        ascii_name = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        ascii_name = ""
    if not _HOST_NAME.match(ascii_name):
        raise Invalid("The host in the URL is not a host name.", _EXAMPLE)
    return ascii_name


def _ipv6(name: str) -> str:
    try:
        return str(ipaddress.IPv6Address(name.replace("%", "/")))  # no zones: they mean something on one machine only
    except ValueError:
        raise Invalid("The host in the URL is not an IPv6 address.", "Write it like http://[::1]:8080/mcp.") from None


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise Invalid("The port in the URL is not a port.", "Write a number from 1 to 65535, or none.")
    return port or _DEFAULT_PORTS[parts.scheme]


def _target(parts: SplitResult) -> bytes:
    path = quote(parts.path or "/", safe=_KEPT)
    return f"{path}?{quote(parts.query, safe=_KEPT)}".encode() if parts.query else path.encode()

"""Where a client that was refused learns whose access tokens are taken (RFC 9728), and the challenge that leads it there.

What is said of a server does not tell whether there is one: it is the same for every name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatehouse.kit import json

PREFIX = "/.well-known/oauth-protected-resource"
_ENDPOINT = re.compile(r"(?:/servers/[A-Za-z0-9_-]{1,100})?/(?:mcp|sse)|")
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_MESSAGES = re.compile(r"/messages\Z")
_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "*, mcp-protocol-version",
    "cache-control": "max-age=60",
}


class Issued(Protocol):
    """Whose tokens are taken, and which scopes a client needs for using a server."""

    def issuers(self) -> Sequence[str]: ...

    def scopes(self) -> Sequence[str]: ...


class ProtectedResource(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9728, section 2. A list that would be empty is left out, as section 3.2 wants it."""

    resource: str
    resource_name: str
    bearer_methods_supported: list[str]
    authorization_servers: list[str] = []
    scopes_supported: list[str] = []


class WellKnown:
    def __init__(self, issued: Issued, public_url: Callable[[Request], str], base: str, named: bool = True) -> None:
        """`base`: the address of this gateway. Where it was not `named` by anybody, a request's Host goes before it."""
        self._issued = issued
        self._public_url = public_url
        self._base = base.rstrip("/")
        self._named = named

    def routes(self) -> list[Route]:
        methods = ["GET", "OPTIONS"]
        return [
            Route(PREFIX, self._answer, methods=methods),
            Route(f"{PREFIX}/{{rest:path}}", self._answer, methods=methods),
        ]

    def challenge(
        self, path: str, error: str | None = None, scope: str | None = None, host: str | None = None
    ) -> bytes:
        """The value of WWW-Authenticate for a request to `path`. Where nobody's tokens are taken, `scope` stands as it is.

        `host` is the request's: clients refuse a document about another address than the one that they use.
        """
        needed = " ".join(self._issued.scopes()) or scope
        known = self._named or host is None or not _HOST.fullmatch(host)
        return challenge(self._base if known else f"http://{host}", path, error, needed)

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_HEADERS)
        base = self._public_url(request)
        rest = request.url.path.removeprefix(PREFIX).removeprefix(urlsplit(base).path).rstrip("/")
        if not _ENDPOINT.fullmatch(rest):
            return JSONResponse({"error": "There is no such resource."}, 404, _HEADERS)
        return Response(json.dump(self._document(base, rest)), 200, _HEADERS, "application/json")

    def _document(self, base: str, path: str) -> ProtectedResource:
        return ProtectedResource(
            resource=f"{base}{path}",
            resource_name="Gatehouse",
            bearer_methods_supported=["header"],
            authorization_servers=list(self._issued.issuers()),
            scopes_supported=list(self._issued.scopes()),
        )


def challenge(
    base: str, path: str, error: str | None = None, scope: str | None = None, description: str | None = None
) -> bytes:
    """The value of WWW-Authenticate (RFC 6750 section 3, RFC 9728 section 5.1). `base`: the address that clients use."""
    told = {
        "error": error,
        "scope": scope,
        "error_description": _quotable(description) if description else None,
        "resource_metadata": metadata_url(base, path),
    }
    return b"Bearer " + ", ".join(f'{name}="{value}"' for name, value in told.items() if value).encode("latin-1")


def metadata_url(base: str, path: str) -> str:
    """Where the document for `path` stands: between host and path of the resource. For what is no resource, the root's."""
    resource = _MESSAGES.sub("/sse", path)
    parts = urlsplit(base)
    below = resource if _ENDPOINT.fullmatch(resource) else ""
    return f"{parts.scheme}://{parts.netloc}{PREFIX}{parts.path.rstrip('/')}{below}"


def _quotable(words: str) -> str:
    """RFC 6750 leaves error_description few characters."""
    return re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "'", words)[:300]

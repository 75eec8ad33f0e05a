"""This gateway as an MCP registry: its virtual servers, in the form that editors and other registries read (API v0.1).

Who asks sees what they may use; without a token that is what is open to everybody. A version is the moment of the last
change, so that whoever reads from here is offered an update when an address changes. Only the newest one is kept.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatehouse.access.model import Principal
from gatehouse.catalog.model import Server
from gatehouse.catalog.registry.server_json import OFFICIAL, OURS, SCHEMA, clean
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, Invalid, NotFound
from gatehouse.kit.net import read_address
from gatehouse.kit.pages import PageRequest, page, page_request
from gatehouse.relay.current import Current
from gatehouse.relay.door import Door

PREFIXES = ("/registry/v0.1", "/registry/v0")
"""The second is what older clients ask."""
USUAL, MOST = 30, 100
"""Servers on one page."""
_NOT_LABEL = re.compile(r"[^a-z0-9.-]+")
_HEADERS = {"cache-control": "no-store", "vary": "authorization, cookie"}
Identify = Callable[[Request], Awaitable[Principal]]


class RegistryApi:
    def __init__(self, current: Current, door: Door, identify: Identify, public_url: Callable[[Request], str]) -> None:
        """`identify` says who asks; raises where what they show is not good."""
        self._current = current
        self._door = door
        self._identify = identify
        self._public_url = public_url

    def routes(self) -> list[Route]:
        found: list[Route] = []
        for prefix in PREFIXES:
            servers = f"{prefix}/servers"
            found += [
                Route(servers, self._told(self._list)),
                # A name has a slash, which arrives here decoded or as it is.
                Route(f"{servers}/{{name:path}}/versions/{{version}}", self._told(self._version)),
                Route(f"{servers}/{{name:path}}/versions", self._told(self._versions)),
                Route(
                    f"{prefix}/{{rest:path}}", self._told(_nothing), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]
                ),
            ]
        return found

    def _told(self, answer: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                return _response(200, await answer(request))
            except GatewayError as error:
                return _response(error.http_status, {"error": str(error)})

        return respond

    async def _list(self, request: Request) -> dict[str, Any]:
        asked, query = _page(request), request.query_params
        found = [one for one in await self._servers(request) if asked.after is None or one.id > asked.after]
        since = _moment(query.get("updated_since"))
        found = [one for one in found if since is None or one.updated_at >= since]
        if query.get("version") not in (None, "", "latest"):
            found = [one for one in found if _version(one) == query["version"]]
        base = self._public_url(request)
        words = query.get("search", "").lower()
        found = [one for one in found if words in f"{_name(base, one)} {one.name}".lower()]
        shown = page(found[: asked.limit + 1], asked, lambda one: one.id)
        return _listing(base, shown.items, shown.next)

    async def _versions(self, request: Request) -> dict[str, Any]:
        base = self._public_url(request)
        return _listing(base, [await self._named(request, base)], None)

    async def _version(self, request: Request) -> dict[str, Any]:
        base = self._public_url(request)
        server = await self._named(request, base)
        if request.path_params["version"] not in ("latest", _version(server)):
            raise NotFound("Server not found", "Only the latest version is kept here.")
        return _shown(base, server)

    async def _named(self, request: Request, base: str) -> Server:
        name = request.path_params["name"]
        for server in await self._servers(request):
            if _name(base, server) == name:
                return server
        raise NotFound("Server not found")

    async def _servers(self, request: Request) -> list[Server]:
        """Those that the caller may use, in the order of their ids."""
        principal = await self._identify(request)
        snapshot = self._current.snapshot
        known = (one for _, one in sorted(snapshot.servers.items()) if one.enabled)
        return [one for one in known if self._door.may_use(principal, one).allowed]


async def _nothing(request: Request) -> NoReturn:
    if request.method == "GET":
        raise NotFound("Not found", "There is /servers, and /servers/{name}/versions/{version}.")
    raise NotOffered("This registry takes no entries from outside.", "Make a virtual server.")


class NotOffered(GatewayError):
    http_status = 501
    title = "Not offered"


def namespace(base: str) -> str:
    """The names of this machine's servers begin with its own, reversed: `com.example.tools` for tools.example.com.

    What has no name in the DNS is under `gatehouse`, since nobody else's name may be taken.
    """
    host = (urlsplit(base).hostname or "localhost").lower()
    address = read_address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return "localhost.gatehouse"
    if address is not None or "." not in host:
        return f"{_NOT_LABEL.sub('-', host).replace('.', '-')}.gatehouse"
    return ".".join(reversed(_NOT_LABEL.sub("-", host).split(".")))


def _listing(base: str, servers: Iterable[Server], following: str | None) -> dict[str, Any]:
    shown = [_shown(base, one) for one in servers]
    metadata: dict[str, Any] = {"count": len(shown)}
    return {"servers": shown, "metadata": metadata | ({"nextCursor": following} if following else {})}


def _shown(base: str, server: Server) -> dict[str, Any]:
    """A ServerResponse of the registry API."""
    title = clean(server.name, 100) or server.slug
    detail: dict[str, Any] = {
        "$schema": SCHEMA,
        "name": _name(base, server),
        "title": title,
        "description": clean(server.description.partition("\n")[0], 100) or title,
        "version": _version(server),
        "remotes": [_remote(base, server, "streamable-http", "mcp"), _remote(base, server, "sse", "sse")],
        "_meta": {OURS: {"slug": server.slug, "auth": "none" if server.access == "anonymous" else "key"}},
    }
    published, updated = _told_moment(server.created_at), _told_moment(server.updated_at)
    official = {
        "status": "active",
        "statusChangedAt": published,
        "publishedAt": published,
        "updatedAt": updated,
        "isLatest": True,
    }
    return {"server": detail, "_meta": {OFFICIAL: official}}


def _remote(base: str, server: Server, kind: str, ending: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "url": f"{base}/servers/{server.slug}/{ending}"}
    if server.access == "anonymous":
        return found
    token = {"description": "A token of this gateway", "isRequired": True, "isSecret": True}
    header = {"name": "Authorization", "value": "Bearer {token}", "isRequired": True, "variables": {"token": token}}
    return found | {"headers": [header]}


def _name(base: str, server: Server) -> str:
    return f"{namespace(base)}/{server.slug}"


def _version(server: Server) -> str:
    return f"1.0.{int(server.updated_at)}"


def _told_moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str | None) -> float | None:
    """Seconds since the epoch; raises `Invalid`."""
    if not text:
        return None
    try:
        # A + that was not encoded arrives as a space.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Invalid("updated_since can't be read.", "Give it as in 2026-08-07T13:15:04Z.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _page(request: Request) -> PageRequest:
    """Raises `Invalid`."""
    given = request.query_params.get("limit", str(USUAL))
    if not given.isdecimal() or not 1 <= int(given[:9]) <= MOST:
        raise Invalid(f"limit is '{given[:20]}'.", f"Ask for 1 to {MOST} servers.")
    return page_request(request.query_params.get("cursor"), int(given))


def _response(status: int, body: object) -> Response:
    return Response(json.dump(body), status, _HEADERS, "application/json")

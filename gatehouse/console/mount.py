"""The console: one static page and its parts, built from /console. What the page does, this does not know.

Every address of the page is answered with the same file, which finds out by itself where it stands.
"""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
BASE = '<base href="/console/" />'
"""Stands in the page as it is built; every other address in it is relative to this."""
_PAGES = ("/", "/console", "/setup", "/invite", "/sign-in")
_ICON = "favicon.svg"
_NAME = re.compile(r"[\w-][\w.-]*", re.ASCII)
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
}
_DENSE = frozenset({".woff2", ".png"})
"""Compressed as they are."""
_SMALL = 500
"""Bytes up to which nothing is gained by compressing."""
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        "img-src 'self' data: blob:; media-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; "
        "form-action 'self'; base-uri 'self'; manifest-src 'self'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "vary": "accept-encoding",
}
_ALWAYS_ASK, _FOREVER = "no-cache", "public, max-age=31536000, immutable"
_NOT_BUILT = """The console has not been built in this checkout: `./run console` does it, and needs Node.
The API at /api/v1 and the command line work without it.
"""


@dataclass(frozen=True, slots=True)
class _Part:
    """A file as it is sent. `packed` is None where compressing gains nothing."""

    media_type: str
    body: bytes
    packed: bytes | None
    tag: str


class _Shelf:
    """Files, read and compressed once. Those whose names don't change with what they hold are looked at again."""

    def __init__(self, directory: Path, base: str) -> None:
        self._directory = directory
        self._base = f'<base href="{html.escape(base)}/console/" />'
        self._lasting: dict[str, _Part] = {}
        self._changing: dict[str, tuple[int, _Part]] = {}

    async def asset(self, name: str) -> _Part | None:
        """A file whose name has the digest of what it holds; None where there is none."""
        found = self._lasting.get(name)
        if found is None and _NAME.fullmatch(name):
            found = await to_thread.run_sync(self._read, self._directory / "assets" / name)
            if found is not None:
                self._lasting[name] = found
        return found

    async def file(self, name: str) -> _Part | None:
        """Any other file; None where there is none."""
        return await to_thread.run_sync(self._look, name)

    def _look(self, name: str) -> _Part | None:
        file = self._directory / name
        try:
            changed = file.stat().st_mtime_ns
        except OSError:
            return None
        known = self._changing.get(name)
        if known is not None and known[0] == changed:
            return known[1]
        found = self._read(file)
        if found is not None:
            self._changing[name] = changed, found
        return found

    def _read(self, file: Path) -> _Part | None:
        try:
            body = file.read_bytes()
        except OSError:
            return None
        if file.suffix == ".html":
            body = body.replace(BASE.encode(), self._base.encode())
        media_type = _TYPES.get(file.suffix, "application/octet-stream")
        small = len(body) <= _SMALL or file.suffix in _DENSE
        packed = None if small else gzip.compress(body, mtime=0)
        return _Part(media_type, body, packed, sha256(body).hexdigest()[:32])


def console_routes(base: str = "", directory: Path = STATIC) -> list[Route]:
    """To be mounted at the root. `base`: the path that Gatehouse stands under, without a slash at its end."""
    shelf = _Shelf(directory, base)

    async def page(request: Request) -> Response:
        found = await shelf.file("index.html")
        if found is None:
            return PlainTextResponse(_NOT_BUILT, 503, {"cache-control": "no-store"})
        return _respond(request, found, _ALWAYS_ASK)

    async def asset(request: Request) -> Response:
        found = await shelf.asset(request.path_params["name"])
        return _missing() if found is None else _respond(request, found, _FOREVER)

    async def icon(request: Request) -> Response:
        found = await shelf.file(_ICON)
        return _missing() if found is None else _respond(request, found, _ALWAYS_ASK)

    return [
        *(Route(path, page, methods=["GET"]) for path in _PAGES),
        Route("/console/assets/{name:path}", asset, methods=["GET"]),
        Route(f"/console/{_ICON}", icon, methods=["GET"]),
        Route("/console/{page:path}", page, methods=["GET"]),
    ]


def _respond(request: Request, part: _Part, caching: str) -> Response:
    packed = part.packed if _takes_gzip(request) else None
    # What is sent packed is another representation (RFC 9110 8.8.3.3).
    tag = f'"{part.tag}"' if packed is None else f'"{part.tag}-gzip"'
    headers = {**_HEADERS, "etag": tag, "cache-control": caching}
    if _is_known(request, tag):
        return Response(status_code=304, headers=headers)
    if packed is not None:
        headers["content-encoding"] = "gzip"
    return Response(part.body if packed is None else packed, headers=headers, media_type=part.media_type)


def _missing() -> Response:
    return PlainTextResponse("There is no such part of the console.\n", 404, {"cache-control": "no-store"})


def _is_known(request: Request, tag: str) -> bool:
    """RFC 9110 13.1.2, where weak comparison is asked for."""
    known = [one.removeprefix("W/") for one in _listed(request, "if-none-match")]
    return tag in known or "*" in known


def _takes_gzip(request: Request) -> bool:
    """RFC 9110 12.5.3; a browser always says so."""
    weights = dict(_weight(one) for one in _listed(request, "accept-encoding"))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weight(choice: str) -> tuple[str, float]:
    name, _, weight = choice.partition(";")
    try:
        return name.strip().lower(), float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return name.strip().lower(), 0.0


def _listed(request: Request, name: str) -> Iterable[str]:
    return (one.strip() for value in request.headers.getlist(name) for one in value.split(","))

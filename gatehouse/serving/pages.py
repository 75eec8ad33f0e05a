"""Three plain pages for people: setting up, taking a link, signing in. They call the API as any other page of ours would."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FILES = Path(__file__).parent / "static"
_PAGES = ("setup", "invite", "sign-in")
_PARTS = {"page.css": "text/css", "page.js": "text/javascript"}
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


def page_routes() -> list[Route]:
    """To be mounted at the root."""
    pages = [_route(f"/{name}", f"{name}.html", "text/html") for name in _PAGES]
    return [*pages, *(_route(f"/pages/{name}", name, media_type) for name, media_type in _PARTS.items())]


def _route(path: str, file: str, media_type: str) -> Route:
    def answer(request: Request) -> Response:
        """Read when it is asked for: hardly ever."""
        return Response((_FILES / file).read_bytes(), headers=_HEADERS, media_type=media_type)

    return Route(path, answer, methods=["GET"])

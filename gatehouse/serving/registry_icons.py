"""The marks of bundled registry entries, for the console and whoever else shows the list. They are open to everybody."""

from __future__ import annotations

from functools import lru_cache

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gatehouse.catalog.registry.bundled import bundled_icons

_icons = lru_cache(maxsize=1)(bundled_icons)
_HEADERS = {
    # Should one ever be opened as a page, it can do nothing.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "public, max-age=86400",
}


def icon_route() -> Route:
    async def icon(request: Request) -> Response:
        found = (await to_thread.run_sync(_icons)).get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("There is no such icon.\n", 404, {"cache-control": "no-store"})
        return Response(found, headers=_HEADERS, media_type="image/svg+xml")

    return Route("/registry/icons/{name}.svg", icon, methods=["GET"])

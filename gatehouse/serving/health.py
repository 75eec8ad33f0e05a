"""Is it alive, is it ready, and what does it count: for those who run it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gatehouse import __version__

Ready = Callable[[], Awaitable[str | None]]
"""What keeps this worker from being ready, or None."""
Show = Callable[[], Awaitable[bytes]]
"""The figures in Prometheus' text format."""
Allowed = Callable[[bytes | None], bool]
"""Whether the holder of an Authorization header may see the figures."""


def health_routes(show: Show, ready: Ready, allowed: Allowed) -> list[Route]:
    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    async def readyz(request: Request) -> Response:
        problem = await ready()
        if problem:
            return JSONResponse({"status": "not ready", "reason": problem}, 503)
        return JSONResponse({"status": "ready", "version": __version__})

    async def metrics(request: Request) -> Response:
        authorization = request.headers.get("authorization")
        if not allowed(authorization.encode("latin-1") if authorization is not None else None):
            challenge = {"www-authenticate": 'Bearer realm="gatehouse"'}
            return PlainTextResponse("A token with the permission metrics.read is needed.\n", 401, challenge)
        return Response(await show(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]

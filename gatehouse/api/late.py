"""The API, put together when it is first asked for: who only carries calls pays neither its time nor its memory.

Its modules take a fifth of the time of a start.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from anyio import Lock, to_thread
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/api/v1"


def late_api(build: Callable[[], ASGIApp]) -> Mount:
    """`build` is called once, at the first request."""
    return Mount(PREFIX, app=_Late(build))


class _Late:
    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._app: ASGIApp | None = None
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app or await self._first()
        await app(scope, receive, send)

    async def _first(self) -> ASGIApp:
        async with self._lock:
            if self._app is None:
                # In a thread, so that calls go on meanwhile.
                await to_thread.run_sync(import_module, "gatehouse.api.build")
                self._app = self._build()
            return self._app

"""Who sends a request to the API: what it shows is laid before the ways in, one after the other."""

from __future__ import annotations

from starlette.requests import Request

from gatehouse.access.methods import Methods, Shown
from gatehouse.access.model import ANONYMOUS
from gatehouse.api.context import Caller
from gatehouse.api.visitors import Visitors
from gatehouse.relay.door import Door


class Callers:
    def __init__(self, methods: Methods, door: Door, visitors: Visitors) -> None:
        self._methods = methods
        self._door = door
        self._visitors = visitors

    async def identify(self, request: Request) -> Caller:
        """Raises `Unauthenticated`; `Forbidden` for what is not good from here, now, or from that page."""
        shown = self.shown(request)
        found = await self._methods.identify(shown)
        if found is None:
            return Caller(ANONYMOUS, shown.address)
        if found.principal.limited:
            self._door.admit(found.principal, shown.address)
        return Caller(found.principal, shown.address, found.session_id)

    def shown(self, request: Request) -> Shown:
        """What the request shows of who sends it."""
        return self._visitors.shown(request)

    def address(self, request: Request) -> str | None:
        """Where it comes from, behind proxies that are trusted too."""
        return self.shown(request).address

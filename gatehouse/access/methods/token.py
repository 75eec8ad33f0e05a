"""A bearer in the Authorization header: our own tokens, and whatever else the one who is asked knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gatehouse.access.methods import Identified, Shown
from gatehouse.access.model import Principal
from gatehouse.kit.errors import Forbidden, Unauthenticated

Bearer = Callable[[bytes], Awaitable[Principal | None]]
"""Who the value of an Authorization header stands for; None where it stands for nobody."""


class TokenMethod:
    def __init__(self, bearer: Bearer) -> None:
        self._bearer = bearer

    async def identify(self, shown: Shown) -> Identified | None:
        authorization = shown.headers.get("authorization")
        if not authorization:
            return None
        principal = await self._bearer(authorization.encode("latin-1", "replace"))
        if principal is None or principal.kind == "anonymous":
            raise Unauthenticated("The token is not known here, or was revoked.", "Check it, or make a new one.")
        if principal.kind == "user":
            raise Forbidden("A pass is for MCP addresses, and not for this.", "Use the session that it was made in.")
        return Identified(principal)

"""What stands at the entrance of the MCP faces: the guard, the door, and what somebody hears who is not let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gatehouse.access.model import ANONYMOUS, Principal
from gatehouse.access.policy import USE
from gatehouse.kit.errors import Forbidden, GatewayError, RateLimited, Unauthenticated
from gatehouse.kit.net import Proxies
from gatehouse.relay.door import Door, Unknown
from gatehouse.serving.guard import Guard
from gatehouse.serving.http import Headers, HttpRequest

Noted = Callable[[Principal, str, str, GatewayError, str | None, bytes], None]
"""Told of each refusal: who, which action, which path, why, from where, and the Authorization header, not to be kept."""
Challenge = Callable[[str, str | None, str | None, str | None], bytes]
"""The value of WWW-Authenticate for a path: with an error code, a scope, and the Host that the client used, where there are any."""


@dataclass(frozen=True, slots=True)
class Entrance:
    guard: Guard
    door: Door
    proxies: Proxies
    noted: Noted
    challenged: Challenge

    def address(self, request: HttpRequest) -> str | None:
        """Where the caller is, behind proxies that are trusted too."""
        forwarded = request.headers.get(b"x-forwarded-for")
        return self.proxies.client(request.peer, None if forwarded is None else forwarded.decode("latin-1"))

    def note(self, error: GatewayError, request: HttpRequest, action: str = USE) -> None:
        """Refusals go into the audit trail; who asks without any token is only on the way to getting one."""
        authorization = request.headers.get(b"authorization")
        if authorization is None or not isinstance(error, (Unauthenticated, Forbidden, RateLimited)):
            return
        self.noted(self._who(authorization), action, request.path, error, self.address(request), authorization)

    def _who(self, authorization: bytes) -> Principal:
        try:
            return self.door.identify(authorization)
        except (Unauthenticated, Unknown):
            return ANONYMOUS

    def challenge(self, error: GatewayError, request: HttpRequest, action: str = USE) -> Headers:
        """RFC 6750 section 3 and RFC 9728 section 5: what is asked for, and whether what was sent is no good."""
        if isinstance(error, RateLimited):
            return ((b"retry-after", b"%d" % error.retry_after),)
        host = request.headers.get(b"host", b"").decode("latin-1") or None
        if isinstance(error, Forbidden):
            return ((b"www-authenticate", self.challenged(request.path, "insufficient_scope", action, host)),)
        if not isinstance(error, Unauthenticated):
            return ()
        wrong = "invalid_token" if b"authorization" in request.headers else None
        return ((b"www-authenticate", self.challenged(request.path, wrong, None, host)),)


def bare_challenge(path: str, error: str | None, scope: str | None, host: str | None) -> bytes:
    """Where nobody else's tokens are taken, there is nothing to be told of how to get one."""
    parts = ['Bearer realm="gatehouse"']
    parts += [f'error="{error}"'] if error else []
    parts += [f'scope="{scope}"'] if scope else []
    return ", ".join(parts).encode()


def nobody_notes(
    principal: Principal, action: str, path: str, error: GatewayError, address: str | None, authorization: bytes
) -> None:
    """Where no audit trail is kept."""

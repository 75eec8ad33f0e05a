"""Bearers that are not in the keyring, as OAuth access tokens are: verified once, and remembered until they expire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gatehouse.access.directory import Directory
from gatehouse.access.model import Principal
from gatehouse.kit.errors import Unauthenticated

REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whoever makes such bearers. `verify` reads one, or raises `Unauthenticated`."""

    possible: Callable[[bytes], bool]
    """Whether it may be one of this issuer, as it looks, and such are taken just now."""
    verify: Callable[[str], Awaitable[Any]]
    principal: Callable[[Any, Directory], Principal]
    """Who its claims are, as people are now."""


@dataclass(slots=True)
class _Known:
    issuer: Issuer
    claims: Any
    expires_at: float
    directory: Directory
    principal: Principal


class Strangers:
    def __init__(self, *issuers: Issuer) -> None:
        self._issuers = issuers
        self._known: dict[bytes, _Known] = {}

    def take(self, issuer: Issuer) -> None:
        """From now on those of this issuer, too."""
        self._issuers = (*self._issuers, issuer)

    def possible(self, token: bytes) -> bool:
        """Whether it may be one that an issuer has made."""
        return self._issuer(token) is not None

    def known(self, token: bytes, directory: Directory, now: float) -> Principal | None:
        """Who was introduced with this token, with the rights that they have now."""
        known = self._known.get(sha256(token).digest())
        if known is None or now >= known.expires_at or not known.issuer.possible(token):
            return None
        if known.directory is not directory:
            known.directory, known.principal = directory, known.issuer.principal(known.claims, directory)
        return known.principal

    async def introduce(self, token: bytes, directory: Directory) -> None:
        """Verify a token and remember it; raises `Unauthenticated`."""
        issuer = self._issuer(token)
        if issuer is None:
            raise Unauthenticated("The token is unknown or revoked.")
        claims = await issuer.verify(token.decode("latin-1"))
        principal = issuer.principal(claims, directory)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        ends = principal.expires_at if principal.expires_at is not None else 0.0
        self._known[sha256(token).digest()] = _Known(issuer, claims, ends, directory, principal)

    def forget(self) -> None:
        """What issuers are taken, and how, has changed."""
        self._known.clear()

    def _issuer(self, token: bytes) -> Issuer | None:
        return next((one for one in self._issuers if one.possible(token)), None)


def no_strangers() -> Strangers:
    return Strangers()

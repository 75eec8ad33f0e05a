"""Bearers that are not our own tokens: OAuth access tokens, verified once and remembered until they expire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gatehouse.access.directory import Directory
from gatehouse.access.model import Principal
from gatehouse.access.tokens.service import PREFIX

REMEMBERED = 10_000
_OURS = PREFIX.encode()


@dataclass(slots=True)
class _Known:
    claims: Any
    expires_at: float
    directory: Directory
    principal: Principal


class Strangers:
    """`verify` reads a token, or raises `Unauthenticated`; `principal` tells who its claims are, as people are now."""

    def __init__(
        self,
        verify: Callable[[str], Awaitable[Any]],
        principal: Callable[[Any, Directory], Principal],
        expected: Callable[[], bool],
    ) -> None:
        """`expected`: whether there is any issuer whose tokens are taken."""
        self._verify = verify
        self._principal = principal
        self._expected = expected
        self._known: dict[bytes, _Known] = {}

    def possible(self, token: bytes) -> bool:
        """Whether it may be one that somebody else issued: a JWT, where such are taken."""
        return not token.startswith(_OURS) and token.count(b".") == 2 and self._expected()

    def known(self, token: bytes, directory: Directory, now: float) -> Principal | None:
        """Who was introduced with this token, with the rights that they have now."""
        known = self._known.get(sha256(token).digest())
        if known is None or now >= known.expires_at or not self._expected():
            return None
        if known.directory is not directory:
            known.directory, known.principal = directory, self._principal(known.claims, directory)
        return known.principal

    async def introduce(self, token: bytes, directory: Directory) -> None:
        """Verify a token and remember it; raises `Unauthenticated`."""
        claims = await self._verify(token.decode("latin-1"))
        principal = self._principal(claims, directory)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        ends = principal.expires_at if principal.expires_at is not None else 0.0
        self._known[sha256(token).digest()] = _Known(claims, ends, directory, principal)

    def forget(self) -> None:
        """What issuers are taken, and how, has changed."""
        self._known.clear()


async def _nobody(token: str) -> Any:
    raise NotImplementedError  # never possible


def no_strangers() -> Strangers:
    return Strangers(_nobody, lambda claims, directory: claims, lambda: False)

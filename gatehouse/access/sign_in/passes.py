"""Passes: what a page of ours shows at the MCP addresses, which take no cookies. Good for minutes, and nowhere else.

Nothing is stored of one, so that every worker can read it: it is sealed, and says whose it is, of which console session,
and until when.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from gatehouse.access.directory import Directory
from gatehouse.access.model import Principal
from gatehouse.access.policy import USE
from gatehouse.access.sign_in.sessions import UserSessions
from gatehouse.access.tokens.service import PREFIX
from gatehouse.access.tokens.strangers import Issuer
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Unauthenticated
from gatehouse.store.secrets import SealBroken, Secrets

LIFETIME = 300.0
"""Seconds."""
_BEGINNING = f"{PREFIX}pass_"
_PURPOSE = "pass"


@dataclass(frozen=True, slots=True)
class Pass:
    text: str = field(repr=False)
    expires_at: float


class _Claims(msgspec.Struct, frozen=True, array_like=True):
    user: str
    session: str | None
    """None: a proxy says at each request who is there."""
    expires_at: float


_decoder = msgspec.json.Decoder(_Claims)


class Passes:
    def __init__(self, secrets: Secrets, sessions: UserSessions, clock: Clock) -> None:
        self._secrets = secrets
        self._sessions = sessions
        self._clock = clock
        self.issuer = Issuer(self._possible, self._verify, self._principal)

    def make(self, user_id: str, session_id: str | None) -> Pass:
        expires_at = self._clock.now() + LIFETIME
        sealed = self._secrets.seal_text(_PURPOSE, msgspec.json.encode(_Claims(user_id, session_id, expires_at)))
        return Pass(_BEGINNING + sealed, expires_at)

    def _possible(self, token: bytes) -> bool:
        return token.startswith(_BEGINNING.encode())

    async def _verify(self, token: str) -> _Claims:
        """Asked once by each worker: from then on a pass lives until it expires, even where its session ends before."""
        try:
            claims = _decoder.decode(self._secrets.open_text(_PURPOSE, token.removeprefix(_BEGINNING)))
        except (SealBroken, msgspec.DecodeError):
            raise Unauthenticated("This is no pass of this gateway.", "Ask for another one.") from None
        if self._clock.now() >= claims.expires_at:
            raise Unauthenticated("The pass has expired.", "Ask for another one.")
        if claims.session is not None and not await self._sessions.lives(claims.session, claims.user):
            raise Unauthenticated("The session of this pass is over, or was ended.", "Sign in again.")
        return claims

    def _principal(self, claims: _Claims, directory: Directory) -> Principal:
        """The user, at MCP addresses alone."""
        user = directory.principal(claims.user)
        if user is None:
            gone = "the user of this pass is no more"
            return Principal(claims.user, "user", "nobody", expires_at=claims.expires_at, disabled=gone)
        return replace(user, permissions=frozenset({USE}), expires_at=claims.expires_at)

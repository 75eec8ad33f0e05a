"""Links with which somebody sets a new password. They are sealed, not stored: one dies with the password that it is to replace."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import msgspec
from sqlalchemy import select

from gatehouse.access.model import Principal
from gatehouse.access.people import repository, role_repository
from gatehouse.access.people.checks import found
from gatehouse.access.people.giving import check_standing
from gatehouse.access.tables import USERS
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, NotFound
from gatehouse.store.database import Database
from gatehouse.store.secrets import SealBroken, Secrets

GOOD_FOR = 86_400.0
"""Seconds."""
_PURPOSE = "password link"


@dataclass(frozen=True, slots=True)
class PasswordLink:
    user_id: str
    email: str
    before: str | None
    """The hash of the password that it replaces; None: there was none."""
    expires_at: float

    def __repr__(self) -> str:
        return f"PasswordLink({self.user_id})"


class _Sealed(msgspec.Struct, frozen=True):
    user: str
    replaces: str
    expires_at: float


_decoder = msgspec.json.Decoder(_Sealed)


class PasswordLinks:
    def __init__(self, database: Database, clock: Clock, secrets: Secrets) -> None:
        self._database = database
        self._clock = clock
        self._secrets = secrets

    async def make(self, by: Principal, ref: str) -> tuple[PasswordLink, str]:
        """The link, and its code. Who makes it has all that the user has, or could become that user; raises `Forbidden`."""
        async with self._database.read() as connection:
            user = found("user", ref, await repository.user(connection, ref))
            check_standing(by, await role_repository.rights_of(connection, user.id), user.email)
        link = await self._link(user.id, self._clock.now() + GOOD_FOR)
        if link is None:
            raise Conflict(f"'{user.email}' is switched off.", "Switch the user on first.")
        sealed = _Sealed(link.user_id, _mark(link.before), link.expires_at)
        return link, self._secrets.seal_text(_PURPOSE, msgspec.json.encode(sealed))

    async def open(self, code: str) -> PasswordLink | None:
        """None for what is no such link; raises `NotFound` for one that is not good any more."""
        try:
            sealed = _decoder.decode(self._secrets.open_text(_PURPOSE, code.strip()))
        except SealBroken:
            return None
        link = await self._link(sealed.user, sealed.expires_at)
        if link is None or link.expires_at <= self._clock.now() or _mark(link.before) != sealed.replaces:
            raise NotFound("This link is not good any more.", "Ask an administrator for another one.")
        return link

    async def _link(self, user_id: str, expires_at: float) -> PasswordLink | None:
        """To an active user."""
        wanted = select(USERS.c.email, USERS.c.password).where(USERS.c.id == user_id, USERS.c.active)
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).first()
        return None if row is None else PasswordLink(user_id, row.email, row.password, expires_at)


def _mark(password: str | None) -> str:
    return sha256((password or "").encode()).hexdigest()

"""API tokens: shown once, stored as a digest. Ids of servers come in as they are: whether they exist is not known here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from gatehouse.access import repository
from gatehouse.access.model import Token
from gatehouse.kit.clock import Clock
from gatehouse.kit.durations import parse_duration
from gatehouse.kit.errors import Conflict, Invalid, NotFound
from gatehouse.kit.ids import new_id, random_handle
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.facts import fact, settle_fact

PREFIX = "gh_"
ADMIN = "admin"
_NAME_LENGTH = 255
_ADMIN_MADE = "admin_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """Either for `servers` (their ids), or with `permissions`. `expires_in`: seconds, or as in `30d`; None: never."""

    name: str
    servers: Sequence[str] | None = None
    permissions: Sequence[str] = ()
    expires_in: int | str | None = None


class Tokens:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, new: NewToken) -> tuple[Token, str]:
        """The token, and its plain text, which nobody can tell again; raises `Invalid`."""
        _check(new)
        token, plain = self._made(new)
        async with self._database.write() as connection:
            await repository.add_token(connection, token)
        return token, plain

    async def get(self, ref: str) -> Token:
        async with self._database.read() as connection:
            return _found(ref, await repository.token(connection, ref))

    async def revoke(self, ref: str) -> Token:
        """From now on it opens nothing; to revoke again is no error, and keeps the first time."""
        async with self._database.write() as connection:
            token = _found(ref, await repository.token(connection, ref))
            if token.revoked_at is not None:
                self._database.keep_revision(connection)
                return token
            revoked = replace(token, revoked_at=self._clock.now())
            await repository.revoke_token(connection, token.id, self._clock.now())
        return revoked

    async def delete(self, ref: str) -> None:
        """Revoked, and forgotten."""
        async with self._database.write() as connection:
            await repository.delete_token(connection, _found(ref, await repository.token(connection, ref)).id)

    async def ensure_admin(self, keep: Callable[[str], object] = lambda plain: None) -> str | None:
        """Make the first token, which may do everything; its plain text where it was made just now.

        It is made once for a database: who deletes it wants it gone. `keep` is given the text before the token counts,
        so that there is never one that nobody knows.
        """
        async with self._database.read() as connection:
            if await fact(connection, _ADMIN_MADE) is not None:
                return None
        token, plain = self._made(NewToken(name=ADMIN, permissions=("*",)))
        try:
            await self._add_admin(token, lambda: keep(plain))
        except Conflict:
            return None  # Another worker was faster.
        return plain

    async def list(self, request: PageRequest) -> Page[Token]:
        async with self._database.read() as connection:
            rows = await repository.token_page(connection, request)
        return page(rows, request, lambda one: one.id)

    async def _add_admin(self, token: Token, keep: Callable[[], object]) -> None:
        async with self._database.write() as connection:
            await settle_fact(connection, _ADMIN_MADE, token.id.encode())
            await repository.add_token(connection, token)
            keep()

    def _made(self, new: NewToken) -> tuple[Token, str]:
        plain = PREFIX + random_handle(32)
        now = self._clock.now()
        seconds = parse_duration(new.expires_in) if isinstance(new.expires_in, str) else new.expires_in
        token = Token(
            id=new_id("tok"),
            name=new.name,
            digest=digest(plain.encode()),
            hint=plain[-4:],
            servers=tuple(new.servers) if new.servers else None,
            permissions=tuple(new.permissions),
            created_at=now,
            expires_at=None if seconds is None else now + seconds,
        )
        return token, plain


def digest(plain: bytes) -> bytes:
    """Tokens are random and long, so a plain SHA-256 can't be turned back."""
    return sha256(plain).digest()


def _check(new: NewToken) -> None:
    if not new.name.strip() or len(new.name) > _NAME_LENGTH or not new.name.isprintable():
        raise Invalid("The token has no name that can be shown.", f"Give it 1 to {_NAME_LENGTH} printable characters.")
    if new.servers and new.permissions:
        raise Invalid(
            "A token for servers opens those and nothing of the API, so it takes no permissions.",
            "Leave one of them out, or make two tokens.",
        )
    if not new.servers and not new.permissions:
        raise Invalid("The token would open nothing.", "Name servers, or permissions.")


def _found(ref: str, token: Token | None) -> Token:
    if token is None:
        raise NotFound(f"There is no token '{ref[:100]}'.", "Name it by its id, as the list of tokens has it.")
    return token

"""API tokens: shown once, stored as a digest. Ids of servers come in as they are: whether they exist is not known here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import UNCONDITIONAL, Conditions, Token
from gatehouse.access.tokens import repository
from gatehouse.kit.clock import Clock
from gatehouse.kit.durations import parse_duration
from gatehouse.kit.errors import Conflict, Invalid, NotFound
from gatehouse.kit.ids import new_id, random_handle
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import TOKENS, Database
from gatehouse.store.facts import fact, settle_fact
from gatehouse.store.placement import EVERYTHING, Placement, Sight, Visibility
from gatehouse.store.tagging import clean_tags

PREFIX = "gh_"
ADMIN = "admin"
_NAME_LENGTH = 255
_ADMIN_MADE = "admin_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """For `servers` and `agents` (their ids), with `permissions`, or both. `expires_in`: seconds, or as in `30d`; None: never.

    It has the rights of `owner` (a user's id), of `team` (a team's id), or, where neither is given, of the installation.
    """

    name: str
    servers: Sequence[str] | None = None
    permissions: Sequence[str] = ()
    expires_in: int | str | None = None
    owner: str | None = None
    team: str | None = None
    conditions: Conditions = UNCONDITIONAL
    created_by: str | None = None
    agents: Sequence[str] | None = None
    tags: Sequence[str] = ()


class Tokens:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, new: NewToken) -> tuple[Token, str]:
        """The token, and its plain text, which nobody can tell again; raises `Invalid`."""
        token, plain = self.made(new)
        await self.add(token)
        return token, plain

    async def add(self, token: Token) -> None:
        """One that `made` has made."""
        async with self._database.write() as connection:
            await self._add(connection, token)

    async def get(self, ref: str) -> Token:
        async with self._database.read() as connection:
            return _found(ref, await repository.token(connection, ref))

    async def revoke(self, ref: str) -> Token:
        """From now on it opens nothing; to revoke again is no error, and keeps the first time."""
        async with self._database.write() as connection:
            token = _found(ref, await repository.token(connection, ref, lock=True))
            if token.revoked_at is not None:
                self._database.keep_revision(connection)
                return token
            revoked = replace(token, revoked_at=self._clock.now())
            await repository.store_token(connection, revoked, await self._database.count_up(connection, TOKENS))
        return revoked

    async def change(self, ref: str, changed: Callable[[Token], Token]) -> Token:
        """What `changed` makes of it: another name, other conditions, another end. Raises `Conflict` for a revoked one."""
        async with self._database.write() as connection:
            before = _found(ref, await repository.token(connection, ref, lock=True))
            if before.revoked_at is not None:
                raise _revoked(before)
            after = changed(before)
            _check_name(after.name)
            await repository.store_token(connection, after, await self._database.count_up(connection, TOKENS))
        return after

    async def rotate(self, ref: str, overlap: int) -> tuple[Token, str]:
        """A new text for it; the one before is good for `overlap` more seconds. Raises `Conflict` for a revoked one."""
        plain, now = PREFIX + random_handle(32), self._clock.now()
        async with self._database.write() as connection:
            before = _found(ref, await repository.token(connection, ref, lock=True))
            if before.revoked_at is not None:
                raise _revoked(before)
            rotated = replace(
                before,
                digest=digest(plain.encode()),
                hint=plain[-4:],
                previous_digest=before.digest if overlap else None,
                previous_until=now + overlap if overlap else None,
            )
            await repository.store_token(connection, rotated, await self._database.count_up(connection, TOKENS))
        return rotated, plain

    async def ensure_admin(self, keep: Callable[[str], object] = lambda plain: None) -> str | None:
        """Make the first token, which may do everything; its plain text where it was made just now.

        It is made once for a database: who deletes it wants it gone. `keep` is given the text before the token counts,
        so that there is never one that nobody knows.
        """
        async with self._database.read() as connection:
            if await fact(connection, _ADMIN_MADE) is not None:
                return None
        token, plain = self.made(NewToken(name=ADMIN, permissions=("*",)))
        try:
            await self._add_admin(token, lambda: keep(plain))
        except Conflict:
            return None  # Another worker was faster.
        return plain

    async def list(self, request: PageRequest, sight: Sight = EVERYTHING, tag: str | None = None) -> Page[Token]:
        async with self._database.read() as connection:
            rows = await repository.token_page(connection, request, sight, tag)
        return page(rows, request, lambda one: one.id)

    async def by_digest(self, digests: Collection[str]) -> dict[str, Token]:
        """Those that were shown with these digests (in hex) since their last rotation, revoked or not."""
        async with self._database.read() as connection:
            return {one.digest.hex(): one for one in await repository.tokens_by_digest(connection, digests)}

    async def _add_admin(self, token: Token, keep: Callable[[], object]) -> None:
        async with self._database.write() as connection:
            await settle_fact(connection, _ADMIN_MADE, token.id.encode())
            await self._add(connection, token)
            keep()

    async def _add(self, connection: AsyncConnection, token: Token) -> None:
        await repository.add_token(connection, token, await self._database.count_up(connection, TOKENS))

    def made(self, new: NewToken) -> tuple[Token, str]:
        """A token and its plain text, which count from `add` on; raises `Invalid`."""
        _check(new)
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
            owner=new.owner if new.team is None else None,
            team=new.team,
            conditions=new.conditions,
            created_by=new.created_by,
            agents=tuple(new.agents) if new.agents else None,
            tags=clean_tags(new.tags),
        )
        return token, plain


def placement(token: Token) -> Placement:
    return Placement(token.owner, token.team, Visibility.PRIVATE if token.team is None else Visibility.TEAM)


def digest(plain: bytes) -> bytes:
    """Tokens are random and long, so a plain SHA-256 can't be turned back."""
    return sha256(plain).digest()


def _check(new: NewToken) -> None:
    _check_name(new.name)
    if not new.servers and not new.agents and not new.permissions:
        raise Invalid("The token would open nothing.", "Name servers, agents, or permissions.")


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _NAME_LENGTH or not name.isprintable():
        raise Invalid("The token has no name that can be shown.", f"Give it 1 to {_NAME_LENGTH} printable characters.")


def _revoked(token: Token) -> Conflict:
    return Conflict(f"Token '{token.name}' was revoked.", "Make a new one.")


def _found(ref: str, token: Token | None) -> Token:
    if token is None:
        raise missing_token(ref)
    return token


def missing_token(ref: str) -> NotFound:
    """What is not there, and what the caller may not know of."""
    return NotFound(f"There is no token '{ref[:100]}'.", "Name it by its id, as the list of tokens has it.")

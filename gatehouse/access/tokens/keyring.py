"""All tokens in force, in memory: who holds one is found without the database, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from gatehouse.access.directory import SYSTEM_GRANT, Directory, read_directory
from gatehouse.access.model import Grant, Principal, Token
from gatehouse.access.policy import CALL, USE
from gatehouse.access.tokens import repository
from gatehouse.store.database import PEOPLE, TOKENS, Database

Row = tuple[Any, ...]
_NOBODY = Directory()


class Keyring:
    """Immutable. An expired token is in it still: policy looks at the time."""

    __slots__ = ("_known", "_rows", "directory")

    def __init__(self, rows: Mapping[str, Row], directory: Directory = _NOBODY) -> None:
        """`rows` of the table of tokens by the SHA-256, in hex, of what a caller presents."""
        self.directory = directory
        self._rows = rows
        self._known: dict[str, Principal] = {}

    def identify(self, plain: bytes) -> Principal | None:
        """Who presents this token. Looked up by digest, so that timing tells nothing of the tokens that exist."""
        digest = sha256(plain).hexdigest()
        known = self._known.get(digest)
        if known is None and digest in self._rows:
            token = repository.token_of(self._rows[digest])
            known = self._known[digest] = principal_of(token, self.directory, token.digest.hex() != digest)
        return known


class KeyringLoader:
    """Reads keyrings: of tokens only those that changed since the last one, of people all where anything did."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tokens_seen: int = -1
        self._people_seen: int = -1
        self._rows: dict[str, Row] = {}
        self._digests: dict[str, tuple[str, ...]] = {}
        self._directory = _NOBODY

    async def load(self) -> Keyring:
        async with self._database.read() as connection:
            tokens = await self._database.counter(connection, TOKENS)
            people = await self._database.counter(connection, PEOPLE)
            changed: Sequence[Row] = ()
            if tokens != self._tokens_seen:
                changed = await repository.tokens_since(connection, self._tokens_seen)
            if people != self._people_seen:
                self._directory = await read_directory(connection)
        if changed:
            self._rows = dict(self._rows)
            for row in changed:
                self._take(row)
        self._tokens_seen, self._people_seen = tokens, people
        return Keyring(self._rows, self._directory)

    def _take(self, row: Row) -> None:
        id_, digests = repository.digests_of(row)
        for digest in self._digests.pop(id_, ()):
            self._rows.pop(digest, None)
        if digests:
            self._digests[id_] = digests
            self._rows.update(dict.fromkeys(digests, row))


def principal_of(token: Token, directory: Directory, outdated: bool = False) -> Principal:
    """What a token may do now. `outdated`: shown in the form that it had before its last rotation."""
    grants, disabled = _rights(token, directory)
    if token.revoked_at is not None:
        disabled = f"token '{token.name}' was revoked"
    ends = [at for at in (token.expires_at, token.previous_until if outdated else None) if at is not None]
    return Principal(
        id=token.id,
        kind="token",
        name=token.name,
        servers=None if token.servers is None else frozenset(token.servers),
        permissions=frozenset(token.permissions),
        expires_at=min(ends) if ends else None,
        user=token.owner if token.team is None else None,
        grants=grants,
        conditions=token.conditions,
        disabled=disabled,
        agents=None if token.agents is None else frozenset(token.agents),
    )


def _rights(token: Token, directory: Directory) -> tuple[tuple[Grant, ...], str | None]:
    if token.team is not None:
        team = directory.teams.get(token.team)
        if team is None:
            return (), f"the team of token '{token.name}' is no more"
        named = [*([USE] if token.servers else []), *([CALL] if token.agents else [])]
        permissions = frozenset([*token.permissions, *named])
        return (Grant("token", permissions, team.id, team.name),), None
    if token.owner is None:
        return (SYSTEM_GRANT,), None
    user = directory.users.get(token.owner)
    if user is None or not user.active:
        return (), f"the user whose token '{token.name}' is can't sign in any more"
    return directory.grants_of(user.id), None

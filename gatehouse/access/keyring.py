"""All tokens in force, in memory: who holds one is found without the database."""

from __future__ import annotations

from collections.abc import Mapping

from gatehouse.access import repository
from gatehouse.access.model import Principal, Token
from gatehouse.access.tokens import digest
from gatehouse.store.database import Database


class Keyring:
    """Immutable. An expired token is in it still: policy looks at the time."""

    __slots__ = ("_principals",)

    def __init__(self, principals: Mapping[bytes, Principal]) -> None:
        """By the SHA-256 of what a caller presents."""
        self._principals = dict(principals)

    @classmethod
    async def load(cls, database: Database) -> Keyring:
        async with database.read() as connection:
            tokens = await repository.tokens_in_force(connection)
        return cls({token.digest: _principal(token) for token in tokens})

    def identify(self, plain: bytes) -> Principal | None:
        """Who presents this token. Looked up by digest, so that timing tells nothing of the tokens that exist."""
        return self._principals.get(digest(plain))


def _principal(token: Token) -> Principal:
    return Principal(
        id=token.id,
        kind="token",
        name=token.name,
        servers=None if token.servers is None else frozenset(token.servers),
        permissions=frozenset(token.permissions),
        expires_at=token.expires_at,
    )

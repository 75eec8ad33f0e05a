"""The first administrator: made once, by who has the code that `up` printed, while there is nobody else."""

from __future__ import annotations

import hmac
from hashlib import sha256

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.tables import USERS
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Forbidden
from gatehouse.kit.ids import random_handle
from gatehouse.store.database import FACTS, Database
from gatehouse.store.facts import fact, settle_fact

GOOD_FOR = 86_400.0
"""Seconds."""
_FACT = "setup_code"


class _Code(msgspec.Struct, frozen=True):
    digest: str
    expires_at: float


_decoder = msgspec.json.Decoder(_Code)


class Setup:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def needed(self) -> bool:
        """Whether there is no user yet."""
        async with self._database.read() as connection:
            return not await _anybody(connection)

    async def prepare(self) -> str | None:
        """A new code, which makes those from before useless; None where there are users already."""
        if not await self.needed():
            return None
        code = random_handle(32)
        try:
            await self._keep(code)
        except Conflict:
            await self._keep(code)  # Another machine started at the same moment, and this one comes last.
        return code

    async def check(self, code: str) -> None:
        """Raises `Conflict` where there are users already, and `Forbidden` for a code that is not good."""
        async with self._database.read() as connection:
            await self._check(connection, code)

    async def use(self, connection: AsyncConnection, code: str) -> None:
        """The same inside a write that has counted PEOPLE up, so that nobody else makes a user meanwhile. The code is gone then."""
        await self._check(connection, code)
        await connection.execute(delete(FACTS).where(FACTS.c.name == _FACT))

    async def _keep(self, code: str) -> None:
        kept = _Code(_digest(code), self._clock.now() + GOOD_FOR)
        async with self._database.write(bump=False) as connection:
            await connection.execute(delete(FACTS).where(FACTS.c.name == _FACT))
            await settle_fact(connection, _FACT, msgspec.json.encode(kept))

    async def _check(self, connection: AsyncConnection, code: str) -> None:
        if await _anybody(connection):
            words = "The set-up is done: there is a user already."
            raise Conflict(words, "Sign in, or ask an administrator for an invitation.")
        stored = await fact(connection, _FACT)
        known = None if stored is None else _decoder.decode(stored)
        right = known is not None and hmac.compare_digest(known.digest, _digest(code))
        if known is None or not right or known.expires_at <= self._clock.now():
            words = "This set-up link is not good, or no longer."
            raise Forbidden(words, "Start `gatehouse up` anew, and take the link that it prints.")


async def _anybody(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(USERS.c.id).limit(1))).first() is not None


def _digest(code: str) -> str:
    """Codes are random and long, so a plain SHA-256 can't be turned back."""
    return sha256(code.strip().encode()).hexdigest()

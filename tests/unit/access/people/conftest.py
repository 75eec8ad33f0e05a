"""People on each kind of database, and everybody as whom something can be done."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gatehouse.access.directory import SYSTEM_GRANT, Directory
from gatehouse.access.model import ALL, Principal
from gatehouse.access.people.model import User
from gatehouse.access.people.service import People
from gatehouse.access.people.users import NewUser
from gatehouse.access.tokens.keyring import KeyringLoader
from gatehouse.access.tokens.service import Tokens
from gatehouse.catalog.estate import Estate
from gatehouse.store.database import Database
from tests.support.clocks import HandClock

SYSTEM = Principal("tok_admin", "token", "admin", permissions=frozenset({ALL}), grants=(SYSTEM_GRANT,))
"""The installation's own token."""


@dataclass(slots=True)
class Town:
    database: Database
    clock: HandClock
    people: People
    tokens: Tokens

    async def user(self, name: str, *roles: str) -> User:
        """With these roles on all."""
        return await self.people.users.add(NewUser(email=f"{name}@example.com", name=name.title(), roles=roles))

    async def directory(self) -> Directory:
        return (await KeyringLoader(self.database).load()).directory

    async def as_user(self, ref: str) -> Principal:
        """With all that the user may do now."""
        directory = await self.directory()
        known = directory.user(ref)
        assert known is not None, f"there is no {ref}"
        principal = directory.principal(known.id)
        assert principal is not None
        return principal


def town_on(database: Database) -> Town:
    clock = HandClock()
    return Town(database, clock, People(database, clock, Estate()), Tokens(database, clock))


@pytest.fixture
def town(database: Database) -> Town:
    return town_on(database)


@pytest.fixture
def small_town(sqlite: Database) -> Town:
    """For what does not depend on the kind of database."""
    return town_on(sqlite)

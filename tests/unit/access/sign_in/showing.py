"""What browsers show, and people who are there to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from gatehouse.access.methods import Shown
from gatehouse.access.people.model import User
from gatehouse.access.people.service import People
from gatehouse.access.people.users import NewUser
from gatehouse.access.sign_in.cookies import read_cookies
from gatehouse.access.sign_in.service import Rules, SignIn
from gatehouse.catalog.estate import Estate
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock

PASSWORD = "lovely analytical engine"
HOST = "gate.test"


@dataclass(slots=True)
class Room:
    """Everything that signing in needs, over one database."""

    database: Database
    clock: HandClock
    people: People
    sign_in: SignIn

    async def user(self, email: str = "ada@example.com", password: str | None = PASSWORD) -> User:
        hashed = None if password is None else _hashed(password)
        return await self.people.users.add(NewUser(email=email, name=email.partition("@")[0], password=hashed))


@cache
def _hashed(password: str) -> str:
    """Once, since it takes its time."""
    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY).hash(password)


def room(database: Database, **rules: object) -> Room:
    clock = HandClock()
    people = People(database, clock, Estate())
    wanted = Rules(**rules)  # type: ignore[arg-type]
    return Room(database, clock, people, SignIn(database, clock, Secrets(bytes(32)), people, wanted))


def shown(
    address: str | None = "192.0.2.1",
    *,
    cookie: str = "",
    secure: bool = True,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Shown:
    """`cookie`: a Set-Cookie that came, or a Cookie header."""
    pair = cookie.partition(";")[0]
    all_headers = {"host": HOST, **({"cookie": pair} if pair else {}), **(headers or {})}
    return Shown(all_headers, read_cookies(pair), address, address, secure, method)

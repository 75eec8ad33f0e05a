"""People signing in: with a password, at the first set-up, and by an invitation. Each ends in a console session."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.methods import Shown
from gatehouse.access.people.checks import clean_email, clean_name
from gatehouse.access.people.model import ADMIN
from gatehouse.access.people.service import People
from gatehouse.access.people.users import NewUser
from gatehouse.access.sign_in.csrf import Csrf
from gatehouse.access.sign_in.passes import Passes
from gatehouse.access.sign_in.password_links import PasswordLinks
from gatehouse.access.sign_in.passwords import check_strength, hash_password, outdated, verify
from gatehouse.access.sign_in.sessions import Begun, UserSessions
from gatehouse.access.sign_in.setup import Setup
from gatehouse.access.sign_in.throttle import Attempt, Throttle
from gatehouse.access.tables import USERS
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Forbidden, NotFound, RateLimited, Unauthenticated
from gatehouse.store.database import PEOPLE, Database
from gatehouse.store.secrets import Secrets

METHOD = "password"


@dataclass(frozen=True, slots=True)
class Rules:
    """As the settings have them."""

    passwords: bool = True
    session_idle: float = 43_200.0
    session_lifetime: float = 2_592_000.0
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who becomes a user, with a password."""

    email: str
    name: str
    password: str

    def __repr__(self) -> str:
        return f"Newcomer({self.email})"


@dataclass(frozen=True, slots=True)
class _Account:
    id: str
    active: bool
    password: str = field(repr=False)
    """A hash; empty where there is none."""


class SignIn:
    def __init__(self, database: Database, clock: Clock, secrets: Secrets, people: People, rules: Rules) -> None:
        self.sessions = UserSessions(database, clock, rules.session_idle, rules.session_lifetime)
        self.csrf = Csrf(secrets, rules.public_url)
        self.passes = Passes(secrets, self.sessions, clock)
        self.throttle = Throttle(database, clock)
        self.setup = Setup(database, clock)
        self.links = PasswordLinks(database, clock, secrets)
        self.passwords = rules.passwords
        """Whether people may sign in with one."""
        self._database = database
        self._people = people
        self._clock = clock

    async def with_password(self, email: str, password: str, shown: Shown) -> Begun:
        """Raises `Unauthenticated`, in the same words and after the same work whether there is such a user or not."""
        self._check_offered()
        user = await self._verified(email.strip().lower(), password, shown)
        if user is None:
            raise Unauthenticated("The email address or the password is wrong.", "Try again.")
        if not user.active:
            raise Forbidden("This account is switched off.", "Ask an administrator.")
        if outdated(user.password):
            await self._store(user.id, user.password, await hash_password(password))
        return await self.sessions.begin(user.id, METHOD, shown)

    async def change_password(self, user_id: str, current: str, new: str, shown: Shown) -> Begun:
        """Ends all sessions of the user; the answer is a new one. Raises `Forbidden` where `current` is wrong."""
        self._check_offered()
        email = await self._email(user_id)
        check_strength(new, email)
        user = await self._verified(email, current, shown)
        if user is None:
            raise Forbidden("The current password is wrong.", "Try again, or ask an administrator for a link.")
        return await self._change(user.id, user.password, new, shown)

    async def renew_password(self, code: str, new: str, shown: Shown) -> Begun:
        """By a link that an administrator made; ends all sessions of the user. Raises as `PasswordLinks.open` does."""
        self._check_offered()
        link = await self.links.open(code)
        if link is None:
            raise NotFound("This link is not good.", "Ask an administrator for another one.")
        check_strength(new, link.email)
        return await self._change(link.user_id, link.before or "", new, shown)

    async def set_up(self, code: str, newcomer: Newcomer, shown: Shown) -> Begun:
        """The first administrator; raises as `Setup.check` does."""
        self._check_offered()
        await self.setup.check(code)
        new = await _new_user(newcomer, "setup", ADMIN)
        async with self._database.write() as connection:
            await self._database.count_up(connection, PEOPLE)
            await self.setup.use(connection, code)
            user = await self._people.users.add(new, connection)
            return await self.sessions.begin_in(connection, user.id, "setup", shown)

    async def accept(self, code: str, newcomer: Newcomer, shown: Shown) -> Begun:
        """A new user, by an invitation; raises as `Invitations.accept` does, and `Conflict` for who is a user already."""
        self._check_offered()
        await self._people.invitations.open(code)
        new = await _new_user(newcomer, "invitation")
        async with self._database.write() as connection:
            user = await self._people.users.add(new, connection)
            await self._people.invitations.accept(code, user.id, connection)
            return await self.sessions.begin_in(connection, user.id, "invitation", shown)

    async def make_user(self, email: str) -> None:
        """One whom a proxy names, with no password."""
        name = email.partition("@")[0]
        try:
            await self._people.users.add(NewUser(email=email, name=name, origin="proxy"))
        except Conflict:
            return  # Another request of the same person was faster.

    async def purge(self) -> None:
        """Forget what is over."""
        now = self._clock.now()
        await self.sessions.purge(now)
        await self.throttle.purge(now)

    def _check_offered(self) -> None:
        if not self.passwords:
            words = "People sign in with single sign-on alone here, not with passwords."
            raise Forbidden(words, "See /sign-in for the ways in; the setting is sign_in.passwords.")

    async def _verified(self, email: str, password: str, shown: Shown) -> _Account | None:
        """The user, if this is the password; a wrong one is counted. Raises `RateLimited`."""
        attempt = await self.throttle.begin(email, shown.address)
        user = await self._user(email)
        if not await self._matches(user.password if user is not None else None, password, attempt):
            return None
        await self.throttle.succeeded(attempt)
        return user

    async def _matches(self, stored: str | None, password: str, attempt: Attempt) -> bool:
        try:
            return await verify(stored, password)
        except RateLimited:
            await self.throttle.undo(attempt)
            raise

    async def _user(self, email: str) -> _Account | None:
        wanted = select(USERS.c.id, USERS.c.active, USERS.c.password).where(USERS.c.email == email)
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).first()
        return None if row is None else _Account(row.id, row.active, row.password or "")

    async def _email(self, user_id: str) -> str:
        async with self._database.read() as connection:
            email = (await connection.execute(select(USERS.c.email).where(USERS.c.id == user_id))).scalar()
        if email is None:
            raise Unauthenticated("There is no such user any more.")
        return str(email)

    async def _change(self, user_id: str, before: str, new: str, shown: Shown) -> Begun:
        hashed = await hash_password(new)
        async with self._database.write(bump=False) as connection:
            if not await _replace(connection, user_id, before, hashed):
                raise Conflict("The password was just changed.", "Sign in with the new one.")
            await self.sessions.end_all_in(connection, user_id)
            return await self.sessions.begin_in(connection, user_id, METHOD, shown)

    async def _store(self, user_id: str, before: str, hashed: str) -> None:
        async with self._database.write(bump=False) as connection:
            await _replace(connection, user_id, before, hashed)


async def _replace(connection: AsyncConnection, user_id: str, before: str, hashed: str) -> bool:
    """Whether the password was still the one from before; an empty one: there was none."""
    same = USERS.c.password == before if before else USERS.c.password.is_(None)
    changed = await connection.execute(update(USERS).where(USERS.c.id == user_id, same).values(password=hashed))
    return changed.rowcount == 1


async def _new_user(newcomer: Newcomer, origin: str, *roles: str) -> NewUser:
    """What is wrong with it is told before anything is hashed."""
    email, name = clean_email(newcomer.email), clean_name("user", newcomer.name)
    check_strength(newcomer.password, email)
    hashed = await hash_password(newcomer.password)
    return NewUser(email=email, name=name, password=hashed, origin=origin, roles=roles)

"""Users: made, found, changed, removed. Passwords come in as hashes; how they are checked is not known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import ALL, Principal
from gatehouse.access.people import repository, role_repository
from gatehouse.access.people.changing import changing
from gatehouse.access.people.checks import clean_email, clean_name, counted, found
from gatehouse.access.people.giving import check_standing, is_administrator
from gatehouse.access.people.model import BY_HAND, Belonging, Estate, GivenRole, Member, Membership, User
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Forbidden, Invalid
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import TOKENS, Database
from gatehouse.store.tagging import clean_tags

LAST_TEAMS = "team without another owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    email: str
    name: str
    password: str | None = None
    """A hash; None: signs in by other ways."""
    origin: str = "admin"
    roles: Sequence[str] = ()
    """Names of roles on all."""
    tags: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"NewUser({self.email})"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    """None: stays."""

    email: str | None = None
    name: str | None = None
    active: bool | None = None
    tags: Sequence[str] | None = None


class Users:
    def __init__(self, database: Database, clock: Clock, estate: Estate) -> None:
        self._database = database
        self._clock = clock
        self._estate = estate

    async def add(self, new: NewUser, connection: AsyncConnection | None = None) -> User:
        """Raises `Invalid`, or `Conflict` where the address is taken. Whether the roles may be given is not asked.

        `connection` is that of a `Database.write`, where this is part of something larger.
        """
        now = self._clock.now()
        user = User(
            id=new_id("usr"),
            email=clean_email(new.email),
            name=clean_name("user", new.name),
            active=True,
            origin=new.origin,
            has_password=new.password is not None,
            created_at=now,
            updated_at=now,
            tags=clean_tags(new.tags),
        )
        async with changing(self._database, connection) as inner:
            await _check_free(inner, user.email)
            await repository.add_user(inner, user, new.password)
            for role in new.roles:
                given = GivenRole(new_id("grt"), user.id, user.email, role, ALL, None, BY_HAND, now)
                await role_repository.add_grant(inner, given)
        return user

    async def get(self, ref: str) -> User:
        """By id or address; raises `NotFound`."""
        async with self._database.read() as connection:
            return found("user", ref, await repository.user(connection, ref))

    async def list(self, request: PageRequest, words: str | None = None, tag: str | None = None) -> Page[User]:
        async with self._database.read() as connection:
            rows = await repository.user_page(connection, request, words, tag)
        return page(rows, request, lambda one: one.id)

    async def changeable(self, by: Principal, ref: str) -> User:
        """For what is changed elsewhere; raises `Forbidden` for an administrator, where `by` is none."""
        async with self._database.read() as connection:
            return await _changeable(connection, by, ref, lock=False)

    async def belongings(self, user_id: str) -> tuple[Sequence[Membership], Sequence[GivenRole]]:
        """The teams that a user is in, and the roles granted besides."""
        async with self._database.read() as connection:
            teams = await repository.memberships(connection, user_id)
            return teams, await role_repository.grants_of(connection, user_id)

    async def change(self, by: Principal, ref: str, changes: UserChanges) -> User:
        """Raises `Conflict` where nobody would be left who is an administrator."""
        async with changing(self._database) as connection:
            before = await _changeable(connection, by, ref)
            after = _changed(before, changes, self._clock.now())
            if after.email != before.email:
                await _check_free(connection, after.email)
                check_standing(by, await role_repository.rights_of(connection, before.id), before.email)
            if before.active and not after.active:
                await _check_others_remain(connection, before, "switched off")
                await repository.end_sessions(connection, before.id)
            await repository.store_user(connection, after)
        return after

    async def remove(self, by: Principal, ref: str, heir: str | None = None) -> User:
        """The user's tokens are revoked; all else that is the user's goes to the heir.

        Raises `Conflict` with what there is to inherit where there is no heir.
        """
        async with changing(self._database) as connection:
            user = await _changeable(connection, by, ref)
            await _check_others_remain(connection, user, "deleted")
            inherits = None if heir is None else await _heir(connection, by, user, heir)
            await self._bequeath(connection, user, inherits)
            change = await self._database.count_up(connection, TOKENS)
            await repository.revoke_tokens_of_user(connection, user.id, self._clock.now(), change)
            await repository.delete_user(connection, user.id)
        return user

    async def _bequeath(self, connection: AsyncConnection, user: User, heir: User | None) -> None:
        alone = [
            one.team
            for one in await repository.memberships(connection, user.id)
            if one.role is Belonging.OWNER and not await repository.another_owner(connection, one.team.id, user.id)
        ]
        owned = dict(await self._estate.owned_by(connection, user.id)) | ({LAST_TEAMS: len(alone)} if alone else {})
        if owned and heir is None:
            raise _still_owns(user.email, owned, "?heir=USER")
        await self._estate.inherit(connection, user.id, None if heir is None else heir.id)
        if heir is not None:
            for team in alone:
                place = (heir.id, heir.email, heir.name, heir.active, Belonging.OWNER, BY_HAND, self._clock.now())
                await repository.put_member(connection, Member(team.id, *place))


async def _changeable(connection: AsyncConnection, by: Principal, ref: str, *, lock: bool = True) -> User:
    """An administrator is changed by administrators alone."""
    user = found("user", ref, await repository.user(connection, ref, lock=lock))
    if await repository.is_administrator(connection, user.id) and not is_administrator(by):
        raise Forbidden(f"'{user.email}' is an administrator, and '{by.name}' is not.", "Ask an administrator.")
    return user


def _changed(before: User, changes: UserChanges, now: float) -> User:
    return replace(
        before,
        email=before.email if changes.email is None else clean_email(changes.email),
        name=before.name if changes.name is None else clean_name("user", changes.name),
        active=before.active if changes.active is None else changes.active,
        updated_at=now,
        tags=before.tags if changes.tags is None else clean_tags(changes.tags),
    )


async def _check_free(connection: AsyncConnection, email: str) -> None:
    if await repository.user(connection, email) is not None:
        raise Conflict(f"There is a user '{email}' already.", "Each address is that of one user.")


async def _check_others_remain(connection: AsyncConnection, user: User, what: str) -> None:
    if not user.active or not await repository.is_administrator(connection, user.id):
        return
    if not await repository.another_administrator(connection, user.id):
        raise last_administrator(user.email, what)


def last_administrator(email: str, what: str) -> Conflict:
    return Conflict(
        f"'{email}' is the last administrator, and can't be {what}.", "Give another user the role admin on all first."
    )


async def _heir(connection: AsyncConnection, by: Principal, user: User, ref: str) -> User:
    if not is_administrator(by):
        raise Forbidden("What is private to somebody is handed on by administrators alone.", "Ask one.")
    heir = found("user", ref, await repository.user(connection, ref, lock=True))
    if heir.id == user.id or not heir.active:
        raise Invalid(f"'{heir.email}' can't be the heir.", "Name another user, who is active.")
    return heir


def _still_owns(name: str, owned: Mapping[str, Any], parameter: str) -> Conflict:
    return Conflict(f"'{name}' still has {counted(owned)}.", f"Delete them, or say who gets them: {parameter}.")

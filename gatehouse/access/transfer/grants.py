"""Who has which role where, in documents. It goes with the users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import ALL
from gatehouse.access.people import role_repository
from gatehouse.access.people.model import BY_HAND, GivenRole
from gatehouse.access.tables import GRANTS as GRANTS_TABLE
from gatehouse.access.transfer.words import (
    GRANTS,
    ROLES,
    USERS,
    origin_of,
    origin_word,
    scope_of,
    scope_settled,
    scope_word,
)
from gatehouse.store.database import PEOPLE, Database
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, LeftOut, Names, Stored, Work


class GrantItem(Item, frozen=True, kw_only=True):
    """`user`: an address; `scope`: the slug of a team, or `*`."""

    user: str
    role: str
    scope: str = ALL
    origin: str = BY_HAND


class GrantSection:
    name = GRANTS
    prefix = "grt"
    item = GrantItem
    secret: frozenset[str] = frozenset()
    personal = True

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        columns = GRANTS_TABLE.c
        wanted = select(columns.id, columns.user_id, columns.role, columns.scope, columns.origin)
        found: list[Stored] = []
        for id_, user_id, role, scope, origin in await connection.execute(wanted):
            user, where = names.name(USERS, user_id), scope_word(scope, names)
            if user is not None and where is not None:
                item = GrantItem(user=user, role=role, scope=where, origin=origin_word(origin, names))
                found.append(Stored(id_, item))
        return Contents(sorted(found, key=lambda one: self.key(one.item)))

    def key(self, item: GrantItem) -> str:
        return f"{item.user} {item.role} {item.scope}"

    def settle(self, item: GrantItem, arriving: Arriving) -> GrantItem:
        role, scope = arriving.now_called(ROLES, item.role), scope_settled(item.scope, arriving)
        if arriving.names.id(USERS, item.user) is None:
            raise LeftOut(f"there is no user '{item.user}' here")
        if arriving.names.id(ROLES, role) is None:
            raise LeftOut(f"there is no role '{item.role}' here")
        if scope is None:
            raise LeftOut(f"there is no team '{item.scope}' here")
        return structs.replace(item, role=role, scope=scope)

    def renamed(self, item: GrantItem, taken: Mapping[str, Stored]) -> None:
        return None

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        await self._database.count_up(connection, PEOPLE)
        for change in changes:
            item: GrantItem = change.item
            origin = origin_of(item.origin, work.names)
            if change.before is not None:
                same = GRANTS_TABLE.c.id == change.id
                await connection.execute(update(GRANTS_TABLE).where(same).values(origin=origin))
                continue
            user, scope = work.names.id(USERS, item.user) or "", scope_of(item.scope, work.names)
            given = GivenRole(change.id, user, item.user, item.role, scope, None, origin, work.now)
            await role_repository.add_grant(connection, given)

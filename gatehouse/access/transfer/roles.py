"""Roles that were made here, in documents. Those that are always there are everywhere the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import structs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access import roles
from gatehouse.access.model import ALL
from gatehouse.access.people import role_repository
from gatehouse.access.people.checks import check_slug, free_slug
from gatehouse.access.people.model import Belonging, Role
from gatehouse.access.tables import ROLES as ROLES_TABLE
from gatehouse.access.transfer.words import ROLES
from gatehouse.kit.errors import Invalid
from gatehouse.store.database import PEOPLE, Database
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, Names, Stored, Work

_RESERVED = frozenset(roles.BUILT_IN) | {belonging.value for belonging in Belonging}


class RoleItem(Item, frozen=True, kw_only=True):
    name: str
    description: str = ""
    permissions: tuple[str, ...] = ()


class RoleSection:
    name = ROLES
    prefix = "rol"
    item = RoleItem
    secret: frozenset[str] = frozenset()
    personal = False

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        for name in roles.BUILT_IN:
            names.add(self.name, name, name)
        wanted = select(ROLES_TABLE.c.name).order_by(ROLES_TABLE.c.name)
        found = [await role_repository.role(connection, name) for name in (await connection.execute(wanted)).scalars()]
        stored = [Stored(one.id, _item(one)) for one in found if one is not None]
        for one in stored:
            names.add(self.name, one.id, one.item.name)
        return Contents(stored)

    def key(self, item: RoleItem) -> str:
        return item.name

    def settle(self, item: RoleItem, arriving: Arriving) -> RoleItem:
        return structs.replace(item, permissions=tuple(sorted(set(item.permissions))))

    def renamed(self, item: RoleItem, taken: Mapping[str, Stored]) -> RoleItem:
        return structs.replace(item, name=free_slug(item.name, taken, "role"))

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        await self._database.count_up(connection, PEOPLE)
        for change in changes:
            item: RoleItem = change.item
            _check(item)
            before = None if change.before is None else await role_repository.role(connection, change.id)
            known = before or Role(change.id, item.name, "", frozenset(), created_at=work.now)
            after = replace(
                known,
                description=item.description,
                permissions=frozenset(item.permissions),
                updated_at=work.now,
            )
            store = role_repository.add_role if before is None else role_repository.store_role
            await store(connection, after)


def _item(role: Role) -> RoleItem:
    return RoleItem(name=role.name, description=role.description, permissions=tuple(sorted(role.permissions)))


def _check(item: RoleItem) -> None:
    if check_slug("name of a role", item.name) in _RESERVED:
        raise Invalid(f"'{item.name}' is the name of a role that is always there.", "Choose another name.")
    if not item.permissions or ALL in item.permissions:
        words = "everything, as the role admin does" if item.permissions else "nothing"
        raise Invalid(f"Role '{item.name}' would permit {words}.", "Name permissions, such as server.read.")

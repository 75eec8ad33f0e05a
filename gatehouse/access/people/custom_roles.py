"""Roles: those that are always there, and those that are made here. What permissions there are is not known here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access import roles
from gatehouse.access.model import ALL, Principal
from gatehouse.access.people import role_repository
from gatehouse.access.people.changing import changing
from gatehouse.access.people.checks import check_slug, counted, found
from gatehouse.access.people.giving import lacking
from gatehouse.access.people.model import Belonging, Role
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Forbidden, Invalid
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database

BUILT_IN = tuple(Role(name, name, roles.DESCRIPTIONS[name], roles.BUILT_IN[name], True) for name in roles.BUILT_IN)
_RESERVED = frozenset(roles.BUILT_IN) | {belonging.value for belonging in Belonging}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRole:
    name: str
    permissions: Collection[str]
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanges:
    """None: stays."""

    name: str | None = None
    permissions: Collection[str] | None = None
    description: str | None = None


class CustomRoles:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(self, request: PageRequest) -> Page[Role]:
        """The built-in ones stand before the first page, and don't count towards its limit."""
        async with self._database.read() as connection:
            made = page(await role_repository.role_page(connection, request), request, lambda one: one.id)
        return made if request.after is not None else Page([*BUILT_IN, *made.items], made.next)

    async def get(self, ref: str) -> Role:
        """By id or name; raises `NotFound`."""
        async with self._database.read() as connection:
            return found("role", ref, await find_role(connection, ref))

    async def create(self, by: Principal, new: NewRole) -> Role:
        """Raises `Forbidden` for a permission that its maker has not got on all."""
        now, permissions = self._clock.now(), frozenset(new.permissions)
        _check_permissions(by, permissions, permissions)
        role = Role(new_id("rol"), _checked_name(new.name), new.description, permissions, False, now, now)
        async with changing(self._database) as connection:
            await _check_free(connection, role.name)
            await role_repository.add_role(connection, role)
        return role

    async def change(self, by: Principal, ref: str, changes: RoleChanges) -> Role:
        """Who has it has it as it is now, at once."""
        async with changing(self._database) as connection:
            before = await _made(connection, ref)
            after = replace(
                before,
                name=before.name if changes.name is None else _checked_name(changes.name),
                description=before.description if changes.description is None else changes.description,
                permissions=before.permissions if changes.permissions is None else frozenset(changes.permissions),
                updated_at=self._clock.now(),
            )
            _check_permissions(by, after.permissions, after.permissions ^ before.permissions)
            if after.name != before.name:
                await _check_free(connection, after.name)
                await role_repository.rename_role(connection, before.name, after.name)
            await role_repository.store_role(connection, after)
        return after

    async def remove(self, ref: str) -> Role:
        """Raises `Conflict` while somebody has it."""
        async with changing(self._database) as connection:
            role = await _made(connection, ref)
            given = await role_repository.grants_with(connection, role.name)
            if given:
                words = f"Role '{role.name}' is still given by {counted({'grant': given})}."
                raise Conflict(words, "Take it from those who have it first.")
            await role_repository.delete_role(connection, role.id)
        return role


async def find_role(connection: AsyncConnection, ref: str) -> Role | None:
    """By id or name, the built-in ones too."""
    return next((one for one in BUILT_IN if one.name == ref), None) or await role_repository.role(connection, ref)


async def _made(connection: AsyncConnection, ref: str) -> Role:
    role = found("role", ref, await find_role(connection, ref))
    if role.built_in:
        raise Conflict(f"Role '{role.name}' is built in.", "Make a role of your own beside it.")
    return role


def _checked_name(name: str) -> str:
    if check_slug("name of a role", name) in _RESERVED:
        raise Conflict(f"'{name}' is the name of a role that is always there.", "Choose another name.")
    return name


async def _check_free(connection: AsyncConnection, name: str) -> None:
    if await role_repository.role(connection, name) is not None:
        raise Conflict(f"There is a role '{name}' already.", "Choose another name, or change that role.")


def _check_permissions(by: Principal, permissions: frozenset[str], moved: frozenset[str]) -> None:
    """`moved` are those that are put in or taken out."""
    if not permissions:
        raise Invalid("The role would permit nothing.", "Name permissions, such as server.read.")
    if ALL in permissions:
        raise Invalid("A role that permits everything is there already.", "Give the role admin.")
    lacked = lacking(by, moved, ALL)
    if lacked is not None:
        words = f"'{by.name}' lacks permission {lacked} on all, and so can't put it into a role, or take it out."
        raise Forbidden(words, "Ask somebody who has it.")

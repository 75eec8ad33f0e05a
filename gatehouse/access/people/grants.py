"""Grants: a role, on all or on a team, given to a user by somebody who has as much there."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import ALL, Principal
from gatehouse.access.people import repository, role_repository
from gatehouse.access.people.changing import changing
from gatehouse.access.people.checks import found
from gatehouse.access.people.custom_roles import find_role
from gatehouse.access.people.giving import check_giving
from gatehouse.access.people.model import ADMIN, BY_HAND, GivenRole
from gatehouse.access.people.users import last_administrator
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.placement import Sight


class Grants:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(
        self, request: PageRequest, sight: Sight, user_id: str | None = None, scope: str | None = None
    ) -> Page[GivenRole]:
        """Those on teams in `sight`, all where it is shared, and those of its owner."""
        async with self._database.read() as connection:
            rows = await role_repository.grant_page(connection, request, sight, user_id, scope)
        return page(rows, request, lambda one: one.id)

    async def get(self, ref: str) -> GivenRole:
        """Raises `NotFound`."""
        async with self._database.read() as connection:
            return found("grant", ref, await role_repository.grant(connection, ref))

    async def give(self, by: Principal, user: str, role: str, scope: str) -> GivenRole:
        """`scope` is `*` or the id of a team; raises `Forbidden` for more than one has there oneself."""
        async with changing(self._database) as connection:
            wanted = found("role", role, await find_role(connection, role))
            check_giving(by, wanted.name, wanted.permissions, scope)
            team = None if scope == ALL else found("team", scope, await repository.team(connection, scope))
            to = found("user", user, await repository.user(connection, user))
            if await role_repository.has_grant(connection, to.id, wanted.name, scope):
                raise Conflict(f"'{to.email}' has role '{wanted.name}' there already.", "There is nothing to do.")
            slug, now = None if team is None else team.slug, self._clock.now()
            given = GivenRole(new_id("grt"), to.id, to.email, wanted.name, scope, slug, BY_HAND, now)
            await role_repository.add_grant(connection, given)
        return given

    async def take(self, by: Principal, grant_id: str) -> GivenRole:
        """Raises `Conflict` where nobody would be left who is an administrator."""
        async with changing(self._database) as connection:
            given = found("grant", grant_id, await role_repository.grant(connection, grant_id))
            permissions = await role_repository.permissions_of(connection, given.role) or frozenset()
            check_giving(by, given.role, permissions, given.scope)
            if given.role == ADMIN and given.scope == ALL:
                await _check_others_remain(connection, given)
            await role_repository.delete_grant(connection, given.id)
        return given


async def _check_others_remain(connection: AsyncConnection, given: GivenRole) -> None:
    user = await repository.user(connection, given.user_id)
    if user is not None and user.active and not await repository.another_administrator(connection, user.id):
        raise last_administrator(user.email, "demoted")

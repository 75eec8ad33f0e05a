"""Everybody, in memory: users, teams, and who has which role where. Read anew when anything of it has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access import roles
from gatehouse.access.model import ALL, Grant, Principal
from gatehouse.access.tables import GRANTS, MEMBERS, ROLES, TEAMS, USERS
from gatehouse.store.placement import Placement, Visibility

SYSTEM_GRANT = Grant("admin", roles.ADMIN, ALL)
"""What the installation itself may do, and the tokens that are nobody's."""
_permissions = msgspec.json.Decoder(frozenset[str])


@dataclass(frozen=True, slots=True)
class KnownUser:
    id: str
    email: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class KnownTeam:
    id: str
    slug: str
    name: str
    visibility: Visibility = Visibility.PRIVATE

    @property
    def placement(self) -> Placement:
        """A team is its own: who is in it knows of it, and where it is public everybody."""
        public = self.visibility is Visibility.PUBLIC
        return Placement(None, self.id, Visibility.PUBLIC if public else Visibility.TEAM)


class Directory:
    """Immutable. What a grant permits has been looked up in the roles."""

    def __init__(
        self,
        users: Iterable[KnownUser] = (),
        teams: Iterable[KnownTeam] = (),
        grants: Mapping[str, tuple[Grant, ...]] | None = None,
        permissions: Mapping[str, frozenset[str]] = roles.BUILT_IN,
    ) -> None:
        """`grants` by the id of their user, `permissions` by the name of their role."""
        self.permissions = permissions
        self.users = {user.id: user for user in users}
        self.teams = {team.id: team for team in teams}
        self._grants = dict(grants or {})
        self._by_email = {user.email: user for user in self.users.values()}
        self._by_slug = {team.slug: team for team in self.teams.values()}
        self._principals: dict[str, Principal] = {}

    def user(self, ref: str) -> KnownUser | None:
        """By id, or by address."""
        return self.users.get(ref) or self._by_email.get(ref.lower())

    def team(self, ref: str) -> KnownTeam | None:
        """By id, or by slug."""
        return self.teams.get(ref) or self._by_slug.get(ref)

    def grants_of(self, user_id: str) -> tuple[Grant, ...]:
        return self._grants.get(user_id, ())

    def principal(self, user_id: str) -> Principal | None:
        """The user, with all that they may do; None where there is none of that id."""
        known = self._principals.get(user_id)
        user = self.users.get(user_id)
        if known is None and user is not None:
            known = self._principals[user_id] = Principal(
                id=user.id,
                kind="user",
                name=user.email,
                permissions=frozenset({ALL}),
                user=user.id,
                grants=self.grants_of(user.id),
                disabled=None if user.active else f"user '{user.email}' is switched off",
            )
        return known

    def host(self, placed: Placement) -> Principal:
        """As whom a virtual server stands there: it shows what its team may use, or its owner, or, where it is nobody's, all."""
        if placed.team is not None:
            team = self.teams.get(placed.team)
            grants = (Grant("member", roles.MEMBER, placed.team, team.name if team else ""),)
            return Principal(placed.team, "team", "its team", permissions=frozenset({ALL}), grants=grants)
        if placed.owner is None:
            return Principal("system", "system", "Gatehouse", permissions=frozenset({ALL}), grants=(SYSTEM_GRANT,))
        user = self.users.get(placed.owner)
        grants = self.grants_of(placed.owner) if user is not None and user.active else ()
        name = user.email if user is not None else "its owner"
        return Principal(placed.owner, "user", name, permissions=frozenset({ALL}), user=placed.owner, grants=grants)


async def read_directory(connection: AsyncConnection) -> Directory:
    users = [KnownUser(*row) for row in await _rows(connection, USERS, "id", "email", "name", "active")]
    teams = {
        id_: KnownTeam(id_, slug, name, Visibility(visibility))
        for id_, slug, name, visibility in await _rows(connection, TEAMS, "id", "slug", "name", "visibility")
    }
    permissions = dict(roles.BUILT_IN)
    permissions |= {
        row[0]: _permissions.decode(row[1]) for row in await _rows(connection, ROLES, "name", "permissions")
    }
    grants: dict[str, tuple[Grant, ...]] = {}
    for user_id, role, scope in await _rows(connection, GRANTS, "user_id", "role", "scope"):
        if scope == ALL or scope in teams:
            name = teams[scope].name if scope in teams else ""
            grant = Grant(role, permissions.get(role, frozenset()), scope, name)
            grants[user_id] = (*grants.get(user_id, ()), grant)
    for team_id, user_id, belonging in await _rows(connection, MEMBERS, "team_id", "user_id", "role"):
        role = roles.OF_TEAM[belonging]
        grant = Grant(role, roles.BUILT_IN[role], team_id, teams[team_id].name)
        grants[user_id] = (*grants.get(user_id, ()), grant)
    return Directory(users, teams.values(), grants, permissions)


async def _rows(connection: AsyncConnection, table: Table, *names: str) -> list[tuple[Any, ...]]:
    wanted: Select[Any] = select(*(table.c[name] for name in names))
    return [tuple(row) for row in await connection.execute(wanted)]

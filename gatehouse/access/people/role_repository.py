"""The SQL of roles, grants, invitations and requests to join."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Select, delete, false, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access import roles
from gatehouse.access.model import Grant
from gatehouse.access.people.model import GivenRole, Invitation, JoinRequest, RequestState, Role
from gatehouse.access.people.repository import Row, after, all_rows, count_rows, memberships, one_row
from gatehouse.access.tables import GRANTS, INVITATIONS, JOIN_REQUESTS, ROLES, TEAMS, USERS
from gatehouse.kit import json
from gatehouse.kit.pages import PageRequest
from gatehouse.store.placement import Sight

_permissions = msgspec.json.Decoder(frozenset[str])
_GRANT = [GRANTS.c[name] for name in ("id", "user_id", "role", "scope", "origin", "created_at")]


async def role(connection: AsyncConnection, ref: str) -> Role | None:
    """By id or name, of those that were made."""
    row = await one_row(connection, select(ROLES).where(or_(ROLES.c.id == ref, ROLES.c.name == ref)))
    return None if row is None else _role(row)


async def role_page(connection: AsyncConnection, page: PageRequest) -> list[Role]:
    return [_role(row) for row in await all_rows(connection, after(select(ROLES), ROLES.c.id, page))]


async def add_role(connection: AsyncConnection, added: Role) -> None:
    await connection.execute(insert(ROLES).values(_role_values(added)))


async def store_role(connection: AsyncConnection, changed: Role) -> None:
    await connection.execute(update(ROLES).where(ROLES.c.id == changed.id).values(_role_values(changed)))


async def rename_role(connection: AsyncConnection, before: str, name: str) -> None:
    """Wherever it was given, or promised: grants and invitations hold its name."""
    await connection.execute(update(GRANTS).where(GRANTS.c.role == before).values(role=name))
    promised = (INVITATIONS.c.role == before) & INVITATIONS.c.team_id.is_(None)
    await connection.execute(update(INVITATIONS).where(promised).values(role=name))


async def delete_role(connection: AsyncConnection, role_id: str) -> None:
    await connection.execute(delete(ROLES).where(ROLES.c.id == role_id))


async def grants_with(connection: AsyncConnection, role_name: str) -> int:
    return await count_rows(connection, GRANTS, GRANTS.c.role == role_name)


async def permissions_of(connection: AsyncConnection, role_name: str) -> frozenset[str] | None:
    """Of a role by its name; None where there is none."""
    if role_name in roles.BUILT_IN:
        return roles.BUILT_IN[role_name]
    row = await one_row(connection, select(ROLES.c.permissions).where(ROLES.c.name == role_name))
    return None if row is None else _permissions.decode(row["permissions"])


async def rights_of(connection: AsyncConnection, user_id: str) -> tuple[Grant, ...]:
    """Every role that a user has, by grant and by membership, with what it permits: as a `Directory` has it."""
    known = {row["name"]: _permissions.decode(row["permissions"]) for row in await all_rows(connection, select(ROLES))}
    known |= roles.BUILT_IN
    given = await grants_of(connection, user_id)
    rights = [Grant(one.role, known.get(one.role, frozenset()), one.scope) for one in given]
    for one in await memberships(connection, user_id):
        name = roles.OF_TEAM[one.role.value]
        rights.append(Grant(name, roles.BUILT_IN[name], one.team.id, one.team.name))
    return tuple(rights)


async def grant(connection: AsyncConnection, grant_id: str) -> GivenRole | None:
    row = await one_row(connection, _grants().where(GRANTS.c.id == grant_id))
    return None if row is None else GivenRole(**row)


async def has_grant(connection: AsyncConnection, user_id: str, role_name: str, scope: str) -> bool:
    same = (GRANTS.c.user_id == user_id, GRANTS.c.role == role_name, GRANTS.c.scope == scope)
    return await one_row(connection, select(GRANTS.c.id).where(*same)) is not None


async def grants_of(connection: AsyncConnection, user_id: str) -> list[GivenRole]:
    wanted = _grants().where(GRANTS.c.user_id == user_id).order_by(GRANTS.c.id)
    return [GivenRole(**row) for row in await all_rows(connection, wanted)]


async def grant_page(
    connection: AsyncConnection, page: PageRequest, sight: Sight, user_id: str | None, scope: str | None
) -> list[GivenRole]:
    """Those on scopes in sight, and those of the user whose sight it is (`sight.owner`)."""
    wanted = after(_grants(), GRANTS.c.id, page)
    if not (sight.everything or sight.shared):
        own = GRANTS.c.user_id == sight.owner if sight.owner is not None else false()
        wanted = wanted.where(or_(own, GRANTS.c.scope.in_(sorted(sight.teams)) if sight.teams else false()))
    if user_id is not None:
        wanted = wanted.where(GRANTS.c.user_id == user_id)
    if scope is not None:
        wanted = wanted.where(GRANTS.c.scope == scope)
    return [GivenRole(**row) for row in await all_rows(connection, wanted)]


async def add_grant(connection: AsyncConnection, added: GivenRole) -> None:
    values = {column.name: getattr(added, column.name) for column in _GRANT}
    await connection.execute(insert(GRANTS).values(values))


async def delete_grant(connection: AsyncConnection, grant_id: str) -> None:
    await connection.execute(delete(GRANTS).where(GRANTS.c.id == grant_id))


async def invitation(connection: AsyncConnection, invitation_id: str) -> Invitation | None:
    row = await one_row(connection, select(INVITATIONS).where(INVITATIONS.c.id == invitation_id))
    return None if row is None else Invitation(**row)


async def invitation_by_digest(connection: AsyncConnection, digest: str) -> Invitation | None:
    row = await one_row(connection, select(INVITATIONS).where(INVITATIONS.c.digest == digest))
    return None if row is None else Invitation(**row)


async def invitation_page(connection: AsyncConnection, page: PageRequest, team_id: str | None) -> list[Invitation]:
    """Those to this team; None: those to the installation."""
    wanted = after(select(INVITATIONS), INVITATIONS.c.id, page).where(INVITATIONS.c.team_id == team_id)
    return [Invitation(**row) for row in await all_rows(connection, wanted)]


async def add_invitation(connection: AsyncConnection, added: Invitation) -> None:
    await connection.execute(insert(INVITATIONS).values(asdict(added)))


async def use_invitation(connection: AsyncConnection, invitation_id: str, user_id: str, now: float) -> None:
    used = update(INVITATIONS).where(INVITATIONS.c.id == invitation_id)
    await connection.execute(used.values(used_at=now, used_by=user_id))


async def delete_invitation(connection: AsyncConnection, invitation_id: str) -> None:
    await connection.execute(delete(INVITATIONS).where(INVITATIONS.c.id == invitation_id))


async def join_request(connection: AsyncConnection, team_id: str, request_id: str) -> JoinRequest | None:
    wanted = _join_requests().where(JOIN_REQUESTS.c.id == request_id, JOIN_REQUESTS.c.team_id == team_id)
    row = await one_row(connection, wanted)
    return None if row is None else _join_request(row)


async def open_request(connection: AsyncConnection, team_id: str, user_id: str) -> JoinRequest | None:
    wanted = _join_requests().where(
        JOIN_REQUESTS.c.team_id == team_id,
        JOIN_REQUESTS.c.user_id == user_id,
        JOIN_REQUESTS.c.state == RequestState.OPEN.value,
    )
    row = await one_row(connection, wanted)
    return None if row is None else _join_request(row)


async def join_request_page(
    connection: AsyncConnection, team_id: str, page: PageRequest, states: Collection[RequestState]
) -> list[JoinRequest]:
    """Those in one of `states`; all where it is empty."""
    wanted = after(_join_requests(), JOIN_REQUESTS.c.id, page).where(JOIN_REQUESTS.c.team_id == team_id)
    if states:
        wanted = wanted.where(JOIN_REQUESTS.c.state.in_([state.value for state in states]))
    return [_join_request(row) for row in await all_rows(connection, wanted)]


async def add_join_request(connection: AsyncConnection, added: JoinRequest) -> None:
    await connection.execute(insert(JOIN_REQUESTS).values(_join_request_values(added)))


async def store_join_request(connection: AsyncConnection, changed: JoinRequest) -> None:
    values = _join_request_values(changed)
    await connection.execute(update(JOIN_REQUESTS).where(JOIN_REQUESTS.c.id == changed.id).values(values))


def _grants() -> Select[Any]:
    joined = GRANTS.join(USERS, USERS.c.id == GRANTS.c.user_id).outerjoin(TEAMS, TEAMS.c.id == GRANTS.c.scope)
    return select(*_GRANT, USERS.c.email, TEAMS.c.slug.label("team")).select_from(joined)


def _join_requests() -> Select[Any]:
    joined = JOIN_REQUESTS.join(USERS, USERS.c.id == JOIN_REQUESTS.c.user_id)
    return select(JOIN_REQUESTS, USERS.c.email, USERS.c.name).select_from(joined)


def _join_request(row: Row) -> JoinRequest:
    values: dict[str, Any] = {**row, "state": RequestState(row["state"])}
    return JoinRequest(**values)


def _join_request_values(one: JoinRequest) -> dict[str, Any]:
    return {column.name: getattr(one, column.name) for column in JOIN_REQUESTS.columns}


def _role(row: Row) -> Role:
    values: dict[str, Any] = {**row, "permissions": _permissions.decode(row["permissions"])}
    return Role(**values)


def _role_values(one: Role) -> dict[str, Any]:
    values = asdict(one)
    values.pop("built_in")
    return values | {"permissions": json.dump(sorted(one.permissions)).decode()}

"""Roles, and who has which where."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from gatehouse.access import policy
from gatehouse.access.model import ALL
from gatehouse.access.people.custom_roles import NewRole, RoleChanges
from gatehouse.access.people.model import GivenRole, Role, Team
from gatehouse.api.actions import Action, permissions
from gatehouse.api.fields import (
    Cursor,
    Limit,
    Slug,
    TeamRef,
    Text,
    Timestamp,
    asked_page,
    maybe_timestamp,
    timestamp,
    told,
)
from gatehouse.api.people import UserRef, demand_inside, demand_on_all, team_of
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint
from gatehouse.kit.errors import NotFound

Permissions = Annotated[list[str], Meta(description="Actions such as `upstream.read` and `upstream.*`")]
Scope = Annotated[str, Meta(min_length=1, max_length=63, description="`*`, or id or slug of a team")]


class RoleSummary(Struct, frozen=True, kw_only=True):
    """A role, and what it permits."""

    id: str
    name: str
    description: str
    permissions: list[str]
    built_in: bool
    created_at: Timestamp | None
    updated_at: Timestamp | None


class RoleList(Struct, frozen=True):
    """The built-in ones stand before the first page."""

    items: list[RoleSummary]
    next: str | None


class RoleInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role to make."""

    name: Slug
    description: Text = ""
    permissions: Permissions


class RoleChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    name: Slug | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    permissions: Permissions | UnsetType = UNSET


class RoleQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


class GrantSummary(Struct, frozen=True, kw_only=True):
    """A role that a user has, on all or on a team."""

    id: str
    user: Annotated[str, Meta(description="Id of the user")]
    email: str
    role: str
    scope: Annotated[str, Meta(description="`*`, or the id of a team")]
    team: Annotated[str | None, Meta(description="Slug of that team")]
    origin: Annotated[str, Meta(description="`manual`, or the id of the provider at whose sign-in it is kept in step")]
    created_at: Timestamp


class GrantList(Struct, frozen=True):
    items: list[GrantSummary]
    next: str | None


class GrantInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role to give."""

    user: UserRef
    role: Annotated[str, Meta(min_length=1, max_length=63, description="Name or id")]
    scope: Scope = ALL


class GrantQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user: UserRef | None = None
    team: TeamRef | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


async def list_roles(asked: Asked[RoleQuery, None]) -> RoleList:
    page = await asked.context.people.roles.list(asked_page(asked.query.cursor, asked.query.limit))
    return RoleList([_summary(one) for one in page.items], page.next)


async def create_role(asked: Asked[None, RoleInput]) -> RoleSummary:
    demand_on_all(asked, Action.ROLE_WRITE)
    body = asked.body
    _check_known(body.permissions)
    new = NewRole(name=body.name, permissions=body.permissions, description=body.description)
    return _summary(await asked.context.people.roles.create(asked.principal, new))


async def get_role(asked: Asked[None, None]) -> RoleSummary:
    return _summary(await asked.context.people.roles.get(asked.ref))


async def change_role(asked: Asked[None, RoleChange]) -> RoleSummary:
    demand_on_all(asked, Action.ROLE_WRITE)
    changes = RoleChanges(**told(asked.body))
    _check_known(changes.permissions or ())
    return _summary(await asked.context.people.roles.change(asked.principal, asked.ref, changes))


async def delete_role(asked: Asked[None, None]) -> None:
    demand_on_all(asked, Action.ROLE_WRITE)
    await asked.context.people.roles.remove(asked.ref)


async def list_grants(asked: Asked[GrantQuery, None]) -> GrantList:
    """Those that the caller could take away again, and the caller's own."""
    query, known = asked.query, asked.context.directory()
    user = None if query.user is None else known.user(query.user)
    team = None if query.team is None else known.team(query.team)
    if (query.user is not None and user is None) or (query.team is not None and team is None):
        return GrantList([], None)
    sight = replace(policy.sight(asked.principal, Action.ROLE_WRITE), owner=asked.principal.user)
    page = await asked.context.people.grants.list(
        asked_page(query.cursor, query.limit), sight, user and user.id, team and team.id
    )
    return GrantList([_grant(one) for one in page.items], page.next)


async def give_grant(asked: Asked[None, GrantInput]) -> GrantSummary:
    body = asked.body
    team = None if body.scope == ALL else await team_of(asked, body.scope, Action.TEAM_READ)
    _demand_giving(asked, team)
    scope = ALL if team is None else team.id
    return _grant(await asked.context.people.grants.give(asked.principal, body.user, body.role, scope))


async def get_grant(asked: Asked[None, None]) -> GrantSummary:
    return _grant(await _seen(asked))


async def take_grant(asked: Asked[None, None]) -> None:
    given = await _seen(asked)
    _demand_giving(asked, None if given.scope == ALL else await asked.context.people.teams.get(given.scope))
    await asked.context.people.grants.take(asked.principal, given.id)


async def _seen(asked: Asked[Any, Any]) -> GivenRole:
    """The grant, where it is the caller's, or the caller could give it; else it is not there."""
    given = await asked.context.people.grants.get(asked.ref)
    sight = policy.sight(asked.principal, Action.ROLE_WRITE)
    there = sight.everything or sight.shared or given.scope in sight.teams
    if not there and (asked.principal.user is None or given.user_id != asked.principal.user):
        raise NotFound(f"There is no grant '{asked.ref[:100]}'.", "The list of grants has those that exist.")
    return given


def _demand_giving(asked: Asked[Any, Any], team: Team | None) -> None:
    if team is None:
        demand_on_all(asked, Action.ROLE_WRITE)
    else:
        demand_inside(asked, team, Action.ROLE_WRITE)


def _check_known(wanted: Collection[str]) -> None:
    """Raises `InvalidFields` naming every one that there is not."""
    known = permissions()
    unknown = [permission for permission in wanted if permission not in known]
    if unknown:
        raise InvalidFields(
            f"There is no permission '{unknown[0][:100]}'.",
            [FieldError("permissions", f"'{permission[:100]}' is unknown") for permission in unknown],
            f"Accepted: {', '.join(known)}.",
        )


def _summary(role: Role) -> RoleSummary:
    return RoleSummary(
        id=role.id,
        name=role.name,
        description=role.description,
        permissions=sorted(role.permissions),
        built_in=role.built_in,
        created_at=maybe_timestamp(role.created_at or None),
        updated_at=maybe_timestamp(role.updated_at or None),
    )


def _grant(one: GivenRole) -> GrantSummary:
    return GrantSummary(
        id=one.id,
        user=one.user_id,
        email=one.email,
        role=one.role,
        scope=one.scope,
        team=one.team,
        origin=one.origin,
        created_at=timestamp(one.created_at),
    )


ENDPOINTS = (
    endpoint("GET /roles", Action.ROLE_READ, list_roles, "List roles, and what they permit"),
    endpoint("POST /roles", Action.ROLE_WRITE, create_role, "Make a role"),
    endpoint("GET /roles/{id}", Action.ROLE_READ, get_role, "Show a role"),
    endpoint("PATCH /roles/{id}", Action.ROLE_WRITE, change_role, "Change a role, for all who have it"),
    endpoint("DELETE /roles/{id}", Action.ROLE_WRITE, delete_role, "Delete a role that nobody has"),
    endpoint("GET /grants", Action.ROLE_READ, list_grants, "List who has which role where"),
    endpoint("POST /grants", Action.ROLE_WRITE, give_grant, "Give a user a role, on all or on a team"),
    endpoint("GET /grants/{id}", Action.ROLE_READ, get_grant, "Show a grant"),
    endpoint("DELETE /grants/{id}", Action.ROLE_WRITE, take_grant, "Take a role away"),
)

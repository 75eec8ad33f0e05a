"""Teams and their members. Who may not see a team hears that there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from gatehouse.access import policy
from gatehouse.access.people.model import Belonging, Member, Team, TeamVisibility
from gatehouse.access.people.teams import NewTeam, TeamChanges
from gatehouse.api.actions import Action
from gatehouse.api.fields import (
    Cursor,
    Limit,
    Name,
    Search,
    Slug,
    TeamRef,
    Text,
    Timestamp,
    asked_page,
    one_of,
    timestamp,
    told,
)
from gatehouse.api.people import TeamName, UserRef, demand_inside, own_user, team_of
from gatehouse.api.routing import Asked, endpoint

ME = "me"
"""As a member in a path: who asks."""
TeamSeenBy = Annotated[TeamVisibility, Meta(description="`public`: everybody may find it, and ask to join")]


class TeamSummary(TeamName, frozen=True, kw_only=True):
    """A team."""

    description: str
    visibility: TeamVisibility
    members: Annotated[int, Meta(description="How many")]
    role: Annotated[str, one_of("owner", "member", about="How the caller belongs to it; null: not")] | None
    created_at: Timestamp
    updated_at: Timestamp


class TeamList(Struct, frozen=True):
    items: list[TeamSummary]
    next: str | None


class TeamInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team to make; who makes it is its owner."""

    name: Name
    slug: Slug | None = None
    description: Text = ""
    visibility: TeamSeenBy = TeamVisibility.PRIVATE


class TeamChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    visibility: TeamSeenBy | UnsetType = UNSET


class TeamQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Search | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class TeamHeirQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    heir: Annotated[TeamRef, Meta(description="Which team gets what is this team's")] | None = None


class MemberSummary(Struct, frozen=True, kw_only=True):
    """Somebody in a team."""

    id: Annotated[str, Meta(description="Id of the user")]
    email: str
    name: str
    active: bool
    role: Belonging
    origin: Annotated[str, Meta(description="`manual`, or the id of the provider at whose sign-in it is kept in step")]
    created_at: Timestamp


class MemberList(Struct, frozen=True):
    items: list[MemberSummary]
    next: str | None


class MemberInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user: UserRef
    role: Belonging = Belonging.MEMBER


class MemberChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    role: Belonging


class MemberQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


async def list_teams(asked: Asked[TeamQuery, None]) -> TeamList:
    query, teams = asked.query, asked.context.people.teams
    sight = policy.sight(asked.principal, Action.TEAM_READ)
    page = await teams.list(asked_page(query.cursor, query.limit), sight, query.q)
    return TeamList(await _summaries(asked, page.items), page.next)


async def create_team(asked: Asked[None, TeamInput]) -> TeamSummary:
    body, user = asked.body, asked.principal.user
    new = NewTeam(name=body.name, slug=body.slug, description=body.description, visibility=body.visibility)
    team = await asked.context.people.teams.create(new, user)
    return _summary(team, {team.id: 1} if user else {}, {team.id: Belonging.OWNER} if user else {})


async def get_team(asked: Asked[None, None]) -> TeamSummary:
    team = await team_of(asked, asked.ref, Action.TEAM_READ)
    return (await _summaries(asked, [team]))[0]


async def change_team(asked: Asked[None, TeamChange]) -> TeamSummary:
    team = await asked.context.people.teams.change(asked.ref, TeamChanges(**told(asked.body)))
    return (await _summaries(asked, [team]))[0]


async def delete_team(asked: Asked[TeamHeirQuery, None]) -> None:
    heir = asked.query.heir
    heir_id = None if heir is None else (await team_of(asked, heir, Action.TEAM_WRITE)).id
    await asked.context.people.teams.remove(asked.ref, heir_id)


async def list_members(asked: Asked[MemberQuery, None]) -> MemberList:
    team = await team_of(asked, asked.ref, Action.TEAM_READ)
    demand_inside(asked, team, Action.TEAM_READ)
    request = asked_page(asked.query.cursor, asked.query.limit)
    page = await asked.context.people.teams.members(team.id, request)
    return MemberList([_member(one) for one in page.items], page.next)


async def add_member(asked: Asked[None, MemberInput]) -> MemberSummary:
    team, body = await team_of(asked, asked.ref, Action.TEAM_WRITE), asked.body
    added = await asked.context.people.teams.add_member(asked.principal, team.id, body.user, body.role)
    return _member(added)


async def get_member(asked: Asked[None, None]) -> MemberSummary:
    team = await team_of(asked, asked.ref, Action.TEAM_READ)
    demand_inside(asked, team, Action.TEAM_READ)
    return _member(await asked.context.people.teams.member(team.id, _user(asked)))


async def change_member(asked: Asked[None, MemberChange]) -> MemberSummary:
    team = await team_of(asked, asked.ref, Action.TEAM_WRITE)
    role = asked.body.role
    changed = await asked.context.people.teams.change_member(asked.principal, team.id, _user(asked), role)
    return _member(changed)


async def remove_member(asked: Asked[None, None]) -> None:
    """Who goes by themselves needs no right over others."""
    team, teams = await team_of(asked, asked.ref, Action.TEAM_READ), asked.context.people.teams
    user = _user(asked)
    demand_inside(asked, team, Action.TEAM_JOIN if user == asked.principal.user else Action.TEAM_WRITE)
    await teams.remove_member(asked.principal, team.id, user)


def _user(asked: Asked[Any, Any]) -> str:
    """An id or an address."""
    ref = asked.params["user"]
    known = asked.context.directory().user(own_user(asked) if ref == ME else ref)
    return ref if known is None else known.id


async def _summaries(asked: Asked[Any, Any], teams: Sequence[Team]) -> list[TeamSummary]:
    people, user = asked.context.people, asked.principal.user
    sizes = await people.teams.sizes([team.id for team in teams])
    own = {} if user is None else {one.team.id: one.role for one in (await people.users.belongings(user))[0]}
    return [_summary(team, sizes, own) for team in teams]


def _summary(team: Team, sizes: Mapping[str, int], own: Mapping[str, Belonging]) -> TeamSummary:
    return TeamSummary(
        id=team.id,
        slug=team.slug,
        name=team.name,
        description=team.description,
        visibility=team.visibility,
        members=sizes.get(team.id, 0),
        role=own.get(team.id),
        created_at=timestamp(team.created_at),
        updated_at=timestamp(team.updated_at),
    )


def _member(one: Member) -> MemberSummary:
    return MemberSummary(
        id=one.user_id,
        email=one.email,
        name=one.name,
        active=one.active,
        role=one.role,
        origin=one.origin,
        created_at=timestamp(one.created_at),
    )


_MEMBER = "/teams/{id}/members/{user}"
ENDPOINTS = (
    endpoint("GET /teams", Action.TEAM_READ, list_teams, "List teams"),
    endpoint("POST /teams", Action.TEAM_CREATE, create_team, "Make a team"),
    endpoint("GET /teams/{id}", Action.TEAM_READ, get_team, "Show a team"),
    endpoint("PATCH /teams/{id}", Action.TEAM_WRITE, change_team, "Change a team"),
    endpoint("DELETE /teams/{id}", Action.TEAM_WRITE, delete_team, "Delete a team; its tokens are revoked"),
    endpoint("GET /teams/{id}/members", Action.TEAM_READ, list_members, "List the members of a team"),
    endpoint("POST /teams/{id}/members", Action.TEAM_WRITE, add_member, "Put somebody into a team", status=201),
    endpoint(f"GET {_MEMBER}", Action.TEAM_READ, get_member, "Show a member"),
    endpoint(f"PATCH {_MEMBER}", Action.TEAM_WRITE, change_member, "Make a member an owner, or an owner a member"),
    endpoint(f"DELETE {_MEMBER}", Action.SIGNED_IN, remove_member, "Remove a member, or leave (`me`)"),
)

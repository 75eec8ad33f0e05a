"""What the routes of users, teams and roles share: how people and teams are told, and what is asked of policy."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Resource
from gatehouse.access.people.model import Invitation, Team
from gatehouse.api.fields import Timestamp, maybe_timestamp, one_of, timestamp
from gatehouse.api.problems import LacksPermission
from gatehouse.api.routing import Asked
from gatehouse.kit.errors import Forbidden
from gatehouse.store.placement import Placement

Email = Annotated[str, Meta(min_length=3, max_length=254)]
UserRef = Annotated[str, Meta(min_length=1, max_length=254, description="Id or email address of a user")]
Code = Annotated[str, Meta(min_length=1, max_length=200, description="What stands behind the # of the link")]
ExpiresIn = Annotated[str, Meta(description="As in `12h` or `7d`; at most `90d`")]


class TeamName(Struct, frozen=True, kw_only=True):
    """Which team."""

    id: str
    slug: str
    name: str


class InvitationSummary(Struct, frozen=True, kw_only=True):
    """An invitation, without its code."""

    id: str
    email: Annotated[str | None, Meta(description="Who alone can take it; null: whoever has the link")]
    team: TeamName | None
    role: Annotated[str | None, Meta(description="In the team; without a team the role on all, or none")]
    state: Annotated[str, one_of("open", "used", "expired")]
    created_by: Annotated[str, Meta(description="Id of a user, or of a token")]
    created_at: Timestamp
    expires_at: Timestamp
    used_at: Timestamp | None
    used_by: str | None


class InvitationMade(InvitationSummary, frozen=True, kw_only=True):
    """A new invitation, with its code."""

    link: Annotated[str, Meta(description="To be sent to who is invited; shown here once, and never again")]
    code: str


class InvitationList(Struct, frozen=True):
    items: list[InvitationSummary]
    next: str | None


def team_name(team: Team) -> TeamName:
    return TeamName(id=team.id, slug=team.slug, name=team.name)


def invitation_summary(one: Invitation, team: Team | None, now: float) -> InvitationSummary:
    state = "used" if one.used_at is not None else "expired" if one.expires_at <= now else "open"
    return InvitationSummary(
        id=one.id,
        email=one.email,
        team=None if team is None else team_name(team),
        role=one.role or None,
        state=state,
        created_by=one.created_by,
        created_at=timestamp(one.created_at),
        expires_at=timestamp(one.expires_at),
        used_at=maybe_timestamp(one.used_at),
        used_by=one.used_by,
    )


def invitation_made(asked: Asked[Any, Any], one: Invitation, team: Team | None, code: str) -> InvitationMade:
    summary = invitation_summary(one, team, asked.at.now)
    values = {name: getattr(summary, name) for name in summary.__struct_fields__}
    # Behind the #, so that it is in no log of a server on the way.
    return InvitationMade(**values, link=f"{asked.public_url}/invite#{code}", code=code)


async def team_of(asked: Asked[Any, Any], ref: str, action: str) -> Team:
    """The team, where the caller may do this to it; raises `NotFound` where they may not even see it."""
    team = await asked.context.people.teams.get(ref)
    asked.may(action, Resource("team", team.id, team.placement, team.slug), ref)
    return team


def demand_inside(asked: Asked[Any, Any], team: Team, action: str) -> None:
    """For what is not everybody's who sees the team: asks for a role there; raises `LacksPermission`."""
    decision = policy.allows(asked.principal, action, Resource("team", team.id, team.inside, team.slug), asked.at)
    if decision.allowed:
        return
    outside = decision.steps[-1].about == "visibility"
    words = f"'{asked.principal.name}' is not in team '{team.slug}'" if outside else decision.reason
    raise LacksPermission(f"Not allowed: {words}.", action)


def demand_on_all(asked: Asked[Any, Any], action: str) -> None:
    """For what is the whole installation's: no team and no ownership gives it. Raises `LacksPermission`."""
    resource = Resource(action.partition(".")[0], placement=Placement())
    decision = policy.allows(asked.principal, action, resource, asked.at)
    if not decision.allowed:
        raise LacksPermission(f"Not allowed: {decision.reason}.", action)


def own_user(asked: Asked[Any, Any]) -> str:
    """The id of the user who asks; raises `Forbidden` for who is none."""
    if asked.principal.user is None:
        raise Forbidden(
            f"'{asked.principal.name}' is no person, and this is for people.", "Sign in, or use a token of your own."
        )
    return asked.principal.user

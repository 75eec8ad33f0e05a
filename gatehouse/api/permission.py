"""What a caller may do to the one thing that a path names: found first, then asked of policy with where it stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from gatehouse.access import policy
from gatehouse.access.directory import KnownTeam
from gatehouse.access.model import Circumstances, Principal, Resource, Token
from gatehouse.access.tokens.service import missing_token, placement
from gatehouse.api.context import ApiContext
from gatehouse.api.problems import FieldError, InvalidFields, LacksPermission
from gatehouse.catalog.capabilities import missing_capability
from gatehouse.catalog.changing import missing
from gatehouse.catalog.model import AGENT, Kind
from gatehouse.kit.errors import Forbidden, NotFound
from gatehouse.store.placement import Placement, Visibility

Locator = Callable[[ApiContext, str], Awaitable[Resource]]
"""The thing of an id or slug, with where it stands; raises `NotFound`."""


async def _upstream(context: ApiContext, ref: str) -> Resource:
    one = await context.catalog.upstream(ref)
    return Resource("upstream", one.id, one.placement, one.name)


async def _agent(context: ApiContext, ref: str) -> Resource:
    try:
        one = await context.catalog.upstream(ref)
    except NotFound:
        raise missing("agent", ref) from None
    if one.kind != AGENT:
        raise missing("agent", ref)
    return Resource("agent", one.id, one.placement, one.name)


async def _server(context: ApiContext, ref: str) -> Resource:
    one = await context.catalog.server(ref)
    return Resource("server", one.id, one.placement, one.slug)


async def _token(context: ApiContext, ref: str) -> Resource:
    return token_resource(await context.tokens.get(ref))


async def _team(context: ApiContext, ref: str) -> Resource:
    one = await context.people.teams.get(ref)
    return Resource("team", one.id, one.placement, one.slug)


def _capability(kind: str, kinds: tuple[Kind, ...]) -> Locator:
    async def locate(context: ApiContext, ref: str) -> Resource:
        one = await context.catalog.capability(ref, kinds)
        placed = one.placement or (await context.catalog.upstream(one.upstream_id)).placement
        return Resource(kind, one.id, placed, one.key)

    return locate


_SHELVES = {"tool": (Kind.TOOL,), "prompt": (Kind.PROMPT,), "resource": (Kind.RESOURCE, Kind.TEMPLATE)}
_LOCATORS: dict[str, Locator] = {
    "team": _team,
    "upstream": _upstream,
    "agent": _agent,
    "server": _server,
    "token": _token,
    **{kind: _capability(kind, kinds) for kind, kinds in _SHELVES.items()},
}


def token_resource(token: Token) -> Resource:
    return Resource("token", token.id, placement(token), token.name)


def demand(principal: Principal, action: str, resource: Resource, at: Circumstances, ref: str | None = None) -> None:
    """Raises `LacksPermission`; or, where the caller may not even see it, what they would hear if it were not there.

    `ref` is what the caller named it by.
    """
    decision = policy.allows(principal, action, resource, at)
    if decision.allowed:
        return
    refusal = LacksPermission(f"Not allowed: {decision.reason}.", action)
    sees = policy.allows(principal, f"{resource.kind}.read", resource, at)
    if resource.placement is not None and not sees.allowed and decision.steps[-1].about in ("visibility", "role"):
        # The cause is for the audit alone.
        raise _missing(resource.kind, ref or resource.id or "") from refusal
    raise refusal


async def demand_at(context: ApiContext, principal: Principal, action: str, ref: str, at: Circumstances) -> None:
    """For the action of a route: of its kind as a whole, so that this tells nothing of what exists, then of the one thing."""
    kind = action.partition(".")[0]
    demand(principal, action, Resource(kind), at)
    if ref and kind in _LOCATORS:
        demand(principal, action, await _LOCATORS[kind](context, ref), at, ref)


def placed(
    context: ApiContext,
    principal: Principal,
    at: Circumstances,
    kind: str,
    team: str | None,
    visibility: Visibility | None,
) -> Placement:
    """Where something new is to stand, or something old to go; raises where the caller may not put it there.

    What is left out is decided by who asks: a team's things are for the team, the installation's for everybody, and a
    person's for that person.
    """
    action = f"{kind}.write"
    team_id = _team_id(context, principal, at, team)
    shared = policy.allows(principal, action, Resource(kind, placement=Placement()), at).allowed
    if visibility is None:
        visibility = Visibility.TEAM if team_id else Visibility.PUBLIC if shared else Visibility.PRIVATE
    target = Placement(principal.user, team_id, visibility)
    if visibility is Visibility.PRIVATE and team_id is None and principal.user is not None:
        return target
    if not policy.allows(principal, action, Resource(kind, placement=Placement(None, team_id, visibility)), at).allowed:
        where = f"in team '{team}'" if team else "for everybody"
        raise Forbidden(
            f"'{principal.name}' may not put a {kind} there: {where}.",
            "Leave 'team' and 'visibility' out to keep it to yourself, or ask for the role editor there.",
        )
    return target


def _team_id(context: ApiContext, principal: Principal, at: Circumstances, ref: str | None) -> str | None:
    """Raises `InvalidFields` for a team that the caller may not know of, too."""
    if not ref:
        return None
    team = context.directory().team(ref)
    if team is None or not _knows(principal, at, team):
        raise InvalidFields(
            f"There is no team '{ref[:100]}'.", [FieldError("team", "unknown")], "See GET /api/v1/teams."
        )
    return team.id


def _knows(principal: Principal, at: Circumstances, team: KnownTeam) -> bool:
    resource = Resource("team", team.id, team.placement, team.slug)
    return policy.allows(principal, "team.read", resource, at).allowed


def _missing(kind: str, ref: str) -> NotFound:
    if kind in _SHELVES:
        return missing_capability(ref, _SHELVES[kind])
    return missing_token(ref) if kind == "token" else missing(kind, ref)


def relocated(
    context: ApiContext, principal: Principal, at: Circumstances, kind: str, before: Placement, changes: dict[str, Any]
) -> dict[str, Any]:
    """The place that a PATCH asks for, whose `team` and `visibility` are taken out of `changes`; empty where it asks for none.

    To name a team is to hand it to the team; to take it out of its team is to keep it.
    """
    if "team" not in changes and "visibility" not in changes:
        return {}
    wanted: Visibility | None = changes.pop("visibility", None)
    team: str | None = changes.pop("team", None if wanted is Visibility.PRIVATE else before.team)
    if wanted is None and (team is None) == (before.team is None):
        wanted = before.visibility
    if wanted is None:
        wanted = Visibility.TEAM if team else Visibility.PRIVATE
    return asdict_of(placed(context, principal, at, kind, team, wanted), before.owner)


def asdict_of(place: Placement, owner: str | None = None) -> dict[str, Any]:
    """As fields. `owner`: who has it already keeps it."""
    return {"owner": owner or place.owner, "team": place.team, "visibility": place.visibility}

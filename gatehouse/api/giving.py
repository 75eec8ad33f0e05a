"""Nobody gives what they have not got: what a token may be for depends on who makes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gatehouse.access import policy
from gatehouse.access.directory import Directory
from gatehouse.access.model import ALL, Principal, Resource, Token
from gatehouse.access.tokens.keyring import principal_of
from gatehouse.access.tokens.service import placement
from gatehouse.api.actions import Action, permissions
from gatehouse.api.fields import timestamp
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked
from gatehouse.catalog.model import AGENT, Server, Upstream
from gatehouse.kit.errors import Forbidden, NotFound
from gatehouse.store.placement import Placement, Visibility


def check_unbound(maker: Principal) -> None:
    """What is bound itself would have to bind what it makes in the same way, so it makes none."""
    if maker.servers is not None or maker.agents is not None or maker.conditions:
        raise Forbidden(
            f"'{maker.name}' is bound to servers, agents or conditions, and so can't make or change tokens.",
            "Sign in, or use a token that has permissions alone.",
        )


def whose(asked: Asked[Any, Any], team: str | None) -> tuple[str | None, str | None]:
    """The owner and the team of a new token, by their ids."""
    maker = asked.principal
    if team:
        return None, _team_id(asked, team)
    if maker.user is None and not _is_system(maker):
        raise Forbidden(f"'{maker.name}' is nobody's own, and so are its tokens.", "Name the team that it is of.")
    return maker.user, None


def check_lifetime(maker: Principal, ends: float | None) -> None:
    """A token makes none that lives on after it."""
    until = maker.expires_at
    if until is not None and maker.kind != "user" and (ends is None or ends > until):
        last = timestamp(until).isoformat(timespec="seconds")
        raise Forbidden(
            f"'{maker.name}' ends at {last}, and so can't make a token that lasts longer.",
            "Say in 'expires_in' how long it is to last.",
        )


async def server_ids(asked: Asked[Any, Any], refs: Sequence[str] | None) -> list[str] | None:
    """Raises `InvalidFields` naming every one that is not there for the caller, or `Forbidden`."""
    if not refs:
        return None
    asked.may(Action.SERVER_USE, Resource("server"))
    found: dict[str, None] = {}
    unknown: list[FieldError] = []
    for index, ref in enumerate(refs):
        server = await _server(asked, ref)
        if server is None:
            unknown.append(FieldError(f"servers[{index}]", f"there is no server '{ref[:100]}'"))
        else:
            found[server.id] = None
    if unknown:
        names = ", ".join(error.message.partition("server ")[2] for error in unknown)
        raise InvalidFields(f"There is no server {names}.", unknown, "GET /api/v1/servers lists those that exist.")
    return list(found)


async def agent_ids(asked: Asked[Any, Any], refs: Sequence[str] | None) -> list[str] | None:
    """As `server_ids`."""
    if not refs:
        return None
    asked.may(Action.AGENT_CALL, Resource("agent"))
    found: dict[str, None] = {}
    unknown: list[FieldError] = []
    for index, ref in enumerate(refs):
        agent = await _agent(asked, ref)
        if agent is None:
            unknown.append(FieldError(f"agents[{index}]", f"there is no agent '{ref[:100]}'"))
        else:
            found[agent.id] = None
    if unknown:
        names = ", ".join(error.message.partition("agent ")[2] for error in unknown)
        raise InvalidFields(f"There is no agent {names}.", unknown, "GET /api/v1/agents lists those that exist.")
    return list(found)


async def check_new(asked: Asked[Any, Any], token: Token) -> None:
    """A token that is not stored yet: that its maker has all that it is for, and that it will open its servers."""
    check_unbound(asked.principal)
    check_lifetime(asked.principal, token.expires_at)
    _check_known(token.permissions)
    _check_permissions(asked, token.permissions, token)
    for index, id_ in enumerate(token.servers or ()):
        server = await asked.context.catalog.server(id_)
        _check_opens(asked, token, Action.SERVER_USE, server_resource(server), f"servers[{index}]")
    for index, id_ in enumerate(token.agents or ()):
        agent = await asked.context.catalog.upstream(id_)
        _check_opens(asked, token, Action.AGENT_CALL, agent_resource(agent), f"agents[{index}]")


def _check_opens(asked: Asked[Any, Any], token: Token, action: Action, resource: Resource, field: str) -> None:
    directory = asked.context.directory()
    decision = policy.entitled(principal_of(token, directory), action, resource, asked.at.now)
    if not decision.allowed:
        who = f"team '{_team_name(directory, token)}'" if token.team else f"'{asked.principal.name}'"
        words = f"{who} may not use {resource.kind} '{resource.name}': {decision.reason}"
        raise InvalidFields(f"The token would not open what it is for: {words}.", [FieldError(field, words)])


async def check_power(asked: Asked[Any, Any], token: Token) -> None:
    """Who changes a token, or is told it anew, must be one who could have made it."""
    maker = asked.principal
    check_unbound(maker)
    if maker.user is not None and maker.user == token.owner and token.team is None and ALL in maker.permissions:
        return  # What it may do, its owner may.
    _check_permissions(asked, token.permissions, token)
    for id_ in token.servers or ():
        server = await _existing(asked, id_)
        if (
            server is not None
            and not policy.allows(maker, Action.SERVER_USE, server_resource(server), asked.at).allowed
        ):
            raise Forbidden(
                f"'{maker.name}' may not use a server that token '{token.name}' opens.", "Ask somebody who may."
            )
    for id_ in token.agents or ():
        agent = await _existing_agent(asked, id_)
        if agent is not None and not policy.allows(maker, Action.AGENT_CALL, agent_resource(agent), asked.at).allowed:
            raise Forbidden(
                f"'{maker.name}' may not call an agent that token '{token.name}' opens.", "Ask somebody who may."
            )


def server_resource(server: Server) -> Resource:
    return Resource("server", server.id, server.placement, server.slug)


def agent_resource(agent: Upstream) -> Resource:
    return Resource("agent", agent.id, agent.placement, agent.name)


def _team_id(asked: Asked[Any, Any], ref: str) -> str:
    """The same is said of a team that does not exist and of one that the caller is not in."""
    maker, team = asked.principal, asked.context.directory().team(ref)
    if team is not None:
        place = Placement(None, team.id, Visibility.TEAM)
        decision = policy.allows(maker, Action.TOKEN_WRITE, Resource("token", placement=place), asked.at)
        if decision.allowed:
            return team.id
        if policy.allows(maker, Action.TEAM_READ, Resource("team", placement=place), asked.at).allowed:
            words = f"'{maker.name}' may not make tokens of team '{team.slug}': {decision.reason}."
            raise Forbidden(words, "Ask one of its owners.")
    words = f"'{maker.name}' is in no team '{ref[:100]}'"
    raise InvalidFields(f"{words}.", [FieldError("team", words)], "Name one of yours by its id or slug.")


def _team_name(directory: Directory, token: Token) -> str:
    team = directory.teams.get(token.team or "")
    return team.slug if team else ""


def _is_system(maker: Principal) -> bool:
    return any(grant.scope == ALL and ALL in grant.permissions for grant in maker.grants)


async def _server(asked: Asked[Any, Any], ref: str) -> Server | None:
    """None for one that does not exist, or that the caller may not know of; raises `Forbidden`."""
    server = await _existing(asked, ref)
    if server is None:
        return None
    maker, resource = asked.principal, server_resource(server)
    decision = policy.allows(maker, Action.SERVER_USE, resource, asked.at)
    if decision.allowed:
        return server
    if not policy.allows(maker, Action.SERVER_READ, resource, asked.at).allowed:
        return None
    raise Forbidden(
        f"'{maker.name}' may not use server '{ref[:100]}', and so can't open it to others: {decision.reason}.",
        f"Ask for a role that permits {Action.SERVER_USE.value}.",
    )


async def _agent(asked: Asked[Any, Any], ref: str) -> Upstream | None:
    """As `_server`."""
    agent = await _existing_agent(asked, ref)
    if agent is None:
        return None
    maker, resource = asked.principal, agent_resource(agent)
    decision = policy.allows(maker, Action.AGENT_CALL, resource, asked.at)
    if decision.allowed:
        return agent
    if not policy.allows(maker, Action.AGENT_READ, resource, asked.at).allowed:
        return None
    raise Forbidden(
        f"'{maker.name}' may not call agent '{ref[:100]}', and so can't open it to others: {decision.reason}.",
        f"Ask for a role that permits {Action.AGENT_CALL.value}.",
    )


async def _existing_agent(asked: Asked[Any, Any], ref: str) -> Upstream | None:
    try:
        found = await asked.context.catalog.upstream(ref)
    except NotFound:
        return None
    return found if found.kind == AGENT else None


async def _existing(asked: Asked[Any, Any], ref: str) -> Server | None:
    try:
        return await asked.context.catalog.server(ref)
    except NotFound:
        return None


def _check_known(wanted: Iterable[str]) -> None:
    known = permissions()
    unknown = [permission for permission in wanted if permission not in known]
    if unknown:
        raise InvalidFields(
            f"There is no permission '{unknown[0][:100]}'.",
            [FieldError("permissions", f"'{permission[:100]}' is unknown") for permission in unknown],
            f"Accepted: {', '.join(known)}.",
        )


def _check_permissions(asked: Asked[Any, Any], wanted: Iterable[str], token: Token) -> None:
    """Of a team's token on that team: there it may do what it is for, whoever made it. Of others, at all."""
    place = placement(token) if token.team is not None else None
    for permission in wanted:
        if not _has(asked, permission, place) and not _has_all_of(asked, permission, place):
            where = "" if place is None else " in its team"
            raise Forbidden(
                f"'{asked.principal.name}' lacks permission {permission}{where}, and so can't give it.",
                "Ask somebody who has it, or name single permissions that you have.",
            )


def _has_all_of(asked: Asked[Any, Any], permission: str, place: Placement | None) -> bool:
    kind, _, star = permission.partition(".")
    actions = [action.value for action in Action if action.value.startswith(f"{kind}.")]
    return star == ALL and all(_has(asked, action, place) for action in actions)


def _has(asked: Asked[Any, Any], permission: str, place: Placement | None) -> bool:
    kind = permission.partition(".")[0]
    return policy.allows(asked.principal, permission, Resource(kind, placement=place), asked.at).allowed

"""What a token opens: the exact servers with what is in them, and what of this API. Of a token that is not made yet, too."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.directory import Directory
from gatehouse.access.model import Principal, Resource, Token
from gatehouse.access.tokens.keyring import principal_of
from gatehouse.api.actions import Action
from gatehouse.api.routing import Asked
from gatehouse.store.placement import Sight

_OF_ALL = frozenset({"audit", "metrics", "provider", "role", "user"})
"""Kinds of things that are no team's and nobody's own."""


class ServerAccess(Struct, frozen=True, kw_only=True):
    """A virtual server, and what the token finds there."""

    id: str
    slug: str
    name: str
    tools: Annotated[list[str], Meta(description="Names as advertised there")]
    prompts: list[str]
    resources: Annotated[list[str], Meta(description="URIs, and URI templates")]


class AgentAccess(Struct, frozen=True, kw_only=True):
    """An agent that the token may call."""

    id: str
    name: str


class PermissionAccess(Struct, frozen=True, kw_only=True):
    """One permission of this API."""

    permission: str
    on: Annotated[list[str], Meta(description="On what, in words")]


class TokenAccess(Struct, frozen=True, kw_only=True):
    """What a token opens, its conditions aside."""

    usable: bool
    reason: Annotated[str | None, Meta(description="Why it opens nothing, where it is not usable")]
    servers: list[ServerAccess]
    agents: list[AgentAccess]
    api: list[PermissionAccess]


def access_of(asked: Asked[Any, Any], token: Token) -> TokenAccess:
    directory = asked.context.directory()
    holder = principal_of(token, directory)
    good = policy.entitled(holder, Action.SERVER_USE, Resource("server"), asked.at.now).steps[0]
    if not good.passed:
        return TokenAccess(usable=False, reason=good.words, servers=[], agents=[], api=[])
    servers = [
        ServerAccess(
            id=one.id,
            slug=one.slug,
            name=one.name,
            tools=list(one.tools),
            prompts=list(one.prompts),
            resources=list(one.resources),
        )
        for one in asked.context.explainer.reach(holder)
    ]
    agents = [AgentAccess(id=id_, name=name) for id_, name in asked.context.explainer.reach_agents(holder)]
    return TokenAccess(usable=True, reason=None, servers=servers, agents=agents, api=_api(holder, directory))


def _api(holder: Principal, directory: Directory) -> list[PermissionAccess]:
    actions = [
        action.value
        for action in Action
        if "." in action.value and action not in (Action.SERVER_USE, Action.AGENT_CALL)
    ]
    found = [PermissionAccess(permission=action, on=_where(holder, action, directory)) for action in actions]
    return [one for one in found if one.on]


def _where(holder: Principal, action: str, directory: Directory) -> list[str]:
    sight = policy.sight(holder, action)
    if sight.everything:
        return ["everything"]
    if action.partition(".")[0] in _OF_ALL:
        return ["everything"] if sight.shared else []
    return list(_words(sight, directory))


def _words(sight: Sight, directory: Directory) -> list[str]:
    teams = sorted(directory.teams[id_].slug for id_ in sight.teams if id_ in directory.teams)
    words = ["what is not private"] if sight.shared else ["what is public"] if sight.public else []
    words += [f"what is of team '{slug}'" for slug in teams]
    return [*words, "what its owner has"] if sight.owner is not None else words

"""Why may, or may not, somebody use a server, or a tool in it? In the words that a refusal has, too."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gatehouse.access.model import Principal, Resource
from gatehouse.access.tokens.keyring import principal_of
from gatehouse.api.actions import Action
from gatehouse.api.fields import one_of
from gatehouse.api.permission import token_resource
from gatehouse.api.routing import Asked, endpoint
from gatehouse.kit.errors import Forbidden, Invalid, NotFound
from gatehouse.kit.net import read_address
from gatehouse.relay.explain import Question


class StepView(Struct, frozen=True):
    """One question, and its answer in words."""

    about: str
    passed: bool
    words: str


class PrincipalView(Struct, frozen=True):
    """Who it is about."""

    id: str
    kind: Annotated[str, one_of("user", "token", "client")]
    name: str


class Explanation(Struct, frozen=True):
    """The questions in the order in which they are asked. The first that does not pass is the last."""

    allowed: bool
    reason: str
    principal: PrincipalView
    server: str | None
    tool: str | None
    steps: list[StepView]


class ExplainQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    principal: Annotated[str, Meta(description="Id of a token, id or email of a user; left out: the caller")] | None = (
        None
    )
    server: Annotated[str, Meta(description="Id or slug; left out: /mcp, where everything is")] | None = None
    tool: Annotated[str, Meta(description="Name as advertised there, or an alias")] | None = None
    agent: Annotated[str, Meta(description="Instead of a server: id or name of an agent to call")] | None = None
    via: Annotated[Literal["mcp", "api"], Meta(description="`api`: to call the tool, an id or handle, here")] = "mcp"
    address: Annotated[str, Meta(description="From where; left out: not asked, but for the caller")] | None = None


async def explain(asked: Asked[ExplainQuery, None]) -> Explanation:
    query = asked.query
    principal = asked.principal if query.principal is None else await _named(asked, query.principal)
    if query.address is not None and read_address(query.address) is None:
        raise Invalid(f"'{query.address[:50]}' is not an address.", "Write it as in 192.0.2.7 or 2001:db8::7.")
    address = query.address or (asked.at.address if query.principal is None else None)
    question = Question(query.server, query.tool, address, address is not None, query.via == "api", query.agent)
    trace = asked.context.explainer.explain(principal, question)
    return Explanation(
        allowed=trace.allowed,
        reason=trace.reason,
        principal=PrincipalView(principal.id, principal.kind, principal.name),
        server=query.server,
        tool=query.tool,
        steps=[StepView(step.about, step.passed, step.words) for step in trace.steps],
    )


async def _named(asked: Asked[ExplainQuery, None], ref: str) -> Principal:
    """Raises what the caller would hear of one that does not exist, where they may not know of it."""
    directory = asked.context.directory()
    user = directory.user(ref)
    if user is not None and (user.id == asked.principal.user or _knows_users(asked)):
        found = directory.principal(user.id)
        if found is not None:
            return found
    if ref.startswith("tok_"):
        token = await asked.context.tokens.get(ref)
        asked.may(Action.TOKEN_READ, token_resource(token), ref)
        return principal_of(token, directory)
    raise NotFound(f"There is no principal '{ref[:100]}'.", "Name a token by its id, or a user by id or email.")


def _knows_users(asked: Asked[ExplainQuery, None]) -> bool:
    try:
        asked.may(Action.USER_READ, Resource("user"))
    except Forbidden:
        return False
    return True


ENDPOINTS = (endpoint("GET /explain", Action.SIGNED_IN, explain, "Tell why somebody may, or may not, use a tool"),)

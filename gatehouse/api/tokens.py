"""API tokens: for servers, or for this API. The token itself is told once, when it is made."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Principal, Resource, Token
from gatehouse.access.tokens import NewToken
from gatehouse.api.actions import Action, permissions
from gatehouse.api.context import ApiContext
from gatehouse.api.fields import Cursor, Limit, Name, Timestamp, asked_page, maybe_timestamp, timestamp
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint
from gatehouse.kit.durations import parse_duration
from gatehouse.kit.errors import Forbidden, NotFound


class TokenSummary(Struct, frozen=True, kw_only=True):
    """A token, without its secret."""

    id: str
    name: str
    hint: Annotated[str, Meta(description="Its last four characters")]
    servers: Annotated[list[str] | None, Meta(description="Ids of the servers that it opens; null: not bound to any")]
    permissions: list[str]
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None


class TokenMade(TokenSummary, frozen=True, kw_only=True):
    """A new token, with its secret."""

    token: Annotated[str, Meta(description="Shown here once, and never again")]


class TokenList(Struct, frozen=True):
    items: list[TokenSummary]
    next: str | None


class TokenInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a token is for: either `servers`, or `permissions` of this API."""

    name: Name
    servers: Annotated[list[str], Meta(description="Ids or slugs")] | None = None
    permissions: Annotated[list[str], Meta(description="`*`, or actions such as `upstream.read` and `upstream.*`")] = []
    expires_in: Annotated[str, Meta(description="`30s`, `15m`, `12h` or `30d`; never where left out")] | None = None


class TokenQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


async def list_tokens(asked: Asked[TokenQuery, None]) -> TokenList:
    page = await asked.context.tokens.list(asked_page(asked.query.cursor, asked.query.limit))
    return TokenList([_summary(token) for token in page.items], page.next)


async def create_token(asked: Asked[None, TokenInput]) -> TokenMade:
    body = asked.body
    if not body.servers and not body.permissions:
        raise InvalidFields(
            "A token needs something to open.",
            [FieldError("servers", "none given"), FieldError("permissions", "none given")],
            "Name `servers` for MCP clients, or `permissions` for this API.",
        )
    _check_permissions(asked.principal, asked.context, body.permissions)
    servers = await _server_ids(asked.context, body.servers)
    _check_servers(asked.principal, asked.context, servers or [])
    expires_in = None if body.expires_in is None else parse_duration(body.expires_in)
    wanted = NewToken(name=body.name, servers=servers, permissions=tuple(body.permissions), expires_in=expires_in)
    token, plain = await asked.context.tokens.create(wanted)
    summary = _summary(token)
    return TokenMade(**{name: getattr(summary, name) for name in summary.__struct_fields__}, token=plain)


async def get_token(asked: Asked[None, None]) -> TokenSummary:
    return _summary(await asked.context.tokens.get(asked.ref))


async def revoke_token(asked: Asked[None, None]) -> None:
    await asked.context.tokens.revoke(asked.ref)


async def _server_ids(context: ApiContext, refs: list[str] | None) -> list[str] | None:
    """Raises `InvalidFields` naming every one that does not exist."""
    ids: dict[str, None] = {}
    unknown: list[FieldError] = []
    for index, ref in enumerate(refs or []):
        try:
            ids[(await context.catalog.server(ref)).id] = None
        except NotFound:
            unknown.append(FieldError(f"servers[{index}]", f"there is no server '{ref[:100]}'"))
    if unknown:
        names = ", ".join(error.message.partition("server ")[2] for error in unknown)
        raise InvalidFields(f"There is no server {names}.", unknown, "GET /api/v1/servers lists those that exist.")
    return list(ids) or None


def _check_permissions(maker: Principal, context: ApiContext, wanted: list[str]) -> None:
    """Nobody gives away what they have not got."""
    known = permissions()
    unknown = [permission for permission in wanted if permission not in known]
    if unknown:
        raise InvalidFields(
            f"There is no permission '{unknown[0][:100]}'.",
            [FieldError("permissions", f"'{permission[:100]}' is unknown") for permission in unknown],
            f"Accepted: {', '.join(known)}.",
        )
    now = context.clock.now()
    for permission in wanted:
        if not policy.allows(maker, permission, Resource(permission.partition(".")[0]), now).allowed:
            raise Forbidden(
                f"'{maker.name}' lacks permission {permission}, and so can't give it.", "Ask somebody who has it."
            )


def _check_servers(maker: Principal, context: ApiContext, servers: list[str]) -> None:
    for server in servers:
        decision = policy.allows(maker, Action.SERVER_USE, Resource("server", server), context.clock.now())
        if not decision.allowed:
            raise Forbidden(
                f"'{maker.name}' may not use server {server}, and so can't open it to others.",
                f"Use a token with permission {Action.SERVER_USE.value}.",
            )


def _summary(token: Token) -> TokenSummary:
    return TokenSummary(
        id=token.id,
        name=token.name,
        hint=token.hint,
        servers=None if token.servers is None else list(token.servers),
        permissions=list(token.permissions),
        created_at=timestamp(token.created_at),
        expires_at=maybe_timestamp(token.expires_at),
        revoked_at=maybe_timestamp(token.revoked_at),
    )


ENDPOINTS = (
    endpoint("GET /tokens", Action.TOKEN_READ, list_tokens, "List tokens"),
    endpoint("POST /tokens", Action.TOKEN_WRITE, create_token, "Make a token"),
    endpoint("GET /tokens/{id}", Action.TOKEN_READ, get_token, "Show a token"),
    endpoint("DELETE /tokens/{id}", Action.TOKEN_WRITE, revoke_token, "Revoke a token"),
)

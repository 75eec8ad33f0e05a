"""API tokens: for servers, for this API, or both. The token itself is told once, when it is made or rotated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from gatehouse.access import policy
from gatehouse.access.directory import Directory
from gatehouse.access.model import Conditions, Principal, Token
from gatehouse.access.tokens.conditions import (
    WindowText,
    parse_network,
    parse_rate,
    parse_window,
    rate_text,
    window_text,
)
from gatehouse.access.tokens.service import NewToken
from gatehouse.api.actions import Action
from gatehouse.api.fields import (
    Cursor,
    Limit,
    Name,
    OwnerId,
    Tag,
    TeamId,
    TeamRef,
    Timestamp,
    asked_page,
    maybe_timestamp,
    timestamp,
    told,
)
from gatehouse.api.giving import agent_ids, check_lifetime, check_new, check_power, server_ids, whose
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint
from gatehouse.api.token_access import TokenAccess, access_of
from gatehouse.kit.durations import parse_duration
from gatehouse.kit.errors import Invalid
from gatehouse.store.tagging import clean_tags

DAY = 86400
LONGEST_LIFE = 36_500 * DAY
LONGEST_OVERLAP = 30 * DAY
LONGEST_ID = 40
Networks = Annotated[list[str], Meta(max_length=100, description="Addresses, or networks as in 10.0.0.0/8; empty: any")]
Windows = Annotated[list[WindowText], Meta(max_length=50, description="When it is good; empty: at any time")]
RateText = Annotated[str, Meta(description="Requests, as in 5/s, 60/m or 1000/h")]
Quota = Annotated[int, Meta(ge=1, le=10**12, description="Calls between two midnights, UTC")]
Duration = Annotated[str, Meta(description="`30s`, `15m`, `12h` or `30d`")]
Days = Annotated[int, Meta(ge=1, le=366, description="How many days back, today included")]
Value = TypeVar("Value")


class TokenSummary(Struct, frozen=True, kw_only=True):
    """A token, without its secret."""

    id: str
    name: str
    hint: Annotated[str, Meta(description="Its last four characters")]
    owner: OwnerId | None
    owner_name: Annotated[str | None, Meta(description="The email of its owner")]
    team: TeamId | None
    team_name: str | None
    servers: Annotated[list[str] | None, Meta(description="Ids of the servers that it opens; null: not bound to any")]
    agents: Annotated[list[str] | None, Meta(description="Ids of the agents that it opens; null: not bound to any")]
    permissions: list[str]
    allowed_ips: list[str]
    windows: list[WindowText]
    rate_limit: str | None
    daily_quota: int | None
    tags: list[str]
    created_at: Timestamp
    created_by: Annotated[str | None, Meta(description="Id of the user or token that made it")]
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    previous_until: Annotated[
        Timestamp | None, Meta(description="Until when the text before the last rotation is good")
    ]
    last_used_at: Annotated[Timestamp | None, Meta(description="About a second behind")]


class TokenMade(TokenSummary, frozen=True, kw_only=True):
    """A token, with its secret."""

    token: Annotated[str, Meta(description="Shown here once, and never again")]


class TokenList(Struct, frozen=True):
    items: list[TokenSummary]
    next: str | None


class TokenInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a token is for (`servers`, `agents`, `permissions`), and when it is good. It has the rights of who makes it."""

    name: Name
    servers: Annotated[list[str], Meta(max_length=1000, description="Ids or slugs")] | None = None
    agents: Annotated[list[str], Meta(max_length=1000, description="Ids or names")] | None = None
    permissions: Annotated[
        list[str], Meta(max_length=200, description="`*`, or actions such as `upstream.read` and `upstream.*`")
    ] = []
    allowed_ips: Networks = []
    windows: Windows = []
    rate_limit: RateText | None = None
    daily_quota: Quota | None = None
    expires_in: Duration | None = None
    tags: list[Tag] = []
    team: Annotated[TeamRef, Meta(description="Make it the team's: it outlives who makes it")] | None = None


class TokenChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null clears."""

    name: Name | UnsetType = UNSET
    allowed_ips: Networks | UnsetType | None = UNSET
    windows: Windows | UnsetType | None = UNSET
    rate_limit: RateText | UnsetType | None = UNSET
    daily_quota: Quota | UnsetType | None = UNSET
    expires_in: Annotated[Duration, Meta(description="From now on")] | UnsetType | None = UNSET
    tags: list[Tag] | UnsetType | None = UNSET


class Rotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`overlap`: how long the text before stays good, up to 30d; not at all where it is left out."""

    overlap: Duration | None = None


class TokenQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tag: Tag | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class UsageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    days: Days = 30


class Totals(Struct, frozen=True, kw_only=True):
    """`calls` are the requests that went on to an upstream; `refused` those over a limit."""

    requests: int
    calls: int
    refused: int


class DayUsage(Totals, frozen=True, kw_only=True):
    """One day, UTC."""

    day: str


class TokenUsage(Struct, frozen=True, kw_only=True):
    """How a token was used, about a second behind."""

    id: str
    days: Annotated[list[DayUsage], Meta(description="Oldest first, unused ones too")]
    totals: Annotated[Totals, Meta(description="Of these days")]
    last_used_at: Timestamp | None


async def list_tokens(asked: Asked[TokenQuery, None]) -> TokenList:
    sight = policy.sight(asked.principal, Action.TOKEN_READ)
    query = asked.query
    page = await asked.context.tokens.list(asked_page(query.cursor, query.limit), sight, query.tag)
    used = await asked.context.usage.last_used([token.id for token in page.items])
    directory = asked.context.directory()
    return TokenList([_summary(token, directory, used.get(token.id)) for token in page.items], page.next)


async def create_token(asked: Asked[None, TokenInput]) -> TokenMade:
    token, plain = asked.context.tokens.made(await _new(asked))
    await check_new(asked, token)
    await asked.context.tokens.add(token)
    return _made(_summary(token, asked.context.directory(), None), plain)


async def preview_token(asked: Asked[None, TokenInput]) -> TokenAccess:
    token, _ = asked.context.tokens.made(await _new(asked))
    await check_new(asked, token)
    return access_of(asked, token)


async def get_token(asked: Asked[None, None]) -> TokenSummary:
    return await _shown(asked, await asked.context.tokens.get(asked.ref))


async def change_token(asked: Asked[None, TokenChange]) -> TokenSummary:
    token, tokens = await asked.context.tokens.get(asked.ref), asked.context.tokens
    await check_power(asked, token)
    changes = told(asked.body, {"allowed_ips": [], "windows": [], "tags": []})
    ends = _ends(asked, changes)
    if ends:
        check_lifetime(asked.principal, ends["expires_at"])
    return await _shown(asked, await tokens.change(token.id, lambda before: _changed(before, changes, ends)))


async def revoke_token(asked: Asked[None, None]) -> None:
    await asked.context.tokens.revoke(asked.ref)


async def rotate_token(asked: Asked[None, Rotation]) -> TokenMade:
    token = await asked.context.tokens.get(asked.ref)
    await check_power(asked, token)
    check_lifetime(asked.principal, token.expires_at)
    overlap = _seconds("overlap", asked.body.overlap, LONGEST_OVERLAP)
    rotated, plain = await asked.context.tokens.rotate(token.id, overlap or 0)
    return _made(await _shown(asked, rotated), plain)


async def token_access(asked: Asked[None, None]) -> TokenAccess:
    return access_of(asked, await asked.context.tokens.get(asked.ref))


async def token_usage(asked: Asked[UsageQuery, None]) -> TokenUsage:
    token, usage = await asked.context.tokens.get(asked.ref), asked.context.usage
    found = await usage.per_day(token.id, asked.query.days)
    used = await usage.last_used([token.id])
    return TokenUsage(
        id=token.id,
        days=[DayUsage(day=one.day, requests=one.requests, calls=one.calls, refused=one.refused) for one in found],
        totals=Totals(
            requests=sum(one.requests for one in found),
            calls=sum(one.calls for one in found),
            refused=sum(one.refused for one in found),
        ),
        last_used_at=maybe_timestamp(used.get(token.id)),
    )


async def _new(asked: Asked[None, TokenInput]) -> NewToken:
    body = asked.body
    if not body.servers and not body.agents and not body.permissions:
        raise InvalidFields(
            "A token needs something to open.",
            [FieldError(name, "none given") for name in ("servers", "agents", "permissions")],
            "Name `servers` for MCP clients, `agents` for A2A clients, or `permissions` for this API.",
        )
    owner, team = whose(asked, body.team)
    return NewToken(
        name=body.name,
        servers=await server_ids(asked, body.servers),
        permissions=tuple(dict.fromkeys(body.permissions)),
        expires_in=_seconds("expires_in", body.expires_in, LONGEST_LIFE),
        owner=owner,
        team=team,
        conditions=_conditions(asdict(body)),
        created_by=_maker_id(asked.principal),
        agents=await agent_ids(asked, body.agents),
        tags=body.tags,
    )


def _maker_id(maker: Principal) -> str | None:
    """Clients of other issuers have ids of any length."""
    return maker.id if len(maker.id) <= LONGEST_ID else maker.user


def _changed(before: Token, changes: Mapping[str, Any], ends: dict[str, float | None]) -> Token:
    name: str = changes.get("name", before.name)
    tags = clean_tags(changes.get("tags", before.tags))
    conditions = _conditions({**_texts(before.conditions), **changes})
    return replace(before, name=name, tags=tags, conditions=conditions, **ends)


def _ends(asked: Asked[Any, Any], changes: Mapping[str, Any]) -> dict[str, float | None]:
    if "expires_in" not in changes:
        return {}
    seconds = _seconds("expires_in", changes["expires_in"], LONGEST_LIFE)
    return {"expires_at": None if seconds is None else asked.context.clock.now() + seconds}


def _conditions(texts: Mapping[str, Any]) -> Conditions:
    rate: str | None = texts["rate_limit"]
    return Conditions(
        allowed_ips=_all("allowed_ips", parse_network, texts["allowed_ips"]),
        windows=_all("windows", parse_window, texts["windows"]),
        rate=None if rate is None else _read("rate_limit", parse_rate, rate),
        daily_quota=texts["daily_quota"],
    )


def _texts(conditions: Conditions) -> dict[str, Any]:
    """As the API says them."""
    return {
        "allowed_ips": [str(network) for network in conditions.allowed_ips],
        "windows": [window_text(window) for window in conditions.windows],
        "rate_limit": None if conditions.rate is None else rate_text(conditions.rate),
        "daily_quota": conditions.daily_quota,
    }


def _all(field: str, parse: Callable[[Any], Value], texts: list[Any]) -> tuple[Value, ...]:
    return tuple(_read(f"{field}[{index}]", parse, text) for index, text in enumerate(texts))


def _read(field: str, parse: Callable[[Any], Value], text: Any) -> Value:
    try:
        return parse(text)
    except Invalid as error:
        raise InvalidFields(error.message, [FieldError(field, error.message)], error.hint) from None


def _seconds(field: str, text: str | None, longest: int) -> int | None:
    if text is None:
        return None
    seconds = _read(field, parse_duration, text)
    if seconds > longest:
        raise InvalidFields(f"'{field}' is too long.", [FieldError(field, f"more than {longest // DAY}d")])
    return seconds


async def _shown(asked: Asked[Any, Any], token: Token) -> TokenSummary:
    used = await asked.context.usage.last_used([token.id])
    return _summary(token, asked.context.directory(), used.get(token.id))


def _made(summary: TokenSummary, plain: str) -> TokenMade:
    return TokenMade(**{name: getattr(summary, name) for name in summary.__struct_fields__}, token=plain)


def _summary(token: Token, directory: Directory, used: float | None) -> TokenSummary:
    owner = directory.users.get(token.owner or "")
    team = directory.teams.get(token.team or "")
    return TokenSummary(
        id=token.id,
        name=token.name,
        hint=token.hint,
        owner=token.owner,
        owner_name=owner.email if owner else None,
        team=token.team,
        team_name=team.name if team else None,
        servers=None if token.servers is None else list(token.servers),
        agents=None if token.agents is None else list(token.agents),
        permissions=list(token.permissions),
        **_texts(token.conditions),
        tags=list(token.tags),
        created_at=timestamp(token.created_at),
        created_by=token.created_by,
        expires_at=maybe_timestamp(token.expires_at),
        revoked_at=maybe_timestamp(token.revoked_at),
        previous_until=maybe_timestamp(token.previous_until),
        last_used_at=maybe_timestamp(used),
    )


ENDPOINTS = (
    endpoint("GET /tokens", Action.TOKEN_READ, list_tokens, "List tokens"),
    endpoint("POST /tokens", Action.TOKEN_WRITE, create_token, "Make a token"),
    endpoint(
        "POST /tokens/preview", Action.TOKEN_WRITE, preview_token, "Show what a token would open, and make none",
        changes=False, status=200,
    ),
    endpoint("GET /tokens/{id}", Action.TOKEN_READ, get_token, "Show a token"),
    endpoint("PATCH /tokens/{id}", Action.TOKEN_WRITE, change_token, "Change when a token is good, or its name"),
    endpoint("DELETE /tokens/{id}", Action.TOKEN_WRITE, revoke_token, "Revoke a token"),
    endpoint("POST /tokens/{id}/rotate", Action.TOKEN_WRITE, rotate_token, "Give a token a new text"),
    endpoint("GET /tokens/{id}/access", Action.TOKEN_READ, token_access, "Show what a token opens now"),
    endpoint("GET /tokens/{id}/usage", Action.TOKEN_READ, token_usage, "Show how a token was used"),
)  # fmt: skip

"""The records of calls: as a list, one by one, and as they come.

A caller sees the calls of servers on which they may `call.read`, and those of their own tokens. The figures in
`metrics.py` are made of the same calls.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

import anyio
import msgspec
from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Circumstances, Principal, Resource
from gatehouse.api.actions import Action
from gatehouse.api.context import ApiContext
from gatehouse.api.fields import Cursor, Limit, Timestamp, timestamp
from gatehouse.api.moments import Moment, moment
from gatehouse.api.routing import Asked, Lines, endpoint
from gatehouse.catalog.requests import ServerFilter
from gatehouse.kit.errors import GatewayError, Invalid, NotFound
from gatehouse.kit.pages import MAX_LIMIT, PageRequest, page_request
from gatehouse.store.placement import Sight
from gatehouse.telemetry.figures import Figures
from gatehouse.telemetry.questions import Seen, Wanted
from gatehouse.telemetry.record import CallRecord, Outcome

POLL = 0.5
"""Seconds between looks for new calls."""
OVERLAP = 4
"""Looks after which no worker writes an earlier call any more."""
QUIET = 20
"""Looks without a word, after which an empty line is sent, so that who is gone is noticed."""
AT_ONCE = 500
_ID = re.compile(r"cal_[0-9a-z]{26}")
_encoder = msgspec.json.Encoder()


class Caller(Struct, frozen=True):
    id: str
    kind: Annotated[str, Meta(description="`user`, `token`, `client` or `anonymous`")]
    name: str
    user: Annotated[str | None, Meta(description="Id of the user that it is, or whose rights it used")]
    team: Annotated[str | None, Meta(description="Id of the team whose token it is")]


class ClientView(Struct, frozen=True):
    """What the client calls itself."""

    name: str | None
    version: str | None
    era: str


class Place(Struct, frozen=True):
    id: str
    name: str


class CallView(Struct, frozen=True, kw_only=True):
    """One call. What is not known is null."""

    id: str
    at: Annotated[Timestamp, Meta(description="When it began")]
    outcome: Outcome
    principal: Caller
    client: ClientView
    server: Place
    name: Annotated[str | None, Meta(description="As it is advertised; null where it is not here")]
    upstream: Place | None
    original: Annotated[str | None, Meta(description="The upstream's own name for it")]
    method: str
    total_ms: float
    upstream_ms: float
    bytes_in: int
    bytes_out: int
    tokens: Annotated[int, Meta(description="Of the result, estimated from its bytes")]
    trace_id: str | None
    error_class: str | None
    error: Annotated[str | None, Meta(description="Up to 500 characters; never a result")]


class CallList(Struct, frozen=True):
    items: list[CallView]
    next: str | None


class CallFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls."""

    since: Moment | None = None
    until: Moment | None = None
    server: Annotated[str, Meta(description="Id or slug of a server")] | None = None
    upstream: Annotated[str, Meta(description="Id or name of an upstream")] | None = None
    tool: Annotated[str, Meta(description="Name as it is advertised: of a tool, prompt or resource")] | None = None
    method: Annotated[str, Meta(description="As in `tools/call`")] | None = None
    principal: Annotated[str, Meta(description="Id of a token, user or client")] | None = None
    user: Annotated[str, Meta(description="Id or address of a user")] | None = None
    team: Annotated[str, Meta(description="Id or slug of a team whose token it was")] | None = None
    client: Annotated[str, Meta(description="Name that the client gives itself")] | None = None
    outcome: Outcome | None = None


class CallQuery(CallFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


async def list_calls(asked: Asked[CallQuery, None]) -> CallList:
    query = asked.query
    wanted = await wanted_calls(asked, query)
    page = await figures(asked.context).calls(wanted, _asked_page(query.cursor, query.limit))
    return CallList([call_view(one) for one in page.items], page.next)


async def get_call(asked: Asked[None, None]) -> CallView:
    found = await figures(asked.context).call(asked.ref, await seen(asked.context, asked.principal))
    if found is None:
        raise NotFound(f"There is no call '{asked.ref[:100]}'.", "Calls are kept for some days; see GET /calls.")
    return call_view(found)


async def live_calls(asked: Asked[CallFilter, None]) -> Lines:
    return Lines(_live(asked, await wanted_calls(asked, asked.query), await _newest(asked)))


def figures(context: ApiContext) -> Figures:
    if context.figures is None:
        raise NotFound("No calls are recorded here.")
    return context.figures


async def wanted_calls(asked: Asked[Any, None], query: CallFilter, usual: str = "") -> Wanted:
    """`usual`: since when, where the caller does not say. What is named and not there is looked for as it was written."""
    directory, now = asked.context.directory(), asked.at.now
    user, team = directory.user(query.user or ""), directory.team(query.team or "")
    return Wanted(
        since=moment("since", query.since or usual, now),
        until=moment("until", query.until, now),
        server=await _server_id(asked, query.server),
        upstream=await _upstream_id(asked, query.upstream),
        name=query.tool or None,
        method=query.method or None,
        principal=query.principal or None,
        user=user.id if user is not None else query.user or None,
        team=team.id if team is not None else query.team or None,
        client=query.client or None,
        outcome=query.outcome,
        seen=await seen(asked.context, asked.principal),
    )


async def seen(context: ApiContext, principal: Principal) -> Seen | None:
    """What the caller may see of all calls; None: everything."""
    sight = policy.sight(principal, Action.CALL_READ)
    if sight.everything and principal.servers is None:
        return None
    servers = await _server_ids(context, sight)
    if principal.servers is not None:
        servers = [id_ for id_ in servers if id_ in principal.servers]
    return Seen(tuple(servers), tuple(await _own(context, principal)))


async def _server_ids(context: ApiContext, sight: Sight) -> list[str]:
    found: list[str] = []
    request = PageRequest(limit=MAX_LIMIT)
    while True:
        page = await context.catalog.servers(request, ServerFilter(sight=sight))
        found += [one.id for one in page.items]
        if page.next is None:
            return found
        request = PageRequest(found[-1], MAX_LIMIT)


async def _own(context: ApiContext, principal: Principal) -> list[str]:
    """The caller, and where it is a user, or has one's rights, that user and all of their tokens."""
    if principal.user is None or principal.servers is not None:
        return [principal.id]
    found = list(dict.fromkeys([principal.id, principal.user]))
    request = PageRequest(limit=MAX_LIMIT)
    while True:
        page = await context.tokens.list(request, Sight(owner=principal.user))
        found += [one.id for one in page.items]
        if page.next is None:
            return found
        request = PageRequest(page.items[-1].id, MAX_LIMIT)


def call_view(one: CallRecord) -> CallView:
    return CallView(
        id=one.id,
        at=timestamp(one.at),
        outcome=one.outcome,
        principal=Caller(one.principal, one.principal_kind, one.principal_name, one.user or None, one.team or None),
        client=ClientView(one.client or None, one.client_version or None, one.era),
        server=Place(one.server, one.server_name),
        name=one.name or None,
        upstream=Place(one.upstream, one.upstream_name) if one.upstream else None,
        original=one.original or None,
        method=one.method,
        total_ms=one.total_ms,
        upstream_ms=one.upstream_ms,
        bytes_in=one.bytes_in,
        bytes_out=one.bytes_out,
        tokens=one.tokens,
        trace_id=one.trace_id or None,
        error_class=one.error_class or None,
        error=one.error or None,
    )


async def _server_id(asked: Asked[Any, None], ref: str | None) -> str | None:
    """One that was deleted is found by its id alone."""
    try:
        return (await asked.context.catalog.server(ref)).id if ref else None
    except NotFound:
        return ref


async def _upstream_id(asked: Asked[Any, None], ref: str | None) -> str | None:
    try:
        return (await asked.context.catalog.upstream(ref)).id if ref else None
    except NotFound:
        return ref


def _asked_page(cursor: str | None, limit: int | None) -> PageRequest:
    wanted = page_request(cursor, limit)
    if wanted.after is not None and not _ID.fullmatch(wanted.after):
        raise Invalid("The cursor is not one of ours.", "Start again without a cursor.")
    return wanted


async def _newest(asked: Asked[Any, None]) -> str:
    """The id from which on calls are new."""
    page = await figures(asked.context).calls(Wanted(), PageRequest(limit=1))
    return page.items[0].id if page.items else ""


async def _live(asked: Asked[CallFilter, None], wanted: Wanted, newest: str) -> AsyncIterator[bytes]:
    """Each call once, from now on. Workers write in their own time, so that every look goes back a little."""
    floors, told, quiet = deque([newest], maxlen=OVERLAP), set[str](), 0
    while await _may_go_on(asked):
        wanted = replace(wanted, seen=await seen(asked.context, asked.principal))
        fresh = [one for one in await _news(asked, wanted, floors[0]) if one.id not in told]
        told = {id_ for id_ in told if id_ > floors[0]} | {one.id for one in fresh}
        floors.append(max([floors[-1], *(one.id for one in fresh)]))
        quiet = 0 if fresh else quiet + 1
        if fresh:
            yield b"".join(_encoder.encode(call_view(one)) + b"\n" for one in fresh)
        elif quiet % QUIET == 0:
            yield b"\n"
        await anyio.sleep(POLL)


async def _news(asked: Asked[CallFilter, None], wanted: Wanted, after: str) -> list[CallRecord]:
    """All of them, however many came at once."""
    found: list[CallRecord] = []
    while True:
        more = await figures(asked.context).news(wanted, found[-1].id if found else after, AT_ONCE)
        found += more
        if len(more) < AT_ONCE:
            return found


async def _may_go_on(asked: Asked[Any, None]) -> bool:
    """Whether the caller is still who it was, and may still see what it saw."""
    if asked.context.stopping() or asked.request is None:
        return False
    try:
        caller = await asked.context.identify(asked.request)
    except GatewayError:
        return False
    at = Circumstances(asked.context.clock.now(), caller.address)
    allowed = policy.allows(caller.principal, Action.CALL_READ, Resource("call"), at).allowed
    return allowed and caller.principal == asked.principal


ENDPOINTS = (
    endpoint("GET /calls", Action.CALL_READ, list_calls, "List calls, newest first"),
    endpoint("GET /calls/live", Action.CALL_READ, live_calls, "Tell of calls as they come, as lines of JSON"),
    endpoint("GET /calls/{id}", Action.CALL_READ, get_call, "Show a call"),
)

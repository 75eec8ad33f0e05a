"""The records of calls: as a list, one by one, and as they come.

A caller sees the calls of servers on which they may `call.read`, and those of their own tokens. The figures in
`metrics.py` are made of the same calls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Principal
from gatehouse.api.actions import Action
from gatehouse.api.context import ApiContext
from gatehouse.api.fields import Cursor, JsonObject, Limit, Timestamp, one_of, timestamp
from gatehouse.api.live import Told, live
from gatehouse.api.moments import Moment, moment
from gatehouse.api.routing import Asked, Live, endpoint
from gatehouse.catalog.model import AGENT
from gatehouse.catalog.requests import ServerFilter, UpstreamFilter
from gatehouse.kit.errors import Invalid, NotFound
from gatehouse.kit.json import Raw
from gatehouse.kit.pages import MAX_LIMIT, PageRequest, page_request
from gatehouse.store.placement import Sight
from gatehouse.telemetry.figures import Figures
from gatehouse.telemetry.questions import Seen, Wanted
from gatehouse.telemetry.record import CallRecord, Outcome

_ID = re.compile(r"cal_[0-9a-z]{26}")
_encoder = msgspec.json.Encoder()


class Caller(Struct, frozen=True):
    id: str
    kind: Annotated[str, one_of("user", "token", "client", "anonymous")]
    name: str
    user: Annotated[str | None, Meta(description="Id of the user that it is, or whose rights it used")]
    team: Annotated[str | None, Meta(description="Id of the team whose token it is")]


class ClientView(Struct, frozen=True):
    """What the client calls itself."""

    name: str | None
    version: str | None
    era: Annotated[str, one_of("legacy", "modern", "", about="Empty: not spoken, as over the API")]


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
    server: Annotated[Place | None, Meta(description="Null where it was called through the API, without a server")]
    name: Annotated[str | None, Meta(description="As it is advertised; null where it is not here")]
    upstream: Place | None
    original: Annotated[str | None, Meta(description="The upstream's own name for it")]
    method: str
    total_ms: float
    upstream_ms: float
    queue_ms: Annotated[float, Meta(description="Until it was sent on")]
    bytes_in: int
    bytes_out: int
    tokens: Annotated[int, Meta(description="Of the result, estimated from its bytes")]
    trace_id: str | None
    error_class: str | None
    error: Annotated[str | None, Meta(description="Up to 500 characters; never a result")]


class CallDetails(CallView, frozen=True, kw_only=True):
    """A call with what its server wants kept of it (`record_content`), secrets taken out."""

    arguments: Annotated[JsonObject | None, Meta(description="All parameters, as they were sent on")]
    result: JsonObject | None


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
    original: Annotated[str, Meta(description="The upstream's own name for it, however it is advertised")] | None = None
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


async def get_call(asked: Asked[None, None]) -> CallDetails:
    found = await figures(asked.context).call(asked.ref, await seen(asked.context, asked.principal))
    if found is None:
        raise NotFound(f"There is no call '{asked.ref[:100]}'.", "Calls are kept for some days; see GET /calls.")
    return CallDetails(**_fields(found), arguments=_content(found.arguments), result=_content(found.result))


async def live_calls(asked: Asked[CallFilter, None]) -> Live:
    return await live(asked, [CallSource(asked, await wanted_calls(asked, asked.query))])


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
        server=await server_id(asked, query.server),
        upstream=await upstream_id(asked, query.upstream),
        name=query.tool or None,
        original=query.original or None,
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
    if sight.everything and principal.servers is None and principal.agents is None:
        return None
    servers, agents = await _server_ids(context, sight), await _agent_ids(context, sight)
    if principal.servers is not None:
        servers = [id_ for id_ in servers if id_ in principal.servers]
    if principal.agents is not None:
        agents = [id_ for id_ in agents if id_ in principal.agents]
    return Seen((*servers, *agents), tuple(await _own(context, principal)))


async def _agent_ids(context: ApiContext, sight: Sight) -> list[str]:
    """What A2A clients call has no server; its records name the agent in its place."""
    found: list[str] = []
    request = PageRequest(limit=MAX_LIMIT)
    while True:
        page = await context.catalog.upstreams(request, UpstreamFilter(kind=AGENT, sight=sight))
        found += [one.id for one in page.items]
        if page.next is None:
            return found
        request = PageRequest(found[-1], MAX_LIMIT)


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
    if principal.user is None or principal.servers is not None or principal.agents is not None:
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
    return CallView(**_fields(one))


def _content(text: str) -> Raw | None:
    return Raw(text.encode()) if text else None


def _fields(one: CallRecord) -> dict[str, Any]:
    return dict(
        id=one.id,
        at=timestamp(one.at),
        outcome=one.outcome,
        principal=Caller(one.principal, one.principal_kind, one.principal_name, one.user or None, one.team or None),
        client=ClientView(one.client or None, one.client_version or None, one.era),
        server=Place(one.server, one.server_name) if one.server else None,
        name=one.name or None,
        upstream=Place(one.upstream, one.upstream_name) if one.upstream else None,
        original=one.original or None,
        method=one.method,
        total_ms=one.total_ms,
        upstream_ms=one.upstream_ms,
        queue_ms=one.queue_ms,
        bytes_in=one.bytes_in,
        bytes_out=one.bytes_out,
        tokens=one.tokens,
        trace_id=one.trace_id or None,
        error_class=one.error_class or None,
        error=one.error or None,
    )


async def server_id(asked: Asked[Any, None], ref: str | None) -> str | None:
    """One that was deleted is found by its id alone."""
    try:
        return (await asked.context.catalog.server(ref)).id if ref else None
    except NotFound:
        return ref


async def upstream_id(asked: Asked[Any, None], ref: str | None) -> str | None:
    try:
        return (await asked.context.catalog.upstream(ref)).id if ref else None
    except NotFound:
        return ref


def _asked_page(cursor: str | None, limit: int | None) -> PageRequest:
    wanted = page_request(cursor, limit)
    if wanted.after is not None and not _ID.fullmatch(wanted.after):
        raise Invalid("The cursor is not one of ours.", "Start again without a cursor.")
    return wanted


@dataclass(slots=True)
class CallSource:
    """Calls, for a stream. What its caller may see is looked up again each time."""

    asked: Asked[Any, None]
    wanted: Wanted
    name: str = "call"
    prefix: str = "cal"
    action: Action = Action.CALL_READ

    async def newest(self) -> str:
        page = await figures(self.asked.context).calls(Wanted(), PageRequest(limit=1))
        return page.items[0].id if page.items else ""

    async def after(self, id_: str, limit: int) -> list[Told]:
        context = self.asked.context
        wanted = replace(self.wanted, seen=await seen(context, self.asked.principal))
        return [
            Told(one.id, _encoder.encode(call_view(one))) for one in await figures(context).news(wanted, id_, limit)
        ]


ENDPOINTS = (
    endpoint("GET /calls", Action.CALL_READ, list_calls, "List calls, newest first", table=True),
    endpoint("GET /calls/live", Action.CALL_READ, live_calls, "Tell of calls as they come"),
    endpoint("GET /calls/{id}", Action.CALL_READ, get_call, "Show a call"),
)

"""What happened: as a list, as it comes, and together with calls as they come.

A caller sees the events of what they see: of an upstream that one may `upstream.read`, of a token that one may `token.read`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Principal, Resource
from gatehouse.api.actions import Action
from gatehouse.api.call_records import CallFilter, CallSource, server_id, upstream_id, wanted_calls
from gatehouse.api.context import ApiContext
from gatehouse.api.fields import Cursor, Limit, Timestamp, asked_page, timestamp
from gatehouse.api.live import Source, Told, live
from gatehouse.api.moments import Moment, moment
from gatehouse.api.permission import demand
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, Live, endpoint
from gatehouse.kit.errors import NotFound
from gatehouse.kit.pages import PageRequest
from gatehouse.store.placement import Sight
from gatehouse.telemetry.event import KINDS, Event
from gatehouse.telemetry.events import PREFIX, Events, SeenEvents, WantedEvents

_READING = {
    "upstream": Action.UPSTREAM_READ,
    "tool": Action.TOOL_READ,
    "prompt": Action.PROMPT_READ,
    "resource": Action.RESOURCE_READ,
    "resource_template": Action.RESOURCE_READ,
    "server": Action.SERVER_READ,
    "token": Action.TOKEN_READ,
}
"""By the family of an event: what one has to be allowed to do, where its subject stands, in order to see it."""
_CALLS_ALONE = ("tool", "method", "principal", "user", "team", "client", "outcome")
_EVENTS_ALONE = ("kind", "token")
_encoder = msgspec.json.Encoder()

Kind = Annotated[str, Meta(description="As in `upstream.down`, or `upstream.` for all that begin so")]
TokenId = Annotated[str, Meta(description="Id of a token")]


class EventSubject(Struct, frozen=True):
    kind: Annotated[str, Meta(description="As in `upstream`, `tool`, `server` or `token`")]
    id: str | None
    name: str | None


class EventView(Struct, frozen=True, kw_only=True):
    """Something that happened. What is not known is null."""

    id: str
    at: Annotated[Timestamp, Meta(description="Of several, when the first was")]
    kind: str
    subject: EventSubject
    message: Annotated[str, Meta(description="One sentence")]
    count: Annotated[int, Meta(description="How often it happened, where it happened again and again")]
    data: Annotated[dict[str, Any], Meta(description="More of it, by its kind")]
    upstream: Annotated[str | None, Meta(description="Id of the upstream that it has to do with")]
    server: Annotated[str | None, Meta(description="Id of the server that it has to do with")]
    token: Annotated[str | None, Meta(description="Id of the token that it has to do with")]
    team: Annotated[str | None, Meta(description="Id of the team that its subject was of")]


class EventList(Struct, frozen=True):
    items: list[EventView]
    next: str | None


class EventFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events."""

    since: Moment | None = None
    until: Moment | None = None
    kind: Kind | None = None
    upstream: Annotated[str, Meta(description="Id or name of an upstream")] | None = None
    server: Annotated[str, Meta(description="Id or slug of a server")] | None = None
    token: TokenId | None = None


class EventQuery(EventFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


class LiveQuery(CallFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls and events: a filter that only the ones have leaves the others out, unless they are asked for."""

    kind: Kind | None = None
    token: TokenId | None = None
    calls: (
        Annotated[bool, Meta(description="Whether to tell of calls; left out: where the caller may see them")] | None
    ) = None
    events: Annotated[bool, Meta(description="The same for events")] | None = None


async def list_events(asked: Asked[EventQuery, None]) -> EventList:
    query = asked.query
    wanted = await wanted_events(asked, query)
    page = await log_of(asked.context).list(wanted, asked_page(query.cursor, query.limit))
    return EventList([event_view(one) for one in page.items], page.next)


async def live_events(asked: Asked[EventFilter, None]) -> Live:
    return await live(asked, [EventSource(asked, await wanted_events(asked, asked.query))])


async def live_all(asked: Asked[LiveQuery, None]) -> Live:
    query, sources = asked.query, list[Source]()
    if _is_wanted(asked, query.calls, Action.CALL_READ, _EVENTS_ALONE):
        sources.append(CallSource(asked, await wanted_calls(asked, query)))
    if _is_wanted(asked, query.events, Action.EVENT_READ, _CALLS_ALONE):
        shared = {name: getattr(query, name) for name in EventFilter.__struct_fields__}
        sources.append(EventSource(asked, await wanted_events(asked, EventFilter(**shared))))
    if not sources:
        _check_any(asked)
    return await live(asked, sources, named=True)


@dataclass(slots=True)
class EventSource:
    asked: Asked[Any, None]
    wanted: WantedEvents
    name: str = "event"
    prefix: str = PREFIX
    action: Action = Action.EVENT_READ

    async def newest(self) -> str:
        page = await log_of(self.asked.context).list(WantedEvents(), PageRequest(limit=1))
        return page.items[0].id if page.items else ""

    async def after(self, id_: str, limit: int) -> list[Told]:
        found = await log_of(self.asked.context).news(self.wanted, id_, limit)
        return [Told(one.id, _encoder.encode(event_view(one))) for one in found]


def log_of(context: ApiContext) -> Events:
    if context.events is None:
        raise NotFound("No events are recorded here.")
    return context.events


async def wanted_events(asked: Asked[Any, None], query: EventFilter) -> WantedEvents:
    now = asked.at.now
    return WantedEvents(
        since=moment("since", query.since, now),
        until=moment("until", query.until, now),
        kind=_kind(query.kind),
        upstream=await upstream_id(asked, query.upstream),
        server=await server_id(asked, query.server),
        token=query.token or None,
        seen=seen_events(asked.principal),
    )


def seen_events(principal: Principal) -> SeenEvents | None:
    """What the caller may see of all events; None: everything."""
    sights = {family: policy.sight(principal, action) for family, action in _READING.items()}
    allowed = policy.sight(principal, Action.EVENT_READ)
    if allowed.everything and principal.servers is None and all(one.everything for one in sights.values()):
        return None
    bound = principal.servers
    return SeenEvents(
        families={family: _both(allowed, sight) for family, sight in sights.items()},
        servers=None if bound is None else tuple(sorted(bound)),
        token=None if bound is None else principal.id,
    )


def event_view(one: Event) -> EventView:
    return EventView(
        id=one.id,
        at=timestamp(one.at),
        kind=one.kind,
        subject=EventSubject(one.subject_kind, one.subject or None, one.subject_name or None),
        message=one.message,
        count=one.count,
        data=one.data,
        upstream=one.upstream or None,
        server=one.server or None,
        token=one.token or None,
        team=one.team,
    )


def _both(one: Sight, other: Sight) -> Sight:
    """What both see. They are of the same principal, so that an owner of the one is the owner of the other."""
    return Sight(
        everything=one.everything and other.everything,
        shared=one.shared and other.shared,
        public=one.public and other.public,
        teams=one.teams & other.teams,
        owner=one.owner and other.owner,
    )


def _kind(kind: str | None) -> str | None:
    """Raises `InvalidFields` for one that no event can have."""
    if not kind:
        return None
    wanted = kind.removesuffix("*")
    if wanted in KINDS or (wanted.endswith(".") and any(one.startswith(wanted) for one in KINDS)):
        return wanted
    families = ", ".join(dict.fromkeys(f"{one.partition('.')[0]}." for one in KINDS))
    raise InvalidFields(
        f"There is no kind of events '{kind[:100]}'.",
        [FieldError("kind", "unknown")],
        f"Name one as in 'upstream.down', or all that begin with one of {families}",
    )


def _is_wanted(asked: Asked[LiveQuery, None], said: bool | None, action: Action, of_others: tuple[str, ...]) -> bool:
    """Raises `LacksPermission` where the caller asked for it and may not see any."""
    resource = Resource(action.value.partition(".")[0])
    if said:
        asked.may(action, resource)
    if said is not None:
        return said
    narrowed = any(getattr(asked.query, name) is not None for name in of_others)
    return not narrowed and policy.allows(asked.principal, action, resource, asked.at).allowed


def _check_any(asked: Asked[LiveQuery, None]) -> None:
    """Raises for a stream that could never tell anything: with what is lacking, or with what was asked."""
    for action in (Action.CALL_READ, Action.EVENT_READ):
        demand(asked.principal, action, Resource(action.value.partition(".")[0]), asked.at)
    raise InvalidFields(
        "Neither calls nor events are left to tell of.",
        [FieldError("calls", "left out"), FieldError("events", "left out")],
        "Leave out `calls=false` or `events=false`, and filters that only the others have.",
    )


ENDPOINTS = (
    endpoint("GET /events", Action.EVENT_READ, list_events, "List what happened, newest first"),
    endpoint("GET /events/live", Action.EVENT_READ, live_events, "Tell of events as they come"),
    endpoint("GET /live", Action.SIGNED_IN, live_all, "Tell of calls and events as they come"),
)

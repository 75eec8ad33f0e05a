"""Figures about calls: sums, their course over time, what is called most, what fails, what is slow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Literal, cast

from msgspec import Meta, Struct

from gatehouse.api.actions import Action
from gatehouse.api.call_records import CallFilter, CallView, Place, call_view, figures, wanted_calls
from gatehouse.api.fields import Timestamp, one_of, timestamp
from gatehouse.api.routing import Asked, endpoint
from gatehouse.api.unused import list_unused
from gatehouse.catalog.model import AGENT
from gatehouse.kit.errors import NotFound
from gatehouse.telemetry.questions import Dimension, ErrorGroup, Measure, Point, Ranked, Step, Sums, Wanted

USUAL = "24h"
"""How far back it goes where the caller does not say."""
By = Literal[
    "server", "upstream", "agent", "tool", "prompt", "resource", "method", "principal", "token", "user", "team",
    "client", "outcome",
]  # fmt: skip
_METHODS = {"tool": "tools/call", "prompt": "prompts/get", "resource": "resources/read"}
_AMONG = {"token": "principal", "agent": "upstream"}
_STEPS: dict[str, Step] = {"1m": 60, "1h": 3600, "1d": 86400}
_ALL = 1_000_000
_MOST_MINUTES, _MOST_HOURS = 6 * 3600, 14 * 86400
"""Seconds: the longest ranges that are shown by the minute, and by the hour, where the caller does not say."""
Most = Annotated[int, Meta(ge=1, le=500, description="How many at most")]


class SumsView(Struct, frozen=True, kw_only=True):
    """Percentiles are within 5 % of the true ones, and null where there were no calls."""

    calls: int
    errors: Annotated[int, Meta(description="All outcomes but ok and cancelled")]
    outcomes: Annotated[dict[str, int], Meta(description="How often each occurred")]
    bytes_in: int
    bytes_out: int
    tokens: int
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class TotalsView(Struct, frozen=True, kw_only=True):
    since: Annotated[Timestamp, Meta(description="The range that it is about: that asked for, widened to whole steps")]
    until: Timestamp
    sums: SumsView


class PointView(Struct, frozen=True):
    start: Timestamp
    sums: SumsView


class CurveView(Struct, frozen=True):
    key: str
    name: Annotated[str, Meta(description="As people call it now; the key, where it is gone")]
    points: list[PointView]


class SeriesView(Struct, frozen=True):
    step: Annotated[str, one_of("1m", "1h", "1d")]
    points: Annotated[list[PointView], Meta(description="Oldest first, those without calls too")]
    groups: Annotated[list[CurveView], Meta(description="Where `by` is given: those with most calls, each by itself")]


class RankedView(Struct, frozen=True):
    key: Annotated[str, Meta(description="An id or a name, by what was asked for")]
    name: Annotated[str, Meta(description="As people call it now; the key, where it is gone")]
    sums: SumsView


class TopView(Struct, frozen=True):
    by: By
    measure: Measure
    items: list[RankedView]


class ErrorView(Struct, frozen=True, kw_only=True):
    error_class: str
    calls: int
    first: Timestamp
    last: Timestamp
    example: Annotated[CallView, Meta(description="The newest of them")]


class ErrorList(Struct, frozen=True):
    items: list[ErrorView]


class SlowestList(Struct, frozen=True):
    items: list[CallView]


class FlowView(Struct, frozen=True, kw_only=True):
    """Calls of one kind of client, through one virtual server, to one upstream. What is not known is null."""

    client: Annotated[str | None, Meta(description="The name that it gives itself")]
    server: Annotated[Place | None, Meta(description="Its id is `everything` at /mcp; null: called over this API")]
    upstream: Annotated[Place | None, Meta(description="null: refused before it was known where to go")]
    calls: int
    errors: Annotated[int, Meta(description="All outcomes but ok and cancelled")]


class FlowList(Struct, frozen=True):
    items: Annotated[list[FlowView], Meta(description="Those with most calls first")]
    left_out: Annotated[int, Meta(description="How many more there are")]


class FlowsQuery(CallFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Most = 200


class SeriesQuery(CallFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    step: Annotated[Literal["1m", "1h", "1d"], Meta(description="Left out: what suits the range")] | None = None
    by: Annotated[By, Meta(description="Tell the course of each apart, too")] | None = None
    limit: Annotated[int, Meta(ge=1, le=20, description="How many of them at most")] = 5


class TopQuery(CallFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    by: By = "tool"
    measure: Annotated[Measure, Meta(description="latency: the mean; bytes: in and out")] = "calls"
    limit: Most = 10


class SlowestQuery(CallFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Most = 10


async def totals(asked: Asked[CallFilter, None]) -> TotalsView:
    found = await figures(asked.context).totals(await wanted_calls(asked, asked.query, USUAL))
    return TotalsView(since=timestamp(found.since), until=timestamp(found.until), sums=_sums(found.sums))


async def series(asked: Asked[SeriesQuery, None]) -> SeriesView:
    wanted = await wanted_calls(asked, asked.query, USUAL)
    until = asked.at.now if wanted.until is None else wanted.until
    step = asked.query.step or _step(until - (wanted.since or 0.0))
    points = await figures(asked.context).series(wanted, _STEPS[step])
    return SeriesView(step, _points(points), await _curves(asked, wanted, _STEPS[step]))


async def top(asked: Asked[TopQuery, None]) -> TopView:
    query = asked.query
    wanted = await wanted_calls(asked, query, USUAL)
    ranked = await _ranked(asked, wanted, query.by, query.measure, query.limit)
    names = await _names(asked, query.by, [one.key for one in ranked])
    items = [RankedView(one.key, names.get(one.key, one.key), _sums(one.sums)) for one in ranked]
    return TopView(query.by, query.measure, items)


async def _curves(asked: Asked[SeriesQuery, None], wanted: Wanted, step: Step) -> list[CurveView]:
    by = asked.query.by
    if by is None:
        return []
    keys = [one.key for one in await _ranked(asked, wanted, by, "calls", asked.query.limit)]
    narrowed, dimension = _asked_by(wanted, by)
    found = await figures(asked.context).curves(narrowed, step, dimension, keys)
    names = await _names(asked, by, keys)
    return [CurveView(one.key, names.get(one.key, one.key), _points(one.points)) for one in found]


async def _ranked(asked: Asked[Any, None], wanted: Wanted, by: By, measure: Measure, limit: int) -> list[Ranked]:
    narrowed, dimension = _asked_by(wanted, by)
    if by not in _AMONG:
        return list(await figures(asked.context).top(narrowed, dimension, measure, limit))
    # Tokens are among the principals, and agents among the upstreams, so that all have to be looked at.
    found = await figures(asked.context).top(narrowed, dimension, measure, _ALL)
    if by == "token":
        return [one for one in found if one.key.startswith("tok_")][:limit]
    known = await asked.context.catalog.upstreams_by_id([one.key for one in found])
    agents = {id_ for id_, one in known.items() if one.kind == AGENT}
    return [one for one in found if one.key in agents][:limit]


def _asked_by(wanted: Wanted, by: By) -> tuple[Wanted, Dimension]:
    if by in _METHODS:
        return replace(wanted, method=wanted.method or _METHODS[by]), "name"
    return wanted, cast("Dimension", _AMONG.get(by, by))


def _points(points: Iterable[Point]) -> list[PointView]:
    return [PointView(timestamp(one.start), _sums(one.sums)) for one in points]


async def flows(asked: Asked[FlowsQuery, None]) -> FlowList:
    found = await figures(asked.context).flows(await wanted_calls(asked, asked.query, USUAL))
    shown = found[: asked.query.limit]
    servers = await _names(asked, "server", {one.server for one in shown if one.server})
    upstreams = await _names(asked, "upstream", {one.upstream for one in shown if one.upstream})
    items = [
        FlowView(
            client=one.client or None,
            server=Place(one.server, servers.get(one.server, one.server)) if one.server else None,
            upstream=Place(one.upstream, upstreams.get(one.upstream, one.upstream)) if one.upstream else None,
            calls=one.calls,
            errors=one.errors,
        )
        for one in shown
    ]
    return FlowList(items, len(found) - len(shown))


async def errors(asked: Asked[CallFilter, None]) -> ErrorList:
    groups = await figures(asked.context).errors(await wanted_calls(asked, asked.query, USUAL))
    return ErrorList([_error(one) for one in groups])


async def slowest(asked: Asked[SlowestQuery, None]) -> SlowestList:
    wanted = await wanted_calls(asked, asked.query, USUAL)
    found = await figures(asked.context).slowest(wanted, asked.query.limit)
    return SlowestList([call_view(one) for one in found])


def _step(seconds: float) -> str:
    if seconds <= _MOST_MINUTES:
        return "1m"
    return "1h" if seconds <= _MOST_HOURS else "1d"


def _sums(sums: Sums) -> SumsView:
    return SumsView(
        calls=sums.calls,
        errors=sums.errors,
        outcomes=dict(sums.outcomes),
        bytes_in=sums.bytes_in,
        bytes_out=sums.bytes_out,
        tokens=sums.tokens,
        mean_ms=sums.total_ms / sums.calls if sums.calls else None,
        p50_ms=sums.p50,
        p95_ms=sums.p95,
        p99_ms=sums.p99,
    )


def _error(group: ErrorGroup) -> ErrorView:
    return ErrorView(
        error_class=group.error_class,
        calls=group.calls,
        first=timestamp(group.first),
        last=timestamp(group.last),
        example=call_view(group.example),
    )


async def _names(asked: Asked[Any, Any], by: By, keys: Iterable[str]) -> dict[str, str]:
    """Names by id, of what is still there. Whoever sees a call sees them in its record, too."""
    context, directory = asked.context, asked.context.directory()
    match by:
        case "user":
            return {id_: user.email for id_, user in directory.users.items()}
        case "team":
            return {id_: team.slug for id_, team in directory.teams.items()}
        case "upstream" | "agent":
            return {one.id: one.name for one in (await context.catalog.upstreams_by_id(list(keys))).values()}
        case "server":
            # What A2A clients call has no server: its records name the agent in its place.
            agents = {one.id: one.name for one in (await context.catalog.upstreams_by_id(list(keys))).values()}
            servers = [key for key in keys if key not in agents and await _is_there(asked, by, key)]
            return agents | {key: (await context.catalog.server(key)).slug for key in servers}
        case "principal" | "token":
            people = {id_: user.email for id_, user in directory.users.items()}
            tokens = [key for key in keys if key not in people and await _is_there(asked, by, key)]
            return people | {key: (await context.tokens.get(key)).name for key in tokens}
        case _:
            return {}


async def _is_there(asked: Asked[Any, Any], by: By, key: str) -> bool:
    try:
        await (asked.context.catalog.server(key) if by == "server" else asked.context.tokens.get(key))
    except NotFound:
        return False
    return True


ENDPOINTS = (
    endpoint("GET /metrics/totals", Action.CALL_READ, totals, "Sum up calls", table=True),
    endpoint("GET /metrics/series", Action.CALL_READ, series, "Show the course of calls over time", table=True),
    endpoint(
        "GET /metrics/top", Action.CALL_READ, top, "Show what is called most, fails most, or takes longest", table=True
    ),
    endpoint(
        "GET /metrics/flows", Action.CALL_READ, flows, "Show which clients call what through which servers", table=True
    ),
    endpoint("GET /metrics/unused", Action.CALL_READ, list_unused, "Show what nobody uses", table=True),
    endpoint("GET /metrics/errors", Action.CALL_READ, errors, "Show errors by their class", table=True),
    endpoint("GET /metrics/slowest", Action.CALL_READ, slowest, "Show the slowest calls", table=True),
)

"""How an upstream is, since when and why, and how it was before. Maintenance is a change of the upstream."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gatehouse.api.actions import Action
from gatehouse.api.context import ApiContext
from gatehouse.api.fields import Timestamp, maybe_timestamp, one_of, timestamp
from gatehouse.api.moments import later
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.model import Cause, Status, Upstream
from gatehouse.catalog.statuses import StatusChange, reason
from gatehouse.telemetry.questions import Sums, Wanted
from gatehouse.telemetry.signals import Look, Together

_CAUSES = ("look", "probe", "calls", "people")
_RANGES = {"hour": 3600.0, "day": 86_400.0, "week": 7 * 86_400.0}
Changes = Annotated[int, Meta(ge=1, le=500, description="Changes of its status at most")]


class MaintenanceView(Struct, frozen=True):
    """Until then it is not called, not probed, and nothing is told of it."""

    until: Timestamp
    note: str | None


class ProbeView(Struct, frozen=True, kw_only=True):
    at: Timestamp
    ok: bool
    milliseconds: float
    error: str | None


class CallsView(Struct, frozen=True, kw_only=True):
    """Calls of everybody that went to it."""

    calls: int
    ok: int
    success: Annotated[float | None, Meta(description="Share of `ok`, from 0 to 1; null where there were no calls")]
    p50_ms: float | None
    p95_ms: float | None


class ChangeView(Struct, frozen=True, kw_only=True):
    at: Timestamp
    before: Status
    after: Status
    cause: Annotated[str, one_of(*_CAUSES)]
    reason: str | None


class HealthView(Struct, frozen=True, kw_only=True):
    """How an upstream is."""

    id: str
    name: str
    enabled: bool
    status: Status
    since: Timestamp | None
    cause: Annotated[str, one_of(*_CAUSES, about="What made it so")] | None
    reason: str | None
    maintenance: MaintenanceView | None
    looked_at: Annotated[Timestamp | None, Meta(description="When it was last asked for all that it offers")]
    last_probe: Annotated[ProbeView | None, Meta(description="Of the last hour")]
    hour: CallsView | None
    day: CallsView | None
    week: Annotated[CallsView | None, Meta(description="Null, as the others: calls are not recorded")]
    history: Annotated[list[ChangeView], Meta(description="Newest first; it is kept for 90 days")]


class HealthQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Changes = 50


async def upstream_health(asked: Asked[HealthQuery, None]) -> HealthView:
    context = asked.context
    upstream = await context.catalog.upstream(asked.ref)
    history = await context.catalog.status_changes(upstream.id, asked.query.limit)
    look = await _last_look(context, upstream.id, asked.at.now)
    calls = {name: await _calls(context, upstream.id, asked.at.now - length) for name, length in _RANGES.items()}
    return HealthView(
        id=upstream.id,
        name=upstream.name,
        enabled=upstream.enabled,
        status=upstream.status,
        since=maybe_timestamp(upstream.status_since or None),
        cause=upstream.status_cause.value or None,
        reason=reason(upstream) or None,
        maintenance=maintenance(upstream),
        looked_at=maybe_timestamp(upstream.checked_at),
        last_probe=_probe(look),
        hour=calls["hour"],
        day=calls["day"],
        week=calls["week"],
        history=[_change(one) for one in history],
    )


def maintenance(upstream: Upstream) -> MaintenanceView | None:
    if upstream.maintenance_until is None:
        return None
    return MaintenanceView(timestamp(upstream.maintenance_until), upstream.maintenance_note)


def maintenance_until(text: str | None, now: float) -> float | None:
    """As it is asked for; raises `InvalidFields`."""
    return None if text is None else later("maintenance", text, now)


async def _last_look(context: ApiContext, upstream_id: str, now: float) -> Look | None:
    if context.signals is None:
        return None
    return Together.of(upstream_id, (await context.signals.told(now)).values()).look


async def _calls(context: ApiContext, upstream_id: str, since: float) -> CallsView | None:
    if context.figures is None:
        return None
    return _sums((await context.figures.totals(Wanted(since=since, upstream=upstream_id))).sums)


def _sums(sums: Sums) -> CallsView:
    """What did not go there, or was taken back, says nothing of it."""
    calls = sums.calls - sums.outcomes.get("refused", 0) - sums.outcomes.get("cancelled", 0)
    ok = sums.outcomes.get("ok", 0)
    share = round(ok / calls, 4) if calls else None
    return CallsView(calls=calls, ok=ok, success=share, p50_ms=_rounded(sums.p50), p95_ms=_rounded(sums.p95))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _probe(look: Look | None) -> ProbeView | None:
    if look is None:
        return None
    return ProbeView(
        at=timestamp(look.at), ok=not look.failed, milliseconds=look.milliseconds, error=look.error or None
    )


def _change(one: StatusChange) -> ChangeView:
    cause = one.cause.value or Cause.LOOK.value
    return ChangeView(
        at=timestamp(one.at), before=one.old_status, after=one.new_status, cause=cause, reason=one.reason or None
    )


ENDPOINTS = (
    endpoint("GET /upstreams/{id}/health", Action.UPSTREAM_READ, upstream_health, "Show how an upstream is, and was"),
)

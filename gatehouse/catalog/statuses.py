"""How an upstream's status turns: what a look, the calls, or people make of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gatehouse.catalog.model import Cause, Status, Upstream


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One line of an upstream's history."""

    id: str
    upstream_id: str
    at: float
    old_status: Status
    new_status: Status
    cause: Cause
    reason: str
    """Empty where the status says it all."""


def turned(before: Upstream, status: Status, cause: Cause, error: str | None, now: float) -> Upstream:
    """As it is now. While it is in maintenance nothing but people, or its end, turns it."""
    if before.status is Status.MAINTENANCE:
        return before
    if before.status is status:
        return replace(before, error=error)
    return replace(before, status=status, status_cause=cause, error=error, status_since=now)


def answered(before: Upstream, now: float) -> Upstream:
    """It answered a look. Where calls fail, or are told to sign in, all the same, that says nothing new."""
    if before.status_cause is Cause.CALLS and before.status in (Status.DEGRADED, Status.SIGN_IN):
        return before
    return turned(before, Status.OK, Cause.LOOK, None, now)


def maintained(before: Upstream, after: Upstream, now: float) -> Upstream:
    """`after` as the maintenance in it says: that begins, goes on, or ends, and links are made anew for it."""
    if after.maintenance_until is None:
        after = replace(after, maintenance_note=None)
    told = (after.maintenance_until, after.maintenance_note) != (before.maintenance_until, before.maintenance_note)
    if told:
        after = replace(after, config_revision=before.config_revision + 1)
    if after.maintenance_until is not None:
        since = before.status_since if before.status is Status.MAINTENANCE else now
        return _set(after, Status.MAINTENANCE, since)
    return _set(after, Status.UNKNOWN, now) if before.status is Status.MAINTENANCE else after


def ended(before: Upstream) -> Upstream:
    """Its time of maintenance is over; it is to be looked at."""
    return replace(before, maintenance_until=None)


def maintenance_words(upstream: Upstream) -> str:
    """`in maintenance until 2026-11-21 18:00 UTC: a new disk`"""
    until = datetime.fromtimestamp(upstream.maintenance_until or 0.0, UTC)
    note = f": {upstream.maintenance_note.rstrip('.')}" if upstream.maintenance_note else ""
    return f"in maintenance until {until:%Y-%m-%d %H:%M} UTC{note}"


def reason(upstream: Upstream) -> str:
    """Why it is as it is."""
    if upstream.status is Status.MAINTENANCE:
        return upstream.maintenance_note or ""
    return upstream.error or ""


def _set(upstream: Upstream, status: Status, since: float) -> Upstream:
    return replace(upstream, status=status, status_cause=Cause.PEOPLE, error=None, status_since=since)

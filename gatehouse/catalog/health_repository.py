"""The SQL of upstreams' history. It decides nothing; transactions are its callers'."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog.health_tables import UPSTREAM_CHANGES
from gatehouse.catalog.model import Cause, Status, Upstream
from gatehouse.catalog.statuses import StatusChange, reason
from gatehouse.kit.ids import new_id

_COLUMNS = UPSTREAM_CHANGES.c


async def note_change(connection: AsyncConnection, before: Upstream, after: Upstream) -> None:
    """Where its status is another one now."""
    if before.status is after.status:
        return
    change = StatusChange(
        new_id("chg"), after.id, after.status_since, before.status, after.status, after.status_cause, reason(after)
    )
    await connection.execute(insert(UPSTREAM_CHANGES).values(asdict(change)))


async def changes_of(connection: AsyncConnection, upstream_id: str, limit: int) -> list[StatusChange]:
    """Newest first."""
    found = select(UPSTREAM_CHANGES).where(_COLUMNS.upstream_id == upstream_id)
    rows = await connection.execute(found.order_by(_COLUMNS.id.desc()).limit(limit))
    return [
        StatusChange(
            one.id,
            one.upstream_id,
            one.at,
            Status(one.old_status),
            Status(one.new_status),
            Cause(one.cause),
            one.reason,
        )
        for one in rows
    ]


async def drop_changes(connection: AsyncConnection, before: float) -> None:
    await connection.execute(delete(UPSTREAM_CHANGES).where(_COLUMNS.at < before))

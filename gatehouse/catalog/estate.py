"""What a user or a team has in the catalog, and how another one gets it: SQL over all kinds of things alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog.tables import CAPABILITIES, SERVERS, UPSTREAMS

_KINDS = {"upstream": UPSTREAMS, "server": SERVERS, "capability": CAPABILITIES}


class Estate:
    """Of `gatehouse.access.people`, which knows nothing of a catalog. Transactions are its callers'."""

    async def owned_by(self, connection: AsyncConnection, user_id: str) -> Mapping[str, int]:
        """Kinds of which there are none are left out."""
        counts = {kind: await _count(connection, table, _alone(table, user_id)) for kind, table in _KINDS.items()}
        return {kind: number for kind, number in counts.items() if number}

    async def owned_by_team(self, connection: AsyncConnection, team_id: str) -> Mapping[str, int]:
        """Kinds of which there are none are left out."""
        counts = {kind: await _count(connection, table, table.c.team == team_id) for kind, table in _KINDS.items()}
        return {kind: number for kind, number in counts.items() if number}

    async def inherit(self, connection: AsyncConnection, user_id: str, heir_id: str | None) -> None:
        """What the user has put into a team stays the team's."""
        for table in _KINDS.values():
            await _hand_over(connection, table, table.c.owner == user_id, {"owner": heir_id})

    async def inherit_team(self, connection: AsyncConnection, team_id: str, heir_id: str) -> None:
        for table in _KINDS.values():
            await _hand_over(connection, table, table.c.team == team_id, {"team": heir_id})


def _alone(table: Table, user_id: str) -> ColumnElement[bool]:
    return (table.c.owner == user_id) & table.c.team.is_(None)


async def _count(connection: AsyncConnection, table: Table, which: ColumnElement[bool]) -> int:
    return int((await connection.execute(select(func.count()).select_from(table).where(which))).scalar_one())


async def _hand_over(
    connection: AsyncConnection, table: Table, which: ColumnElement[bool], values: Mapping[str, Any]
) -> None:
    if table is CAPABILITIES:
        # Snapshots read capabilities anew only of upstreams whose offer moved.
        moved = select(CAPABILITIES.c.upstream_id).where(which)
        again = update(UPSTREAMS).where(UPSTREAMS.c.id.in_(moved))
        await connection.execute(again.values(offer_revision=UPSTREAMS.c.offer_revision + 1))
    await connection.execute(update(table).where(which).values(values))

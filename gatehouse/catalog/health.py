"""How upstreams are: what is found of them between full looks, the end of maintenance, and the history of it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gatehouse.catalog import health_repository, repository
from gatehouse.catalog.changing import found
from gatehouse.catalog.happenings import Report, UpstreamFound
from gatehouse.catalog.model import Cause, Status, Upstream
from gatehouse.catalog.statuses import StatusChange, answered, ended, maintained, turned
from gatehouse.kit.clock import Clock
from gatehouse.store.database import Database

KEEP = 90 * 86_400.0
"""Seconds that the history is kept."""
ERROR_LENGTH = 500


class Health:
    """Of several workers that find the same at the same moment one stores it, and tells of it."""

    _database: Database
    _clock: Clock
    _report: Report

    async def record_health(self, seen: Upstream, status: Status, cause: Cause, error: str | None) -> bool:
        """It was found to be so. False where it is not any more as it was `seen`: that has to be thought over then."""
        text = None if error is None else error.replace("\0", "")[:ERROR_LENGTH]
        return await self._turn(
            seen.id, lambda now, one: turned(one, status, cause, text, now) if _same(seen, one) else one
        )

    async def record_answer(self, upstream_id: str) -> None:
        """It answered when it was asked, and what it offers was not looked at."""
        await self._turn(upstream_id, lambda now, one: replace(answered(one, now), checked_at=now))

    async def end_maintenance(self, upstream_id: str) -> bool:
        """Where its time is over; False where it is not, or was ended already."""

        def end(now: float, one: Upstream) -> Upstream:
            over = one.maintenance_until is not None and one.maintenance_until <= now
            return maintained(one, ended(one), now) if over else one

        return await self._turn(upstream_id, end)

    async def status_changes(self, upstream_id: str, limit: int) -> list[StatusChange]:
        """Newest first."""
        async with self._database.read() as connection:
            return await health_repository.changes_of(connection, upstream_id, limit)

    async def prune_status_changes(self, now: float) -> None:
        async with self._database.write(bump=False) as connection:
            await health_repository.drop_changes(connection, now - KEEP)

    async def _turn(self, upstream_id: str, change: Callable[[float, Upstream], Upstream]) -> bool:
        """Whether its status is another one now."""
        async with self._database.write() as connection:
            before = found("upstream", upstream_id, await repository.upstream(connection, upstream_id, lock=True))
            after = change(self._clock.now(), before)
            if replace(after, checked_at=before.checked_at) == before:
                self._database.keep_revision(connection)
            if after != before:
                await repository.store_upstream(connection, after)
                await health_repository.note_change(connection, before, after)
        if before.status is after.status:
            return False
        self._report(UpstreamFound(before, after))
        return True


def _same(seen: Upstream, now: Upstream) -> bool:
    """Whether nobody has changed, or judged, it meanwhile."""
    known = (seen.status, seen.status_since, seen.config_revision)
    return now.enabled and known == (now.status, now.status_since, now.config_revision)

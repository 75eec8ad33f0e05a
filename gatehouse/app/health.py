"""How upstreams are, put together: the ear at the intake of calls, what the workers tell each other, and the keeper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gatehouse.catalog.service import Catalog
from gatehouse.kit.clock import Clock
from gatehouse.relay.health import Keeper, Parts
from gatehouse.relay.refresh import Watch, WatchParts
from gatehouse.store.database import Database
from gatehouse.telemetry.figures import Figures
from gatehouse.telemetry.intake import Intake
from gatehouse.telemetry.questions import Wanted
from gatehouse.telemetry.signals import Ear
from gatehouse.telemetry.signals_store import SignalStore

_DAYS, _LATELY = 7 * 86_400.0, 3600.0
"""Seconds: what is usual is what was so in the last days, but for the last hour."""
_KEPT = 600.0
"""Seconds that an answer is good for."""


class Hearing:
    """Of one worker: hears its calls from the start."""

    def __init__(self, intake: Intake, database: Database) -> None:
        self.ear = Ear()
        self.store = SignalStore(database)
        intake.tell(self.ear.hear)

    def keeper(
        self, parts: WatchParts, watch: Watch, catalog: Catalog, figures: Figures, instance: str, interval: float
    ) -> Keeper:
        """`interval` as `Keeper` has it."""
        mine = Parts(
            book=catalog,
            store=self.store,
            ear=self.ear,
            pool=parts.pool,
            current=parts.current,
            refresher=parts.refresher,
            tasks=parts.tasks,
            clock=parts.clock,
            usual=usual_times(figures, parts.clock),
            leading=lambda: watch.leading,
        )
        return Keeper(mine, instance, interval)


def usual_times(figures: Figures, clock: Clock) -> Callable[[str], Awaitable[float | None]]:
    """The 95th percentile of an upstream's calls in the last days, in milliseconds."""
    known: dict[str, tuple[float, float | None]] = {}

    async def usual(upstream_id: str) -> float | None:
        now = clock.now()
        if upstream_id not in known or known[upstream_id][0] < now - _KEPT:
            wanted = Wanted(since=now - _DAYS, until=now - _LATELY, upstream=upstream_id)
            known[upstream_id] = (now, (await figures.totals(wanted)).sums.p95)
        return known[upstream_id][1]

    return usual

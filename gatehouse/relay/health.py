"""Watching over how upstreams are: what the calls of all workers say, and a probe where calls say nothing.

Each worker tells the others what it hears; the one that watches upstreams judges, and probes. A status is told, and
nothing is ever taken out of a list for it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import anyio

from gatehouse.catalog.model import ANSWERING, LOCAL, Cause, Status, Upstream
from gatehouse.catalog.statuses import StatusChange
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import GatewayError, NotFound
from gatehouse.kit.tasks import Tasks
from gatehouse.relay.current import Current
from gatehouse.telemetry.health import ENOUGH, SLOW_FROM, Evidence, Verdict, judged
from gatehouse.telemetry.signals import WINDOW, Ear, Look, Signals, Together, p95
from gatehouse.upstreams.peer import SessionGone, SignInNeeded, WrongEra
from gatehouse.upstreams.pool import Pool

log = logging.getLogger("gatehouse.health")
PATIENCE = 10.0
"""Seconds that a probe may take."""
AGAIN = 5.0
"""Seconds until a probe that failed is tried again."""
AT_ONCE = 4
TOLD_AGAIN = 20.0
"""Seconds after which a worker tells what it heard again, though there is nothing new."""
LEARNT = 1.0
"""Seconds after a change in which calls say little: a worker may not know of it yet, such as of a new credential."""
PRUNED = 600.0
"""Seconds between two times that what is too old is deleted."""


class Book(Protocol):
    """The catalog, as far as it is needed here."""

    async def record_health(self, seen: Upstream, status: Status, cause: Cause, error: str | None) -> bool: ...
    async def end_maintenance(self, upstream_id: str) -> bool: ...
    async def prune_status_changes(self, now: float) -> None: ...
    async def status_changes(self, upstream_id: str, limit: int) -> list[StatusChange]: ...


class Store(Protocol):
    """Where workers tell each other what they hear."""

    async def tell(self, instance: str, signals: Signals, now: float) -> None: ...
    async def told(self, now: float) -> dict[str, Signals]: ...
    async def prune(self, now: float) -> None: ...


class Refresh(Protocol):
    async def refresh(self, upstream_id: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    book: Book
    store: Store
    ear: Ear
    pool: Pool
    current: Current
    refresher: Refresh
    tasks: Tasks
    clock: Clock
    usual: Callable[[str], Awaitable[float | None]]
    """The 95th percentile of an upstream's calls on other days, in milliseconds."""
    leading: Callable[[], bool]
    """Whether this is the worker that watches upstreams."""


class Keeper:
    """`tend` it every second."""

    def __init__(self, parts: Parts, instance: str, interval: float) -> None:
        """`interval`: seconds between probes of an upstream; 0: there are none."""
        self._parts = parts
        self._instance = instance
        self._interval = interval
        self._told_at = self._pruned_at = 0.0
        self._due: dict[str, float] = {}
        self._under_way = set[str]()
        self._room = anyio.Semaphore(AT_ONCE)

    @property
    def looks(self) -> dict[str, Look]:
        """How the last probe of each upstream went that was made here."""
        return self._parts.ear.signals.looks

    async def tend(self) -> None:
        """Raises where the database is down."""
        now = self._parts.clock.now()
        await self._tell(now)
        if not self._parts.leading():
            self._due.clear()
            return
        known = [one for one in self._parts.current.snapshot.upstreams.values() if one.enabled and one.kind != LOCAL]
        told = {**await self._parts.store.told(now), self._instance: self._parts.ear.signals}
        for upstream in known:
            await self._look_at(upstream, told.values(), now)
        self._due = {one.id: self._due[one.id] for one in known if one.id in self._due}
        await self._prune(now)

    async def _tell(self, now: float) -> None:
        ear = self._parts.ear
        old = now - self._told_at >= TOLD_AGAIN
        if not ear.news and not (old and (ear.signals.heard or ear.signals.looks)):
            return
        ear.news, self._told_at = False, now
        ear.forget(now, self._parts.current.snapshot.upstreams)
        await self._parts.store.tell(self._instance, ear.signals, now)

    async def _prune(self, now: float) -> None:
        if now - self._pruned_at >= PRUNED:
            self._pruned_at = now
            await self._parts.store.prune(now)
            await self._parts.book.prune_status_changes(now)

    async def _look_at(self, upstream: Upstream, told: Iterable[Signals], now: float) -> None:
        try:
            if upstream.status is Status.MAINTENANCE:
                if (upstream.maintenance_until or 0.0) <= now:
                    await self._parts.book.end_maintenance(upstream.id)
                return
            together = Together.of(upstream.id, told)
            if upstream.status is not Status.UNKNOWN:
                await self._judge(upstream, together, now)
        except NotFound:
            return  # It was removed meanwhile.
        if self._interval and upstream.status in ANSWERING:
            self._probe_if_due(upstream, together, now)

    async def _judge(self, upstream: Upstream, together: Together, now: float) -> None:
        seen = evidence(upstream, together, now)
        if seen.p95 is not None and seen.calls >= ENOUGH and seen.p95 >= SLOW_FROM:
            seen = evidence(upstream, together, now, await self._parts.usual(upstream.id))
        verdict = judged(seen)
        if verdict is not None and await self._record(upstream, verdict):
            log.info("%s is %s now: %s", upstream.name, verdict.state, verdict.reason or "it answers")

    async def _record(self, upstream: Upstream, verdict: Verdict) -> bool:
        status, cause = Status(verdict.state), Cause(verdict.cause)
        return await self._parts.book.record_health(upstream, status, cause, verdict.reason)

    def _probe_if_due(self, upstream: Upstream, together: Together, now: float) -> None:
        clock = self._parts.clock.monotonic()
        due = self._due.setdefault(upstream.id, clock + random.uniform(0, self._interval))  # noqa: S311 - spreads load
        failing = together.look is not None and together.look.failed > 0
        if due > clock or upstream.id in self._under_way:
            return
        self._due[upstream.id] = clock + self._interval * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load
        if upstream.status is Status.OK and not failing and together.good_at > now - self._interval:
            return  # Calls are answered: there is nothing to ask.
        self._under_way.add(upstream.id)
        self._parts.tasks.spawn(self._probe(upstream, _failures(upstream, together.look)), f"probe {upstream.name}")

    async def _probe(self, upstream: Upstream, failed: int) -> None:
        try:
            async with self._room:
                look = await self._ask(upstream, failed)
        finally:
            self._under_way.discard(upstream.id)
        if look is None:
            return
        self._parts.ear.look(upstream.id, look)
        if look.failed:
            self._due[upstream.id] = self._parts.clock.monotonic() + min(AGAIN, self._interval)

    async def _ask(self, upstream: Upstream, failed: int) -> Look | None:
        """None where there was nobody to be asked, or a full look had to tell."""
        clock = self._parts.clock
        began, error = clock.monotonic(), None
        try:
            async with asyncio.timeout(PATIENCE):
                if not await self._parts.pool.link(upstream).probe():
                    return None
        except TimeoutError:
            error = GatewayError(f"It gave no sign of life within {PATIENCE:g} seconds.")
        except GatewayError as caught:
            error = caught
        except (WrongEra, SessionGone):
            await self._refresh(upstream)
            return None
        milliseconds = round((clock.monotonic() - began) * 1000, 3)
        if error is None:
            return Look(clock.now(), milliseconds)
        return Look(clock.now(), milliseconds, str(error), isinstance(error, SignInNeeded), failed + 1)

    async def _refresh(self, upstream: Upstream) -> None:
        try:
            await self._parts.refresher.refresh(upstream.id)
        except GatewayError as error:
            log.warning("%s could not be looked at: %s", upstream.name, error)


def evidence(upstream: Upstream, together: Together, now: float, usual: float | None = None) -> Evidence:
    """What came since its status is what it is; `usual` as `Evidence` has it."""
    since = upstream.status_since
    slots = list(together.slots(max(since + LEARNT, now - WINDOW)))
    look = together.look if together.look is not None and together.look.at > since else None
    silent = look is not None and look.at > together.good_at
    row = [at for at in together.row if at > since]
    return Evidence(
        state=upstream.status.value,
        cause=upstream.status_cause.value,
        since=since,
        now=now,
        calls=sum(one.calls for one in slots),
        failed=sum(one.failed for one in slots),
        locked=sum(one.locked for one in slots),
        p95=p95(slots),
        usual=usual,
        good_at=together.good_at,
        failed_at=together.failed_at,
        unreached=len(row),
        unreached_since=together.row_since,
        answered_at=_answered_at(upstream, look),
        probes_failed=look.failed if look is not None and silent else 0,
        probe_error=look.error if look is not None else "",
        probe_locked=look.locked if look is not None else False,
    )


def _failures(upstream: Upstream, look: Look | None) -> int:
    """Probes that failed in a row so far; those before it was well again don't count."""
    recent = look is not None and look.at > upstream.status_since - 2 * AGAIN
    return look.failed if look is not None and recent and upstream.status is Status.DEGRADED else 0


def _answered_at(upstream: Upstream, look: Look | None) -> float:
    looked = upstream.checked_at or 0.0 if upstream.status in ANSWERING else 0.0
    return max(looked, look.at) if look is not None and not look.failed else looked

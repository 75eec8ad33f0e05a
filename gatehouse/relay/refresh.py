"""Keeping what upstreams offer fresh: on registration, on their own notices, from time to time, and when asked.

One worker at a time watches, by a lease; any worker refreshes when it is told of a change or a person asks.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import Protocol

from gatehouse.catalog.model import ANSWERING, LOCAL, Offer, Status, Transport, Upstream
from gatehouse.catalog.snapshot import CatalogSnapshot
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import GatewayError, NotFound
from gatehouse.kit.tasks import Tasks
from gatehouse.relay.current import Current
from gatehouse.upstreams.peer import SessionGone, SignInNeeded, WrongEra
from gatehouse.upstreams.pool import Pool

log = logging.getLogger("gatehouse.refresh")
LEASE = "watch-upstreams"
LEASE_SECONDS = 10.0
ROUND = 3.0
"""Seconds between looks at what is to be done."""
DEBOUNCE = 0.05
"""Seconds in which further notices of the same upstream are one."""
FIRST_RETRY, LAST_RETRY = 5.0, 300.0
LASTING = 30.0
"""Seconds after which a stream that ends was a good one, and is opened again at once."""
SETTLED = (3.0, 10.0)
"""Shortest and longest seconds until a URL is asked again that has just begun to be followed: what changed while nobody
listened, before the stream was open or while the gateway was down, is found by that."""
STDIO_FACTOR = 6
"""A process is started to look only this much less often than a URL is asked."""


class Book(Protocol):
    """The catalog, as far as refreshing needs it."""

    async def upstream(self, ref: str) -> Upstream: ...
    async def record_offer(self, upstream_id: str, offer: Offer, changed: frozenset[str] = ...) -> object: ...
    async def record_failure(self, upstream_id: str, error: str, status: Status = ...) -> object: ...
    async def record_answer(self, upstream_id: str) -> object: ...


class Lease(Protocol):
    async def acquire(self, name: str, holder: str, seconds: float) -> bool: ...


class Refresher:
    def __init__(self, book: Book, pool: Pool, tasks: Tasks) -> None:
        self._book = book
        self._pool = pool
        self._tasks = tasks
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, set[str]] = {}

    async def refresh(self, upstream_id: str) -> None:
        """Discover now and store; who asks while that is under way waits for it. Never raises for a dead upstream."""
        task = self._under_way.get(upstream_id)
        if task is None:
            task = self._tasks.spawn(self._refresh(upstream_id), "refresh upstream")
            self._under_way[upstream_id] = task
            task.add_done_callback(lambda _: self._under_way.pop(upstream_id, None))
        await asyncio.shield(task)

    async def _refresh(self, upstream_id: str) -> None:
        upstream = await self._book.upstream(upstream_id)
        if upstream.kind == LOCAL:
            return  # What Gatehouse itself offers is stored when it is made.
        changed = frozenset(self._told.pop(upstream_id, ()))
        try:
            offer = await self._pool.link(upstream).discover()
        except GatewayError as error:
            log.warning("%s can't be asked what it offers: %s", upstream.name, error)
            await self._book.record_failure(upstream_id, str(error), failed_status(error))
            return
        try:
            await self._book.record_offer(upstream_id, offer, changed)
        except NotFound:
            return  # It was deleted meanwhile.

    async def told(self, upstream_id: str, lists: frozenset[str]) -> None:
        """An upstream says that lists of its own changed."""
        told = self._told.setdefault(upstream_id, set())
        first = not told
        told.update(lists)
        if first:
            self._tasks.spawn(self._soon(upstream_id), "refresh after a notice")

    async def _soon(self, upstream_id: str) -> None:
        await asyncio.sleep(DEBOUNCE)
        if upstream_id in self._under_way:
            await asyncio.shield(self._under_way[upstream_id])
        try:
            await self.refresh(upstream_id)
        except NotFound:
            self._told.pop(upstream_id, None)


@dataclass(frozen=True, slots=True)
class WatchParts:
    refresher: Refresher
    pool: Pool
    current: Current
    lease: Lease
    tasks: Tasks
    clock: Clock


class Watch:
    """What the one worker with the lease does: watches each upstream's notices, looks again at intervals and at the dead."""

    def __init__(self, parts: WatchParts, interval: float) -> None:
        """`interval`: seconds between full looks at an upstream that is well."""
        self._refresher = parts.refresher
        self._pool = parts.pool
        self._current = parts.current
        self._lease = parts.lease
        self._tasks = parts.tasks
        self._clock = parts.clock
        self._interval = interval
        self.leading = False
        """Whether this is the worker with the lease."""
        self._followed: dict[str, tuple[object, asyncio.Task[None]]] = {}
        self._plans: dict[str, _Plan] = {}
        self._stirred = asyncio.Event()
        parts.current.subscribe(self._stir)

    async def run(self, instance: str) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    self.leading = await self._lease.acquire(LEASE, instance, LEASE_SECONDS)
                except GatewayError:
                    self.leading = False
                known = self._current.snapshot.upstreams.values() if self.leading else ()
                upstreams = [u for u in known if u.enabled and u.status is not Status.MAINTENANCE]
                self._follow_exactly(upstreams)
                for upstream in upstreams:
                    self._look_if_due(upstream)
                self._plans = {u.id: self._plans[u.id] for u in upstreams}
                await self._rest()
        finally:
            self._follow_exactly([])

    async def _rest(self) -> None:
        """Until the next round, or until there are other upstreams, which may change from the first moment on."""
        try:
            async with asyncio.timeout(ROUND):
                await self._stirred.wait()
        except TimeoutError:
            return
        self._stirred.clear()

    async def _stir(self, before: CatalogSnapshot, after: CatalogSnapshot) -> None:
        if _well(before) != _well(after):
            self._stirred.set()

    def _follow_exactly(self, upstreams: list[Upstream]) -> None:
        """Listen to those that are well, in the way that they are reached now, and to no others."""
        wanted = {u.id: u for u in upstreams if u.detected and u.status in ANSWERING}
        for id_, (identity, task) in tuple(self._followed.items()):
            if id_ not in wanted or identity != _identity(wanted[id_]) or task.done():
                task.cancel()
                del self._followed[id_]
        for id_, upstream in wanted.items():
            if id_ not in self._followed:
                task = self._tasks.spawn(self._follow(upstream), f"follow {upstream.name}")
                self._followed[id_] = (_identity(upstream), task)

    async def _follow(self, upstream: Upstream) -> None:
        delay = 1.0
        while True:
            started = self._clock.monotonic()
            try:
                await self._pool.link(upstream).watch()
            except (GatewayError, WrongEra, SessionGone):
                pass  # It is down, or has no such stream: the looks at intervals tell.
            lasted = self._clock.monotonic() - started
            delay = 1.0 if lasted > LASTING else min(delay * 2, LAST_RETRY)
            await asyncio.sleep(delay)

    def _look_if_due(self, upstream: Upstream) -> None:
        now, well = self._clock.monotonic(), upstream.status in ANSWERING
        plan = self._plans.get(upstream.id)
        if plan is None or plan.well != well:
            first = now + self._first_pause(upstream) if well else now
            plan = self._plans[upstream.id] = _Plan(well, first, FIRST_RETRY)
        if plan.due > now:
            return
        pause = self._pause(upstream) if well else plan.retry
        plan.due = now + pause * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load, guards nothing
        plan.retry = min(plan.retry * 2, LAST_RETRY)
        self._tasks.spawn(self._try(upstream), f"look at {upstream.name}")

    def _first_pause(self, upstream: Upstream) -> float:
        settled = random.uniform(*SETTLED)  # noqa: S311 - spreads load, guards nothing
        return self._pause(upstream) if _is_process(upstream) else min(settled, self._interval)

    def _pause(self, upstream: Upstream) -> float:
        return self._interval * (STDIO_FACTOR if _is_process(upstream) else 1)

    async def _try(self, upstream: Upstream) -> None:
        try:
            await self._refresher.refresh(upstream.id)
        except GatewayError as error:
            log.warning("%s could not be looked at: %s", upstream.name, error)


@dataclass(slots=True)
class _Plan:
    """When to look at an upstream next; `retry` is the pause after a failure, in seconds."""

    well: bool
    due: float
    retry: float


def failed_status(error: GatewayError) -> Status:
    """What an upstream is that could not be asked for that."""
    return Status.SIGN_IN if isinstance(error, SignInNeeded) else Status.DOWN


def _is_process(upstream: Upstream) -> bool:
    return upstream.detected is not None and upstream.detected.transport is Transport.STDIO


def _well(snapshot: CatalogSnapshot) -> dict[str, tuple[object, ...]]:
    """Those to be listened to, and how they are reached."""
    return {id_: _identity(u) for id_, u in snapshot.upstreams.items() if u.enabled and u.status in ANSWERING}


def _identity(upstream: Upstream) -> tuple[object, ...]:
    return (upstream.config_revision, upstream.detected.era if upstream.detected else None)

"""What a worker measures of itself, and the figures of all workers of this machine: for /metrics and for the API's status."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from gatehouse.app.repeating import every
from gatehouse.catalog.model import ANSWERING, Status
from gatehouse.kit.clock import Clock
from gatehouse.relay.current import Current
from gatehouse.store.database import Database
from gatehouse.telemetry import process
from gatehouse.telemetry.intake import Intake
from gatehouse.telemetry.metrics import Durations, Meter, Shown
from gatehouse.telemetry.recorder import Recorder
from gatehouse.telemetry.report import Machine, Report, Totals, report
from gatehouse.telemetry.watching import QUERIES, QUERY_BOUNDS, REMEMBERED, LoopLag, Queries
from gatehouse.telemetry.workers import SharedFigures
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.stdio import Launcher

log = logging.getLogger("gatehouse")
_NOT_LOOKED_AT = frozenset({Status.UNKNOWN, Status.MAINTENANCE})
SHARING = 0.5
"""Seconds between two times that a worker leaves its figures to the others: what a `kill -9` can lose."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is looked at, beside the event loop and the database."""

    meter: Meter
    recorder: Recorder
    http: HttpClient
    launcher: Launcher
    current: Current


class Watching:
    """One for each worker. `begin` before calls come, then run its `tasks`; `end` at the end."""

    def __init__(self, instance: str, clock: Clock, database: Database) -> None:
        self.directory: Path | None = None
        """Where workers leave their figures to each other; None: there is only this one."""
        self._instance = instance
        self._started_at = clock.now()
        self._database = database
        self._lag = LoopLag()
        self._queries = Queries()
        self._shared: SharedFigures | None = None
        self._meter = Meter()
        self._count: Callable[[], None] = lambda: None
        """Tells the meter of calls that it has not heard of."""
        self._well = True
        database.on_query(self._queries.note)

    async def begin(self, seen: Seen) -> None:
        self._meter, self._count = seen.meter, seen.recorder.intake.sum_up
        _show_process(seen.meter, self._started_at)
        _show_ways_out(seen)
        _show_records(seen)
        self._show_itself()
        if self.directory is None:
            return
        try:
            self._shared = await anyio.to_thread.run_sync(SharedFigures, self.directory, self._instance)
        except OSError as error:
            self._tell(error)

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """To be run until the worker ends."""
        sharing = () if self._shared is None else (every(SHARING, self._share),)
        return [self._lag.run(), every(REMEMBERED, self._queries.tell), *sharing]

    async def end(self) -> None:
        """What was counted since the last time is left to the others, too."""
        shared, self._shared = self._shared, None
        if shared is not None:
            with suppress(OSError):
                await shared.write(self._report())
            shared.close()

    async def exposition(self) -> bytes:
        """In Prometheus' text format."""
        return await _exposition(self._meter, *await self._reports())

    async def machine(self) -> Machine:
        living, _ = await self._reports()
        return Machine(self._database.backend, self._instance, tuple(living))

    async def _reports(self) -> tuple[list[Report], list[Report]]:
        if self._shared is None:
            return [self._report().apart()], []
        try:
            # Told first, and read then: whoever is asked next does not know less than was said here.
            await self._shared.write(self._report())
            return await self._shared.read()
        except OSError as error:
            self._tell(error)
            return [self._report().apart()], []

    async def _share(self) -> None:
        if self._shared is None:
            return
        try:
            await self._shared.write(self._report())
            self._well = True
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        """Once for each time that it begins."""
        if self._well:
            log.warning("The workers can't share their figures, each shows its own: %s", error.strerror)
        self._well = False

    def _report(self) -> Report:
        self._count()
        return report(self._meter, self._instance, self._started_at)

    def _show_itself(self) -> None:
        meter, lag, queries = self._meter, self._lag, self._queries
        words = "How late the event loop is, in the last minute: the 99th percentile, of the worst worker"
        meter.gauge("gatehouse_event_loop_lag_seconds", words, lambda: lag.usual_most, max)
        words = "How late the event loop is, in the last minute: the most, of the worst worker"
        meter.gauge("gatehouse_event_loop_lag_max_seconds", words, lambda: lag.most, max)
        words = "Time of a query, waiting included"
        meter.durations.append(Durations(QUERIES, words, QUERY_BOUNDS, (), lambda: {(): queries.durations}))
        meter.counter("gatehouse_database_slow_queries_total", "Queries of half a second or more", lambda: queries.slow)
        words = "The slowest query since the start"
        meter.gauge("gatehouse_database_slowest_query_seconds", words, lambda: queries.slowest, max)


def alone(meter: Meter, intake: Intake) -> Callable[[], Awaitable[bytes]]:
    """The figures of a process that has no other workers, and no database."""
    _show_process(meter, time.time())

    async def show() -> bytes:
        intake.sum_up()
        return await _exposition(meter, [report(meter, "", 0.0).apart()], [])

    return show


async def _exposition(meter: Meter, living: list[Report], dead: list[Report]) -> bytes:
    """In a thread: of a thousand series it takes long enough for calls to wait."""

    def write() -> bytes:
        from gatehouse.telemetry.prometheus import exposition  # noqa: PLC0415 - a tenth of the time of a start

        return exposition(meter, Totals.of(living, dead))

    return await anyio.to_thread.run_sync(write)


def _show_process(meter: Meter, started_at: float) -> None:
    """Added up over the workers: each of them has memory and files of its own."""
    words = "When the oldest worker began, since the epoch"
    meter.gauge("gatehouse_process_start_time_seconds", words, lambda: started_at, min)
    meter.counter("gatehouse_process_cpu_seconds_total", "CPU time, user and system", process.cpu_seconds)
    for name, words, read in (
        ("gatehouse_process_resident_memory_bytes", "Resident memory", process.resident_bytes),
        ("gatehouse_process_open_fds", "Open file descriptors", process.open_files),
    ):
        if read() is not None:
            meter.gauge(name, words, lambda read=read: read() or 0)


def _show_ways_out(seen: Seen) -> None:
    meter, current, http = seen.meter, seen.current, seen.http

    def up() -> dict[tuple[str, ...], float]:
        known = [one for one in current.snapshot.upstreams.values() if one.enabled and one.status not in _NOT_LOOKED_AT]
        return {(one.name,): float(one.status in ANSWERING) for one in known}

    def statuses() -> dict[tuple[str, ...], float]:
        known = Counter(one.status if one.enabled else "disabled" for one in current.snapshot.upstreams.values())
        return {(word,): float(known[word]) for word in (*map(str, Status), "disabled")}

    def connections() -> dict[tuple[str, ...], float]:
        idle, busy, _ = http.counts()
        return {("idle",): idle, ("busy",): busy}

    # Of the same registry each worker tells the same, but for the moment of a change.
    words = "Whether an upstream answered when it was last looked at"
    meter.show(Shown("gatehouse_upstream_up", words, "gauge", up, ("upstream",), max))
    meter.show(Shown("gatehouse_upstreams", "Upstreams by status", "gauge", statuses, ("status",), max))
    words = "Open connections to upstreams"
    meter.show(Shown("gatehouse_upstream_connections", words, "gauge", connections, ("state",)))
    words = "Requests to upstreams that wait for a free connection"
    meter.gauge("gatehouse_upstream_requests_queued", words, lambda: http.counts()[2])
    meter.gauge("gatehouse_stdio_processes", "Processes of stdio upstreams", lambda: seen.launcher.running)


def _show_records(seen: Seen) -> None:
    meter, recorder = seen.meter, seen.recorder
    meter.gauge("gatehouse_records_waiting", "Calls that are not in the database yet", lambda: recorder.waiting)
    meter.counter("gatehouse_records_written_total", "Calls that are in the database's sums", lambda: recorder.written)
    meter.counter("gatehouse_records_dropped_total", "Calls that are lost to the sums", lambda: recorder.dropped)
    words = "Calls that workers took along who were killed"
    meter.counter("gatehouse_records_lost_total", words, lambda: recorder.lost)
    words = "Calls that are in the sums, and have no record of their own"
    meter.counter("gatehouse_records_left_out_total", words, lambda: recorder.left_out)

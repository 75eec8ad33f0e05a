"""How this machine's workers are: for administrators, and for `gatehouse doctor`. The same figures as at /metrics."""

from __future__ import annotations

import platform
from typing import Annotated

from msgspec import Meta, Struct

from gatehouse.api.actions import Action
from gatehouse.api.fields import Timestamp, one_of, timestamp
from gatehouse.api.routing import Asked, endpoint
from gatehouse.kit.errors import NotFound
from gatehouse.telemetry.report import Machine, Report
from gatehouse.telemetry.watching import QUERIES


class WorkerView(Struct, frozen=True, kw_only=True):
    id: str
    pid: int
    started_at: Timestamp
    answering: Annotated[bool, Meta(description="Whether it is the worker that gave this answer")]
    loop_lag_ms: Annotated[float, Meta(description="99th percentile of the last minute")]
    loop_lag_max_ms: Annotated[float, Meta(description="The most in the last minute")]
    cpu_seconds: float
    memory_bytes: Annotated[int | None, Meta(description="Resident; null where the platform does not say")]
    open_files: int | None
    sessions: int
    streams: int
    calls_waiting: Annotated[int, Meta(description="Calls that wait for their upstream")]
    connections_idle: Annotated[int, Meta(description="Open connections to upstreams")]
    connections_busy: int
    requests_queued: Annotated[int, Meta(description="Requests to upstreams that wait for a free connection")]
    stdio_processes: int
    records_waiting: Annotated[int, Meta(description="Calls that are not in the database yet")]
    records_dropped: Annotated[
        int, Meta(description="Calls that are missing in the figures: the database was too slow")
    ]
    records_lost: Annotated[int, Meta(description="Calls that workers took along who were killed, as it was found out")]
    records_left_out: Annotated[int, Meta(description="Calls that are in the sums, and have no record of their own")]
    queries: Annotated[int, Meta(description="Asked of the database")]
    slow_queries: Annotated[int, Meta(description="Database queries of half a second or more")]
    slowest_query_ms: float


class StatusView(Struct, frozen=True, kw_only=True):
    version: str
    python: str
    platform: str
    database: Annotated[str, one_of("sqlite", "postgresql", "mysql")]
    upstreams: Annotated[dict[str, int], Meta(description="How many are in each status, and disabled")]
    workers: Annotated[list[WorkerView], Meta(description="Those of this machine, the oldest first")]


async def status(asked: Asked[None, None]) -> StatusView:
    if asked.context.machine is None:
        raise NotFound("This gateway does not watch itself.")
    machine = await asked.context.machine()
    return StatusView(
        version=asked.context.version,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        database=machine.database,
        upstreams=_upstreams(machine),
        workers=[_worker(one, machine.answering) for one in machine.workers],
    )


def _upstreams(machine: Machine) -> dict[str, int]:
    own = [one for one in machine.workers if one.instance == machine.answering]
    return {labels[0]: int(count) for one in own for labels, count in one.gauges.get("gatehouse_upstreams", ())}


def _worker(one: Report, answering: str) -> WorkerView:
    def count(name: str, *labels: str) -> int:
        return int(one.value(f"gatehouse_{name}", labels))

    def milliseconds(name: str) -> float:
        return round(one.value(f"gatehouse_{name}_seconds") * 1000, 3)

    return WorkerView(
        id=one.instance,
        pid=one.pid,
        started_at=timestamp(one.started_at),
        answering=one.instance == answering,
        loop_lag_ms=milliseconds("event_loop_lag"),
        loop_lag_max_ms=milliseconds("event_loop_lag_max"),
        cpu_seconds=round(one.value("gatehouse_process_cpu_seconds_total"), 3),
        memory_bytes=_known(one, "gatehouse_process_resident_memory_bytes"),
        open_files=_known(one, "gatehouse_process_open_fds"),
        sessions=count("sessions"),
        streams=count("streams"),
        calls_waiting=count("calls_waiting"),
        connections_idle=count("upstream_connections", "idle"),
        connections_busy=count("upstream_connections", "busy"),
        requests_queued=count("upstream_requests_queued"),
        stdio_processes=count("stdio_processes"),
        records_waiting=count("records_waiting"),
        records_dropped=count("records_dropped_total"),
        records_lost=count("records_lost_total"),
        records_left_out=count("records_left_out_total"),
        queries=sum(sum(series.buckets) for _, series in one.histograms.get(QUERIES, ())),
        slow_queries=count("database_slow_queries_total"),
        slowest_query_ms=milliseconds("database_slowest_query"),
    )


def _known(one: Report, name: str) -> int | None:
    return int(one.value(name)) if name in one.gauges else None


ENDPOINTS = (endpoint("GET /status", Action.METRICS_READ, status, "Show how the workers of this machine are"),)

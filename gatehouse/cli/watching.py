"""What `doctor` makes of the workers' figures of themselves."""

from __future__ import annotations

import msgspec

from gatehouse.cli.api import Api, json_as
from gatehouse.cli.errors import Refused
from gatehouse.cli.findings import Finding
from gatehouse.cli.output import counted

LATE = 250.0
"""Milliseconds from which on an event loop is too late."""
BACKLOG = 10_000
"""Calls that wait to be recorded; past some more than these they are lost."""
FEW_QUERIES = 5
_NOT_KNOWN = 404


class WorkerStatus(msgspec.Struct, frozen=True):
    pid: int
    loop_lag_ms: float = 0.0
    loop_lag_max_ms: float = 0.0
    records_waiting: int = 0
    records_dropped: int = 0
    records_lost: int = 0
    queries: int = 0
    slow_queries: int = 0
    slowest_query_ms: float = 0.0


class Status(msgspec.Struct, frozen=True):
    workers: list[WorkerStatus]


def look(api: Api) -> list[Finding]:
    """Nothing of a gateway that does not tell, being older."""
    try:
        status = json_as(api.get("/status"), Status)
    except Refused as error:
        if error.http_status == _NOT_KNOWN:
            return []
        return [Finding("status", "warn", error.message, "Use a token with the permission metrics.read to see it.")]
    return [_event_loop(status.workers), _records(status.workers), _queries(status.workers)]


def _event_loop(workers: list[WorkerStatus]) -> Finding:
    late = max((one.loop_lag_ms for one in workers), default=0.0)
    most = max((one.loop_lag_max_ms for one in workers), default=0.0)
    found = f"{late:.0f} ms late, {most:.0f} ms at most, in the last minute ({counted(len(workers), 'worker')})"
    if late < LATE:
        return Finding("event loop", "ok", found)
    hint = "The machine or its disk is too slow for what is asked of it: give it more CPU, or start more --workers."
    return Finding("event loop", "warn", found, hint)


def _records(workers: list[WorkerStatus]) -> Finding:
    waiting, dropped = (sum(one.records_waiting for one in workers), sum(one.records_dropped for one in workers))
    lost = sum(one.records_lost for one in workers)
    found = f"{waiting} waiting, {dropped} dropped, {lost} lost with workers that were killed"
    if not dropped and waiting < BACKLOG:
        return Finding("call records", "ok", found)
    return Finding("call records", "warn", found, "The database is too slow, or down: look at it, and at its disk.")


def _queries(workers: list[WorkerStatus]) -> Finding:
    every, slow = sum(one.queries for one in workers), sum(one.slow_queries for one in workers)
    slowest = max((one.slowest_query_ms for one in workers), default=0.0)
    found = f"{slow} of {every} took half a second or more"
    if slow:
        found += f", the slowest {slowest / 1000:.1f} s"
    if slow < FEW_QUERIES or slow * 100 < every:
        return Finding("queries", "ok", found)
    return Finding("queries", "warn", found, "The log of the gateway says which. Is the database busy, or far away?")

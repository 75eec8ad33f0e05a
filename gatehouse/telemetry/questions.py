"""What is asked about calls, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gatehouse.telemetry.record import CallRecord

Dimension = Literal[
    "server", "upstream", "name", "original", "method", "principal", "user", "team", "client", "outcome"
]
Measure = Literal["calls", "errors", "latency", "bytes", "tokens"]
Step = Literal[60, 3600, 86400]
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a caller may see: calls of these servers, and those of these principals."""

    servers: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calls. Times are seconds since the epoch; `until` is not within. None: all of them."""

    since: float | None = None
    until: float | None = None
    server: str | None = None
    upstream: str | None = None
    name: str | None = None
    original: str | None = None
    method: str | None = None
    principal: str | None = None
    user: str | None = None
    team: str | None = None
    client: str | None = None
    outcome: str | None = None
    seen: Seen | None = None
    """None: everything may be seen."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Percentiles are within 5 % of the true ones, and None where there were no calls. Times are milliseconds."""

    calls: int
    outcomes: Mapping[str, int]
    """Those that occurred."""
    errors: int
    """All outcomes but ok and cancelled."""
    bytes_in: int
    bytes_out: int
    tokens: int
    total_ms: float
    """Of all calls together; the mean is this by `calls`."""
    upstream_ms: float
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    since: float
    """The range that it is about: the one wanted, widened to whole minutes, or to what is kept of a time long ago."""
    until: float
    sums: Sums


@dataclass(frozen=True, slots=True)
class Point:
    start: float
    sums: Sums


@dataclass(frozen=True, slots=True)
class Curve:
    """Of what has this key."""

    key: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Ranked:
    key: str
    """An id or a name, by what was asked for."""
    sums: Sums


@dataclass(frozen=True, slots=True)
class Flow:
    """Calls from clients of one name, through one server, to one upstream. What is not known is empty."""

    client: str
    server: str
    upstream: str
    calls: int
    errors: int


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    error_class: str
    calls: int
    first: float
    last: float
    example: CallRecord
    """The newest of them."""


@dataclass(frozen=True, slots=True)
class Use:
    last: float
    calls: int

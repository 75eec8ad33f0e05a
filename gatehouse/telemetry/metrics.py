"""Counters of this process, cheap enough to stand in the path of a call. `prometheus.py` shows them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from gatehouse.kit.json import Raw
from gatehouse.protocol.call import Outcome, Result

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the duration buckets, in seconds."""
_TRUE = Raw(b"true")
Labels = tuple[str, str, str, str]
"""Server, upstream, method, outcome."""


class Series:
    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.total = 0.0


@dataclass(frozen=True, slots=True)
class Gauge:
    name: str
    documentation: str
    read: Callable[[], float]


class Meter:
    """Counts calls by server, upstream, method and outcome (`ok`, `tool_error`, `error`, `unavailable`)."""

    def __init__(self) -> None:
        self.series: dict[Labels, Series] = {}
        self.gauges: list[Gauge] = []
        self.aliases: dict[tuple[str, str], int] = {}
        """Calls under a name that was given up, by server and that name: who still uses it?"""

    def gauge(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Show what `read` says when the figures are asked for; it must not block."""
        self.gauges.append(Gauge(name, documentation, read))

    def called(self, server: str, upstream: str, method: str, outcome: Outcome, seconds: float) -> None:
        labels = (server, upstream, method, _word(outcome))
        series = self.series.get(labels)
        if series is None:
            series = self.series[labels] = Series()
        series.buckets[bisect_left(BOUNDS, seconds)] += 1
        series.total += seconds

    def called_by_alias(self, server: str, name: str) -> None:
        self.aliases[server, name] = self.aliases.get((server, name), 0) + 1


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Result):
        return "tool_error" if outcome.fields.get("isError") == _TRUE else "ok"
    return "unavailable" if outcome.own else "error"

"""What this process counts of its calls, and what else it can tell of itself.

`report.py` adds up the figures of several processes, `prometheus.py` shows them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import msgspec

from gatehouse.telemetry.intake import Summed
from gatehouse.telemetry.record import CallRecord

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the duration buckets, in seconds."""
DURATIONS = "gatehouse_call_duration_seconds"
TOOLS = 500
"""Tools that have a label of their own, each in each server."""
OTHER = "other"
_bucket = partial(bisect_left, [round(bound * 1e6) for bound in BOUNDS])
Labels = tuple[str, ...]
Values = Mapping[Labels, float]
Read = Callable[[], float]


class Series(msgspec.Struct, array_like=True, gc=False):
    """How many fell into each bucket (the last one has no bound), and the sum of all, in seconds."""

    buckets: list[int]
    total: float = 0.0

    @classmethod
    def empty(cls, bounds: Sequence[float] = BOUNDS) -> Series:
        return cls([0] * (len(bounds) + 1))

    def add(self, bounds: Sequence[float], seconds: float) -> None:
        self.buckets[bisect_left(bounds, seconds)] += 1
        self.total += seconds


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure that is read when it is asked for. `combined` is what the workers of a machine have together."""

    name: str
    documentation: str
    kind: Literal["gauge", "counter"]
    read: Callable[[], Values]
    labels: tuple[str, ...] = ()
    combined: Callable[[Iterable[float]], float] = sum


@dataclass(frozen=True, slots=True)
class Durations:
    name: str
    documentation: str
    bounds: tuple[float, ...]
    labels: tuple[str, ...]
    read: Callable[[], Mapping[Labels, Series]]


class Meter:
    """Counts calls by server, upstream, method and outcome.

    Outcomes: `ok`, `tool_error`, `error` (the upstream's, or a mistake of ours), `unavailable` (the upstream could not
    answer), `refused` (it did not go on to an upstream), `cancelled`.
    """

    labels: tuple[str, ...] = ("server", "upstream", "method", "outcome")

    def __init__(self) -> None:
        self.series: dict[Labels, Series] = {}
        self.shown: dict[str, Shown] = {}
        self.durations = [Durations(DURATIONS, "Time of a call", BOUNDS, self.labels, lambda: self.series)]
        self.aliases: dict[Labels, float] = {}
        """Calls under a name that was given up, by server and that name: who still uses it?"""
        words = "Calls by a former name"
        self.show(Shown("gatehouse_alias_calls_total", words, "counter", lambda: self.aliases, ("server", "name")))

    def gauge(
        self, name: str, documentation: str, read: Read, combined: Callable[[Iterable[float]], float] = sum
    ) -> None:
        """Show what `read` says when the figures are asked for; it must not block."""
        self.show(Shown(name, documentation, "gauge", lambda: {(): read()}, combined=combined))

    def counter(self, name: str, documentation: str, read: Read) -> None:
        """The same for what only ever grows; its name ends in `_total`."""
        self.show(Shown(name, documentation, "counter", lambda: {(): read()}))

    def show(self, shown: Shown) -> None:
        self.shown[shown.name] = shown

    def hear(self, summed: Iterable[Summed]) -> None:
        """Calls that ended."""
        for one in summed:
            common = one.group.common
            series = self.series.setdefault(self._labels(common), Series.empty())
            for bucket, calls in Counter(map(_bucket, one.microseconds)).items():
                series.buckets[bucket] += calls
            series.total += one.tally.total_us / 1e6

    def _labels(self, common: CallRecord) -> Labels:
        return common.server_name, common.upstream_name, common.method, _word(common)

    def called_by_alias(self, server: str, name: str) -> None:
        self.aliases[server, name] = self.aliases.get((server, name), 0) + 1


class ToolMeter(Meter):
    """Tells tools apart, too: as many as `most`; what comes after them is counted as `other`."""

    labels = (*Meter.labels, "tool")

    def __init__(self, most: int = TOOLS) -> None:
        super().__init__()
        self._most = most
        self._known: set[tuple[str, str]] = set()

    def _labels(self, common: CallRecord) -> Labels:
        # Names of resources are what clients ask for: they have no end.
        told = common.name and common.method == "tools/call"
        return *super()._labels(common), self._bounded(common.server_name, common.name) if told else ""

    def _bounded(self, server: str, tool: str) -> str:
        if (server, tool) not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add((server, tool))
        return tool


def _word(common: CallRecord) -> str:
    if common.outcome not in ("protocol_error", "timed_out"):
        return common.outcome
    ours = common.error_class == "internal"
    return "error" if ours or common.error_class.startswith("rpc ") else "unavailable"

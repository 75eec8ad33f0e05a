"""What this process counts, cheap enough to stand in the path of a call, and what else it can tell of itself.

`report.py` adds up the figures of several processes, `prometheus.py` shows them.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from gatehouse.kit.json import Raw
from gatehouse.protocol.call import Outcome, Result

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the duration buckets, in seconds."""
DURATIONS = "gatehouse_call_duration_seconds"
TOOLS = 500
"""Tools that have a label of their own, each in each server."""
OTHER = "other"
_TRUE = Raw(b"true")
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

    Outcomes: `ok`, `tool_error`, `error` (the upstream's), `unavailable` (ours, for an upstream that could not answer),
    `refused` (it did not go on to an upstream), `cancelled`.
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

    def called(self, server: str, upstream: str, method: str, outcome: Outcome, seconds: float, tool: str = "") -> None:
        """`tool`: the name that the server advertises; of no use here."""
        labels = (server, upstream, method, _word(outcome))
        series = self.series.get(labels)
        if series is None:
            series = self.series[labels] = Series.empty()
        series.buckets[bisect_left(BOUNDS, seconds)] += 1
        series.total += seconds

    def refused(self, server: str, upstream: str, method: str, seconds: float, tool: str = "") -> None:
        """It did not go on. `upstream` and `tool` are empty where the name is not known: anybody can make up names."""
        self._count((server, upstream, method, "refused"), tool, seconds)

    def broken(
        self, server: str, upstream: str, method: str, error: BaseException, seconds: float, tool: str = ""
    ) -> None:
        """It ended in an exception: its client went away or cancelled it, or we have a mistake."""
        cancelled = isinstance(error, (asyncio.CancelledError, ConnectionError))
        self._count((server, upstream, method, "cancelled" if cancelled else "error"), tool, seconds)

    def called_by_alias(self, server: str, name: str) -> None:
        self.aliases[server, name] = self.aliases.get((server, name), 0) + 1

    def _count(self, labels: Labels, tool: str, seconds: float) -> None:
        series = self.series.get(labels)
        if series is None:
            series = self.series[labels] = Series.empty()
        series.add(BOUNDS, seconds)


class ToolMeter(Meter):
    """Tells tools apart, too: as many as `most`; what comes after them is counted as `other`."""

    labels = (*Meter.labels, "tool")

    def __init__(self, most: int = TOOLS) -> None:
        super().__init__()
        self._most = most
        self._known: set[tuple[str, str]] = set()

    def called(self, server: str, upstream: str, method: str, outcome: Outcome, seconds: float, tool: str = "") -> None:
        self._count((server, upstream, method, _word(outcome)), tool, seconds)

    def _count(self, labels: Labels, tool: str, seconds: float) -> None:
        # Names of resources are what clients ask for: they have no end.
        name = self._bounded(labels[0], tool) if tool and labels[2] == "tools/call" else ""
        super()._count((*labels, name), "", seconds)

    def _bounded(self, server: str, tool: str) -> str:
        if (server, tool) not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add((server, tool))
        return tool


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Result):
        fields = outcome.fields
        return "tool_error" if "isError" in fields and fields["isError"] == _TRUE else "ok"
    return "unavailable" if outcome.own else "error"

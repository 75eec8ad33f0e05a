"""Counters of this process, cheap enough to stand in the path of a call, and their Prometheus form."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gatehouse import __version__
from gatehouse.kit.json import Raw
from gatehouse.protocol.call import Outcome, Result

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the duration buckets, in seconds."""
_TRUE = Raw(b"true")
Labels = tuple[str, str, str, str]
"""Server, upstream, method, outcome."""


class _Series:
    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.total = 0.0


@dataclass(frozen=True, slots=True)
class _Gauge:
    name: str
    documentation: str
    read: Callable[[], float]


class Meter:
    """Counts calls by server, upstream, method and outcome (`ok`, `tool_error`, `error`, `unavailable`)."""

    def __init__(self) -> None:
        self._series: dict[Labels, _Series] = {}
        self._gauges: list[_Gauge] = []

    def gauge(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Show what `read` says when the figures are asked for; it must not block."""
        self._gauges.append(_Gauge(name, documentation, read))

    def called(self, server: str, upstream: str, method: str, outcome: Outcome, seconds: float) -> None:
        labels = (server, upstream, method, _word(outcome))
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series()
        series.buckets[bisect_left(BOUNDS, seconds)] += 1
        series.total += seconds

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        registry = CollectorRegistry()
        registry.register(_Exporter(self._series, self._gauges))
        return generate_latest(registry)


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Result):
        return "tool_error" if outcome.fields.get("isError") == _TRUE else "ok"
    return "unavailable" if outcome.own else "error"


class _Exporter(Collector):
    def __init__(self, series: dict[Labels, _Series], gauges: Sequence[_Gauge]) -> None:
        self._series = series
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        info = InfoMetricFamily("gatehouse_build", "The running Gatehouse")
        info.add_metric((), {"version": __version__})
        yield info
        calls = CounterMetricFamily("gatehouse_calls", "Calls that reached an upstream", labels=_LABELS)
        durations = HistogramMetricFamily("gatehouse_call_duration_seconds", "Time of a call", labels=_LABELS)
        for labels, series in self._series.items():
            calls.add_metric(labels, sum(series.buckets))
            durations.add_metric(labels, _cumulative(series.buckets), series.total)
        yield calls
        yield durations
        for gauge in self._gauges:
            yield GaugeMetricFamily(gauge.name, gauge.documentation, value=gauge.read())


_LABELS = ("server", "upstream", "method", "outcome")


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    sums, total = list[tuple[str, float]](), 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
        total += count
        sums.append((bound, float(total)))
    return sums

"""The figures of this process in Prometheus' text format. Loaded when they are asked for: nothing else needs the library."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gatehouse import __version__
from gatehouse.telemetry.metrics import BOUNDS, Meter

_LABELS = ("server", "upstream", "method", "outcome")


def exposition(meter: Meter) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Exporter(meter))
    return generate_latest(registry)


class _Exporter(Collector):
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def collect(self) -> Iterable[Metric]:
        info = InfoMetricFamily("gatehouse_build", "The running Gatehouse")
        info.add_metric((), {"version": __version__})
        yield info
        calls = CounterMetricFamily("gatehouse_calls", "Calls that reached an upstream", labels=_LABELS)
        durations = HistogramMetricFamily("gatehouse_call_duration_seconds", "Time of a call", labels=_LABELS)
        for labels, series in self._meter.series.items():
            calls.add_metric(labels, sum(series.buckets))
            durations.add_metric(labels, _cumulative(series.buckets), series.total)
        yield calls
        yield durations
        aliases = CounterMetricFamily("gatehouse_alias_calls", "Calls by a former name", labels=("server", "name"))
        for names, count in self._meter.aliases.items():
            aliases.add_metric(names, count)
        yield aliases
        for gauge in self._meter.gauges:
            yield GaugeMetricFamily(gauge.name, gauge.documentation, value=gauge.read())


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    sums, total = list[tuple[str, float]](), 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
        total += count
        sums.append((bound, float(total)))
    return sums

"""Figures in Prometheus' text format. Loaded when they are asked for: nothing else needs the library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gatehouse import __version__
from gatehouse.telemetry.metrics import DURATIONS, Durations, Meter, Shown
from gatehouse.telemetry.report import Totals


def exposition(meter: Meter, totals: Totals) -> bytes:
    """`meter` says what the figures mean, `totals` what they are."""
    registry = CollectorRegistry()
    registry.register(_Exporter(meter, totals))
    return generate_latest(registry)


class _Exporter(Collector):
    def __init__(self, meter: Meter, totals: Totals) -> None:
        self._meter = meter
        self._totals = totals

    def collect(self) -> Iterable[Metric]:
        info = InfoMetricFamily("gatehouse_build", "The running Gatehouse")
        info.add_metric((), {"version": __version__})
        yield info
        yield GaugeMetricFamily("gatehouse_workers", "Workers that run here", value=self._totals.workers)
        yield self._calls()
        for one in self._meter.durations:
            yield self._durations(one)
        for shown in self._meter.shown.values():
            yield self._counter(shown) if shown.kind == "counter" else self._gauge(shown)

    def _calls(self) -> Metric:
        family = CounterMetricFamily("gatehouse_calls", "Calls, by how they ended", labels=self._meter.labels)
        for labels, series in self._totals.histograms.get(DURATIONS, {}).items():
            family.add_metric(labels, sum(series.buckets))
        return family

    def _durations(self, one: Durations) -> Metric:
        family = HistogramMetricFamily(one.name, one.documentation, labels=one.labels)
        for labels, series in self._totals.histograms.get(one.name, {}).items():
            family.add_metric(labels, _cumulative(one.bounds, series.buckets), series.total)
        return family

    def _counter(self, shown: Shown) -> Metric:
        family = CounterMetricFamily(shown.name, shown.documentation, labels=shown.labels)
        for labels, value in self._totals.counters.get(shown.name, {}).items():
            family.add_metric(labels, value)
        return family

    def _gauge(self, shown: Shown) -> Metric:
        family = GaugeMetricFamily(shown.name, shown.documentation, labels=shown.labels)
        for labels, values in self._totals.gauges.get(shown.name, {}).items():
            family.add_metric(labels, shown.combined(values))
        return family


def _cumulative(bounds: Sequence[float], buckets: Sequence[int]) -> list[tuple[str, float]]:
    sums, total = list[tuple[str, float]](), 0
    for bound, count in zip((*map(str, bounds), "+Inf"), buckets, strict=True):
        total += count
        sums.append((bound, float(total)))
    return sums

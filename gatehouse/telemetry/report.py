"""The figures of one worker at one moment, and those of several added up."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from gatehouse.telemetry.metrics import Labels, Meter, Series


class Report(msgspec.Struct, frozen=True, gc=False):
    """Counters and histograms only ever grow; gauges are what is so now. All by name, then by labels."""

    instance: str
    pid: int
    started_at: float
    """Seconds since the epoch."""
    counters: dict[str, list[tuple[Labels, float]]] = {}
    gauges: dict[str, list[tuple[Labels, float]]] = {}
    histograms: dict[str, list[tuple[Labels, Series]]] = {}

    def apart(self) -> Report:
        """A copy that no later call changes."""
        return msgspec.msgpack.decode(msgspec.msgpack.encode(self), type=Report)

    def value(self, name: str, labels: Labels = ()) -> float:
        """Of a counter or gauge; 0 where there is none."""
        found = self.gauges.get(name) or self.counters.get(name, ())
        return next((value for known, value in found if known == labels), 0.0)


@dataclass(frozen=True, slots=True)
class Machine:
    """What is known of the workers of one `gatehouse up`, here on this machine."""

    database: str
    """`sqlite`, `postgresql` or `mysql`."""
    answering: str
    """The instance id of the worker that tells of it."""
    workers: tuple[Report, ...]
    """Those that live, the oldest first."""


def report(meter: Meter, instance: str, started_at: float) -> Report:
    """As it is now. It shares its histograms with the meter: to be encoded, or set `apart`, at once."""
    values = {shown.name: list(shown.read().items()) for shown in meter.shown.values()}
    counters = {name for name, shown in meter.shown.items() if shown.kind == "counter"}
    return Report(
        instance,
        os.getpid(),
        started_at,
        counters={name: found for name, found in values.items() if name in counters},
        gauges={name: found for name, found in values.items() if name not in counters},
        histograms={one.name: list(one.read().items()) for one in meter.durations},
    )


@dataclass(slots=True)
class Totals:
    """Several reports as one. Who has died since counts on in what only grows, or it would seem to shrink."""

    workers: int = 0
    """Those that live."""
    counters: dict[str, dict[Labels, float]] = field(default_factory=dict[str, dict[Labels, float]])
    gauges: dict[str, dict[Labels, list[float]]] = field(default_factory=dict[str, dict[Labels, list[float]]])
    histograms: dict[str, dict[Labels, Series]] = field(default_factory=dict[str, dict[Labels, Series]])

    @classmethod
    def of(cls, living: Iterable[Report], dead: Iterable[Report] = ()) -> Totals:
        totals = cls()
        for one in living:
            totals.workers += 1
            totals.add(one)
            for name, found in one.gauges.items():
                values = totals.gauges.setdefault(name, {})
                for labels, value in found:
                    values.setdefault(labels, []).append(value)
        for one in dead:
            totals.add(one)
        return totals

    def add(self, one: Report) -> None:
        """What grows; not its gauges."""
        for name, found in one.counters.items():
            sums = self.counters.setdefault(name, {})
            for labels, value in found:
                sums[labels] = sums.get(labels, 0.0) + value
        for name, some in one.histograms.items():
            known = self.histograms.setdefault(name, {})
            for labels, series in some:
                known[labels] = _sum(known.get(labels), series)

    def as_report(self) -> Report:
        """What grows, to be kept of the dead."""
        counters = {name: list(values.items()) for name, values in self.counters.items()}
        histograms = {name: list(values.items()) for name, values in self.histograms.items()}
        return Report("", 0, 0.0, counters, {}, histograms)


def _sum(one: Series | None, other: Series) -> Series:
    if one is None:
        return other
    buckets = [here + there for here, there in zip(one.buckets, other.buckets, strict=True)]
    return Series(buckets, one.total + other.total)

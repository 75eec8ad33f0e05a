"""What each worker hears of upstreams, cheap to keep and small enough to be told to the others every second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from gatehouse.telemetry.health import UNREACHED
from gatehouse.telemetry.histogram import Histogram
from gatehouse.telemetry.intake import Summed
from gatehouse.telemetry.record import CallRecord, Course

SLOT = 2.0
WINDOW = 60.0
REMEMBERED = 3600.0
"""Seconds: of a slot, of what is looked at, and until an upstream that nobody calls is forgotten."""
_UNREACHED, _LOCKED = "upstream_down", "sign_in_needed"
_FAULTS = frozenset({_UNREACHED, _LOCKED, "upstream_failed", "timed_out"})
"""Classes of errors that are the upstream's own fault."""
_OF_NOBODY = frozenset({"refused", "cancelled"})


class Look(msgspec.Struct, frozen=True):
    """How the last probe of an upstream went."""

    at: float
    milliseconds: float
    error: str = ""
    """Empty where it answered."""
    locked: bool = False
    failed: int = 0
    """In a row, this one counted."""


class Slot(msgspec.Struct):
    """The calls that ended in two seconds, from the first of them on."""

    start: float
    calls: int = 0
    failed: int = 0
    locked: int = 0
    times: dict[int, int] = {}
    """Buckets of a `Histogram`."""


class Heard(msgspec.Struct):
    """Of one upstream."""

    slots: list[Slot] = []
    good_at: float = 0.0
    reached_at: float = 0.0
    failed_at: float = 0.0
    unreached: list[float] = []
    """The latest calls since `reached_at` that could not reach it."""
    unreached_since: float = 0.0

    @property
    def last_at(self) -> float:
        return max(self.good_at, self.reached_at, self.failed_at)


class Signals(msgspec.Struct):
    """Of one worker, by the ids of upstreams."""

    heard: dict[str, Heard] = {}
    looks: dict[str, Look] = {}


class Ear:
    """Listens to the calls of one worker."""

    def __init__(self) -> None:
        self.signals = Signals()
        self.news = False
        """Whether anything was heard since somebody set this back."""

    def hear(self, summed: Iterable[Summed]) -> None:
        """Calls that ended."""
        for one in summed:
            common = one.group.common
            if common.upstream and common.outcome not in _OF_NOBODY and common.error_class != "internal":
                self._hear(common, one)

    def _hear(self, common: CallRecord, summed: Summed) -> None:
        self.news = True
        heard = self.signals.heard.setdefault(common.upstream, Heard())
        first, last = _end(summed.calls[0]), _end(summed.calls[-1])
        slot = _slot(heard, first, last)
        slot.calls += len(summed.calls)
        if common.error_class in _FAULTS:
            slot.failed += len(summed.calls)
            slot.locked += len(summed.calls) if common.error_class == _LOCKED else 0
            _note_failures(heard, common.error_class, sorted(map(_end, summed.calls)))
            return
        heard.good_at = max(heard.good_at, last)
        _reached(heard, heard.good_at)
        histogram = Histogram()
        histogram.counts = slot.times
        histogram.join(summed.tally.histogram)

    def look(self, upstream: str, look: Look) -> None:
        self.news = True
        self.signals.looks[upstream] = look

    def forget(self, now: float, known: Iterable[str]) -> None:
        """What is too old to matter, and upstreams that are gone."""
        kept, signals = set(known), self.signals
        for heard in signals.heard.values():
            heard.slots = [one for one in heard.slots if one.start > now - WINDOW - SLOT]
        recent = {id_ for id_, one in signals.heard.items() if one.last_at > now - REMEMBERED}
        self.signals = Signals(
            {id_: one for id_, one in signals.heard.items() if id_ in recent & kept},
            {id_: one for id_, one in signals.looks.items() if id_ in kept and one.at > now - REMEMBERED},
        )


@dataclass(frozen=True, slots=True)
class Together:
    """What all workers heard of one upstream."""

    heard: Sequence[Heard]
    look: Look | None

    @classmethod
    def of(cls, upstream: str, told: Iterable[Signals]) -> Together:
        several = list(told)
        looks = [one.looks[upstream] for one in several if upstream in one.looks]
        newest = max(looks, key=lambda one: one.at, default=None)
        return cls([one.heard[upstream] for one in several if upstream in one.heard], newest)

    def slots(self, since: float) -> Iterator[Slot]:
        """Those that began then or later."""
        return (slot for one in self.heard for slot in one.slots if slot.start >= since)

    @property
    def good_at(self) -> float:
        return max((one.good_at for one in self.heard), default=0.0)

    @property
    def failed_at(self) -> float:
        return max((one.failed_at for one in self.heard), default=0.0)

    @property
    def row(self) -> list[float]:
        """The latest calls, which could not reach it; oldest first, not all where there were many."""
        reached = max((one.reached_at for one in self.heard), default=0.0)
        return sorted(at for one in self.heard for at in one.unreached if at > reached)

    @property
    def row_since(self) -> float:
        reached = max((one.reached_at for one in self.heard), default=0.0)
        return min((one.unreached_since for one in self.heard if one.unreached_since > reached), default=0.0)


def p95(slots: Iterable[Slot]) -> float | None:
    """Milliseconds."""
    histogram = Histogram()
    for slot in slots:
        for bucket, count in slot.times.items():
            histogram.counts[bucket] = histogram.counts.get(bucket, 0) + count
    return histogram.quantile(0.95)


def _end(call: Course) -> float:
    return call.at + call.ended - call.started


def _slot(heard: Heard, first: float, last: float) -> Slot:
    for slot in reversed(heard.slots):
        if slot.start <= first and last < slot.start + SLOT:
            return slot
    slot = Slot(first)
    heard.slots.append(slot)
    return slot


def _note_failures(heard: Heard, error_class: str, ends: Sequence[float]) -> None:
    heard.failed_at = max(heard.failed_at, ends[-1])
    if error_class != _UNREACHED:
        return _reached(heard, ends[-1])
    later = [at for at in ends if at > heard.reached_at]
    if later and not heard.unreached:
        heard.unreached_since = later[0]
    heard.unreached = sorted([*heard.unreached, *later])[-UNREACHED:]


def _reached(heard: Heard, at: float) -> None:
    heard.reached_at = max(heard.reached_at, at)
    heard.unreached = [one for one in heard.unreached if one > heard.reached_at]
    heard.unreached_since = heard.unreached[0] if heard.unreached else 0.0

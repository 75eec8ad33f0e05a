"""Durations, counted in buckets that are the same everywhere, so that those of many rows, hours or workers add up.

Each bucket is a tenth wider than the one before, and stands for a value that no duration in it differs from by more than
5 %. That holds from 0.01 ms to 100 hours; what is shorter or longer counts as those.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from functools import partial
from math import ceil
from struct import Struct

RELATIVE_ERROR = 0.05
_GROWTH = 1.1
_SHORTEST = 0.01
_LAST = 255
_MOST = 0xFFFF_FFFF
_PAIR = Struct("<BI")
_BOUNDS = [_SHORTEST * 1000 * _GROWTH**bucket for bucket in range(_LAST)]
"""The longest duration in each bucket but the last, in microseconds."""
_bucket = partial(bisect_left, _BOUNDS)


class Histogram:
    """Of durations: they are given in microseconds, and asked for in milliseconds."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def add(self, microseconds: Iterable[int]) -> None:
        self._count(Counter(map(_bucket, microseconds)).items())

    def join(self, other: Histogram) -> None:
        self._count(other.counts.items())

    def merge(self, data: bytes) -> None:
        """Add what `dump` gave; also several such, one after the other."""
        self._count(_PAIR.iter_unpack(data))

    def _count(self, buckets: Iterable[tuple[int, int]]) -> None:
        counts = self.counts
        for bucket, count in buckets:
            counts[bucket] = counts.get(bucket, 0) + count

    def quantile(self, share: float) -> float | None:
        """The duration that such a share (0 to 1) of all is not longer than; None where there are none."""
        rank, seen = max(1, ceil(share * self.count)), 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= rank:
                return _SHORTEST * _GROWTH**bucket * 2 / (1 + _GROWTH)
        return None

    def dump(self) -> bytes:
        """Five bytes for each bucket that is not empty."""
        return b"".join(
            _PAIR.pack(bucket, part) for bucket in sorted(self.counts) for part in _parts(self.counts[bucket])
        )


def merged(dumps: Iterable[bytes]) -> Histogram:
    histogram = Histogram()
    histogram.merge(b"".join(dumps))
    return histogram


def _parts(count: int) -> Iterable[int]:
    while count > _MOST:
        yield _MOST
        count -= _MOST
    yield count

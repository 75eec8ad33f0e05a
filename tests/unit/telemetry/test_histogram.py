from __future__ import annotations

import random

import pytest

from gatehouse.telemetry.histogram import RELATIVE_ERROR, Histogram, merged


def test_an_empty_histogram_has_no_quantiles() -> None:
    assert Histogram().quantile(0.5) is None
    assert Histogram().dump() == b""


def test_what_is_too_short_or_too_long_counts_at_the_ends() -> None:
    histogram = Histogram()
    histogram.add([-1000, 0, 10**18])
    assert histogram.count == 3
    assert histogram.counts == {0: 2, 255: 1}


@pytest.mark.parametrize("milliseconds", [0.011, 0.1, 1.0, 3.3, 250.0, 60_000.0, 3_600_000.0])
def test_one_duration_is_told_within_the_stated_error(milliseconds: float) -> None:
    histogram = Histogram()
    histogram.add([round(milliseconds * 1000)])
    assert histogram.quantile(0.5) == pytest.approx(milliseconds, rel=RELATIVE_ERROR)


def test_quantiles_of_many_parts_are_those_of_the_whole_within_the_stated_error() -> None:
    source = random.Random(4)
    values = [source.lognormvariate(3, 1.5) for _ in range(20_000)]
    parts = [Histogram() for _ in range(40)]
    for place, value in enumerate(values):
        parts[place % 40].add([round(value * 1000)])
    whole = merged(part.dump() for part in parts)
    assert whole.count == len(values)
    values.sort()
    for share in (0.5, 0.95, 0.99):
        assert whole.quantile(share) == pytest.approx(values[int(share * len(values)) - 1], rel=RELATIVE_ERROR)


def test_more_than_four_billion_of_one_kind_are_stored() -> None:
    histogram = Histogram()
    histogram.counts[7] = 10_000_000_000
    assert merged([histogram.dump()]).counts == {7: 10_000_000_000}

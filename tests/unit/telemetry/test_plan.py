from __future__ import annotations

import random

from gatehouse.telemetry.plan import Segment, plan
from gatehouse.telemetry.rollup import DAY, HOUR, MINUTE

MIDNIGHT = 20_000 * DAY


def test_an_empty_range_needs_nothing() -> None:
    assert plan(MIDNIGHT, MIDNIGHT, set()) == []


def test_a_range_within_an_hour_is_answered_by_its_minutes() -> None:
    assert plan(MIDNIGHT + 60, MIDNIGHT + 3000, set()) == [Segment(MINUTE, MIDNIGHT + 60, MIDNIGHT + 3000)]


def test_whole_days_are_answered_by_days_and_the_ends_by_finer_ones() -> None:
    assert plan(MIDNIGHT - HOUR - 60, MIDNIGHT + 2 * DAY + 60, set()) == [
        Segment(MINUTE, MIDNIGHT - HOUR - 60, MIDNIGHT - HOUR),
        Segment(HOUR, MIDNIGHT - HOUR, MIDNIGHT),
        Segment(DAY, MIDNIGHT, MIDNIGHT + 2 * DAY),
        Segment(MINUTE, MIDNIGHT + 2 * DAY, MIDNIGHT + 2 * DAY + 60),
    ]


def test_what_is_not_rolled_up_yet_is_answered_by_finer_ones() -> None:
    dirty = {(DAY, MIDNIGHT), (HOUR, MIDNIGHT + 3 * HOUR)}
    assert plan(MIDNIGHT - DAY, MIDNIGHT + DAY, dirty) == [
        Segment(DAY, MIDNIGHT - DAY, MIDNIGHT),
        Segment(HOUR, MIDNIGHT, MIDNIGHT + 3 * HOUR),
        Segment(MINUTE, MIDNIGHT + 3 * HOUR, MIDNIGHT + 4 * HOUR),
        Segment(HOUR, MIDNIGHT + 4 * HOUR, MIDNIGHT + DAY),
    ]


def test_segments_lie_side_by_side_and_are_aligned_whatever_the_range() -> None:
    source = random.Random(4)
    for _ in range(300):
        since = MIDNIGHT + source.randrange(10_000) * MINUTE
        until = since + source.randrange(1, 10_000) * MINUTE
        dirty = {(level, MIDNIGHT + source.randrange(15) * level) for level in (HOUR, DAY) for _ in range(4)}
        segments = plan(since, until, dirty)
        ends = [since, *(segment.end for segment in segments)]
        assert [segment.start for segment in segments] == ends[:-1]
        assert ends[-1] == until
        assert all(segment.start % segment.level == segment.end % segment.level == 0 for segment in segments)
        for level, start in dirty:
            assert not any(one.level == level and one.start <= start < one.end for one in segments)

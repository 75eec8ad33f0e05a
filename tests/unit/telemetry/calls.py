"""Calls to count: a known mix, and the sums of it made the slow way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from math import ceil
from typing import Any

import pytest

from gatehouse.kit.ids import new_id
from gatehouse.telemetry.figures import Sums
from gatehouse.telemetry.histogram import RELATIVE_ERROR
from gatehouse.telemetry.intake import Hear, Intake
from gatehouse.telemetry.record import OUTCOMES, CallRecord
from gatehouse.telemetry.rollup import DAY

NOON = 20_000 * DAY + 43_200.0


def call(at: float = NOON, **values: Any) -> CallRecord:
    usual = {"outcome": "ok", "server": "srv_a", "upstream": "ups_a", "name": "look", "original": "look"}
    return CallRecord(id=new_id("cal"), at=at, **{"method": "tools/call", "total_ms": 10.0, **usual, **values})


def tell(hear: Hear, *records: CallRecord) -> None:
    """As a worker's intake does."""
    intake = Intake()
    intake.tell(hear)
    for record in records:
        intake.note(record)
    intake.sum_up()


def mix(count: int, since: float, until: float) -> list[CallRecord]:
    source = random.Random(count)
    return [
        call(
            source.uniform(since, until),
            outcome=source.choices(OUTCOMES, (80, 5, 5, 4, 3, 3))[0],
            server=source.choice(("srv_a", "srv_b")),
            upstream=source.choice(("ups_a", "ups_b", "ups_c")),
            name=source.choice(("look", "find", "sum")),
            principal=source.choice(("tok_1", "tok_2", "tok_3")),
            client=source.choice(("claude", "cursor")),
            total_ms=source.lognormvariate(3, 1.2),
            upstream_ms=1.5,
            bytes_in=source.randrange(1000),
            bytes_out=source.randrange(100_000),
            tokens=source.randrange(25_000),
        )
        for _ in range(count)
    ]


def assert_sums(found: Sums, records: Sequence[CallRecord]) -> None:
    assert found.calls == len(records)
    assert found.outcomes == Counter(one.outcome for one in records)
    assert found.errors == sum(one.outcome not in {"ok", "cancelled"} for one in records)
    assert found.bytes_in == sum(one.bytes_in for one in records)
    assert found.bytes_out == sum(one.bytes_out for one in records)
    assert found.tokens == sum(one.tokens for one in records)
    assert round(found.total_ms * 1000) == sum(round(one.total_ms * 1000) for one in records)
    assert round(found.upstream_ms * 1000) == 1500 * len(records)
    times = sorted(one.total_ms for one in records)
    for share, value in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
        true = times[ceil(share * len(times)) - 1] if times else None
        assert value == (true if true is None else pytest.approx(true, rel=RELATIVE_ERROR))

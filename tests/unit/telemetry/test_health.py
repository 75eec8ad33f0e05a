"""The rules by which calls and probes say how an upstream is, as a table; and what is heard of calls."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.kit.ids import new_id
from gatehouse.telemetry.health import RULES, Evidence, State, Verdict, judged
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.signals import Ear, Look, Signals, Together, p95
from tests.unit.telemetry.calls import tell

NOW = 1_800_000_000.0
SINCE = NOW - 600.0
FAILING = {"calls": 10, "failed": 2, "failed_at": NOW - 1, "good_at": NOW - 1}
OUT_OF_REACH = {"calls": 3, "failed": 3, "unreached": 3, "unreached_since": NOW - 5, "failed_at": NOW - 1}
SLOW = {"calls": 10, "good_at": NOW - 1, "p95": 2000.0, "usual": 400.0}
DEGRADED_BY_CALLS = {"state": "degraded", "cause": "calls"}


def seen(state: State = "ok", **more: Any) -> Evidence:
    return Evidence(**{"state": state, "since": SINCE, "now": NOW, **more})


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        # Nothing to go by.
        ({}, None),
        ({"calls": 4, "failed": 4, "failed_at": NOW}, None),
        ({"calls": 10, "failed": 1}, None),
        ({**OUT_OF_REACH, "calls": 2, "failed": 2, "unreached": 2}, None),
        ({**SLOW, "usual": None}, None),
        ({**SLOW, "calls": 4}, None),
        ({**SLOW, "p95": 200.0, "usual": 10.0}, None),
        # What takes an upstream down.
        (OUT_OF_REACH, ("down", "calls")),
        ({**DEGRADED_BY_CALLS, **OUT_OF_REACH}, ("down", "calls")),
        ({"probes_failed": 2, "probe_error": "silent"}, ("down", "probe")),
        ({"state": "degraded", "cause": "probe", "probes_failed": 2, "probe_error": "silent"}, ("down", "probe")),
        # What answers a look is not down, whatever becomes of calls.
        ({**OUT_OF_REACH, "answered_at": NOW - 2}, ("degraded", "calls")),
        ({**DEGRADED_BY_CALLS, **OUT_OF_REACH, "answered_at": NOW - 2}, None),
        # What makes it degraded.
        (FAILING, ("degraded", "calls")),
        (SLOW, ("degraded", "calls")),
        ({"probes_failed": 1, "probe_error": "silent"}, ("degraded", "probe")),
        # What wants to be signed in to.
        ({"calls": 1, "failed": 1, "locked": 1}, ("sign_in", "calls")),
        ({"calls": 2, "failed": 1, "locked": 1}, None),
        ({"probes_failed": 1, "probe_locked": True, "probe_error": "401"}, ("sign_in", "probe")),
        # What is well again, and what not yet.
        ({"state": "down", "good_at": NOW - 1}, ("ok", "calls")),
        ({"state": "down", "good_at": SINCE - 1}, None),
        ({"state": "down", "good_at": NOW - 2, "unreached": 1}, None),
        ({"state": "sign_in", "good_at": NOW - 1}, ("ok", "calls")),
        ({"state": "sign_in", "answered_at": NOW - 1}, None),
        ({"state": "degraded", "cause": "probe", "answered_at": NOW - 1}, ("ok", "probe")),
        ({"state": "degraded", "cause": "probe", "good_at": NOW - 1}, ("ok", "probe")),
        ({"state": "degraded", "cause": "probe", "answered_at": SINCE - 1}, None),
        ({**DEGRADED_BY_CALLS, **FAILING, "failed": 1}, None),
        ({**DEGRADED_BY_CALLS, "calls": 20, "failed": 1}, ("ok", "calls")),
        ({**DEGRADED_BY_CALLS, "calls": 20, "since": NOW - 10}, None),
        ({**DEGRADED_BY_CALLS, "failed_at": NOW - 61}, ("ok", "calls")),
        ({**DEGRADED_BY_CALLS, "failed_at": NOW - 59}, None),
        ({**DEGRADED_BY_CALLS, **SLOW, "p95": 1300.0}, None),
        ({**DEGRADED_BY_CALLS, **SLOW, "p95": 1100.0}, ("ok", "calls")),
        ({**DEGRADED_BY_CALLS, "probes_failed": 1}, None),
        # What others decide.
        ({"state": "unknown", **OUT_OF_REACH}, None),
        ({"state": "maintenance", **OUT_OF_REACH, "probes_failed": 5}, None),
    ],
)
def test_what_is_seen_decides(evidence: dict[str, Any], expected: tuple[State, str] | None) -> None:
    verdict = judged(seen(**evidence))
    assert (verdict and (verdict.state, verdict.cause)) == expected


def test_every_verdict_but_a_good_one_says_why() -> None:
    reasons = [rule.verdict(seen(probe_error="silent", **FAILING)) for rule in RULES]
    assert all(one.reason for one in reasons if one.state != "ok")
    assert judged(seen(**FAILING)) == Verdict(
        "degraded", "calls", "2 of 10 calls in the last minute failed by its own fault."
    )
    assert "2000 ms, usually 400 ms" in (getattr(judged(seen(**SLOW)), "reason", "") or "")


def hear(ear: Ear, at: float, error_class: str = "", outcome: str = "", **more: Any) -> None:
    usual: Any = outcome or ("protocol_error" if error_class else "ok")
    record = CallRecord(
        id=new_id("cal"), at=at, outcome=usual, **{"upstream": "ups_1", "error_class": error_class, **more}
    )
    tell(ear.hear, record)


def together(*ears: Ear) -> Together:
    return Together.of("ups_1", [ear.signals for ear in ears])


def test_what_is_not_the_upstreams_doing_is_not_heard() -> None:
    ear = Ear()
    hear(ear, NOW, "unknown_tool", "refused")
    hear(ear, NOW, "cancelled", "cancelled")
    hear(ear, NOW, "internal")
    hear(ear, NOW, "upstream_down", upstream="")
    assert ear.signals.heard == {} and not ear.news


def test_errors_that_a_tool_or_a_caller_made_are_answers() -> None:
    ear = Ear()
    hear(ear, NOW, "tool_error", "tool_error")
    hear(ear, NOW, "rpc -32602")
    (slot,) = together(ear).slots(NOW - 60)
    assert (slot.calls, slot.failed) == (2, 0) and together(ear).good_at == NOW


def test_of_several_workers_one_answer_breaks_a_row_of_failures() -> None:
    first, second = Ear(), Ear()
    for at in (1, 2, 3, 4):
        hear(first, NOW + at, "upstream_down")
    assert together(first, second).row == [NOW + 2, NOW + 3, NOW + 4]
    assert together(first, second).row_since == NOW + 1
    hear(second, NOW + 3.5)
    assert together(first, second).row == [NOW + 4]
    hear(first, NOW + 5, "upstream_failed")
    assert together(first, second).row == []
    assert sum(slot.failed for slot in together(first, second).slots(NOW)) == 5


def test_the_times_of_answers_are_heard_and_what_is_old_is_forgotten() -> None:
    ear = Ear()
    for milliseconds in range(10, 30):
        hear(ear, NOW, total_ms=float(milliseconds))
    assert p95(together(ear).slots(NOW)) == pytest.approx(28, rel=0.06)
    ear.look("ups_1", Look(NOW, 3.0))
    ear.forget(NOW + 100, ["ups_1"])
    assert p95(together(ear).slots(0.0)) is None and together(ear).good_at > NOW
    ear.forget(NOW + 10_000, ["ups_1"])
    assert ear.signals == Signals()
    hear(ear, NOW)
    ear.forget(NOW, [])
    assert ear.signals == Signals()


def test_calls_that_end_right_after_a_change_count_and_those_before_do_not() -> None:
    ear = Ear()
    hear(ear, NOW + 1.9)
    hear(ear, NOW + 0.3, "upstream_down")
    assert sum(slot.calls for slot in together(ear).slots(NOW + 0.2)) == 2
    assert [slot.failed for slot in together(ear).slots(NOW + 1.0)] == [0]


def test_the_newest_look_counts() -> None:
    first, second = Ear(), Ear()
    first.look("ups_1", Look(NOW, 3.0, "silent", failed=2))
    second.look("ups_1", Look(NOW + 1, 3.0))
    assert together(first, second).look == Look(NOW + 1, 3.0)

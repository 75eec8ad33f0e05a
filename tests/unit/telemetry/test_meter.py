"""What is counted of calls, added up over workers, and shown to Prometheus."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatehouse.telemetry.metrics import BOUNDS, OTHER, Meter, Shown, ToolMeter
from gatehouse.telemetry.prometheus import exposition
from gatehouse.telemetry.report import Report, Totals, report
from tests.unit.telemetry.calls import call, tell


def hear(meter: Meter, seconds: float = 0.003, **more: Any) -> None:
    usual = {"server_name": "desk", "upstream_name": "box", "name": "add", "total_ms": seconds * 1000}
    tell(meter.hear, call(**usual | more))


def shown(meter: Meter, *others: Report, dead: tuple[Report, ...] = ()) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus would write it."""
    text = exposition(meter, Totals.of([report(meter, "one", 0.0), *others], dead)).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {f"{one.name}{sorted(one.labels.items()) or ''}": one.value for one in samples}


def calls(meter: Meter, **labels: str) -> float:
    """How many calls are shown whose labels are these, among others."""
    text = exposition(meter, Totals.of([report(meter, "one", 0.0)])).decode()
    families = [one for one in text_string_to_metric_families(text) if one.name == "gatehouse_calls"]
    return sum(sample.value for sample in families[0].samples if labels.items() <= sample.labels.items())


@pytest.mark.parametrize(
    ("outcome", "error_class", "word"),
    [
        ("ok", "", "ok"),
        ("tool_error", "tool_error", "tool_error"),
        ("protocol_error", "rpc -32000", "error"),
        ("protocol_error", "internal", "error"),
        ("protocol_error", "upstream_down", "unavailable"),
        ("timed_out", "timed_out", "unavailable"),
        ("refused", "invalid_params", "refused"),
        ("cancelled", "cancelled", "cancelled"),
    ],
)
def test_calls_are_told_apart_by_how_they_ended(outcome: str, error_class: str, word: str) -> None:
    meter = Meter()
    hear(meter, outcome=outcome, error_class=error_class)
    assert calls(meter) == calls(meter, server="desk", upstream="box", method="tools/call", outcome=word) == 1


def test_refused_calls_are_counted_and_no_made_up_name_becomes_a_label() -> None:
    meter = ToolMeter()
    hear(meter, outcome="refused", upstream_name="", name="")
    hear(meter, outcome="refused")
    assert calls(meter, outcome="refused") == 2
    assert calls(meter, outcome="refused", upstream="", tool="") == 1


def test_calls_that_are_summed_up_together_are_each_in_their_bucket() -> None:
    meter = Meter()
    tell(meter.hear, *(call(total_ms=milliseconds) for milliseconds in (0.5, 0.7, 3.0, 70_000.0)))
    (series,) = meter.series.values()
    assert (series.buckets[0], series.buckets[2], series.buckets[-1]) == (2, 1, 1)
    assert series.total == pytest.approx(70.0042)


def test_tools_have_no_label_unless_it_is_wanted() -> None:
    plain, telling = Meter(), ToolMeter()
    for meter in (plain, telling):
        hear(meter)
        hear(meter, method="resources/read", name="file:///any/of/a/million")
    assert calls(plain, tool="add") == 0 and calls(plain) == 2
    assert calls(telling, tool="add") == 1
    assert calls(telling, tool="", method="resources/read") == 1


def test_past_the_most_tools_are_other_ones() -> None:
    meter = ToolMeter(most=2)
    for number in (1, 2, 3, 4, 1, 2):
        hear(meter, name=f"tool_{number}")
    hear(meter, server_name="shop", name="tool_1")
    assert [calls(meter, tool=name) for name in ("tool_1", "tool_2", OTHER)] == [2, 2, 3]


def test_a_histogram_holds_each_call_in_one_bucket_and_those_above() -> None:
    meter = Meter()
    for seconds in (0.0004, 0.001, 0.3, 3600.0):
        hear(meter, seconds)
    text = exposition(meter, Totals.of([report(meter, "one", 0.0)])).decode()
    found = re.findall(r'^gatehouse_call_duration_seconds_bucket\{le="([^"]+)".*?\} (\d+)\.0$', text, re.MULTILINE)
    assert dict(found) | {"0.001": "2", "0.25": "2", "0.5": "3", "60.0": "3", "+Inf": "4"} == dict(found)
    assert len(found) == len(BOUNDS) + 1
    assert re.search(r"^gatehouse_call_duration_seconds_sum\{.*\} 3600\.3014$", text, re.MULTILINE)


def test_a_label_may_hold_any_text() -> None:
    meter = Meter()
    meter.called_by_alias("desk", 'odd "name"\\\nwith a line end')
    assert 1.0 in shown(meter).values()


def other_worker(sessions: float = 0.0, lag: float = 0.0) -> Report:
    meter = Meter()
    meter.gauge("gatehouse_sessions", "Sessions", lambda: sessions)
    meter.gauge("gatehouse_lag", "Lag", lambda: lag, max)
    meter.counter("gatehouse_lost_total", "Lost", lambda: 7)
    hear(meter)
    return report(meter, "another", 0.0)


def test_workers_are_added_up_and_the_worst_counts_where_a_sum_says_nothing() -> None:
    meter = Meter()
    meter.gauge("gatehouse_sessions", "Sessions", lambda: 2)
    meter.gauge("gatehouse_lag", "Lag", lambda: 0.5, max)
    meter.counter("gatehouse_lost_total", "Lost", lambda: 1)
    hear(meter)
    found = shown(meter, other_worker(3, 0.1), other_worker(4, 0.9))
    assert (found["gatehouse_sessions"], found["gatehouse_lag"], found["gatehouse_lost_total"]) == (9, 0.9, 15)
    assert found["gatehouse_workers"] == 3
    (total,) = (value for name, value in found.items() if name.startswith("gatehouse_calls_total"))
    assert total == 3
    assert calls(meter) == 1, "its own are what they were"


def test_the_dead_count_on_in_what_grows_and_hold_nothing_any_more() -> None:
    meter = Meter()
    meter.gauge("gatehouse_sessions", "Sessions", lambda: 2)
    meter.counter("gatehouse_lost_total", "Lost", lambda: 1)
    found = shown(meter, dead=(other_worker(100), other_worker(100)))
    assert (found["gatehouse_sessions"], found["gatehouse_lost_total"], found["gatehouse_workers"]) == (2, 15, 1)


def test_figures_with_labels_are_shown_each_by_itself() -> None:
    meter = Meter()
    meter.show(Shown("gatehouse_up", "Up", "gauge", lambda: {("box",): 1.0, ("bin",): 0.0}, ("upstream",), max))
    found = shown(meter)
    assert found["gatehouse_up[('upstream', 'box')]"] == 1 and found["gatehouse_up[('upstream', 'bin')]"] == 0

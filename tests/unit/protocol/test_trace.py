"""W3C Trace Context: what is believed, which of two places comes first, and what goes on."""

from __future__ import annotations

import pytest

from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol import trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


def meta(**fields: object) -> Fields:
    return {name: json.raw(value) for name, value in fields.items()}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "traceparent",
        GOOD.upper(),
        GOOD + "-more",
        GOOD + "\n",
        " " + GOOD,
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-0x",
        f"cc-{TRACE}-{SPAN}-01more",
        f"{GOOD},{GOOD}",
    ],
)
def test_what_is_not_a_traceparent_is_ignored(text: str) -> None:
    assert trace.read(text) is None


def test_a_later_version_may_say_more() -> None:
    read = trace.read(f"cc-{TRACE}-{SPAN}-01-what-comes-later")
    assert read is not None and (read.trace_id, read.span_id, read.sampled) == (TRACE, SPAN, True)


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True), ("ff", True)])
def test_only_the_last_bit_of_the_flags_tells_whether_it_is_sampled(flags: str, sampled: bool) -> None:
    read = trace.read(f"00-{TRACE}-{SPAN}-{flags}")
    assert read is not None and read.sampled is sampled


@pytest.mark.parametrize(
    "broken", [b"7", b"null", b'{"a": 1}', b'"\\ud800"', b'"nonsense"', b"[" * 5000 + b"]" * 5000, b'"\\u00e4"']
)
def test_what_meta_says_in_a_way_that_cant_be_read_leaves_the_header(broken: bytes) -> None:
    found = trace.origin((("traceparent", GOOD), ("tracestate", "a=1")), {"traceparent": Raw(broken)})
    assert found.parent is not None and (found.parent.text, found.parent.state, found.around) == (GOOD, "a=1", None)


def test_meta_comes_before_the_headers_which_are_told_apart() -> None:
    headers = (("tracestate", "a=1"), ("traceparent", OTHER))
    found = trace.origin(headers, meta(traceparent=GOOD, tracestate="b=2"))
    assert found.parent is not None and (found.parent.text, found.parent.state) == (GOOD, "b=2")
    assert found.around is not None and (found.around.text, found.around.state) == (OTHER, "a=1")
    assert trace.trace_id(headers, meta(traceparent=GOOD)) == TRACE


def test_a_state_is_taken_from_where_its_parent_was() -> None:
    found = trace.origin((("tracestate", "a=1"),), meta(traceparent=GOOD))
    assert found.parent is not None and found.parent.state == ""


def test_the_same_in_both_places_is_one_thing() -> None:
    assert trace.origin((("traceparent", GOOD),), meta(traceparent=GOOD)).around is None


def test_without_a_trace_there_is_none() -> None:
    assert trace.origin((), {}) == trace.Origin()
    assert trace.trace_id((("baggage", "a=1"),), meta(other=1)) == ""


def test_an_escaped_traceparent_is_the_same() -> None:
    escaped = Raw(b'"\\u0030' + GOOD[1:].encode() + b'"')
    assert trace.trace_id((), {"traceparent": escaped}) == TRACE


def test_the_new_parent_goes_on_in_both_places_and_the_old_one_in_none() -> None:
    headers, fields = trace.onward(
        (("traceparent", OTHER), ("tracestate", "a=1"), ("baggage", "k=v")),
        meta(traceparent=OTHER, tracestate="b=2", **{"com.example/mine": {"x": 1}}),
        GOOD,
        "",
    )
    assert headers == (("traceparent", GOOD), ("baggage", "k=v"))
    assert {key: json.load(value) for key, value in fields.items()} == {
        "traceparent": GOOD,
        "baggage": "k=v",
        "com.example/mine": {"x": 1},
    }


def test_the_state_of_the_new_parent_goes_on_with_it() -> None:
    headers, fields = trace.onward((), {}, GOOD, "a=1,b=2")
    assert ("tracestate", "a=1,b=2") in headers and json.load(fields["tracestate"]) == "a=1,b=2"


def test_baggage_of_meta_comes_first() -> None:
    headers, fields = trace.onward((("baggage", "old=1"),), meta(baggage="new=1"), GOOD, "")
    assert ("baggage", "new=1") in headers and json.load(fields["baggage"]) == "new=1"


@pytest.mark.parametrize("baggage", ["a=1\r\nauthorization: x", "a=\x00", "a=ä", "", "a" * 8193, 7])
def test_baggage_that_is_not_fit_for_a_header_stays_in_meta(baggage: object) -> None:
    headers, fields = trace.onward((), meta(baggage=baggage), GOOD, "")
    assert headers == (("traceparent", GOOD),) and json.load(fields["baggage"]) == baggage


@pytest.mark.parametrize("flags", [f"{number:02x}" for number in range(0, 256, 7)])
@pytest.mark.parametrize("version", ["00", "cc"])
def test_the_quick_look_tells_what_the_whole_one_does(version: str, flags: str) -> None:
    text = f"{version}-{TRACE}-{SPAN}-{flags}"
    read = trace.read(text)
    assert read is not None
    wanted = read.sampled
    assert trace.sampled((), meta(traceparent=text)) is wanted
    assert trace.sampled((("traceparent", text),), {}) is wanted
    assert trace.sampled((("traceparent", OTHER),), meta(traceparent=text)) is wanted


@pytest.mark.parametrize(
    "text", ["", GOOD.upper(), GOOD + "-more", f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01"]
)
def test_the_quick_look_believes_no_more_than_the_whole_one(text: str) -> None:
    assert trace.sampled((), meta(traceparent=text)) is None
    assert trace.sampled((("traceparent", text),), meta(other=1)) is None
    assert trace.sampled((("traceparent", OTHER),), meta(traceparent=text)) is False

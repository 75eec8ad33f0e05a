from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.protocol.sse import COMMENT, SseEvent, SseParser, SseTooLarge, encode_event

MESSAGE = b'{"jsonrpc":"2.0","id":1,"result":{}}'


def parse(*chunks: bytes, largest: int = 10_000) -> list[SseEvent]:
    parser = SseParser(largest)
    return [event for chunk in chunks for event in parser.feed(chunk)]


def test_an_event_over_the_limit_is_refused_whether_it_comes_whole_or_in_pieces() -> None:
    long = encode_event(b"x" * 2000)
    with pytest.raises(SseTooLarge, match="1000 bytes"):
        parse(long, largest=1000)
    with pytest.raises(SseTooLarge):
        parse(*[long[start : start + 7] for start in range(0, len(long), 7)], largest=1000)


def test_many_lines_of_data_count_together() -> None:
    with pytest.raises(SseTooLarge):
        parse(b"data: 0123456789\n" * 1000, largest=1000)


def test_a_line_without_end_is_refused_even_where_it_is_no_data() -> None:
    with pytest.raises(SseTooLarge):
        parse(*[b": " + b"x" * 500] * 10, largest=1000)


def test_comments_never_add_up() -> None:
    assert parse(*[b": ping\n"] * 10_000, b"data: a\n\n", largest=1000) == [SseEvent(b"a")]
    assert parse(*[COMMENT] * 10_000, b"data: a\n\n", largest=1000) == [SseEvent(b"a")]


def test_an_event_that_the_stream_cuts_off_is_not_reported() -> None:
    assert parse(b"event: message\ndata: " + MESSAGE + b"\n") == []


def test_an_id_with_nul_and_a_retry_that_is_no_number_are_ignored() -> None:
    assert parse(b"id: a\0b\nretry: 1.5\ndata: a\n\n") == [SseEvent(b"a")]
    assert parse(b"retry: " + b"9" * 5000 + b"\ndata: a\n\n") == [SseEvent(b"a")]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_lines_end_in_any_way_and_chunks_are_cut_anywhere(end: bytes, size: int) -> None:
    lines = [b": hello", b"event: endpoint", b"data: /messages", b"", b"id: 7", b"retry: 100", b"data:", b"", b""]
    stream = b"\xef\xbb\xbf" + end.join(lines) + end
    assert parse(*[stream[start : start + size] for start in range(0, len(stream), size)]) == [
        SseEvent(b"/messages", "endpoint"),
        SseEvent(b"", id="7", retry=100),
    ]


def test_lines_of_data_are_joined_and_one_space_is_dropped() -> None:
    assert parse(b"data:a\ndata:  b\ndata\ndata: c:d\n\n") == [SseEvent(b"a\n b\n\nc:d")]


def test_an_event_that_has_only_an_id_is_reported_and_one_that_has_only_a_name_is_not() -> None:
    assert parse(b"id: s1\n\nevent: nothing\n\nretry: 5\n\n") == [SseEvent(b"", id="s1"), SseEvent(b"", retry=5)]


def test_unknown_fields_and_letter_case_mean_nothing() -> None:
    assert parse(b"Data: a\nfoo: b\ndata: c\n\n") == [SseEvent(b"c")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_common_message_reads_the_same_whole_and_in_pieces(end: bytes) -> None:
    whole = encode_event(MESSAGE).replace(b"\n", end)
    assert parse(whole, whole) == [SseEvent(MESSAGE)] * 2
    assert parse(whole + whole) == [SseEvent(MESSAGE)] * 2
    assert parse(*[whole[at : at + 1] for at in range(len(whole))]) == [SseEvent(MESSAGE)]
    assert parse(b"id: 4\n", whole) == [SseEvent(MESSAGE, id="4")]
    assert parse(b"data: first\n", whole) == [SseEvent(b"first\n" + MESSAGE)]


def test_a_message_with_a_carriage_return_inside_is_two_lines() -> None:
    assert parse(b"event: message\ndata: a\rdata: b\n\n") == [SseEvent(b"a\nb")]
    assert parse(b"event: message\r\ndata: a\ndata: b\r\n\r\n") == [SseEvent(b"a\nb")]


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b"])
def test_a_name_or_id_that_could_not_be_read_back_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        encode_event(b"", id=bad)
    with pytest.raises(ValueError, match="one line"):
        encode_event(b"", event=bad)


def test_what_is_written_looks_as_others_expect_it() -> None:
    assert encode_event(b"{}") == b"event: message\ndata: {}\n\n"
    assert encode_event(b"", event=None, id="s1_1", retry=100) == b"id: s1_1\nretry: 100\ndata: \n\n"
    assert encode_event(b"a\r\nb\rc\nd") == b"event: message\ndata: a\ndata: b\ndata: c\ndata: d\n\n"


_DATA = st.binary(max_size=60)
_EVENTS = st.tuples(
    _DATA, st.sampled_from(["message", "endpoint", "é"]), st.none() | st.just("id ü"), st.none() | st.just(9)
)


@given(st.lists(_EVENTS, max_size=5), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_whatever_is_written_is_read_back_however_it_is_cut(
    events: list[tuple[bytes, str, str | None, int | None]], cuts: list[int]
) -> None:
    stream = COMMENT + b"".join(
        encode_event(data, event=event, id=id, retry=retry) for data, event, id, retry in events
    )
    chunks: list[bytes] = []
    while stream:
        size = cuts[len(chunks) % len(cuts)]
        chunks.append(stream[:size])
        stream = stream[size:]
    expected = [
        SseEvent(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), event, id, retry)
        for data, event, id, retry in events
    ]
    assert parse(*chunks) == expected

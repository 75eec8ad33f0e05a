from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.upstreams.stdio.output import LineSplitter, LineTooLong, StderrTail


def test_a_line_that_is_too_long_is_refused_before_its_end() -> None:
    splitter = LineSplitter(10)
    splitter.feed(b"12345678")
    with pytest.raises(LineTooLong):
        splitter.feed(b"901")
    with pytest.raises(LineTooLong):
        LineSplitter(10).feed(b"1\n12345678901\n")
    with pytest.raises(LineTooLong):
        LineSplitter(10).feed(b"1\n12345678901")


def test_a_line_that_fits_is_not() -> None:
    assert LineSplitter(10).feed(b"1234567890\n1234567890\n") == [b"1234567890", b"1234567890"]
    splitter = LineSplitter(10)
    assert splitter.feed(b"12345") == []
    assert splitter.feed(b"67890\n12345678") == [b"1234567890"]
    assert splitter.feed(b"90\n") == [b"1234567890"]


@given(st.lists(st.binary(max_size=6), max_size=20))
def test_lines_come_out_whole_however_they_are_cut(chunks: list[bytes]) -> None:
    splitter = LineSplitter(1000)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    assert lines == b"".join(chunks).split(b"\n")[:-1]


def test_the_values_of_secret_variables_are_not_kept() -> None:
    tail = StderrTail()
    diary = tail.begin({"API_KEY": "s3cret-value", "LEVEL": "debug", "DATABASE_URL": "pg://u:pw@host/db"})
    diary.feed(b"key s3cret-value at pg://u:pw@host/db, debug")
    assert tail.lines() == ["key *** at ***, debug"]
    diary.end()
    assert diary.last_words == "key *** at ***, debug"


def test_an_endless_line_is_cut_and_a_flood_is_dropped_but_for_its_end() -> None:
    tail = StderrTail()
    diary = tail.begin({})
    for _ in range(100):
        diary.feed(b"x" * 10_000)
    diary.feed(b"\n" + b"line\n" * 100_000 + b"last\n")
    assert len(tail.lines()) == 200
    assert tail.lines()[-1] == "last"
    diary.feed(b"y" * 50_000 + b"\n")
    assert tail.lines()[-1] == "y" * 2000


def test_colours_and_control_characters_are_left_out_and_bad_utf8_is_marked() -> None:
    tail = StderrTail()
    tail.begin({}).feed(b"\x1b[31mred\x1b[0m\ttab \x1b]0;title\x07\x00bell\x07 \xff\r\n")
    assert tail.lines() == ["red\ttab bell \ufffd"]


def test_what_stands_on_an_unfinished_line_can_be_read() -> None:
    tail = StderrTail()
    diary = tail.begin({})
    diary.feed(b"ready\nlistening on")
    assert tail.lines() == ["ready", "listening on"]
    diary.feed(b" nothing\n")
    assert tail.lines() == ["ready", "listening on nothing"]


def test_two_processes_do_not_mix_their_lines() -> None:
    tail = StderrTail()
    one, two = tail.begin({}), tail.begin({})
    one.feed(b"from ")
    two.feed(b"two\n")
    one.feed(b"one\n")
    assert tail.lines() == ["two", "from one"]
    assert (one.last_words, two.last_words) == ("from one", "two")


def test_the_first_stdout_lines_that_are_no_messages_are_kept_and_all_are_counted() -> None:
    tail = StderrTail()
    diary = tail.begin({})
    for number in range(100):
        diary.feed_noise(b"starting %d" % number)
    assert tail.noise == 100
    assert tail.lines()[0] == "[stdout] starting 0"
    assert len(tail.lines()) == 20

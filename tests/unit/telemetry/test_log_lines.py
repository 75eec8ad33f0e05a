from __future__ import annotations

import io
import json
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gatehouse.telemetry.logs.lines import Formatter, JsonForm, TextForm, visible
from gatehouse.telemetry.logs.output import Output, Writing, write_log
from gatehouse.telemetry.logs.requests import NOW, circumstances, note_request

ODD = [
    "two\nlines",
    "cr\rback",
    "\x1b[31mred",
    "nul\x00",
    "\x9b2J",
    "left\u202eright",
    "\u2028",
    "half \ud800",
    "ü 漢 🙂",
]


def record(message: str, *arguments: object, **extra: Any) -> logging.LogRecord:
    made = logging.getLogger("x").makeRecord(
        "gatehouse.x", logging.WARNING, "file.py", 1, message, arguments, None, extra=extra
    )
    made.created = 1_800_000_000.1239
    return made


def as_json(one: logging.LogRecord, **always: Any) -> dict[str, Any]:
    line = Formatter(JsonForm(), always, circumstances).format(one)
    assert "\n" not in line
    return json.loads(line)


def as_text(one: logging.LogRecord, coloured: bool = False) -> str:
    return Formatter(TextForm(True, coloured), {}, circumstances).format(one)


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@contextmanager
def log_on(stream: io.TextIOWrapper, writing: Writing | None = None) -> Iterator[Output]:
    """The log of this process, put back in the end."""
    root, hook = logging.getLogger(), sys.excepthook
    output = write_log(writing or Writing(), stream)
    try:
        yield output
    finally:
        root.removeHandler(output)
        logging.captureWarnings(False)
        sys.excepthook = hook


@pytest.mark.parametrize("odd", ODD)
def test_odd_characters_stay_in_one_line_of_json(odd: str) -> None:
    found = as_json(record("said %s", odd, detail=odd))
    assert found["message"].startswith("said ") and found["detail"]


@pytest.mark.parametrize("odd", ODD)
def test_a_message_can_not_forge_a_line_of_text_nor_drive_a_terminal(odd: str) -> None:
    line = as_text(record("said %s", odd, detail=odd))
    assert re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]", line) is None


def test_an_exception_can_not_forge_a_line_of_text() -> None:
    one = record("failed")
    try:
        raise ValueError("first\n12:00:00.000 ERROR   gatehouse: forged\x1b[2J")
    except ValueError:
        one.exc_info = sys.exc_info()
    _, *behind = as_text(one).split("\n")
    assert behind and all(line.startswith("    ") and line.isprintable() for line in behind)
    assert "forged" in as_json(one)["exception"]


def test_values_that_json_does_not_know_are_told_as_text() -> None:
    found = as_json(record("x", huge=10**30, what=ValueError("odd"), when=float("nan"), raw=b"\xff"))
    assert "odd" in found["what"] and str(found["huge"]).startswith("1000")


def test_a_json_line_has_a_time_a_level_a_logger_a_message_and_its_fields() -> None:
    found = as_json(record("hello %s", "you", upstream="time", level="mine"), worker=7)
    assert found == {
        "time": "2027-01-15T08:00:00.123Z",
        "level": "warning",
        "logger": "gatehouse.x",
        "message": "hello you",
        "worker": 7,
        "upstream": "time",
        "level_": "mine",
    }


def test_a_text_line_is_for_people() -> None:
    line = as_text(record("hello %s", "you", upstream="time", words='with "marks" and blanks', nothing=""))
    clock = r"\d\d:\d\d:\d\d\.123"
    assert re.fullmatch(
        clock + r' WARNING gatehouse\.x: hello you upstream=time words="with \\"marks\\" and blanks"', line
    )


def test_lines_carry_the_request_that_is_being_answered() -> None:
    token = NOW.set(note_request("GET", "/x", {b"x-request-id": b"mine-1"}))
    try:
        assert as_json(record("x"))["request_id"] == "mine-1"
    finally:
        NOW.reset(token)
    assert "request_id" not in as_json(record("x"))


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = Terminal(io.BytesIO(), encoding="utf-8")
    with log_on(stream):
        logging.getLogger("gatehouse").warning("hello")
    assert (b"\x1b[33m" in stream.buffer.getvalue()) is coloured  # type: ignore[attr-defined]


def test_warnings_and_crashes_are_lines_like_all_others() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with log_on(stream):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("old\nway", DeprecationWarning, stacklevel=1)
        error = ValueError("password=hunter2")
        sys.excepthook(ValueError, error, None)
    lines = [json.loads(line) for line in stream.buffer.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert [one["logger"] for one in lines] == ["py.warnings", "gatehouse"]
    assert "hunter2" not in json.dumps(lines) and "ValueError" in lines[1]["exception"]


def test_a_stream_that_is_gone_costs_nothing_but_the_line() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with log_on(stream):
        stream.close()
        logging.getLogger("gatehouse").error("nobody reads this")


def test_plain_text_is_told_as_it_is() -> None:
    assert visible("ü 漢 plain") == "ü 漢 plain"

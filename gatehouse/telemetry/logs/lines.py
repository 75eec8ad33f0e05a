"""How a line of the log looks: for people on a terminal, and as one JSON document for programs."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from gatehouse.telemetry.logs.masking import masked, masked_field

Fields = Mapping[str, Any]
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
"""What every record has; all else on it was given by `extra`."""
_OURS = frozenset({"time", "level", "logger", "exception"})
_COLOURS = {"DEBUG": "2", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
_TURNING = (*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_VISIBLE = {
    **{code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))},
    **{code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *_TURNING)},
    **{ord("\t"): "\\t", ord("\n"): "\\n", ord("\r"): "\\r"},
}
"""Control characters, those that end lines, and those that turn the direction of text."""


class Form(Protocol):
    """`fields` are masked already; a line ends with a line feed."""

    brief: bool
    """Whether fields that the message has said are left out."""

    def line(self, at: float, level: str, logger: str, message: str, fields: Fields, exception: str = "") -> str: ...


class JsonForm:
    """One document a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, the fields, `exception`."""

    brief = False

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def line(self, at: float, level: str, logger: str, message: str, fields: Fields, exception: str = "") -> str:
        when = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        document = {"time": when, "level": level.lower(), "logger": logger, "message": message, **fields}
        if exception:
            document["exception"] = exception
        return self._encoded(document) + "\n"

    def _encoded(self, document: dict[str, Any]) -> str:
        try:
            return self._encoder.encode(document).decode()
        except (UnicodeEncodeError, OverflowError, TypeError, ValueError, RecursionError):
            # Half of a surrogate pair, or a number that is too large: neither may cost the line.
            return self._encoder.encode({name: _storable(str(value)) for name, value in document.items()}).decode()


class TextForm:
    """`coloured` is for terminals, where the day is left out, too. Times are local."""

    brief = True

    def __init__(self, terminal: bool, coloured: bool) -> None:
        self._clock = "%H:%M:%S" if terminal else "%Y-%m-%d %H:%M:%S"
        self._coloured = coloured

    def line(self, at: float, level: str, logger: str, message: str, fields: Fields, exception: str = "") -> str:
        when = f"{time.strftime(self._clock, time.localtime(at))}.{int(at * 1000) % 1000:03}"
        told = " ".join(f"{name}={_value(value)}" for name, value in fields.items() if value not in (None, ""))
        text = f"{when} {self._painted(level)} {visible(logger)}: {visible(message)}"
        behind = (self._dim(told),) if told else ()
        return "\n".join([" ".join([text, *behind]), *_indented(exception)]) + "\n"

    def _painted(self, level: str) -> str:
        colour = _COLOURS.get(level)
        return f"\x1b[{colour}m{level:<7}\x1b[0m" if self._coloured and colour else f"{level:<7}"

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self._coloured else text


class Formatter(logging.Formatter):
    """A record as a line of one of the two forms. `always` are fields of every line."""

    def __init__(self, form: Form, always: Fields, circumstances: Circumstances) -> None:
        super().__init__()
        self._form = form
        self._always = always
        self._circumstances = circumstances

    def format(self, record: logging.LogRecord) -> str:
        """Never raises, whatever the record holds. The line feed at its end is left to the handler."""
        fields = {**self._always, **self._circumstances(), **given(record)}
        message, exception = masked(_message(record).rstrip("\n")), masked(self._exception(record))
        return self._form.line(record.created, record.levelname, record.name, message, fields, exception)[:-1]

    def _exception(self, record: logging.LogRecord) -> str:
        parts: list[str] = []
        if record.exc_info and record.exc_info[0] is not None:
            try:
                parts.append(self.formatException(record.exc_info))
            except Exception as error:  # an exception whose text can't be made
                parts.append(f"{record.exc_info[0].__name__}, which can't be told: {type(error).__name__}")
        if record.stack_info:
            parts.append(record.stack_info)
        return "\n".join(parts)


class Circumstances(Protocol):
    """Fields that lines have because of where they come from, such as the id of a request."""

    def __call__(self) -> Fields: ...


def given(record: logging.LogRecord) -> dict[str, Any]:
    """What was given by `extra`, masked. A name that is ours gets a line below it."""
    found = {name: value for name, value in vars(record).items() if name not in _ORDINARY}
    return {f"{name}_" if name in _OURS else name: masked_field(name, value) for name, value in found.items()}


def visible(text: str) -> str:
    """On one line, with nothing in it that drives a terminal."""
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that don't fit the words, or can't be told
        return f"{record.msg!r:.1000} (its arguments can't be told)"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    if text.isprintable() and not any(mark in text for mark in ' "='):
        return text
    return '"' + visible(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _indented(text: str) -> list[str]:
    """Of an exception each line, set in, so that none can be taken for a line of the log."""
    return [f"    {visible(line)}" for line in text.split("\n")] if text else []


def _storable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()

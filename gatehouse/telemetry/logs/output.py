"""Where the log goes: standard error, in the form that suits who reads it, from every process in the same way."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.synchronize import Lock
from types import TracebackType
from typing import Literal, TextIO

from gatehouse.telemetry.logs.lines import Circumstances, Form, Formatter, JsonForm, TextForm
from gatehouse.telemetry.logs.requests import circumstances

Format = Literal["auto", "text", "json"]
TURN = 0.5
"""Seconds that a process waits for another one to end its line."""
_log = logging.getLogger("gatehouse")


@dataclass(frozen=True, slots=True)
class Writing:
    """`turn`: held while a line is written, where several processes write to one stream; None: there is one."""

    format: Format = "auto"
    turn: Lock | None = None


class Output(logging.Handler):
    """Writes whole lines, each once. `form` is that of the lines."""

    def __init__(self, stream: TextIO, form: Form, writing: Writing, always: Circumstances = circumstances) -> None:
        super().__init__()
        self.form = form
        self.worker: Mapping[str, int] = {"worker": os.getpid()} if writing.turn is not None else {}
        self._stream = stream
        self._turn = writing.turn
        self.setFormatter(Formatter(form, self.worker, always))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)

    def write(self, lines: str) -> None:
        """Of many lines, too: safe to call from any thread."""
        data = lines.encode(errors="backslashreplace")
        self.acquire()
        try:
            taken = self._take()
            try:
                self._stream.flush()
                self._stream.buffer.write(data)
                self._stream.buffer.flush()
            finally:
                if taken is not None:
                    taken.release()
        finally:
            self.release()

    def handleError(self, record: logging.LogRecord) -> None:
        """Nobody is left to tell: what logging does instead, writing the arguments as they are, could tell secrets."""

    def _take(self) -> Lock | None:
        """A process that was killed while it wrote keeps its turn for ever; from then on nobody waits for it."""
        turn = self._turn
        if turn is not None and not turn.acquire(timeout=TURN):
            turn = self._turn = None
        return turn


def write_log(writing: Writing, stream: TextIO | None = None) -> Output:
    """All that is logged by this process, warnings and what ends it included, goes there from now on."""
    target = sys.stderr if stream is None else stream
    output = Output(target, _form(writing.format, target), writing)
    root = logging.getLogger()
    if (old := current_output()) is not None:
        root.removeHandler(old)
    root.addHandler(output)
    logging.captureWarnings(True)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed
    return output


def current_output() -> Output | None:
    """That of this process, where `write_log` was called."""
    return next((one for one in logging.getLogger().handlers if isinstance(one, Output)), None)


def _form(wanted: Format, stream: TextIO) -> Form:
    terminal = stream.isatty()
    if wanted == "json" or (wanted == "auto" and not terminal):
        return JsonForm()
    coloured = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return TextForm(terminal, coloured)


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _log.critical("Gatehouse ended by a mistake of its own", exc_info=(kind, error, trace))


def _thread_crashed(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None:
        name = what.thread.name if what.thread else "unknown"
        _log.error("Thread '%s' failed", name, exc_info=(what.exc_type, what.exc_value, what.exc_traceback))

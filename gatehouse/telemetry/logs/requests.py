"""One line for each request, where that is wanted: noted while it is answered, written in batches beside the calls.

What is known while a request is answered goes into a `RequestNote`; lines that are logged meanwhile carry its id.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache

import msgspec

from gatehouse.telemetry.logs.lines import Fields, Form
from gatehouse.telemetry.logs.masking import masked
from gatehouse.telemetry.record import CallRecord, Course

CAPACITY = 50_000
"""Requests that wait at most to be written."""
BATCH = 200
LONGEST_PATH = 1000
"""Characters."""
GONE = 499
"""Told as the status where the client went away before there was one."""
LOGGER = "gatehouse.requests"
_MADE = "req_"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._~:+=-]{1,128}", re.ASCII)
_TRACE = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", re.DOTALL)
_log = logging.getLogger(LOGGER)
_random = random.Random(secrets.randbits(128))  # noqa: S311 - has to be unique, not secret


class RequestNote(msgspec.Struct):
    """One request. Times are seconds, of the epoch and of `time.perf_counter`."""

    method: str
    path: str
    """Without its query."""
    id: str
    at: float
    started: float
    trace_id: str = ""
    authorization: bytes | None = None
    peer: str | None = None
    forwarded_for: bytes | None = None
    status: int = 0
    bytes_out: int = 0
    """Of the answer's body."""
    ended: float = 0.0
    principal: str = ""
    call: Course | None = None
    """The last call that was made for it."""
    calls: int = 0


NOW: ContextVar[RequestNote | None] = ContextVar("gatehouse_request", default=None)
"""The request that is being answered. For the log alone: nothing else may depend on it."""
Who = Callable[[bytes], str]
"""The id of whose Authorization header this is; empty where nobody is known by it."""
Where = Callable[[str | None, str | None], str | None]
"""The caller's address, of the peer's and of X-Forwarded-For."""


def note_request(method: str, path: str, headers: Mapping[bytes, bytes], peer: str | None = None) -> RequestNote:
    """`headers` have lower-case names."""
    get = headers.get
    return RequestNote(
        method,
        path,
        request_id(get(b"x-request-id")),
        time.time(),
        time.perf_counter(),
        trace_id(get(b"traceparent")),
        get(b"authorization"),
        peer,
        get(b"x-forwarded-for"),
    )


def request_id(sent: bytes | None) -> str:
    """That of `X-Request-Id` where it is well formed, else a new one."""
    if sent is not None:
        text = sent.decode("latin-1")
        if _WELL_FORMED.fullmatch(text):
            return text
    return f"{_MADE}{_random.getrandbits(80):020x}"


def trace_id(traceparent: bytes | None) -> str:
    """Of W3C Trace Context; empty where it is not well formed."""
    found = None if traceparent is None else _TRACE.fullmatch(traceparent)
    return "" if found is None else found[1].decode()


def circumstances() -> Fields:
    """What a line tells that is logged while a request is answered."""
    note = NOW.get()
    if note is None:
        return {}
    told = {"request_id": note.id, "trace_id": note.trace_id, "principal": note.principal}
    return {name: value for name, value in told.items() if value}


class RequestLog:
    """Of one worker. `done` and `called` only put into memory; `flush` it every half second, and at the end."""

    def __init__(self, who: Who, where: Where, form: Form, write: Callable[[str], None], always: Fields) -> None:
        self.left_out = 0
        """Lines that were lost: more came than could be written."""
        self._who = who
        self._where = where
        self._form = form
        self._write = write
        self._always = dict(always)
        self._queue: deque[RequestNote | Course] = deque(maxlen=CAPACITY)

    def done(self, note: RequestNote) -> None:
        note.ended = time.perf_counter()
        self._put(note)

    def called(self, call: Course) -> None:
        """A call is told in the line of its request; in one of its own where that came to another worker."""
        note = NOW.get()
        call.at = call.at or time.time() - (time.perf_counter() - call.started)
        if note is None or note.ended:
            self._put(call)
        else:
            note.call = call
            note.calls += 1

    async def flush(self) -> None:
        """Write all that waits. It is written beside the loop, since who reads the log may be slow."""
        queue = self._queue
        while queue:
            batch = [queue.popleft() for _ in range(min(BATCH, len(queue)))]
            if _log.isEnabledFor(logging.INFO):
                await asyncio.to_thread(self._write, "".join(map(self._line, batch)))
        if self.left_out:
            left_out, self.left_out = self.left_out, 0
            _log.warning("%d requests are not in the log: more came than could be written", left_out)

    def _put(self, one: RequestNote | Course) -> None:
        if len(self._queue) == CAPACITY:
            self.left_out += 1
        self._queue.append(one)

    def _line(self, one: RequestNote | Course) -> str:
        if isinstance(one, Course):
            record = one.made
            message, fields = f"{record.method} {record.outcome}", {"principal": record.principal, **_call(record)}
        else:
            method, path, status = one.method[:20], _masked(one.path[:LONGEST_PATH]), one.status or GONE
            message, fields = (
                f"{method} {path} {status}",
                self._fields(one, {"method": method, "path": path, "status": status}),
            )
        return self._form.line(one.at, "INFO", LOGGER, message, {**self._always, **fields})

    def _fields(self, note: RequestNote, said: Fields) -> Fields:
        principal = note.principal
        if not principal and note.authorization is not None:
            principal = self._who(note.authorization)
        forwarded = None if note.forwarded_for is None else note.forwarded_for.decode("latin-1")
        fields = {
            **({} if self._form.brief else said),
            "duration_ms": round((note.ended - note.started) * 1000, 3),
            "bytes": note.bytes_out,
            "request_id": note.id if note.id.startswith(_MADE) else masked(note.id),
            "trace_id": note.trace_id,
            "principal": principal,
            "address": self._where(note.peer, forwarded),
            **({} if note.call is None else _call(note.call.made)),
            "calls": note.calls if note.calls > 1 else None,
        }
        return {name: value for name, value in fields.items() if value not in (None, "")}


def _call(record: CallRecord) -> Fields:
    fields = {
        "rpc_method": record.method,
        "outcome": record.outcome,
        "server": record.server_name,
        "name": record.name,
        "upstream": record.upstream_name,
        "call_ms": round(record.total_ms, 3),
        "upstream_ms": round(record.upstream_ms, 3),
        "client": _masked(record.client),
        "error_class": record.error_class,
    }
    return {name: value for name, value in fields.items() if value not in (None, "")}


@lru_cache(maxsize=2000)
def _masked(text: str) -> str:
    """Of what comes again and again: to look for secrets costs more than all else of a line."""
    return masked(text)

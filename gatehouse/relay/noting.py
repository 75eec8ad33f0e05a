"""What becomes of each call, as one record: who called what from which client, how it ended, how long it took.

It stands in the path of every call, so that it parses no more than the client's name, and touches nothing but memory.
Arguments and results are not in a record, only how large they were.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from itertools import count

import msgspec

from gatehouse.access.model import ALL, Principal
from gatehouse.catalog.model import Kind, Upstream
from gatehouse.catalog.snapshot import Target
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.call import Call, Era, Failure, Outcome
from gatehouse.protocol.errors import INTERNAL_ERROR, INVALID_PARAMS
from gatehouse.relay.door import Entry
from gatehouse.telemetry.record import ERROR_LENGTH, CallRecord
from gatehouse.telemetry.record import Outcome as Ended

Note = Callable[[CallRecord], None]
LONGEST_CLIENT = 100
"""Characters that are kept."""
BYTES_PER_TOKEN = 4
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_MODERN = Era.MODERN
_TRUE = Raw(b"true")
_TIMED_OUT = -31504
_CLASSES = {
    INVALID_PARAMS: "invalid_params",
    INTERNAL_ERROR: "internal",
    -31401: "unauthenticated",
    -31403: "forbidden",
    -31413: "too_large",
    -31429: "rate_limited",
    -31502: "upstream_failed",
    -31503: "upstream_down",
    _TIMED_OUT: "timed_out",
}
"""Failures of our own, by their code; see `protocol.errors`."""
_UNKNOWN = {"tools/call": "unknown_tool", "prompts/get": "unknown_prompt", "completion/complete": "unknown_reference"}


class _Info(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    version: str = ""


class Course(msgspec.Struct, gc=False):
    """How one call went, in seconds of `time.perf_counter`; both upstream times are 0 where it did not get so far."""

    started: float
    sent: float = 0.0
    answered: float = 0.0


class Ending(msgspec.Struct, frozen=True, gc=False):
    outcome: Ended
    error_class: str = ""
    error: str = ""


class Notes:
    """Makes the records of one worker, and hands each to `note`, which must neither block nor raise."""

    def __init__(self, note: Note, clock: Clock) -> None:
        self._note = note
        self._clock = clock
        self._ids = CallIds()
        self._info = msgspec.json.Decoder(_Info)

    def ended(self, entry: Entry, call: Call, target: Target, outcome: Outcome, course: Course) -> None:
        if isinstance(outcome, Failure):
            return self._write(entry, call, target, course, _failed(outcome), len(outcome.message))
        fields = outcome.fields
        ending = _TOOL_ERROR if "isError" in fields and fields["isError"] == _TRUE else _OK
        self._write(entry, call, target, course, ending, _size(fields))

    def refused(self, entry: Entry, call: Call, target: Target | None, failure: Failure, course: Course) -> None:
        """We did not let it go on. Of a name that is not here nothing is kept but the words: anybody can make up names."""
        error_class = "invalid_params" if target is not None else _UNKNOWN.get(call.method, "unknown_resource")
        self._write(entry, call, target, course, Ending("refused", error_class, failure.message[:ERROR_LENGTH]), 0)

    def broken(self, entry: Entry, call: Call, target: Target, error: BaseException, course: Course) -> None:
        """It ended in an exception: its client went away or cancelled it, or we have a mistake."""
        course.answered = time.perf_counter()
        cancelled = isinstance(error, (asyncio.CancelledError, ConnectionError))
        ending = Ending("cancelled", "cancelled") if cancelled else Ending("protocol_error", "internal")
        self._write(entry, call, target, course, ending, 0)

    def _write(
        self, entry: Entry, call: Call, target: Target | None, course: Course, ending: Ending, size: int
    ) -> None:
        principal, server, client = entry.principal, entry.offering.view.server, call.client
        to = target if target is not None else _NOWHERE
        upstream, info = to.upstream, self._client(client.info)
        total, now = time.perf_counter() - course.started, self._clock.now()
        self._note(
            CallRecord(
                id=self._ids.next(now),
                at=now - total,
                principal=principal.id,
                principal_kind=principal.kind,
                principal_name=principal.name,
                user=principal.user or "",
                team="" if principal.user is not None else _team(principal),
                client=info.name,
                client_version=info.version,
                era="modern" if client.era is _MODERN else "legacy",
                server=server.id,
                server_name=server.slug,
                name=to.name,
                upstream=upstream.id,
                upstream_name=upstream.name,
                original=to.key,
                method=call.method,
                outcome=ending.outcome,
                total_ms=total * 1000,
                upstream_ms=(course.answered - course.sent) * 1000,
                bytes_in=_size(call.params),
                bytes_out=size,
                tokens=size // BYTES_PER_TOKEN,
                trace_id=_trace_id(call) if call.headers else "",
                error_class=ending.error_class,
                error=ending.error,
            )
        )

    def _client(self, info: Raw | None) -> _Info:
        """What a client calls itself; nothing where it does not say it as the protocol wants."""
        if info is None:
            return _NOBODY
        try:
            found = self._info.decode(info)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _NOBODY
        if len(found.name) + len(found.version) <= LONGEST_CLIENT:
            return found
        return _Info(found.name[:LONGEST_CLIENT], found.version[:LONGEST_CLIENT])


class CallIds:
    """Ids as `kit.ids.new_id` makes them, at a tenth of its cost: what is random in them is so once for a worker."""

    def __init__(self) -> None:
        self._ours = "".join(_PAIRS[secrets.randbelow(1024)] for _ in range(6))
        self._numbers = count()
        self._high, self._head = -1, ""

    def next(self, now: float) -> str:
        ms, number, pairs = int(now * 1000), next(self._numbers), _PAIRS
        if ms >> 20 != self._high:
            # It moves on each quarter of an hour.
            self._high = ms >> 20
            self._head = f"cal_{pairs[ms >> 40]}{pairs[ms >> 30 & 1023]}{pairs[ms >> 20 & 1023]}"
        low = pairs[number >> 10 & 1023] + pairs[number & 1023]
        return self._head + pairs[ms >> 10 & 1023] + pairs[ms & 1023] + self._ours + low


def _failed(failure: Failure) -> Ending:
    outcome: Ended = "timed_out" if failure.own and failure.code == _TIMED_OUT else "protocol_error"
    known = _CLASSES.get(failure.code) if failure.own else None
    return Ending(outcome, known or f"rpc {failure.code}", failure.message[:ERROR_LENGTH])


def _size(fields: Fields) -> int:
    """Bytes of the values, which is all but the braces and the keys."""
    return sum(map(len, fields.values()))


def _team(principal: Principal) -> str:
    """That of a token which is a team's; people are in many."""
    if not principal.grants:
        return ""
    scope = principal.grants[0].scope
    return "" if scope == ALL else scope


def _trace_id(call: Call) -> str:
    """Out of `traceparent` (W3C Trace Context); nothing where it is not well formed."""
    for name, value in call.headers:
        if name == "traceparent":
            parts = value.split("-")
            return parts[1] if len(parts) >= 4 and len(parts[1]) == 32 and parts[1].isalnum() else ""
    return ""


_OK = Ending("ok")
_TOOL_ERROR = Ending("tool_error", "tool_error")
_NOBODY = _Info()
_NOWHERE = Target(Upstream("", ""), Kind.TOOL, "", "", "", None, json.EMPTY, json.NULL, json.NULL)

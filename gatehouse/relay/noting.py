"""What becomes of each call, as one record: who called what from which client, how it ended, how long it took.

It stands in the path of every call, so that it parses nothing there, and touches nothing but memory. What can be done
later is: in a batch it costs a third, since what comes but once in a call is in none of the processor's caches.
Arguments and results are in a record only where the server asks for it; else only how large they were.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from itertools import count

import msgspec

from gatehouse.access.audit.masking import safe
from gatehouse.access.model import ALL, Principal
from gatehouse.catalog.model import Kind, Server, Upstream
from gatehouse.catalog.snapshot import Target
from gatehouse.catalog.views import BYTES_PER_TOKEN
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.call import Call, Era, Failure, Outcome
from gatehouse.protocol.errors import INTERNAL_ERROR, INVALID_PARAMS
from gatehouse.protocol.trace import PARENT, trace_id
from gatehouse.relay.door import Entry
from gatehouse.telemetry.record import ERROR_LENGTH, CallRecord, Course
from gatehouse.telemetry.record import Outcome as Ended

Take = Callable[[Course], None]
LONGEST_CLIENT = 100
"""Characters that are kept."""
LARGEST_CONTENT = 32_768
"""Bytes of arguments, and of a result, that a record can hold."""
HEAVY = 16_384
"""Bytes of a call and its result past which they are settled at once: some hundred calls are kept in memory until then."""
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
    -31511: "sign_in_needed",
    _TIMED_OUT: "timed_out",
}
"""Failures of our own, by their code; see `protocol.errors`."""
_UNKNOWN = {"tools/call": "unknown_tool", "prompts/get": "unknown_prompt", "completion/complete": "unknown_reference"}


class _Info(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    version: str = ""


class Ending(msgspec.Struct, frozen=True, gc=False):
    outcome: Ended
    error_class: str = ""
    error: str = ""


_Held = tuple[Principal, Server, Call, Target, Outcome | Ending]
"""What the path leaves to be settled."""
_About = tuple[Principal, Server, bytes | None, bool, Target, str, Ending, str]
"""What is left when it is: with what the client says of itself, whether it is modern, the method, and the trace id."""


class Notes:
    """Tells of the calls of one worker: hands each to `take`, which must neither block nor raise."""

    def __init__(self, take: Take, clock: Clock) -> None:
        self._take = take
        self._now = clock.now
        self._ids = CallIds()
        self._info = msgspec.json.Decoder(_Info)

    def ended(
        self, principal: Principal, server: Server, call: Call, target: Target, outcome: Outcome, course: Course
    ) -> None:
        """It was answered, and its course says when. `NO_SERVER` where it reached its upstream without one."""
        course.about = principal, server, call, target, outcome
        course.source = self
        if server.record_content or _weight(call, outcome) > HEAVY:
            self.settle((course,))
        self._take(course)

    def refused(self, entry: Entry, call: Call, target: Target | None, failure: Failure, course: Course) -> None:
        """We did not let it go on. Of a name that is not here nothing is kept but the words: anybody can make up names."""
        error_class = "invalid_params" if target is not None else _UNKNOWN.get(call.method, "unknown_resource")
        ending = Ending("refused", error_class, failure.message[:ERROR_LENGTH])
        course.ended = time.perf_counter()
        self._tell(entry.principal, entry.offering.view.server, call, target or _NOWHERE, course, ending)

    def broken(self, entry: Entry, call: Call, target: Target, error: BaseException, course: Course) -> None:
        """It ended in an exception: its client went away or cancelled it, or we have a mistake."""
        course.answered = course.ended = time.perf_counter()
        cancelled = isinstance(error, (asyncio.CancelledError, ConnectionError))
        ending = Ending("cancelled", "cancelled") if cancelled else Ending("protocol_error", "internal")
        self._tell(entry.principal, entry.offering.view.server, call, target, course, ending)

    def _tell(
        self, principal: Principal, server: Server, call: Call, target: Target, course: Course, ending: Ending
    ) -> None:
        course.about = principal, server, call, target, ending
        course.source = self
        self.settle((course,))
        self._take(course)

    def settle(self, calls: Iterable[Course]) -> None:
        # What one clock is ahead of the other is asked once for all.
        ahead = self._now() - time.perf_counter()
        for course in calls:
            held: _Held = course.about
            principal, server, call, target, end = held
            ending = end if isinstance(end, Ending) else _ended(end, server, call, course)
            client, method = call.client, call.method
            # A copy, since what was read of a request keeps all of its body in memory.
            info = None if client.info is None else bytes(client.info)
            modern = client.era is _MODERN
            course.at = ahead + course.started
            course.bytes_in = _size(call.params)
            course.group = (
                id(principal), id(server), id(target), method, modern, info, ending.outcome, ending.error_class
            )  # fmt: skip
            trace = trace_id(call.headers, call.meta) if call.headers or PARENT in call.meta else ""
            course.about = principal, server, info, modern, target, method, ending, trace

    def record(self, call: Course) -> CallRecord:
        about: _About = call.about
        principal, server, info, modern, to, method, ending, trace = about
        client = self._client(info)
        ended_at = call.at + call.ended - call.started
        arguments, result = map(_shown, call.content or (None, None))
        return CallRecord(
            id=self._ids.next(ended_at),
            at=call.at,
            principal=principal.id,
            principal_kind=principal.kind,
            principal_name=principal.name,
            user=principal.user or "",
            team="" if principal.user is not None else _team(principal),
            client=client.name,
            client_version=client.version,
            era="modern" if modern else "legacy",
            server=server.id,
            server_name=server.slug,
            name=to.name,
            upstream=to.upstream.id,
            upstream_name=to.upstream.name,
            original=to.key,
            method=method,
            outcome=ending.outcome,
            total_ms=_ms(call.ended - call.started),
            upstream_ms=_ms(call.answered - call.sent),
            queue_ms=_ms((call.sent or call.ended) - call.started),
            bytes_in=call.bytes_in,
            bytes_out=call.bytes_out,
            tokens=call.tokens,
            trace_id=trace,
            error_class=ending.error_class,
            error=ending.error,
            arguments=arguments,
            result=result,
        )

    def _client(self, info: bytes | None) -> _Info:
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


def _weight(call: Call, outcome: Outcome) -> int:
    """About how many bytes these keep in memory. To add up what is in them costs more than all else that the path does here."""
    came = 0 if isinstance(outcome, Failure) else outcome.size or _size(outcome.fields)
    return came + (call.size or _size(call.params))


def _ended(outcome: Outcome, server: Server, call: Call, course: Course) -> Ending:
    """How it ended; what is to be known of the result goes into its course."""
    if isinstance(outcome, Failure):
        course.bytes_out = len(outcome.message)
        return _failed(outcome)
    fields = outcome.fields
    course.bytes_out = size = _size(fields)
    course.tokens = size // BYTES_PER_TOKEN
    if server.record_content:
        course.content = _copied(call.params), _copied(fields)
    return _TOOL_ERROR if "isError" in fields and fields["isError"] == _TRUE else _OK


def _failed(failure: Failure) -> Ending:
    outcome: Ended = "timed_out" if failure.own and failure.code == _TIMED_OUT else "protocol_error"
    known = _CLASSES.get(failure.code) if failure.own else None
    return Ending(outcome, known or f"rpc {failure.code}", failure.message[:ERROR_LENGTH])


def _copied(content: Fields) -> dict[str, bytes] | int:
    """Or how large it is, where that is too much."""
    size = _size(content)
    return size if size > LARGEST_CONTENT else {name: bytes(value) for name, value in content.items()}


def _shown(content: dict[str, bytes] | int | None) -> str:
    """As JSON, without what could be a secret."""
    if content is None:
        return ""
    if isinstance(content, int):
        return json.dump({"not kept": f"{content} bytes"}).decode()
    try:
        return json.dump(safe({name: json.load(value) for name, value in content.items()})).decode()
    except (json.BadJson, RecursionError):
        return ""


def _ms(seconds: float) -> float:
    return round(seconds * 1e6) / 1000


def _size(fields: Fields) -> int:
    """Bytes of the values, which is all but the braces and the keys."""
    return sum(map(len, fields.values()))


def _team(principal: Principal) -> str:
    """That of a token which is a team's; people are in many."""
    if not principal.grants:
        return ""
    scope = principal.grants[0].scope
    return "" if scope == ALL else scope


_OK = Ending("ok")
_TOOL_ERROR = Ending("tool_error", "tool_error")
_NOBODY = _Info()
NO_SERVER = Server("", "", "")
_NOWHERE = Target(Upstream("", ""), Kind.TOOL, "", "", "", None, json.EMPTY, json.NULL, json.NULL)

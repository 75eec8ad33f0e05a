"""What becomes of each call, as one record: who called what from which client, how it ended, how long it took.

It stands in the path of every call, so that it parses nothing there, and touches nothing but memory. Of a call only
numbers are kept until they are summed up: to keep its bytes would take memory out of the processor's caches. Arguments
and results are in a record only where the server asks for it; else only how large they were.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec

from gatehouse.access.audit.masking import safe
from gatehouse.access.model import ALL, Principal
from gatehouse.catalog.model import Kind, Server, Upstream
from gatehouse.catalog.snapshot import Target
from gatehouse.catalog.views import BYTES_PER_TOKEN
from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.call import Call, Era, Failure, Outcome
from gatehouse.protocol.errors import INTERNAL_ERROR, INVALID_PARAMS
from gatehouse.protocol.trace import PARENT, trace_id
from gatehouse.relay.door import Entry
from gatehouse.telemetry.record import ERROR_LENGTH, CallRecord, Course, capped, storable
from gatehouse.telemetry.record import Outcome as Ended

Take = Callable[[Course], None]
LONGEST_CLIENT = 100
"""Characters that are kept."""
LONGEST_INFO = 1024
"""Bytes of what a client says of itself past which no more is remembered than its name and version."""
LARGEST_CONTENT = 32_768
"""Bytes of arguments, and of a result, that a record can hold."""
GROUPS = 1000
"""Groups of calls that are remembered at a time, so that calls of one do not each bring one of their own."""
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


class _Own(msgspec.Struct, frozen=True, gc=False):
    """What the record of one call has for itself, besides times and sizes."""

    error: str = ""
    trace: str = ""
    arguments: Any = None
    result: Any = None


_NOTHING = _Own()
_Key = tuple[int, int, int, str, bool, bytes | None, str, str]


class Notes:
    """Tells of the calls of one worker: hands each to `take`, which must neither block nor raise."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._ids = CallIds()
        self._groups: dict[_Key, _Alike] = {}

    def ended(
        self, principal: Principal, server: Server, call: Call, target: Target, outcome: Outcome, course: Course
    ) -> None:
        """It was answered, and its course says when. `NO_SERVER` where it reached its upstream without one."""
        if isinstance(outcome, Failure):
            course.bytes_out = len(outcome.message)
            return self._tell(principal, server, call, target, course, _failed(outcome), outcome.message)
        fields = outcome.fields
        course.bytes_out = size = outcome.size or _size(fields)
        course.tokens = size // BYTES_PER_TOKEN
        if server.record_content:
            course.own = _Own(arguments=_copied(call.params), result=_copied(fields))
        failed = "isError" in fields and fields["isError"] == _TRUE
        self._tell(principal, server, call, target, course, _TOOL_ERROR if failed else _OK)

    def refused(self, entry: Entry, call: Call, target: Target | None, failure: Failure, course: Course) -> None:
        """We did not let it go on. Of a name that is not here nothing is kept but the words: anybody can make up names."""
        error_class = "invalid_params" if target is not None else _UNKNOWN.get(call.method, "unknown_resource")
        course.ended = time.perf_counter()
        server = entry.offering.view.server
        end = Ending("refused", error_class)
        self._tell(entry.principal, server, call, target or _NOWHERE, course, end, failure.message)

    def broken(self, entry: Entry, call: Call, target: Target, error: BaseException, course: Course) -> None:
        """It ended in an exception: its client went away or cancelled it, or we have a mistake."""
        course.answered = course.ended = time.perf_counter()
        cancelled = isinstance(error, (asyncio.CancelledError, ConnectionError))
        end = Ending("cancelled", "cancelled") if cancelled else Ending("protocol_error", "internal")
        self._tell(entry.principal, entry.offering.view.server, call, target, course, end)

    def _tell(  # noqa: PLR0913 - each parameter is a fact about the call, and to put them into one takes time
        self, principal: Principal, server: Server, call: Call, target: Target, course: Course, end: Ending,
        error: str = "",
    ) -> None:  # fmt: skip
        client, method = call.client, call.method
        info = None if client.info is None else _short(client.info)
        modern = client.era is _MODERN
        key = id(principal), id(server), id(target), method, modern, info, end.outcome, end.error_class
        group = self._groups.get(key)
        if group is None:
            group = self._begin(key, principal, server, target, end)
        course.group = group
        course.bytes_in = call.size or _size(call.params)
        if error or call.headers or PARENT in call.meta:
            own: _Own = course.own or _NOTHING
            trace = trace_id(call.headers, call.meta)
            course.own = _with(own, error=capped(error, ERROR_LENGTH), trace=trace)
        self._take(course)

    def _begin(self, key: _Key, principal: Principal, server: Server, target: Target, end: Ending) -> _Alike:
        if len(self._groups) >= GROUPS:
            self._groups.clear()
        _, _, _, method, modern, info, _, _ = key
        client = _client(info)
        common = storable(
            CallRecord(
                id="",
                at=0.0,
                outcome=end.outcome,
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
                name=target.name,
                upstream=target.upstream.id,
                upstream_name=target.upstream.name,
                original=target.key,
                method=method,
                error_class=end.error_class,
            )
        )
        group = self._groups[key] = _Alike(common, self._ids, (principal, server, target))
        return group


@dataclass(frozen=True, slots=True, eq=False)
class _Alike:
    """Calls whose records differ in times, sizes and errors alone."""

    common: CallRecord
    ids: CallIds
    about: tuple[object, ...]
    """Keeps alive what it is found by, so that nothing else can have the same place in memory."""

    def record(self, call: Course) -> CallRecord:
        own: _Own = call.own or _NOTHING
        return _with(
            self.common,
            id=self.ids.next(call.at + call.ended - call.started),
            at=call.at,
            total_ms=_ms(call.ended - call.started),
            upstream_ms=_ms(call.answered - call.sent),
            queue_ms=_ms((call.sent or call.ended) - call.started),
            bytes_in=call.bytes_in,
            bytes_out=call.bytes_out,
            tokens=call.tokens,
            trace_id=own.trace,
            error=own.error,
            arguments=_shown(own.arguments),
            result=_shown(own.result),
        )


def _short(info: Raw) -> bytes:
    """A copy, since what was read of a request keeps all of its body in memory; of a long one, what is told of it."""
    return bytes(info) if len(info) <= LONGEST_INFO else msgspec.json.encode(_client(bytes(info)))


def _client(info: bytes | None) -> _Info:
    """What a client calls itself; nothing where it does not say it as the protocol wants."""
    if info is None:
        return _NOBODY
    try:
        found = _info.decode(info)
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
    known = _CLASSES.get(failure.code) if failure.own else None
    timed_out = failure.own and failure.code == _TIMED_OUT
    return Ending("timed_out" if timed_out else "protocol_error", known or f"rpc {failure.code}")


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
    """Bytes of the values, where there was no message around them."""
    return sum(map(len, fields.values()))


def _team(principal: Principal) -> str:
    """That of a token which is a team's; people are in many."""
    if not principal.grants:
        return ""
    scope = principal.grants[0].scope
    return "" if scope == ALL else scope


_with = msgspec.structs.replace
_info = msgspec.json.Decoder(_Info)
_OK, _TOOL_ERROR = Ending("ok"), Ending("tool_error", "tool_error")
_NOBODY = _Info()
NO_SERVER = Server("", "", "")
_NOWHERE = Target(Upstream("", ""), Kind.TOOL, "", "", "", None, json.EMPTY, json.NULL, json.NULL)

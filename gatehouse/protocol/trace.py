"""W3C Trace Context, as HTTP headers and as keys of a request's `_meta` carry it. No I/O.

2026-07-28 basic/index "_meta": the three keys have no prefix, unlike all others; https://www.w3.org/TR/trace-context/.
"""

from __future__ import annotations

import re

import msgspec

from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw

PARENT, STATE, BAGGAGE = "traceparent", "tracestate", "baggage"
Headers = tuple[tuple[str, str], ...]

_PARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[ -~]*)?")
_RAW = re.compile(rb'"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]([0-9a-f])"')
"""What nearly every client says, as it stands in `_meta`; the one group has the flag of sampling."""
_ODD = frozenset(b"13579bdf")
_FIRST_VERSION = "00"
_SAMPLED = 1
_SAFE = re.compile(r"[!-~]([ -~]*[!-~])?")
"""What may stand in a header as it is: with a line break in it, one from `_meta` would become two."""
LONGEST_BAGGAGE = 8192
"""Bytes; W3C Baggage asks nobody to pass on more."""


class Parent(msgspec.Struct, frozen=True, gc=False):
    """Which span comes before. `text` is its `traceparent`; `state` the `tracestate` beside it, not looked at."""

    text: str
    trace_id: str
    span_id: str
    flags: int
    state: str = ""

    @property
    def sampled(self) -> bool:
        return bool(self.flags & _SAMPLED)


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a call comes from. `around` is what its HTTP request said, where `_meta` says something else."""

    parent: Parent | None = None
    around: Parent | None = None


def read(text: str, state: str = "") -> Parent | None:
    """A `traceparent`; None for one that is to be ignored."""
    match = _PARENT.fullmatch(text)
    if match is None or (match[1] == _FIRST_VERSION and match[5] is not None):
        return None
    return Parent(text, match[2], match[3], int(match[4], 16), state)


def origin(headers: Headers, meta: Fields) -> Origin:
    """`_meta` comes first: it is of the message, where headers are of the request that carried it."""
    around = _of_request(headers) if headers else None
    parent = read(text(meta, PARENT), text(meta, STATE)) if PARENT in meta else None
    if parent is None:
        return Origin(around)
    return Origin(parent, around if around is not None and around.text != parent.text else None)


def sampled(headers: Headers, meta: Fields) -> bool | None:
    """Whether who calls wants it to be traced, as `origin` would tell; None where they don't say."""
    if PARENT in meta:
        plain = _RAW.fullmatch(meta[PARENT])
        if plain is not None:
            return plain[1][0] in _ODD
    elif not headers:
        return None
    parent = origin(headers, meta).parent
    return None if parent is None else parent.sampled


def _of_request(headers: Headers) -> Parent | None:
    parent = state = ""
    for name, value in headers:
        if name == PARENT:
            parent = value
        elif name == STATE:
            state = value
    return read(parent, state) if parent else None


def trace_id(headers: Headers, meta: Fields) -> str:
    """Of the trace that a call belongs to; empty where it belongs to none."""
    parent = origin(headers, meta).parent
    return parent.trace_id if parent is not None else ""


def onward(headers: Headers, meta: Fields, parent: str, state: str) -> tuple[Headers, Fields]:
    """What goes to the upstream instead: this parent, in both places, and the baggage that came in either."""
    baggage = _baggage(headers, meta)
    told = {PARENT: parent} | ({STATE: state} if state else {}) | ({BAGGAGE: baggage} if baggage else {})
    # What can't be read as baggage is not ours to drop: it stays where it was.
    replaced = {PARENT, STATE} | told.keys()
    kept = tuple((name, value) for name, value in headers if name not in replaced)
    others = {key: value for key, value in meta.items() if key not in replaced}
    return (*told.items(), *kept), others | {key: json.raw(value) for key, value in told.items()}


def _baggage(headers: Headers, meta: Fields) -> str:
    for found in (text(meta, BAGGAGE), dict(headers).get(BAGGAGE, "")):
        if len(found) <= LONGEST_BAGGAGE and _SAFE.fullmatch(found):
            return found
    return ""


def text(meta: Fields, key: str) -> str:
    """A string of a `_meta`; empty where there is none that can be read."""
    if key not in meta:
        return ""
    value = bytes(meta[key])
    if value[:1] != b'"':
        return ""
    if b"\\" not in value and value.isascii():
        return value[1:-1].decode()
    try:
        return json.text(Raw(value)) or ""
    except json.BadJson:
        return ""

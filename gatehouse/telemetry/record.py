"""What is kept of one call. Ids and names are plain strings here: what they stand for, others know."""

from __future__ import annotations

from collections.abc import Hashable
from operator import attrgetter
from typing import Any, Literal, Protocol

import msgspec

from gatehouse.telemetry.tables import DIMENSIONS

Outcome = Literal["ok", "tool_error", "protocol_error", "refused", "cancelled", "timed_out"]
OUTCOMES: tuple[Outcome, ...] = ("ok", "tool_error", "protocol_error", "refused", "cancelled", "timed_out")
ERROR_LENGTH = 500
"""Characters that are kept of an error's message."""
NAME_LENGTH = 255
"""Characters that are kept of a name; a longer one is found by its beginning."""
_dimensions = attrgetter(*DIMENSIONS)


class CallRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One call, in whichever way it ended. What is not known is empty. Times are seconds since the epoch."""

    id: str
    """`new_id("cal")`."""
    at: float
    """When it began."""
    outcome: Outcome
    principal: str = ""
    principal_kind: str = ""
    principal_name: str = ""
    user: str = ""
    team: str = ""
    client: str = ""
    """The name that the client gives itself."""
    client_version: str = ""
    era: str = ""
    server: str = ""
    server_name: str = ""
    name: str = ""
    """As it is advertised."""
    upstream: str = ""
    """Empty where the call was refused before it was known where it would go."""
    upstream_name: str = ""
    original: str = ""
    """The upstream's own name of what was called."""
    method: str = ""
    total_ms: float = 0.0
    upstream_ms: float = 0.0
    queue_ms: float = 0.0
    """Until it was sent on."""
    bytes_in: int = 0
    bytes_out: int = 0
    tokens: int = 0
    """Of the result, estimated: a token for each four bytes."""
    trace_id: str = ""
    error_class: str = ""
    error: str = ""
    arguments: str = ""
    """JSON, as all the parameters were sent on; only where the server asks for it. Secrets are taken out."""
    result: str = ""
    """JSON, the same way."""


class Course(msgspec.Struct, gc=False):
    """How one call goes: what is needed to count it, and to make a record of it later, where one is kept.

    Moments are seconds of `time.perf_counter`; those of the upstream are 0 where it did not get so far.
    """

    started: float
    sent: float = 0.0
    answered: float = 0.0
    ended: float = 0.0
    at: float = 0.0
    """When it began, in seconds since the epoch; 0 until somebody asks."""
    bytes_in: int = 0
    bytes_out: int = 0
    tokens: int = 0
    group: Group | None = None
    """None until it has ended."""
    own: Any = None
    """What else its record has for itself, for the group: an error's words, a trace. Most have nothing."""

    @property
    def made(self) -> CallRecord:
        """The record of a call that has ended."""
        assert self.group is not None  # noqa: S101 - whoever ends a course sets it
        return self.group.record(self)


class Group(Hashable, Protocol):
    """Calls whose records differ in times, sizes and errors alone. Two that are equal are the same."""

    @property
    def common(self) -> CallRecord:
        """With what is the same for all of them."""
        ...

    def record(self, call: Course) -> CallRecord: ...


def recorded(record: CallRecord) -> Course:
    """For those whose calls are few enough to make the record at once."""
    record = storable(record)
    return Course(
        started=0.0,
        answered=record.upstream_ms / 1000,
        ended=record.total_ms / 1000,
        at=record.at,
        bytes_in=record.bytes_in,
        bytes_out=record.bytes_out,
        tokens=record.tokens,
        group=_Made(record),
        own=record,
    )


class _Made:
    """Of calls whose records came first."""

    __slots__ = ("_dimensions", "common")

    def __init__(self, common: CallRecord) -> None:
        self.common = common
        self._dimensions = *_dimensions(common), common.error_class

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Made) and self._dimensions == other._dimensions

    def __hash__(self) -> int:
        return hash(self._dimensions)

    def record(self, call: Course) -> CallRecord:
        record: CallRecord = call.own
        return record


def storable(record: CallRecord) -> CallRecord:
    """With no text in it that a database would refuse."""
    if _is_storable(record):
        return record
    texts = {name: capped(getattr(record, name)) for name in _TEXTS}
    return msgspec.structs.replace(record, **texts, error=capped(record.error, ERROR_LENGTH))


def _is_storable(record: CallRecord) -> bool:
    """As nearly all are: asked at once of all its texts, which is cheap."""
    texts: tuple[str, ...] = _texts(record)
    every = "".join(texts) + record.error
    short = len(record.error) <= ERROR_LENGTH and max(map(len, texts)) <= NAME_LENGTH
    return short and every.isascii() and "\x00" not in every


def capped(text: str, length: int = NAME_LENGTH) -> str:
    """What every database can store of a stranger's text: no NUL, no half of a surrogate pair, not too long."""
    if text.isascii() and len(text) <= length and "\x00" not in text:
        return text
    return text[:length].replace("\x00", "").encode(errors="replace").decode()


_LONG = frozenset({"error", "arguments", "result"})
_TEXTS = tuple(name for name, kind in CallRecord.__annotations__.items() if kind == "str" and name not in _LONG)
_texts = attrgetter(*_TEXTS)

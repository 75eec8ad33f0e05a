"""What a record of the audit is, and what makes a chain of records. Pure: neither a database nor a clock.

A record is JSON. Its digest is the SHA-256 of the digest of the record before it (64 hexadecimal characters) and that
JSON, so that none can be changed, taken out, put in or moved without breaking what follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, cast

import msgspec

from gatehouse.access.audit.masking import safe, safe_text
from gatehouse.access.model import Principal
from gatehouse.kit.ids import new_id

Outcome = Literal["done", "failed", "refused"]
LARGEST = 256 * 1024
"""Bytes of a record; past that, what was before and after is told by its size alone."""
NO_DIGEST = "0" * 64
"""What the first record follows."""
BROKEN_DIGEST = "f" * 64
"""What a record follows that was written where the chain was found broken: no record has this digest."""
_TEXT = 255
_REASON = 1000
_encoder = msgspec.json.Encoder(order="deterministic")


class Actor(msgspec.Struct, frozen=True):
    """Who did it. `user`: the id of the user that it is, or whose rights it used."""

    id: str
    kind: str
    name: str
    user: str | None = None


class Subject(msgspec.Struct, frozen=True):
    """What it was done to."""

    kind: str
    id: str | None = None
    name: str = ""


SYSTEM = Actor("system", "system", "Gatehouse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that somebody did, or was kept from doing. `before` and `after` are plain JSON values."""

    actor: Actor
    action: str
    resource_kind: str
    resource_id: str | None = None
    resource_name: str = ""
    outcome: Outcome = "done"
    reason: str | None = None
    """Why it was refused, or failed."""
    address: str | None = None
    session: str | None = None
    """The id of the console session."""
    before: Any = None
    after: Any = None
    request_id: str | None = None
    count: int = 1
    """How often it happened, since the record before it that says the same."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with its place in the chain. Encoded, in this order of fields, it is what the digest is over."""

    number: int
    id: str
    at: datetime
    actor: Actor
    action: str
    resource: Subject
    outcome: Outcome
    reason: str | None
    address: str | None
    session: str | None
    before: Any
    after: Any
    request_id: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain: the number of a record, and its digest."""

    number: int
    digest: str


START = Link(0, NO_DIGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A row: the record as bytes, its place in the chain, and what it is found by."""

    number: int
    id: str
    at: float
    actor_id: str
    user_id: str | None
    action: str
    resource_kind: str
    resource_id: str | None
    outcome: str
    record: bytes
    previous: str
    digest: str

    @property
    def link(self) -> Link:
        return Link(self.number, self.digest)

    @property
    def line(self) -> bytes:
        """The record, its place in the chain with it, as a line of JSON."""
        return b'%s,"previous":"%s","digest":"%s"}\n' % (
            self.record[:-1], self.previous.encode(), self.digest.encode(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it is shown, with its place in the chain."""

    record: Record
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the chain is broken, and how."""

    number: int
    why: str


def actor(principal: Principal) -> Actor:
    return Actor(principal.id, principal.kind, principal.name, principal.user)


def stored(entry: Entry, at: float, previous: Link) -> Stored:
    """The row for an entry that follows `previous`; no secret gets into it."""
    record = _record(entry, at, previous.number + 1)
    data = _encoder.encode(record)
    if len(data) > LARGEST:
        data = _encoder.encode(_without_values(record))
    return Stored(**_found_by(record), record=data, previous=previous.digest, digest=digest_of(previous.digest, data))


def digest_of(previous: str, record: bytes) -> str:
    return sha256(previous.encode() + record).hexdigest()


def kept(row: Stored) -> Kept:
    """What somebody made unreadable is shown as far as it can be: a list must not end there."""
    try:
        record = _read(row)
    except msgspec.MsgspecError:
        record = _unreadable(row)
    return Kept(record, row.previous, row.digest)


def first_fault(before: Link, rows: Iterable[Stored]) -> Fault | None:
    """Of rows in the order of their numbers that should follow `before`."""
    previous = before
    for row in rows:
        why = _fault(previous, row)
        if why is not None:
            return why
        previous = row.link
    return None


def next_link(head: Link | None, last: Link | None, known: Link) -> Link:
    """What the next record has to follow. `head` is where the chain should end, `last` where it does.

    `known` is how far it was when we last looked. Where these disagree, somebody has been at it: the chain goes on
    after a gap that can't be closed, so that the break stays to be seen.
    """
    if head == last and (head or START).number >= known.number:
        return head or START
    furthest = max(link.number for link in (head or START, last or START, known))
    return Link(furthest, BROKEN_DIGEST)


def missing(first: int, last: int) -> str:
    numbers = f"Record {first} is" if first == last else f"Records {first} to {last} are"
    return f"{numbers} missing."


def shortened(value: Any, most: int) -> Any:
    """An object without the fields that take more than `most` bytes: their size is told instead."""
    if not isinstance(value, dict):
        return _size(value) if len(_encoder.encode(value)) > most else value
    fields = cast("dict[str, Any]", value)
    return {name: _size(one) if len(_encoder.encode(one)) > most else one for name, one in fields.items()}


def timestamp(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _read(row: Stored) -> Record:
    return msgspec.json.decode(row.record, type=Record)


def _unreadable(row: Stored) -> Record:
    return Record(
        number=row.number,
        id=row.id,
        at=timestamp(row.at),
        actor=Actor(row.actor_id, "unknown", "", row.user_id),
        action=row.action,
        resource=Subject(row.resource_kind, row.resource_id),
        outcome="failed",
        reason="This record was changed, and can't be read any more.",
        address=None,
        session=None,
        before=None,
        after=None,
        request_id=None,
        count=1,
    )


def _record(entry: Entry, at: float, number: int) -> Record:
    acting = entry.actor
    return Record(
        number=number,
        id=new_id("aud"),
        at=timestamp(at),
        actor=Actor(plain(acting.id), plain(acting.kind, 32), plain(acting.name), maybe_plain(acting.user)),
        action=plain(entry.action, 63),
        resource=Subject(
            plain(entry.resource_kind, 32), maybe_plain(entry.resource_id), safe_text(plain(entry.resource_name))
        ),
        outcome=entry.outcome,
        reason=None if entry.reason is None else safe_text(plain(entry.reason, _REASON)),
        address=maybe_plain(entry.address),
        session=maybe_plain(entry.session),
        before=safe(entry.before),
        after=safe(entry.after),
        request_id=maybe_plain(entry.request_id),
        count=entry.count,
    )


def _without_values(record: Record) -> Record:
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    return Record(**fields | {"before": _size(record.before), "after": _size(record.after)})


def _size(value: Any) -> Any:
    return None if value is None else f"({len(_encoder.encode(value))} bytes)"


def plain(text: str, most: int = _TEXT) -> str:
    """As every database can hold it: strangers choose what stands in a path."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:most]


def maybe_plain(text: str | None) -> str | None:
    return None if text is None else plain(text)


def _found_by(record: Record) -> dict[str, Any]:
    """The columns beside the record, as it says them."""
    return {
        "number": record.number,
        "id": record.id,
        "at": record.at.timestamp(),
        "actor_id": record.actor.id,
        "user_id": record.actor.user,
        "action": record.action,
        "resource_kind": record.resource.kind,
        "resource_id": record.resource.id,
        "outcome": record.outcome,
    }


def _fault(previous: Link, row: Stored) -> Fault | None:
    if row.number > previous.number + 1:
        return Fault(previous.number + 1, missing(previous.number + 1, row.number - 1))
    if row.digest != digest_of(row.previous, row.record):
        return Fault(row.number, f"Record {row.number} was changed: its digest is not that of what it says.")
    if row.previous != previous.digest:
        return Fault(row.number, f"Record {row.number} does not follow the one before it.")
    differing = _differing(row)
    if differing:
        return Fault(row.number, f"Record {row.number} is stored under another {' and '.join(differing)} than it says.")
    return None


def _differing(row: Stored) -> list[str]:
    """Columns that say something else than the record: the list would show it under the wrong name, or not at all."""
    try:
        said = _found_by(_read(row))
    except msgspec.MsgspecError:
        return ["form"]
    said["at"] = row.at if abs(said["at"] - row.at) < 1e-5 else said["at"]
    return [name for name, value in said.items() if getattr(row, name) != value]

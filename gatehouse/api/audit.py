"""The audit: what was done and what was refused, as a list, as an export, and whether its chain holds."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gatehouse.access.audit.records import Kept, Link
from gatehouse.access.audit.repository import Wanted
from gatehouse.access.audit.trail import Verdict
from gatehouse.api.actions import Action
from gatehouse.api.fields import Cursor, Limit, Timestamp, one_of
from gatehouse.api.moments import moment
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, Lines, endpoint
from gatehouse.kit.errors import Invalid
from gatehouse.kit.pages import PageRequest, page_request

Moment = Annotated[str, Meta(description="A time as in `2026-11-21T08:00:00Z`, a day, or how long ago, as in `24h`")]
Outcome = Literal["done", "failed", "refused"]
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_PLACE = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})", re.ASCII)


class ActorView(Struct, frozen=True):
    """Who did it."""

    id: str
    kind: Annotated[str, one_of("user", "token", "client", "anonymous", "system")]
    name: str
    user: Annotated[str | None, Meta(description="Id of the user that it is, or whose rights it used")]


class SubjectView(Struct, frozen=True):
    """What it was done to."""

    kind: str
    id: str | None
    name: str


class RecordView(Struct, frozen=True, kw_only=True):
    """One record of the audit."""

    number: Annotated[int, Meta(description="Its place in the chain")]
    id: str
    at: Timestamp
    actor: ActorView
    action: Annotated[str, Meta(description="As in `token.create`, `server.change`, `auth.login`, `server.use`")]
    resource: SubjectView
    outcome: Outcome
    reason: Annotated[str | None, Meta(description="Why it was refused, or failed")]
    address: Annotated[str | None, Meta(description="Where the caller was")]
    session: Annotated[str | None, Meta(description="Id of the console session")]
    before: Annotated[Any, Meta(description="What was changed, as it was; secrets are `***`")]
    after: Annotated[Any, Meta(description="And as it is now")]
    request_id: str | None
    count: Annotated[int, Meta(description="How often it happened: refusals that are alike are counted")]
    previous: Annotated[str, Meta(description="Digest of the record before")]
    digest: Annotated[str, Meta(description="SHA-256 of `previous` and this record")]


class RecordList(Struct, frozen=True):
    items: list[RecordView]
    next: str | None


class AuditQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    actor: Annotated[str, Meta(description="Id of a token or user, or a user's address")] | None = None
    action: Annotated[str, Meta(description="As in `token.create`, or `token.*`")] | None = None
    resource: Annotated[str, Meta(description="A kind, as in `server`, or an id")] | None = None
    outcome: Outcome | None = None
    since: Moment | None = None
    until: Moment | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class ExportQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    since: Moment | None = None
    until: Moment | None = None


class VerifyInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much to look at. Left out: all, from the oldest record that is kept."""

    after: Annotated[str, Meta(description="`next` of the answer before")] | None = None
    limit: (
        Annotated[int, Meta(ge=1, le=10_000_000, description="Records, after which to say how far it went")] | None
    ) = None


class VerificationView(Struct, frozen=True, kw_only=True):
    """Whether the chain of records is as it was written."""

    ok: bool
    checked: Annotated[int, Meta(description="Records looked at")]
    first_bad_number: int | None
    why: str | None
    head: Annotated[str, Meta(description="How far it went: the number of a record, and its digest")]
    next: Annotated[str | None, Meta(description="From where to go on; null at the end")]


async def list_records(asked: Asked[AuditQuery, None]) -> RecordList:
    query = asked.query
    wanted = Wanted(
        actors=_actors(asked, query.actor),
        action=query.action,
        resource=query.resource,
        outcome=query.outcome,
        since=moment("since", query.since, asked.at.now),
        until=moment("until", query.until, asked.at.now),
    )
    page = await asked.context.audit.list(wanted, _asked_page(query.cursor, query.limit))
    return RecordList([_view(one) for one in page.items], page.next)


async def get_record(asked: Asked[None, None]) -> RecordView:
    return _view(await asked.context.audit.get(asked.ref))


async def export_records(asked: Asked[ExportQuery, None]) -> Lines:
    now = asked.at.now
    since, until = moment("since", asked.query.since, now), moment("until", asked.query.until, now)
    chunks: AsyncIterator[bytes] = asked.context.audit.export(Wanted(since=since, until=until))
    return Lines(chunks)


async def verify_records(asked: Asked[None, VerifyInput]) -> VerificationView:
    body = asked.body
    verdict = await asked.context.audit.verify(after=_place(body.after), most=body.limit)
    return _verdict(verdict)


def _actors(asked: Asked[AuditQuery, None], actor: str | None) -> tuple[str, ...]:
    """Who was deleted since is found by id alone."""
    if not actor:
        return ()
    user = asked.context.directory().user(actor)
    return (actor,) if user is None else (actor, user.id)


def _asked_page(cursor: str | None, limit: int | None) -> PageRequest:
    """In the order of numbers. Raises `Invalid`."""
    wanted = page_request(cursor, limit)
    if wanted.after is not None and not _NUMBER.fullmatch(wanted.after):
        raise Invalid("The cursor is not one of ours.", "Start again without a cursor.")
    return wanted


def _place(text: str | None) -> Link | None:
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidFields(
            "'after' is not a place in the chain.",
            [FieldError("after", "not a place")],
            "Send `next`, or leave it out.",
        )
    return Link(int(found[1]), found[2])


def _verdict(verdict: Verdict) -> VerificationView:
    head = f"{verdict.head.number}:{verdict.head.digest}"
    return VerificationView(
        ok=verdict.ok,
        checked=verdict.checked,
        first_bad_number=verdict.first_bad_number,
        why=verdict.why,
        head=head,
        next=head if verdict.more else None,
    )


def _view(kept: Kept) -> RecordView:
    one = kept.record
    return RecordView(
        number=one.number,
        id=one.id,
        at=one.at,
        actor=ActorView(one.actor.id, one.actor.kind, one.actor.name, one.actor.user),
        action=one.action,
        resource=SubjectView(one.resource.kind, one.resource.id, one.resource.name),
        outcome=one.outcome,
        reason=one.reason,
        address=one.address,
        session=one.session,
        before=one.before,
        after=one.after,
        request_id=one.request_id,
        count=one.count,
        previous=kept.previous,
        digest=kept.digest,
    )


ENDPOINTS = (
    endpoint("GET /audit", Action.AUDIT_READ, list_records, "List what was done and what was refused"),
    endpoint("GET /audit/export", Action.AUDIT_READ, export_records, "Export the records as lines of JSON"),
    endpoint(
        "POST /audit/verify",
        Action.AUDIT_READ,
        verify_records,
        "Check the chain of records",
        changes=False,
        status=200,
    ),
    endpoint("GET /audit/{id}", Action.AUDIT_READ, get_record, "Show a record"),
)

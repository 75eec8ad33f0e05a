"""Everything out of this gateway as one document, and in again, or out of the files of other programs."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from gatehouse.access import policy
from gatehouse.access.audit.records import Entry, actor
from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.fields import JsonObject
from gatehouse.api.problems import LacksPermission
from gatehouse.api.request_ids import current_id
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.transfer.foreign import Fidelity
from gatehouse.catalog.transfer.translation import translate
from gatehouse.kit import json
from gatehouse.kit.errors import Forbidden, Invalid, NotFound
from gatehouse.store.transfer.document import is_document
from gatehouse.store.transfer.model import Change, OnConflict, Verdict
from gatehouse.store.transfer.planning import Plan
from gatehouse.store.transfer.service import Incoming, Transfer, Wanted

Section = Annotated[str, Meta(min_length=1, max_length=40)]
Passphrase = Annotated[str, Meta(max_length=1000)]
_RUNS = frozenset({"command", "args", "env", "cwd"})


class ExportQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    only: Annotated[str, Meta(description="Sections with commas between them; all where left out")] = ""
    include: Annotated[str, Meta(description="`users`: people and what was granted to them, too")] = ""


class ExportInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to export. With a passphrase secrets are in it, sealed; else it says which are needed."""

    passphrase: Passphrase | None = None
    only: list[Section] = []
    include: list[Section] = []


class ImportQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dry_run: Annotated[bool, Meta(description="Tell what would be done, and do nothing")] = False
    conflict: Annotated[OnConflict, Meta(description="What becomes of a thing that is here, and not the same")] = (
        OnConflict.FAIL
    )


class ImportField(Struct, frozen=True):
    """Of a list, only what leaves it and what comes in. Secrets are never told."""

    name: str
    before: Any
    after: Any


class ImportChange(Struct, frozen=True, kw_only=True):
    """What becomes of one thing."""

    section: str
    name: str
    verdict: Verdict
    renamed_to: str | None
    fields: list[ImportField]
    notes: list[str]


class ImportFinding(Struct, frozen=True, kw_only=True):
    """How much of a thing in another program's file comes over."""

    kind: str
    name: str
    fidelity: Fidelity
    words: str


class ImportReport(Struct, frozen=True, kw_only=True):
    """What was done, or on a dry run would be. What is the same is only counted."""

    form: Annotated[str, Meta(description="Whose file it is: `gatehouse`, `mcp.json` or `ContextForge`")]
    dry_run: bool
    conflict: OnConflict
    counts: dict[str, int]
    changes: list[ImportChange]
    needed: Annotated[list[str], Meta(description="Paths of secrets that nobody gave")]
    sealed: Annotated[bool, Meta(description="It has secrets that only a passphrase opens, and none was given")]
    findings: list[ImportFinding]


class _Wrapped(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document with what stands beside it."""

    document: dict[str, Raw]
    passphrase: Passphrase | None = None
    secrets: dict[str, str] = {}


async def export(asked: Asked[ExportQuery, None]) -> JsonObject:
    return await _export(asked, None, _words(asked.query.only), _words(asked.query.include))


async def export_sealed(asked: Asked[None, ExportInput]) -> JsonObject:
    return await _export(asked, asked.body.passphrase, asked.body.only, asked.body.include)


async def import_document(asked: Asked[ImportQuery, dict[str, Raw]]) -> ImportReport:
    """The body is the document itself, or `{"document": ..., "passphrase": ..., "secrets": {path: value}}`."""
    _check_administrator(asked, Action.TRANSFER_IMPORT)
    query, wrapped = asked.query, _wrapped(asked.body)
    content, secrets, form, findings = wrapped.document, wrapped.secrets, "gatehouse", list[ImportFinding]()
    if not is_document(content):
        read = translate(_loaded(content))
        content, form, secrets = json.fields(json.dump(read.document)), read.form, {**read.secrets, **secrets}
        findings = [
            ImportFinding(kind=one.kind, name=one.name, fidelity=one.fidelity, words=one.words) for one in read.findings
        ]
    incoming = Incoming(
        content=content,
        passphrase=wrapped.passphrase,
        secrets=secrets,
        on_conflict=query.conflict,
        dry_run=query.dry_run,
    )
    plan = await _transfer(asked).import_(incoming, lambda plan: _permit(asked, plan))
    return ImportReport(
        form=form,
        dry_run=query.dry_run,
        conflict=query.conflict,
        counts={verdict.value: plan.count(verdict) for verdict in Verdict if plan.count(verdict)},
        changes=[_view(change) for change in plan.changes if change.verdict is not Verdict.SAME or change.notes],
        needed=plan.needed,
        sealed=wrapped.passphrase is None and b'"sealed"' in bytes(content.get("secrets", json.NULL)),
        findings=findings,
    )


async def _export(asked: Asked[Any, Any], passphrase: str | None, only: list[str], include: list[str]) -> Raw:
    _check_administrator(asked, Action.TRANSFER_EXPORT)
    odd = [word for word in include if word != "users"]
    if odd:
        raise Invalid(f"'{odd[0]}' can't be included.", "Accepted: users.")
    wanted = Wanted(only=only, personal=bool(include), passphrase=passphrase)
    data = await _transfer(asked).export(wanted, asked.principal.name)
    told = {"only": only, "include": include, "secrets": passphrase is not None, "bytes": len(data)}
    entry = Entry(
        actor=actor(asked.principal),
        action="export",
        resource_kind="export",
        address=asked.at.address,
        session=asked.session,
        after=told,
        request_id=current_id(),
    )
    await asked.context.audit.record(entry)
    return Raw(data)


def _check_administrator(asked: Asked[Any, Any], action: Action) -> None:
    """A document holds what is private to others, and can make anybody an administrator."""
    if not policy.sight(asked.principal, action).everything:
        raise LacksPermission(
            f"Not allowed: '{asked.principal.name}' has not the role admin on all, which {action} is for.", action
        )


def _permit(asked: Asked[Any, Any], plan: Plan) -> None:
    upstreams = [change for change in plan.of("upstreams") if _runs(change)]
    if upstreams:
        asked.may(Action.UPSTREAM_STDIO, Resource("upstream"))
    opened = [change for change in plan.of("servers") if change.item.access == "anonymous"]
    if opened and not asked.context.anonymous_allowed:
        raise Forbidden(
            f"Server '{opened[0].item.slug}' would be open to everybody, and Gatehouse listens on more than this machine.",
            'Write "access": "token", or start Gatehouse with GATEHOUSE_ALLOW_ANONYMOUS=true.',
        )


def _runs(change: Change) -> bool:
    """Whether it says what runs on this machine."""
    return change.item.command is not None and (
        change.verdict is not Verdict.CHANGED or bool(_RUNS & {field.name for field in change.fields})
    )


def _wrapped(body: dict[str, Raw]) -> _Wrapped:
    if "document" not in body:
        return _Wrapped(document=body)
    try:
        return msgspec.json.decode(json.dump(body), type=_Wrapped)
    except msgspec.ValidationError as error:
        raise Invalid(f"The body can't be used: {error}.", "It takes document, passphrase and secrets.") from None


def _view(change: Change) -> ImportChange:
    return ImportChange(
        section=change.section,
        name=change.name,
        verdict=change.verdict,
        renamed_to=change.renamed_to,
        fields=[ImportField(one.name, one.before, one.after) for one in change.fields],
        notes=list(change.notes),
    )


def _loaded(content: dict[str, Raw]) -> dict[str, Any]:
    try:
        return {name: json.load(value) for name, value in content.items()}
    except json.BadJson as error:
        raise Invalid(f"The file can't be read: {error}.", "Is it one of the kinds that are known?") from None


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _transfer(asked: Asked[Any, Any]) -> Transfer:
    transfer = asked.context.transfer
    if transfer is None:
        raise NotFound("Nothing can be exported or imported here.", "Ask the gateway itself.")
    return transfer


ENDPOINTS = (
    endpoint("GET /export", Action.TRANSFER_EXPORT, export, "Export everything, without secrets"),
    endpoint(
        "POST /export",
        Action.TRANSFER_EXPORT,
        export_sealed,
        "Export everything, secrets sealed with a passphrase",
        changes=False,
        status=200,
    ),
    endpoint(
        "POST /import",
        Action.TRANSFER_IMPORT,
        import_document,
        "Import a document: all of it, or nothing",
        status=200,
    ),
)

"""Resources and resource templates that are made here: added, changed, and their versions."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from gatehouse.api.capabilities import RESOURCES, CapabilityChange, CapabilityView, override, view_one
from gatehouse.api.fields import Name, Tag, TeamRef, Text, VisibilityWanted, told
from gatehouse.api.own_changing import OVERRIDABLE, Note, changed, history, is_own, own_one, signed
from gatehouse.api.permission import placed
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.model import Capability, Kind
from gatehouse.catalog.naming import slug
from gatehouse.catalog.own.checks import open_base64
from gatehouse.catalog.own.model import Annotations, Argument, Document, ResourceDocument, Source, TemplateDocument
from gatehouse.catalog.own.service import NewOwn
from gatehouse.catalog.own.uris import SCHEME
from gatehouse.kit import json
from gatehouse.kit.errors import Invalid

MediaType = Annotated[str, Meta(max_length=200, description="As in text/markdown or image/png")]
Base64 = Annotated[str, Meta(description="Binary content, in base64")]
_FACTS = ("title", "description", "annotations", "mime_type", "text", "arguments")


class _Content(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Text | None = None
    description: Text | None = None
    mime_type: MediaType | None = None
    annotations: Annotations = Annotations()
    text: str | None = None
    blob: Base64 | None = None
    arguments: Annotated[tuple[Argument, ...], Meta(description="Of a template: what is said of its variables")] = ()
    note: Note = ""


class ResourceContent(_Content, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource has `text` or `blob`; a template has `text`, filled in with the variables of its uri."""

    name: Annotated[Name, Meta(description="Left out: it stays")] | None = None


class ResourceInput(_Content, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource, or with `uri_template` a resource template. Without a uri it gets one, made from its name."""

    name: Name
    uri: str | None = None
    uri_template: Annotated[str, Meta(description="As in gatehouse://notes/{day}")] | None = None
    tags: list[Tag] = []
    team: TeamRef | None = None
    visibility: VisibilityWanted | None = None
    enabled: bool = True


class ResourceChange(CapabilityChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. Of an own resource, what it says makes a new version; of others, title, description and
    annotations are said instead of what the upstream says, and null goes back to that."""

    name: Name | UnsetType = UNSET
    mime_type: MediaType | UnsetType | None = UNSET
    text: str | UnsetType = UNSET
    blob: Base64 | UnsetType = UNSET
    arguments: tuple[Argument, ...] | UnsetType = UNSET
    note: Note | UnsetType = UNSET


async def create_resource(asked: Asked[None, ResourceInput]) -> CapabilityView:
    body, context = asked.body, asked.context
    place = placed(context, asked.principal, asked.at, "resource", body.team, body.visibility)
    if body.uri is not None and body.uri_template is not None:
        raise Invalid("It has both a uri and a uri_template.", "Give one of them.")
    kind = Kind.RESOURCE if body.uri_template is None else Kind.TEMPLATE
    document, blob = _document(kind, body, body.name)
    new = NewOwn(
        kind=kind,
        key=body.uri_template or body.uri or _uri(body.name),
        document=document,
        blob=blob,
        tags=body.tags,
        enabled=body.enabled,
        placement=place,
    )
    return await view_one(asked, await context.own.create(new, signed(asked, body.note)))


async def replace_resource(asked: Asked[None, ResourceContent]) -> CapabilityView:
    known = await own_one(asked, RESOURCES)
    before = (await asked.context.own.source(known.id, RESOURCES.kinds)).document
    name = asked.body.name or getattr(before, "name", "")
    written = _document(known.kind, asked.body, name)
    return await changed(asked, RESOURCES, {}, lambda _: written, asked.body.note)


async def change_resource(asked: Asked[None, ResourceChange]) -> CapabilityView:
    said = told(asked.body)
    note = said.pop("note", "")
    known = await asked.context.catalog.capability(asked.ref, RESOURCES.kinds)
    if not await is_own(asked, known):
        if any(name not in OVERRIDABLE for name in said):
            await own_one(asked, RESOURCES)
        return await view_one(asked, await override(asked, known, said))
    written = {name: said.pop(name) for name in ("name", *_FACTS, "blob") if name in said}
    _check_fits(known, written)
    return await changed(asked, RESOURCES, said, (lambda source: _written(source, written)) if written else None, note)


def _check_fits(known: Capability, written: dict[str, Any]) -> None:
    if known.kind is Kind.TEMPLATE and "blob" in written:
        raise Invalid("A resource template has text, and no blob.", "Send 'text'.")
    if known.kind is Kind.RESOURCE and "arguments" in written:
        raise Invalid("A resource has no arguments.", "A resource template has: make one with 'uri_template'.")
    if "text" in written and "blob" in written:
        raise Invalid("A resource has either text or blob.", "Send one of them.")


def _written(source: Source, written: dict[str, Any]) -> tuple[Document, bytes | None]:
    values, blob = dict(written), source.blob
    if "annotations" in values:
        values["annotations"] = _annotations(values["annotations"])
    if "blob" in values:
        blob = open_base64("blob", values.pop("blob"))
        values["text"] = None
    elif "text" in values:
        blob = None
    return structs.replace(source.document, **values), blob


def _annotations(sent: json.Fields | None) -> Annotations:
    try:
        return msgspec.json.decode(json.dump(sent or {}), type=Annotations)
    except msgspec.ValidationError as error:
        raise InvalidFields(
            f"The annotations can't be used: {error}.", [FieldError("annotations", str(error))],
            "A resource takes audience (user, assistant) and priority (0 to 1).",
        ) from None  # fmt: skip


def _document(kind: Kind, body: _Content, name: str) -> tuple[Document, bytes | None]:
    facts: dict[str, Any] = {
        "name": name,
        "title": body.title,
        "description": body.description,
        "mime_type": body.mime_type,
        "annotations": body.annotations,
    }
    if kind is Kind.TEMPLATE:
        if body.text is None or body.blob is not None:
            raise Invalid("A resource template has text, and no blob.", "Send 'text'.")
        return TemplateDocument(**facts, arguments=body.arguments, text=body.text), None
    if body.arguments:
        raise Invalid("A resource has no arguments.", "A resource template has: give it a 'uri_template'.")
    blob = None if body.blob is None else open_base64("blob", body.blob)
    return ResourceDocument(**facts, text=body.text), blob


def _uri(name: str) -> str:
    made = slug(name)
    if not made:
        raise Invalid("No uri can be made from that name.", f"Give one, as in {SCHEME}://notes/welcome.")
    return f"{SCHEME}://resources/{made}"


ENDPOINTS = (
    endpoint("POST /resources", RESOURCES.write, create_resource, "Make a resource or a resource template"),
    endpoint("PUT /resources/{id}", RESOURCES.write, replace_resource, "Replace what is in an own resource"),
    endpoint(
        "PATCH /resources/{id}", RESOURCES.write, change_resource, "Change a resource, or say something else of it"
    ),
    *history(RESOURCES),
)

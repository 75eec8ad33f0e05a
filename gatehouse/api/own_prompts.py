"""Prompts that are made here: added, changed, tried, and their versions."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from gatehouse.api.capabilities import PROMPTS, CapabilityChange, CapabilityView, override, view_one
from gatehouse.api.fields import Name, Tag, TeamRef, Text, VisibilityWanted, told
from gatehouse.api.own_changing import OVERRIDABLE, Note, changed, history, is_own, own_one, signed
from gatehouse.api.permission import placed
from gatehouse.api.results import PromptResult
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.model import Kind
from gatehouse.catalog.own.checks import checked
from gatehouse.catalog.own.content import OwnPrompt
from gatehouse.catalog.own.model import Argument, Document, Message, PromptDocument, Source
from gatehouse.catalog.own.service import NewOwn
from gatehouse.kit.errors import Invalid
from gatehouse.kit.json import Fields, Raw, dump

_WRITTEN = ("title", "description", "arguments", "messages")
"""Fields that make a new version."""


class PromptInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prompt: texts of its messages are templates, filled in with its arguments."""

    name: Name
    title: Text | None = None
    description: Text | None = None
    arguments: tuple[Argument, ...] = ()
    messages: tuple[Message, ...]
    note: Note = ""
    tags: list[Tag] = []
    team: TeamRef | None = None
    visibility: VisibilityWanted | None = None
    enabled: bool = True


class PromptText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is in a prompt, in place of what was. `name` may be left out, and does not change."""

    name: Name | None = None
    title: Text | None = None
    description: Text | None = None
    arguments: tuple[Argument, ...] = ()
    messages: tuple[Message, ...]
    note: Note = ""


class PromptChange(CapabilityChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. Of an own prompt, title, description, arguments and messages make a new version; of
    others, title and description are said instead of what the upstream says, and null goes back to that."""

    arguments: tuple[Argument, ...] | UnsetType = UNSET
    messages: tuple[Message, ...] | UnsetType = UNSET
    note: Note | UnsetType = UNSET


class PromptPreviewInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prompt that need not be stored, and what it is to be filled in with."""

    title: Text | None = None
    description: Text | None = None
    arguments: tuple[Argument, ...] = ()
    messages: tuple[Message, ...]
    values: Annotated[Fields, Meta(description="Values of its arguments, by name")] = {}


async def create_prompt(asked: Asked[None, PromptInput]) -> CapabilityView:
    body, context = asked.body, asked.context
    place = placed(context, asked.principal, asked.at, "prompt", body.team, body.visibility)
    new = NewOwn(
        kind=Kind.PROMPT,
        key=body.name,
        document=_document(body),
        tags=body.tags,
        enabled=body.enabled,
        placement=place,
    )
    return await view_one(asked, await context.own.create(new, signed(asked, body.note)))


async def replace_prompt(asked: Asked[None, PromptText]) -> CapabilityView:
    known = await own_one(asked, PROMPTS)
    if asked.body.name not in (None, known.key):
        raise Invalid(f"The name of prompt '{known.key}' stays.", "Leave 'name' out, or make another prompt.")
    document = _document(asked.body)
    return await changed(asked, PROMPTS, {}, lambda _: (document, None), asked.body.note)


async def change_prompt(asked: Asked[None, PromptChange]) -> CapabilityView:
    said = told(asked.body)
    note = said.pop("note", "")
    known = await asked.context.catalog.capability(asked.ref, PROMPTS.kinds)
    if not await is_own(asked, known):
        if any(name not in OVERRIDABLE for name in said):
            await own_one(asked, PROMPTS)
        return await view_one(asked, await override(asked, known, said))
    written = {name: said.pop(name) for name in _WRITTEN if name in said}

    def write(source: Source) -> tuple[Document, None]:
        return structs.replace(source.document, **written), None

    return await changed(asked, PROMPTS, said, write if written else None, note)


async def preview_prompt(asked: Asked[None, PromptPreviewInput]) -> Raw:
    document = checked(Kind.PROMPT, "preview", _document(asked.body), None)
    assert isinstance(document, PromptDocument)  # noqa: S101 - what is checked stays what it is
    return Raw(dump(OwnPrompt(document).get(asked.body.values)))


def _document(body: PromptInput | PromptText | PromptPreviewInput) -> PromptDocument:
    values: dict[str, Any] = {name: getattr(body, name) for name in _WRITTEN}
    return PromptDocument(**values)


ENDPOINTS = (
    endpoint("POST /prompts", PROMPTS.write, create_prompt, "Make a prompt"),
    endpoint(
        "POST /prompts/preview",
        PROMPTS.write,
        preview_prompt,
        "See what a prompt that is not stored would say",
        changes=False,
        status=200,
        shape=PromptResult,
    ),
    endpoint("PUT /prompts/{id}", PROMPTS.write, replace_prompt, "Replace what is in an own prompt"),
    endpoint("PATCH /prompts/{id}", PROMPTS.write, change_prompt, "Change a prompt, or say something else of it"),
    *history(PROMPTS),
)

"""Prompts, resources and resource templates of Gatehouse's own, as they are stored and as the API has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gatehouse.catalog.model import Kind

LARGEST = 5 * 1024 * 1024
"""Bytes of one resource, and of what one prompt holds or renders to."""
MOST = 100
"""Arguments, choices and messages."""
KEPT = 50
"""Versions that are kept of each."""
ArgumentType = Literal["string", "integer", "number", "boolean", "enum"]
Scalar = str | int | float | bool


class Argument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a prompt is filled in with; of a resource template: a variable of its uri."""

    name: Annotated[str, Meta(description="Letters, digits, _ and -; the first a letter or _")]
    title: str | None = None
    description: str | None = None
    required: bool = False
    type: ArgumentType = "string"
    choices: Annotated[tuple[str, ...], Meta(description="The values that an `enum` takes")] = ()
    default: Annotated[Scalar, Meta(description="Used where it is not given")] | None = None


class TextContent(Struct, frozen=True, kw_only=True, tag_field="type", tag="text", forbid_unknown_fields=True):
    """`text` is a template: `{{name}}`, and `{{#if name}} ... {{else}} ... {{/if}}`."""

    text: str


class ImageContent(Struct, frozen=True, kw_only=True, tag_field="type", tag="image", forbid_unknown_fields=True):
    """`data` is base64."""

    data: str
    mimeType: str


class AudioContent(Struct, frozen=True, kw_only=True, tag_field="type", tag="audio", forbid_unknown_fields=True):
    """`data` is base64."""

    data: str
    mimeType: str


class Embedded(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Either `text`, which is a template, or `blob`, which is base64."""

    uri: str
    mimeType: str | None = None
    text: str | None = None
    blob: str | None = None


class EmbeddedContent(Struct, frozen=True, kw_only=True, tag_field="type", tag="resource", forbid_unknown_fields=True):
    resource: Embedded


Content = TextContent | ImageContent | AudioContent | EmbeddedContent


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    role: Literal["user", "assistant"]
    content: Annotated[Content | str, Meta(description="A text stands for content of type `text`")]


class Annotations(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    audience: tuple[Literal["user", "assistant"], ...] = ()
    priority: Annotated[float, Meta(ge=0, le=1)] | None = None


class PromptDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    title: str | None = None
    description: str | None = None
    arguments: tuple[Argument, ...] = ()
    messages: tuple[Message, ...] = ()


class ResourceDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`text` None: it is binary, and stored apart."""

    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    annotations: Annotations = Annotations()
    text: str | None = None


class TemplateDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`text` is a template, filled in with the variables of the uri."""

    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    annotations: Annotations = Annotations()
    arguments: tuple[Argument, ...] = ()
    text: str = ""


Document = PromptDocument | ResourceDocument | TemplateDocument
DOCUMENTS: Mapping[Kind, type[Document]] = {
    Kind.PROMPT: PromptDocument,
    Kind.RESOURCE: ResourceDocument,
    Kind.TEMPLATE: TemplateDocument,
}


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a version: the user, or the token that is nobody's."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a prompt or resource. `size` and `digest` (SHA-256 in hex) are of a resource's content, else of the
    document."""

    number: int
    size: int
    digest: str
    binary: bool
    author: Author
    note: str
    created_at: float
    restored_from: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What is in a version. `blob`: the content of what is binary, where it was asked for."""

    version: Version
    document: Document
    blob: bytes | None = None

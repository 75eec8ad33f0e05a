"""What MCP servers answer, as far as it can be told beforehand: for the description alone.

Results are passed on as they came, with fields that nobody here knows of, too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Reader = Literal["user", "assistant"]
MetaData = dict[str, Any]


class ContentHints(Struct, frozen=True):
    """Whom content is for, and how much it matters (0 to 1)."""

    audience: list[Reader] | UnsetType = UNSET
    priority: float | UnsetType = UNSET
    lastModified: str | UnsetType = UNSET


class _Block(Struct, frozen=True, kw_only=True, tag_field="type"):
    annotations: ContentHints | UnsetType = UNSET
    meta: MetaData | UnsetType = field(name="_meta", default=UNSET)


class TextBlock(_Block, frozen=True, kw_only=True, tag="text"):
    text: str


class ImageBlock(_Block, frozen=True, kw_only=True, tag="image"):
    data: Annotated[str, Meta(description="In base64")]
    mimeType: str


class AudioBlock(_Block, frozen=True, kw_only=True, tag="audio"):
    data: Annotated[str, Meta(description="In base64")]
    mimeType: str


class LinkBlock(_Block, frozen=True, kw_only=True, tag="resource_link"):
    """A resource that can be read."""

    uri: str
    name: str
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    mimeType: str | UnsetType = UNSET
    size: int | UnsetType = UNSET


class ResourceContents(Struct, frozen=True, kw_only=True):
    """One part of a resource, as `text` or as `blob`."""

    uri: str
    mimeType: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    blob: Annotated[str, Meta(description="In base64")] | UnsetType = UNSET
    meta: MetaData | UnsetType = field(name="_meta", default=UNSET)


class ResourceBlock(_Block, frozen=True, kw_only=True, tag="resource"):
    resource: ResourceContents


Block = TextBlock | ImageBlock | AudioBlock | LinkBlock | ResourceBlock


class ToolResult(Struct, frozen=True, kw_only=True):
    """What a tool answered; with `isError` where it ran and failed."""

    content: list[Block]
    structuredContent: Any = UNSET
    isError: bool | UnsetType = UNSET
    meta: MetaData | UnsetType = field(name="_meta", default=UNSET)


class PromptMessage(Struct, frozen=True):
    role: Reader
    content: Block


class PromptResult(Struct, frozen=True, kw_only=True):
    """A prompt, filled in."""

    messages: list[PromptMessage]
    description: str | UnsetType = UNSET
    meta: MetaData | UnsetType = field(name="_meta", default=UNSET)


class ResourceResult(Struct, frozen=True, kw_only=True):
    """What a resource holds."""

    contents: list[ResourceContents]
    meta: MetaData | UnsetType = field(name="_meta", default=UNSET)

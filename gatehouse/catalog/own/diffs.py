"""How two versions differ, as a unified diff of what people would read of them. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from gatehouse.catalog.own.model import (
    Argument,
    Message,
    PromptDocument,
    ResourceDocument,
    Source,
    TextContent,
)
from gatehouse.kit import json

LARGEST_COMPARED = 512 * 1024
"""Bytes of a version; of larger ones sizes and digests are told, since comparing takes more than proportional time."""


def unified(before: Source, after: Source) -> str:
    """Empty where they are the same."""
    large = max(before.version.size, after.version.size) > LARGEST_COMPARED
    old, new = (list(_lines(one, large)) for one in (before, after))
    names = (f"version {before.version.number}", f"version {after.version.number}")
    return "\n".join(difflib.unified_diff(old, new, *names, lineterm=""))


def _lines(source: Source, large: bool) -> Iterator[str]:
    document, version = source.document, source.version
    if not isinstance(document, PromptDocument):
        yield f"name: {document.name}"
        yield f"media type: {document.mime_type or ''}"
        yield f"annotations: {json.dump(document.annotations).decode()}"
    yield from _prefixed("title", document.title)
    yield from _prefixed("description", document.description)
    if not isinstance(document, ResourceDocument):
        yield from (_argument(one) for one in document.arguments)
    if version.binary or large:
        yield f"content: {version.size} bytes, sha256 {version.digest}"
    elif isinstance(document, PromptDocument):
        for message in document.messages:
            yield from _message(message)
    else:
        yield from ("", *(document.text or "").splitlines())


def _prefixed(name: str, text: str | None) -> Iterator[str]:
    first, *rest = (text or "").splitlines() or [""]
    yield f"{name}: {first}".rstrip()
    yield from rest


def _argument(argument: Argument) -> str:
    return f"argument {argument.name}: {json.dump(argument).decode()}"


def _message(message: Message) -> Iterator[str]:
    yield ""
    content = message.content
    if isinstance(content, TextContent):
        yield f"{message.role}:"
        yield from content.text.splitlines()
    else:
        yield f"{message.role}: {json.dump(content).decode()}"

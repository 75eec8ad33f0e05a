"""Versions of own prompts and resources, as the API shows them."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from gatehouse.api.fields import JsonObject, Timestamp, timestamp
from gatehouse.catalog.own.model import Source, Version
from gatehouse.kit import json


class AuthorView(Struct, frozen=True):
    """Who made it: a user, or a token that is nobody's."""

    id: str
    name: str


class VersionView(Struct, frozen=True, kw_only=True):
    """One state of a prompt or resource."""

    version: int
    current: bool
    size: Annotated[int, Meta(description="Bytes of a resource's content, else of the whole")]
    digest: Annotated[str, Meta(description="SHA-256 of the same, in hex")]
    binary: bool
    author: AuthorView
    note: str
    restored_from: int | None
    created_at: Timestamp


class VersionDetails(VersionView, frozen=True, kw_only=True):
    """A version with what is in it."""

    source: JsonObject
    blob: Annotated[str, Meta(description="The content of what is binary, in base64")] | UnsetType = UNSET


class VersionList(Struct, frozen=True):
    """The newest first. The last 50 are kept."""

    items: list[VersionView]
    next: str | None = None


class DiffView(Struct, frozen=True, kw_only=True):
    """How two versions differ."""

    from_version: int
    to_version: int
    identical: bool
    diff: Annotated[str, Meta(description="A unified diff; of what is binary, or very large, sizes and digests")]


def source_view(source: Source) -> dict[str, Any]:
    """The document, with which version it is and what there is to say of its content."""
    version = source.version
    facts = {"version": version.number, "size": version.size, "digest": version.digest, "binary": version.binary}
    return {**facts, **json.fields(json.raw(source.document))}


def version_view(version: Version, current: int) -> VersionView:
    return VersionView(**_facts(version, current))


def version_details(source: Source, current: int) -> VersionDetails:
    blob = UNSET if source.blob is None else base64.b64encode(source.blob).decode()
    return VersionDetails(**_facts(source.version, current), source=json.raw(source.document), blob=blob)


def _facts(version: Version, current: int) -> dict[str, Any]:
    return {
        "version": version.number,
        "current": version.number == current,
        "size": version.size,
        "digest": version.digest,
        "binary": version.binary,
        "author": AuthorView(version.author.id, version.author.name),
        "note": version.note,
        "restored_from": version.restored_from,
        "created_at": timestamp(version.created_at),
    }

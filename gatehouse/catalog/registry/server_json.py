"""A `server.json` as registries publish it (schema 2025-12-11), as far as Gatehouse reads it.

What is not read is not lost: the document is kept as it came beside what is read of it. Registries are strangers, so
that nothing here raises anything but `Unusable`, and texts are cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from gatehouse.kit import json

OURS = "gatehouse/entry"
"""The key under `_meta` with what the published form has no place for."""
OFFICIAL = "io.modelcontextprotocol.registry/official"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
LARGEST = 256 * 1024
"""Bytes of one document."""
NAME = re.compile(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+")
_SHORT, _LONG = 200, 2000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Unusable(ValueError):
    """It is no server.json, or one that can't be shown or installed."""


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """Something to be filled in, or, with a `value`, what is filled in already."""

    value: str | None = None
    default: str | None = None
    is_required: bool = False
    is_secret: bool = False
    format: str = "string"
    choices: list[str] | None = None
    placeholder: str | None = None
    description: str | None = None
    variables: dict[str, Input] | None = None


class KeyValue(Input, frozen=True, rename="camel", kw_only=True):
    """A header, or a variable of the environment."""

    name: str


class Argument(Input, frozen=True, rename="camel", kw_only=True):
    """`positional` or `named`."""

    type: str
    name: str | None = None
    value_hint: str | None = None
    is_repeated: bool = False


class Remote(msgspec.Struct, frozen=True):
    """`streamable-http` or `sse`, at a URL that may have `{variables}`."""

    type: str
    url: str
    headers: list[KeyValue] | None = None
    variables: dict[str, Input] | None = None


class PackageTransport(msgspec.Struct, frozen=True):
    type: str = "stdio"


class Package(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    registry_type: str
    identifier: str
    version: str | None = None
    registry_base_url: str | None = None
    file_sha256: str | None = msgspec.field(default=None, name="fileSha256")
    transport: PackageTransport = PackageTransport()
    runtime_arguments: list[Argument] | None = None
    package_arguments: list[Argument] | None = None
    environment_variables: list[KeyValue] | None = None


class Icon(msgspec.Struct, frozen=True):
    src: str


class Repository(msgspec.Struct, frozen=True):
    url: str = ""


class Ours(msgspec.Struct, frozen=True):
    """`auth`: `none`, `optional` (more with a key), `key` or `oauth`; empty where nobody said.

    `icon`: the name of a mark that comes in the wheel, which counts in entries of the bundled list alone.
    """

    slug: str = ""
    category: str = ""
    auth: str = ""
    docs: str = ""
    icon: str = ""


class ServerJson(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    name: str
    description: str = ""
    version: str
    title: str | None = None
    website_url: str | None = None
    repository: Repository | None = None
    icons: list[Icon] | None = None
    packages: list[Package] | None = None
    remotes: list[Remote] | None = None
    meta: dict[str, msgspec.Raw] | None = msgspec.field(default=None, name="_meta")


class Official(msgspec.Struct, frozen=True, rename="camel"):
    """What a registry says of an entry, besides what its publisher says."""

    status: str = "active"
    status_message: str | None = None
    updated_at: str | None = None
    is_latest: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """One server.json: as it came, and as it was read."""

    content: bytes
    server: ServerJson
    ours: Ours
    official: Official


def read_document(content: bytes, official: Official | None = None) -> Document:
    """Raises `Unusable`."""
    if len(content) > LARGEST:
        raise Unusable(f"it has more than {LARGEST} bytes")
    try:
        json.check_text(content)
        server = msgspec.json.decode(content, type=ServerJson)
        ours = msgspec.json.decode((server.meta or {}).get(OURS, b"{}"), type=Ours)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise Unusable(str(error) or "it is nested too deeply") from None
    if not NAME.fullmatch(server.name) or not 3 <= len(server.name) <= _SHORT:
        raise Unusable(f"'{server.name[:80]!a}' is not a name of the form namespace/name")
    if not server.version or len(server.version) > 255 or not server.version.isprintable():
        raise Unusable("its version is empty, too long or not printable")
    return Document(content, server, ours, Official() if official is None else official)


def read_official(meta: msgspec.Raw | None) -> Official:
    """Of the `_meta` beside a server in a registry's answer; what can't be read says nothing."""
    try:
        fields = json.fields(meta) if meta is not None else {}
        return msgspec.json.decode(fields.get(OFFICIAL, b"{}"), type=Official)
    except (ValueError, msgspec.DecodeError):
        return Official()


def read_list(content: bytes) -> list[msgspec.Raw]:
    """The documents of a file: one, a list of them, or `{"servers": [...]}`, each bare or under `server`.

    Raises `Unusable`.
    """
    try:
        json.check_text(content)
        whole: Any = msgspec.json.decode(content, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
        if isinstance(whole, dict):
            fields = cast("dict[str, msgspec.Raw]", whole)
            whole = msgspec.json.decode(fields["servers"], type=list[msgspec.Raw]) if "servers" in fields else [content]
        return [_bare(msgspec.Raw(one)) for one in whole]
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise Unusable(str(error) or "it is nested too deeply") from None


def _bare(one: msgspec.Raw) -> msgspec.Raw:
    return json.fields(one).get("server", one)


def clean(text: str | None, length: int = _LONG) -> str:
    """A stranger's words: without control characters and marks that turn the direction of writing, cut at `length`."""
    return _CONTROL.sub(" ", text or "").strip()[:length]


def link(url: str | None) -> str | None:
    """An https link, or None for whatever else stands there."""
    usable = url is not None and url.startswith("https://") and len(url) <= _LONG and url.isprintable()
    return url if usable and " " not in (url or "") else None

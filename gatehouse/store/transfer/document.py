"""The document: written from what the sections read, and read into items; an error says where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Raw

from gatehouse.kit import json
from gatehouse.kit.errors import Invalid
from gatehouse.store.transfer.model import VERSION, Given, Section

MARK = "gatehouse"
_HEAD = frozenset({MARK, "version", "made_at", "made_by", "left_out", "secrets"})
Fields = Mapping[str, Raw]


class SecretsPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`needed`: the paths of secrets that are not in the document; `sealed`: those that are, under a passphrase."""

    needed: list[str] | None = None
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read: items by section, and its secrets as they stand in it."""

    items: Mapping[str, Sequence[Given]] = field(default_factory=dict[str, Sequence[Given]])
    secrets: SecretsPart = field(default_factory=SecretsPart)


def is_document(content: Fields) -> bool:
    return MARK in content


def parse(content: Fields, sections: Sequence[Section]) -> Document:
    """Raises `Invalid` naming the place of what can't be understood."""
    _check_version(content)
    known = {section.name: section for section in sections}
    unknown = sorted(content.keys() - _HEAD - known.keys())
    if unknown:
        raise Invalid(f"The document has a section '{unknown[0][:100]}'.", f"Known: {', '.join(known)}.")
    items = {name: _items(section, content[name]) for name, section in known.items() if name in content}
    secrets = _decoded("secrets", content["secrets"], SecretsPart) if "secrets" in content else SecretsPart()
    return Document(items, secrets)


def compact(data: bytes | Raw) -> bytes:
    """Without the white space between values, which people's tools change; every value stays as it is written."""
    return msgspec.json.format(bytes(data), indent=-1)


def _check_version(content: Fields) -> None:
    try:
        mark, version = json.load(content[MARK]), json.load(content.get("version", json.NULL))
    except json.BadJson as error:
        raise Invalid(f"The head of the document can't be read: {error}.", "Export again.") from None
    if mark != "export" or not isinstance(version, int):
        raise Invalid("This is not an export of Gatehouse.", 'It begins with {"gatehouse": "export", "version": 1}.')
    if version > VERSION:
        raise Invalid(f"The document has version {version}.", f"This Gatehouse reads up to {VERSION}: update it first.")


def _items(section: Section, data: Raw) -> list[Given]:
    entries = _decoded(section.name, data, list[dict[str, Raw]])
    return [_given(section, index, entry) for index, entry in enumerate(entries)]


def _given(section: Section, index: int, entry: dict[str, Raw]) -> Given:
    place = f"{section.name}[{index}]"
    return Given(_decoded(place, json.dump(entry), section.item), frozenset(entry))


def _decoded(place: str, data: bytes | Raw, kind: Any) -> Any:
    try:
        return msgspec.json.decode(compact(data), type=kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        where = f"{place}{path.rstrip('`')}"
        raise Invalid(f"{where} can't be used: {message[:1].lower()}{message[1:]}.", _hint(message)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"{place} can't be read: {error}.", "Correct it, or export again.") from None


def _hint(message: str) -> str:
    if "expected `object`, got `str`" in message.lower():
        return 'Where a secret belongs stands {"$secret": "a/path"}: the value is given beside the document.'
    return "Correct it and try again."

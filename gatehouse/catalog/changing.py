"""What the parts of the catalog share: how changes are applied, and how a missing thing is told."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from msgspec import UNSET

from gatehouse.catalog.model import Server, Upstream
from gatehouse.catalog.requests import CapabilityChanges, NewServer, NewUpstream, ServerChanges, UpstreamChanges
from gatehouse.kit.errors import NotFound

Found = TypeVar("Found")
Stored = TypeVar("Stored", Upstream, Server)
_LISTS = frozenset({"args", "tags", "tools", "prompts", "resources"})


Asked = NewUpstream | UpstreamChanges | CapabilityChanges | NewServer | ServerChanges


def told(changes: Asked) -> dict[str, Any]:
    """The fields of `changes` that are not UNSET; lists as tuples."""
    values = {field.name: getattr(changes, field.name) for field in fields(changes)}
    return {name: tuple(v) if name in _LISTS else v for name, v in values.items() if v is not UNSET}


def differing(before: Stored, after: Stored) -> tuple[str, ...]:
    """The fields in which two states of the same thing differ, but for when it was changed."""
    names = [field.name for field in fields(before) if field.name != "updated_at"]
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def found(what: str, ref: str, value: Found | None) -> Found:
    """Raises `NotFound` for None."""
    if value is None:
        raise missing(what, ref)
    return value


def missing(what: str, ref: str) -> NotFound:
    """What is not there, and what the caller may not know of: both are told in the same words."""
    return NotFound(f"There is no {what} '{ref[:100]}'.", f"The list of {what}s has those that exist.")

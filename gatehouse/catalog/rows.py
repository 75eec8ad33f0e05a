"""Between rows and the model, both ways. Columns with several values are JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from hashlib import sha256
from typing import Any

import msgspec

from gatehouse.catalog.model import (
    Binding,
    Capability,
    Cause,
    Detected,
    Kind,
    ListsChanged,
    Overrides,
    Server,
    Share,
    Skipped,
    Status,
    Transport,
    Upstream,
)
from gatehouse.kit import json
from gatehouse.store.placement import Placement, Visibility

Row = Mapping[str, Any]
Values = dict[str, Any]
_strings = msgspec.json.Decoder(tuple[str, ...])
_detected = msgspec.json.Decoder(Detected)
_skipped = msgspec.json.Decoder(tuple[Skipped, ...])


def upstream_values(upstream: Upstream) -> Values:
    values = {field.name: getattr(upstream, field.name) for field in fields(upstream)}
    changed: ListsChanged = values.pop("lists_changed")
    return values | {
        "args": _text(upstream.args),
        "env_names": _text(upstream.env_names),
        "tags": _text(upstream.tags),
        "detected": None if upstream.detected is None else json.dump(upstream.detected),
        "skipped": json.dump(upstream.skipped),
        "tools_changed": changed.tools,
        "prompts_changed": changed.prompts,
        "resources_changed": changed.resources,
    }


def upstream_of(row: Row) -> Upstream:
    values = dict(row)
    changed = (values.pop("tools_changed"), values.pop("prompts_changed"), values.pop("resources_changed"))
    values |= {
        "transport": Transport(row["transport"]),
        "share": Share(row["share"]),
        "status": Status(row["status"]),
        "status_cause": Cause(row["status_cause"]),
        "visibility": Visibility(row["visibility"]),
        "args": _strings.decode(row["args"]),
        "env_names": _strings.decode(row["env_names"]),
        "tags": _strings.decode(row["tags"]),
        "detected": None if row["detected"] is None else _detected.decode(row["detected"]),
        "skipped": _skipped.decode(row["skipped"]),
        "lists_changed": ListsChanged(*changed),
    }
    return Upstream(**values)


def capability_values(capability: Capability) -> Values:
    values = {field.name: getattr(capability, field.name) for field in fields(capability)}
    overrides: Overrides = values.pop("overrides")
    placed: Placement | None = values.pop("placement")
    return values | {
        "owner": placed.owner if placed else None,
        "team": placed.team if placed else None,
        "visibility": placed.visibility if placed else None,
        "key_digest": key_digest(capability.key),
        "warnings": _text(capability.warnings),
        "tags": _text(capability.tags),
        "override_title": overrides.title,
        "override_description": overrides.description,
        "override_annotations": overrides.annotations,
    }


def capability_of(row: Row) -> Capability:
    return Capability(
        id=row["id"],
        upstream_id=row["upstream_id"],
        kind=Kind(row["kind"]),
        key=row["key"],
        definition=row["definition"],
        title=row["title"],
        description=row["description"],
        warnings=_strings.decode(row["warnings"]),
        overrides=Overrides(row["override_title"], row["override_description"], row["override_annotations"]),
        tags=_strings.decode(row["tags"]),
        enabled=row["enabled"],
        first_seen=row["first_seen"],
        gone_at=row["gone_at"],
        placement=_placement(row) if row["visibility"] else None,
    )


def _placement(row: Row) -> Placement:
    return Placement(row["owner"], row["team"], Visibility(row["visibility"]))


def server_values(server: Server) -> Values:
    return asdict(server) | {"tags": _text(server.tags)}


def server_of(row: Row) -> Server:
    changed: Values = {"tags": _strings.decode(row["tags"]), "visibility": Visibility(row["visibility"])}
    return Server(**{**row, **changed})


def binding_values(binding: Binding) -> Values:
    return asdict(binding) | {"aliases": _text(binding.aliases)}


def binding_of(row: Row) -> Binding:
    changed: Values = {"aliases": _strings.decode(row["aliases"])}
    return Binding(**{**row, **changed})


def key_digest(key: str) -> str:
    """What a key is found by: it may be longer than an index takes."""
    return sha256(key.encode()).hexdigest()


def _text(values: tuple[str, ...]) -> str:
    return json.dump(values).decode()

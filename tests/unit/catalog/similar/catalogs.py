"""Catalogs made of plain definitions, and what is found in them. The id of a tool is `upstream/name`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gatehouse.catalog.model import Capability, Kind, Upstream
from gatehouse.catalog.similar.finder import Finder, Group
from gatehouse.catalog.similar.judged import Judged
from gatehouse.catalog.snapshot import CatalogSnapshot
from gatehouse.store.placement import EVERYTHING

Members = frozenset[tuple[str, str]]


def snapshot(offers: Mapping[str, Iterable[dict[str, Any]]], revision: int = 1) -> CatalogSnapshot:
    """Definitions by the name of their upstream."""
    upstreams = [Upstream(name, name, offer_revision=revision) for name in offers]
    tools = [
        Capability(
            f"{name}/{tool['name']}",
            name,
            Kind.TOOL,
            tool["name"],
            json.dumps(tool).encode(),
            tool.get("title"),
            tool.get("description"),
        )
        for name, some in offers.items()
        for tool in some
    ]
    return CatalogSnapshot.build(revision, upstreams, tools, [], [])


def tool(name: str, description: str, *parameters: str, optional: Iterable[str] = ()) -> dict[str, Any]:
    """With these parameters, all of them strings."""
    properties = {one: {"type": "string"} for one in (*parameters, *optional)}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"name": name, "description": description, "inputSchema": schema}


async def found_in(offers: Mapping[str, Iterable[dict[str, Any]]], judged: Judged | None = None) -> list[Group]:
    state = snapshot(offers)
    return await Finder(lambda: state).groups(EVERYTHING, judged or Judged())


def members(group: Group) -> Members:
    pairs = [one.partition("/") for one in group.tools]
    return frozenset((upstream, name) for upstream, _, name in pairs)

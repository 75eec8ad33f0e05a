"""The catalogue of `tests/planted`: 1000 tools of 50 upstreams, with 20 groups of duplicates among them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PLANTED = Path(__file__).parents[1] / "planted"


@dataclass(frozen=True, slots=True)
class PlantedUpstream:
    """`tools` are definitions as `tools/list` gives them."""

    name: str
    title: str
    tools: tuple[dict[str, Any], ...]


@cache
def planted_upstreams() -> tuple[PlantedUpstream, ...]:
    return tuple(PlantedUpstream(one["name"], one["title"], tuple(one["tools"])) for one in _read("upstreams.json"))


@cache
def planted_groups() -> tuple[frozenset[tuple[str, str]], ...]:
    """Each a set of (upstream, tool) that are duplicates of each other."""
    return tuple(frozenset((upstream, tool) for upstream, tool in group) for group in _read("groups.json"))


def _read(name: str) -> Any:
    return json.loads((PLANTED / name).read_text(encoding="utf-8"))

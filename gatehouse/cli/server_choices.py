"""Which capabilities a server is to have: patterns on the command line, ids for the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from gatehouse.cli import pick
from gatehouse.cli.api import Api, json_as
from gatehouse.cli.errors import Refused
from gatehouse.cli.wire import Capability

LISTS = {"/tools": "tools", "/prompts": "prompts", "/resources": "resources"}
Name = Annotated[str, typer.Argument(metavar="SERVER", help="Its slug or id.")]
_Patterns = list[str] | None
Tools = Annotated[
    _Patterns, typer.Option("--tool", metavar="PATTERN", help="Tools: a name, UPSTREAM/NAME, with * and ?.")
]
Prompts = Annotated[_Patterns, typer.Option("--prompt", metavar="PATTERN", help="Prompts.")]
Resources = Annotated[_Patterns, typer.Option("--resource", metavar="PATTERN", help="Resources and templates.")]
AllFrom = Annotated[_Patterns, typer.Option("--all-from", metavar="UPSTREAM", help="Everything of an upstream.")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Patterns for each list, and upstreams of which everything is taken."""

    tools: list[str]
    prompts: list[str]
    resources: list[str]
    upstreams: list[str]


def choose(api: Api, wanted: Wanted) -> dict[str, list[str]]:
    """Ids for each list of a server; raises `Refused` for a pattern or an upstream that gives nothing."""
    chosen: dict[str, list[str]] = {}
    for path, key in LISTS.items():
        patterns: list[str] = getattr(wanted, key)
        if patterns or wanted.upstreams:
            choices = [_choice(one) for one in capabilities(api, path)]
            ids = pick.pick(choices, patterns, key.removesuffix("s"))
            whole = [id_ for upstream in wanted.upstreams for id_ in pick.from_upstream(choices, upstream)]
            chosen[key] = list(dict.fromkeys(ids + whole))
    if wanted.upstreams and not any(chosen.values()):
        raise Refused(
            f"'{', '.join(wanted.upstreams)}' offers nothing.",
            "Look at it with `gatehouse upstream list`, and refresh it.",
        )
    return chosen


def capabilities(api: Api, path: str) -> list[Capability]:
    return [json_as(item, Capability) for item in api.items(path)]


def _choice(capability: Capability) -> pick.Choice:
    upstream = capability.upstream.name if capability.upstream else ""
    return pick.Choice(capability.id, upstream, capability.name, capability.uri)

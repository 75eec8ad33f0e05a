"""What people said of tools that may be the same, and which of them is to be used."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Annotated, Any

from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.fields import Timestamp, timestamp
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.model import Capability, Kind
from gatehouse.catalog.naming import qualified
from gatehouse.catalog.verdicts import NewVerdict, Said, Verdict, missing_verdict, preferred
from gatehouse.kit.errors import NotFound
from gatehouse.store.placement import Placement

MOST_TOOLS = 50


class ToolRef(Struct, frozen=True):
    """A tool by the name that it has at /mcp."""

    id: str
    handle: str


class VerdictView(Struct, frozen=True, kw_only=True):
    """What somebody said of some tools."""

    id: str
    verdict: Annotated[Said, Meta(description="`keep`: the same, and one of them is the one to use")]
    tools: list[ToolRef]
    keep: Annotated[str | None, Meta(description="Id of the tool to use")]
    note: str
    by: Annotated[str, Meta(description="Id of who said it")]
    by_name: str
    at: Timestamp


class VerdictList(Struct, frozen=True):
    items: list[VerdictView]


class VerdictInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In place of what was said of the same tools before. `keep` goes with the verdict `keep`, and is one of `tools`."""

    tools: Annotated[list[str], Meta(min_length=2, max_length=MOST_TOOLS, description="Ids, or `{upstream}_{name}`")]
    verdict: Said
    keep: str | None = None
    note: Annotated[str, Meta(max_length=2000)] = ""


async def list_verdicts(asked: Asked[None, None]) -> VerdictList:
    return VerdictList(await views(asked, await in_sight(asked)))


async def put_verdict(asked: Asked[None, VerdictInput]) -> VerdictView:
    body = asked.body
    tools = await _tools(asked, body.tools)
    _check(tools, body.verdict)
    keep = await _kept(asked, {one.id for one in tools})
    new = NewVerdict(
        tools=tuple(one.id for one in tools),
        said=body.verdict,
        by=asked.principal.id,
        by_name=asked.principal.name,
        keep=keep,
        note=body.note,
    )
    (said,) = await views(asked, [await asked.context.verdicts.put(new)])
    return said


async def delete_verdict(asked: Asked[None, None]) -> None:
    ref = asked.params["verdict"]
    verdict = await asked.context.verdicts.get(ref)
    if not await _are_seen(asked, [verdict]):
        raise missing_verdict(ref)
    await _tools(asked, verdict.tools)
    await asked.context.verdicts.delete(verdict.id)


async def in_sight(asked: Asked[Any, Any]) -> list[Verdict]:
    """Those of which the caller may see every tool, oldest first."""
    return await _are_seen(asked, await asked.context.verdicts.all())


async def preferences(asked: Asked[Any, Any], tools: Iterable[str]) -> dict[str, ToolRef]:
    """For each of these ids of which somebody said which tool is to be used instead, or that it is the one."""
    wanted = set(tools)
    said = [one for one in await asked.context.verdicts.all() if one.keep is not None and wanted & {*one.tools}]
    keep = {tool: kept for tool, kept in preferred(await _are_seen(asked, said)).items() if tool in wanted}
    refs = await _refs(asked, set(keep.values()))
    return {tool: refs[kept] for tool, kept in keep.items() if kept in refs}


async def views(asked: Asked[Any, Any], said: Sequence[Verdict]) -> list[VerdictView]:
    refs = await _refs(asked, {tool for one in said for tool in one.tools})
    return [
        VerdictView(
            id=one.id,
            verdict=one.said,
            tools=[refs[tool] for tool in one.tools if tool in refs],
            keep=one.keep,
            note=one.note,
            by=one.by,
            by_name=one.by_name,
            at=timestamp(one.at),
        )
        for one in said
    ]


async def _refs(asked: Asked[Any, Any], ids: Collection[str]) -> dict[str, ToolRef]:
    if not ids:
        return {}
    tools = await asked.context.catalog.capabilities_by_id(ids)
    upstreams = await asked.context.catalog.upstreams_by_id({one.upstream_id for one in tools.values()})
    return {
        one.id: ToolRef(one.id, qualified(upstreams[one.upstream_id].name, one.key))
        for one in tools.values()
        if one.upstream_id in upstreams
    }


async def _are_seen(asked: Asked[Any, Any], verdicts: Sequence[Verdict]) -> list[Verdict]:
    if not verdicts:
        return []
    seen = await _seen(asked, {tool for one in verdicts for tool in one.tools})
    return [one for one in verdicts if seen.issuperset(one.tools)]


async def _seen(asked: Asked[Any, Any], ids: Collection[str]) -> set[str]:
    sight = policy.sight(asked.principal, Action.TOOL_READ)
    tools = await asked.context.catalog.capabilities_by_id(ids)
    placements = await _placements(asked, tools.values())
    return {id_ for id_, placement in placements.items() if sight.sees(placement)}


async def _tools(asked: Asked[Any, Any], refs: Iterable[str]) -> list[Capability]:
    """A verdict changes what everybody sees of a tool, so it takes the right to change each of them. Raises."""
    found: dict[str, Capability] = {}
    for ref in refs:
        one = await asked.context.catalog.capability(ref, (Kind.TOOL,))
        for placement in (await _placements(asked, (one,))).values():
            asked.may(Action.TOOL_WRITE, Resource("tool", one.id, placement, one.key), ref)
        found[one.id] = one
    return list(found.values())


async def _placements(asked: Asked[Any, Any], tools: Iterable[Capability]) -> dict[str, Placement]:
    """Where each stands; what lost its upstream since it was read is left out."""
    known = list(tools)
    upstreams = await asked.context.catalog.upstreams_by_id({one.upstream_id for one in known})
    return {
        one.id: one.placement or upstreams[one.upstream_id].placement for one in known if one.upstream_id in upstreams
    }


async def _kept(asked: Asked[Any, VerdictInput], tools: Collection[str]) -> str | None:
    """The id of the tool to keep. Raises `InvalidFields`."""
    body = asked.body
    if (body.verdict is Said.KEEP) != (body.keep is not None):
        said = "missing" if body.keep is None else f"not for the verdict '{body.verdict.value}'"
        raise InvalidFields(
            f"The field 'keep' is {said}.", [FieldError("keep", said)], "It goes with the verdict 'keep'."
        )
    if body.keep is None:
        return None
    # One that is not there and one that the caller may not see are not among the tools alike.
    with suppress(NotFound):
        kept = await asked.context.catalog.capability(body.keep, (Kind.TOOL,))
        if kept.id in tools:
            return kept.id
    raise InvalidFields(
        "The tool to keep is not among the tools.", [FieldError("keep", "unknown")], "Name it in 'tools', too."
    )


def _check(tools: Sequence[Capability], said: Said) -> None:
    if len(tools) < 2:
        raise InvalidFields("These are one tool.", [FieldError("tools", "too few")], "Name two tools or more.")
    if said is not Said.DIFFERENT and len({one.upstream_id for one in tools}) < len(tools):
        raise InvalidFields(
            "Two of these tools are of one upstream, and so not the same.",
            [FieldError("tools", "of one upstream")],
            "Name one tool of each upstream.",
        )


_VERDICTS = "/tools/duplicates/verdicts"
ENDPOINTS = (
    endpoint(f"GET {_VERDICTS}", Action.TOOL_READ, list_verdicts, "List what people said of duplicates"),
    endpoint(f"PUT {_VERDICTS}", Action.TOOL_WRITE, put_verdict, "Say whether tools are the same, and which to keep"),
    endpoint(f"DELETE {_VERDICTS}/{{verdict}}", Action.TOOL_WRITE, delete_verdict, "Take back what was said"),
)

"""Tools that do the same: which they are, why, who uses which, and what people said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import anyio
import msgspec
from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Resource
from gatehouse.api import verdicts
from gatehouse.api.actions import Action
from gatehouse.api.capabilities import ServerRef, UpstreamRef
from gatehouse.api.fields import Cursor, Limit, OwnerId, TeamId, Timestamp, maybe_timestamp
from gatehouse.api.routing import Asked, endpoint
from gatehouse.api.unused import METHODS
from gatehouse.api.verdicts import VerdictView
from gatehouse.catalog.model import Capability, Kind, Server, Upstream
from gatehouse.catalog.naming import qualified
from gatehouse.catalog.similar.finder import Group, Similar
from gatehouse.catalog.verdicts import Verdict, about, judged
from gatehouse.kit.errors import Invalid
from gatehouse.kit.json import dump
from gatehouse.kit.pages import PageRequest, page, page_request
from gatehouse.store.placement import Visibility
from gatehouse.telemetry.questions import Use, Wanted

USED_WITHIN = 30 * 86_400.0
PATIENCE = 0.5
"""Seconds that what an upstream is asked for waits for its duplicates."""
MOST_EXAMPLES, MOST_LIKE_ONE = 5, 3
_Rank = tuple[float, str]
_rank = msgspec.json.Decoder(_Rank)
Score = Annotated[float, Meta(ge=0, le=1, description="How alike, 0 to 1")]


class DuplicatesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    upstream: Annotated[str, Meta(description="Only groups with a tool of it: its id or name")] | None = None
    min_score: Score = 0.0
    cursor: Cursor | None = None
    limit: Limit | None = None


class MemberView(Struct, frozen=True, kw_only=True):
    """A tool of a group. `calls` and `last_used_at` are of the last 30 days; null where the caller may not see calls."""

    id: str
    name: str
    handle: str
    title: str | None
    description: str | None
    upstream: UpstreamRef
    servers: Annotated[list[ServerRef], Meta(description="Servers that it is bound in, and that you may see")]
    calls: int | None
    last_used_at: Timestamp | None
    owner: OwnerId | None
    team: TeamId | None
    visibility: Visibility
    keep: Annotated[bool, Meta(description="Somebody said that it is the one to use")]


class GroupView(Struct, frozen=True, kw_only=True):
    """Tools that do the same, the one to use and those most used first."""

    id: Annotated[str, Meta(description="The same as long as its members are")]
    score: Score
    reason: str
    members: list[MemberView]
    verdict: Annotated[VerdictView | None, Meta(description="That they are the same, as somebody said")]


class GroupList(Struct, frozen=True):
    items: list[GroupView]
    next: str | None


class SimilarView(Struct, frozen=True, kw_only=True):
    """A tool that is like another one."""

    score: Score
    reason: str
    tool: MemberView


class SimilarList(Struct, frozen=True):
    items: list[SimilarView]


class LikeView(Struct, frozen=True):
    """A tool in short."""

    id: str
    name: str
    upstream: str


class ExampleView(Struct, frozen=True):
    """A tool of an upstream, and tools of others that are like it."""

    id: str
    name: str
    like: list[LikeView]


class UpstreamDuplicates(Struct, frozen=True):
    """How many of its tools are like tools of other upstreams, and some of them."""

    count: int
    examples: list[ExampleView]


@dataclass(frozen=True, slots=True)
class _Known:
    """What views are made of, by the id of the tool."""

    tools: Mapping[str, Capability]
    upstreams: Mapping[str, Upstream]
    """By id."""
    servers: Mapping[str, Sequence[Server]]
    uses: Mapping[tuple[str, str, str], Use] | None
    """None: the caller may not see calls, or none are recorded."""

    def has(self, tool: str) -> bool:
        return tool in self.tools and self.tools[tool].upstream_id in self.upstreams

    def use(self, one: Capability) -> Use | None:
        return self.uses.get((one.upstream_id, METHODS[one.kind], one.key)) if self.uses is not None else None


async def list_duplicates(asked: Asked[DuplicatesQuery, None]) -> GroupList:
    query = asked.query
    request = page_request(query.cursor, query.limit)
    after = _after(request)
    said = await verdicts.in_sight(asked)
    found = await asked.context.similar.groups(policy.sight(asked.principal, Action.TOOL_READ), judged(said))
    wanted = [one for one in found if one.score >= query.min_score and (after is None or _order(one) > after)]
    if query.upstream is not None:
        wanted = await _of_upstream(asked, wanted, query.upstream)
    some = page(wanted[: request.limit + 1], request, lambda one: dump((one.score, one.id)).decode())
    known = await _known(asked, {tool for one in some.items for tool in one.tools})
    spoken = {one.id: about(said, one.tools) for one in some.items}
    shown = await verdicts.views(asked, list(filter(None, spoken.values())))
    by_id = {one.id: one for one in shown}
    views = [_group(one, known, _view_of(spoken[one.id], by_id)) for one in some.items]
    return GroupList([one for one in views if len(one.members) > 1], some.next)


async def list_similar(asked: Asked[None, None]) -> SimilarList:
    tool = await asked.context.catalog.capability(asked.ref, (Kind.TOOL,))
    said = await verdicts.in_sight(asked)
    sight = policy.sight(asked.principal, Action.TOOL_READ)
    found = (await asked.context.similar.similar((tool.id,), sight, judged(said))).get(tool.id, [])
    views = await similar_views(asked, {tool.id: found}, said)
    return SimilarList(views[tool.id])


async def similar_views(
    asked: Asked[Any, Any], found: Mapping[str, Sequence[Similar]], said: Sequence[Verdict] = ()
) -> dict[str, list[SimilarView]]:
    """By the ids of the tools that they are like."""
    known = await _known(asked, {one.tool for some in found.values() for one in some})
    return {
        tool: [
            SimilarView(
                score=one.score,
                reason=one.reason,
                tool=_member(known.tools[one.tool], known, about(said, (tool, one.tool))),
            )
            for one in some
            if known.has(one.tool)
        ]
        for tool, some in found.items()
    }


async def of_upstream(asked: Asked[Any, Any], tools: Sequence[Capability]) -> UpstreamDuplicates | None:
    """Which of the tools of an upstream are like others. None: they are still being looked for."""
    if not tools:
        return UpstreamDuplicates(0, [])
    sight = policy.sight(asked.principal, Action.TOOL_READ)
    with anyio.move_on_after(PATIENCE):
        said = judged(await verdicts.in_sight(asked))
        found = await asked.context.similar.similar([one.id for one in tools], sight, said)
        liked = [(one, found[one.id][:MOST_LIKE_ONE]) for one in tools if one.id in found][:MOST_EXAMPLES]
        known = await _named(asked, {other.tool for _, others in liked for other in others})
        examples = [
            ExampleView(one.id, one.key, [known[other.tool] for other in others if other.tool in known])
            for one, others in liked
        ]
        return UpstreamDuplicates(len(found), [one for one in examples if one.like])
    return None


async def _of_upstream(asked: Asked[Any, Any], found: Iterable[Group], ref: str) -> list[Group]:
    """One that is not there has none, and so has one that the caller may not see: no group that they see has its tools."""
    groups = list(found)
    tools = await asked.context.catalog.capabilities_by_id({tool for one in groups for tool in one.tools})
    upstreams = await asked.context.catalog.upstreams_by_id({one.upstream_id for one in tools.values()})
    ids = {one.id for one in upstreams.values() if ref in (one.id, one.name)}
    of_it = {one.id for one in tools.values() if one.upstream_id in ids}
    return [one for one in groups if of_it & {*one.tools}]


async def _named(asked: Asked[Any, Any], ids: set[str]) -> dict[str, LikeView]:
    tools = await asked.context.catalog.capabilities_by_id(ids)
    upstreams = await asked.context.catalog.upstreams_by_id({one.upstream_id for one in tools.values()})
    return {
        one.id: LikeView(one.id, one.key, upstreams[one.upstream_id].name)
        for one in tools.values()
        if one.upstream_id in upstreams
    }


async def _known(asked: Asked[Any, Any], ids: set[str]) -> _Known:
    catalog, sight = asked.context.catalog, policy.sight(asked.principal, Action.SERVER_READ)
    tools = await catalog.capabilities_by_id(ids)
    upstreams = await catalog.upstreams_by_id({one.upstream_id for one in tools.values()})
    bound = await catalog.bound_in(list(tools))
    servers = {id_: [one for one in found if sight.sees(one.placement)] for id_, found in bound.items()}
    return _Known(tools, upstreams, servers, await _uses(asked) if ids else None)


async def _uses(asked: Asked[Any, Any]) -> Mapping[tuple[str, str, str], Use] | None:
    figures = asked.context.figures
    if figures is None or not policy.allows(asked.principal, Action.CALL_READ, Resource("call"), asked.at).allowed:
        return None
    return await figures.capabilities_used(Wanted(since=asked.at.now - USED_WITHIN))


def _after(request: PageRequest) -> _Rank | None:
    if request.after is None:
        return None
    try:
        score, id_ = _rank.decode(request.after)
    except msgspec.DecodeError:
        raise Invalid("The cursor is not one of ours.", "Start again without a cursor.") from None
    return -score, id_


def _order(one: Group) -> _Rank:
    return -one.score, one.id


def _view_of(verdict: Verdict | None, views: Mapping[str, VerdictView]) -> VerdictView | None:
    return None if verdict is None else views[verdict.id]


def _group(one: Group, known: _Known, verdict: VerdictView | None) -> GroupView:
    members = [_member(known.tools[tool], known, verdict) for tool in one.tools if known.has(tool)]
    members.sort(key=lambda member: (not member.keep, -(member.calls or 0), member.upstream.name, member.name))
    return GroupView(
        id=one.id,
        score=one.score,
        reason=one.reason,
        members=members,
        verdict=verdict,
    )


def _member(one: Capability, known: _Known, verdict: Verdict | VerdictView | None) -> MemberView:
    upstream, said, use = known.upstreams[one.upstream_id], one.overrides, known.use(one)
    place = one.placement or upstream.placement
    return MemberView(
        id=one.id,
        name=one.key,
        handle=qualified(upstream.name, one.key),
        title=one.title if said.title is None else said.title,
        description=one.description if said.description is None else said.description,
        upstream=UpstreamRef(upstream.id, upstream.name),
        servers=[ServerRef(server.id, server.slug, server.name) for server in known.servers.get(one.id, ())],
        calls=None if known.uses is None else use.calls if use is not None else 0,
        last_used_at=maybe_timestamp(use.last if use is not None else None),
        owner=place.owner,
        team=place.team,
        visibility=place.visibility,
        keep=verdict is not None and verdict.keep == one.id,
    )


ENDPOINTS = (
    endpoint("GET /tools/duplicates", Action.TOOL_READ, list_duplicates, "List tools that do the same"),
    endpoint("GET /tools/{id}/similar", Action.TOOL_READ, list_similar, "List tools that are like this one"),
)

"""One search over everything that the caller may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gatehouse.access import policy
from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.call_records import figures
from gatehouse.api.capabilities import ServerRef, UpstreamRef
from gatehouse.api.fields import Cursor, Limit, Tag, one_of
from gatehouse.api.moments import Duration, before
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint
from gatehouse.api.unused import METHODS
from gatehouse.catalog.search.document import Document
from gatehouse.catalog.search.service import Hit, Rank
from gatehouse.catalog.search.service import Wanted as Sought
from gatehouse.kit.errors import Invalid
from gatehouse.kit.json import dump
from gatehouse.kit.pages import PageRequest, page, page_request
from gatehouse.store.placement import Sight
from gatehouse.telemetry.figures import Figures
from gatehouse.telemetry.questions import Use, Wanted

KINDS: Mapping[str, Action] = {
    "tool": Action.TOOL_READ,
    "prompt": Action.PROMPT_READ,
    "resource": Action.RESOURCE_READ,
    "resource_template": Action.RESOURCE_READ,
    "upstream": Action.UPSTREAM_READ,
    "server": Action.SERVER_READ,
    "agent": Action.AGENT_READ,
    "registry_entry": Action.REGISTRY_READ,
}
"""What can be found, and what it takes to see it."""
USUAL = 20
SHOWN = 200
"""Characters of a description."""
_CAPABILITIES: Mapping[str, str] = {kind.value: method for kind, method in METHODS.items()}
_rank = msgspec.json.Decoder(tuple[float, str, str])


class SearchQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Annotated[str, Meta(max_length=500, description="Words; without any, everything by name")] = ""
    kind: Annotated[str, Meta(description=f"One or more of {', '.join(KINDS)}, with commas between")] | None = None
    upstream: Annotated[str, Meta(description="Id or name of an upstream")] | None = None
    tag: Tag | None = None
    team: Annotated[str, Meta(description="Id or slug of the team that it is of")] | None = None
    unused_for: Annotated[Duration, Meta(description="Only what nobody called for so long, as in `30d`")] | None = None
    used: (
        Annotated[Duration, Meta(description="Only what was called within so long; without words, by how often")] | None
    ) = None
    limit: Limit = USUAL
    cursor: Cursor | None = None


class MatchView(Struct, frozen=True):
    """A field in which something was found."""

    field: Annotated[str, Meta(description="name, title, tags, upstream, description or schema")]
    words: Annotated[list[str], Meta(description="Words of the field, in lower case; pairs of letters in CJK")]


class FoundView(Struct, frozen=True, kw_only=True):
    """Something that was found."""

    kind: Annotated[str, one_of(*KINDS)]
    id: str
    name: Annotated[str, Meta(description="The uri of a resource, the uriTemplate of a template, the slug of a server")]
    title: str | None
    description: Annotated[str | None, Meta(description=f"Its beginning, up to {SHOWN} characters")]
    tags: list[str]
    upstream: UpstreamRef | None
    servers: Annotated[list[ServerRef], Meta(description="Servers that it is bound in, and that you may see")]
    enabled: bool
    gone: Annotated[bool, Meta(description="True: the upstream no longer offers it")] | UnsetType = UNSET
    score: Annotated[float, Meta(description="Greater is better; comparable within one search alone")]
    matched: Annotated[list[MatchView], Meta(description="Why it was found")]


class FoundList(Struct, frozen=True):
    items: list[FoundView]
    next: str | None
    took_ms: float


@dataclass(frozen=True, slots=True)
class _Uses:
    """What was used since some time."""

    capabilities: Mapping[tuple[str, str, str], Use]
    others: Mapping[str, Mapping[str, Use]]
    """By kind, then id."""

    @classmethod
    async def since(cls, read: Figures, moment: float) -> _Uses:
        wanted = Wanted(since=moment)
        upstreams = await read.last_used("upstream", wanted)
        others = {"server": await read.last_used("server", wanted), "upstream": upstreams, "agent": upstreams}
        return cls(await read.capabilities_used(wanted), others)

    def knows(self, document: Document) -> bool:
        return document.kind in _CAPABILITIES or document.kind in self.others

    def of(self, document: Document) -> Use | None:
        method = _CAPABILITIES.get(document.kind)
        if method is not None:
            return self.capabilities.get((document.upstream or "", method, document.name))
        return self.others.get(document.kind, {}).get(document.id)


async def search(asked: Asked[SearchQuery, None]) -> FoundList:
    query, clock = asked.query, asked.context.clock
    request = page_request(query.cursor, query.limit)
    sought = await _sought(asked)
    began = clock.monotonic()
    found = await asked.context.search.find(sought, request.limit + 1, _after(request))
    took = (clock.monotonic() - began) * 1000
    some = page(found, request, lambda hit: dump(hit.rank).decode())
    return FoundList(await _views(asked, some.items), some.next, round(took, 2))


async def _sought(asked: Asked[SearchQuery, None]) -> Sought:
    query = asked.query
    sights = _sights(asked)
    chosen, count = await _by_use(asked)
    return Sought(
        query=query.q,
        sights=sights,
        upstream=query.upstream,
        tag=query.tag,
        team=_team(asked),
        chosen=chosen,
        count=count,
    )


def _sights(asked: Asked[SearchQuery, None]) -> dict[str, Sight]:
    """By kind: those asked for, else all that the caller may see anything of. Raises `LacksPermission`."""
    wanted = _kinds(asked.query.kind)
    if wanted:
        for kind in wanted:
            asked.may(KINDS[kind], Resource(KINDS[kind].value.partition(".")[0]))
    sights = {kind: policy.sight(asked.principal, KINDS[kind]) for kind in wanted or KINDS}
    readable = {kind: sight for kind, sight in sights.items() if sight != Sight()}
    if not readable:
        asked.may(Action.TOOL_READ, Resource("tool"))
    return readable


def _kinds(text: str | None) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",")] if text is not None else []
    for kind in kinds:
        if kind not in KINDS:
            raise InvalidFields(
                f"There is no kind '{kind[:50]}'.", [FieldError("kind", "unknown")], f"Accepted: {', '.join(KINDS)}."
            )
    return kinds


def _team(asked: Asked[SearchQuery, None]) -> str | None:
    """Its id. What is not there is looked for as it was written, so that nobody learns of teams by searching."""
    ref = asked.query.team
    team = asked.context.directory().team(ref) if ref is not None else None
    return ref if team is None else team.id


async def _by_use(
    asked: Asked[SearchQuery, None],
) -> tuple[Callable[[Document], bool] | None, Callable[[Document], float] | None]:
    """What is chosen by its use, and how it is counted; who may not see calls may not ask for it."""
    query = asked.query
    if query.unused_for is None and query.used is None:
        return None, None
    asked.may(Action.CALL_READ, Resource("call"))
    read = figures(asked.context)
    unused: Callable[[Document], bool] | None = None
    if query.unused_for is not None:
        idle_since = before("unused_for", query.unused_for, asked.at.now)
        unused = _unused(await _Uses.since(read, idle_since), idle_since)
    if query.used is None:
        return unused, None
    uses = await _Uses.since(read, before("used", query.used, asked.at.now))

    def used(document: Document) -> bool:
        return uses.of(document) is not None and (unused is None or unused(document))

    def count(document: Document) -> float:
        use = uses.of(document)
        return 0.0 if use is None else float(use.calls)

    return used, count


def _unused(uses: _Uses, since: float) -> Callable[[Document], bool]:
    # What is newer than that has had no chance yet.
    return lambda document: uses.knows(document) and document.since < since and uses.of(document) is None


def _after(request: PageRequest) -> Rank | None:
    if request.after is None:
        return None
    try:
        return _rank.decode(request.after)
    except msgspec.DecodeError:
        raise Invalid("The cursor is not one of ours.", "Start again without a cursor.") from None


async def _views(asked: Asked[Any, Any], hits: Sequence[Hit]) -> list[FoundView]:
    sight = policy.sight(asked.principal, Action.SERVER_READ)
    bound = await asked.context.catalog.bound_in(
        [one.document.id for one in hits if one.document.kind in _CAPABILITIES]
    )
    servers = {
        id_: [ServerRef(one.id, one.slug, one.name) for one in found if sight.sees(one.placement)]
        for id_, found in bound.items()
    }
    return [_view(one, servers.get(one.document.id, [])) for one in hits]


def _view(hit: Hit, servers: list[ServerRef]) -> FoundView:
    one = hit.document
    return FoundView(
        kind=one.kind,
        id=one.id,
        name=one.name,
        title=one.title or None,
        description=_short(one.description) or None,
        tags=list(one.tags),
        upstream=None if one.upstream is None else UpstreamRef(one.upstream, one.upstream_name),
        servers=servers,
        enabled=one.enabled,
        gone=True if one.gone else UNSET,
        score=round(hit.score, 3),
        matched=[MatchView(match.field, list(match.words)) for match in hit.matched],
    )


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1].rstrip()}…"


ENDPOINTS = (endpoint("GET /search", Action.SIGNED_IN, search, "Search everything by words"),)

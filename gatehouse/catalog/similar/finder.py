"""Finds duplicates in what upstreams offer now. In a thread, since many tools take seconds, and kept until an offer changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import combinations
from threading import Lock
from typing import TypeVar

from anyio import to_thread

from gatehouse.catalog.model import Capability, Kind, Upstream
from gatehouse.catalog.similar.grouping import GROUPED, Pair, groups
from gatehouse.catalog.similar.index import Index
from gatehouse.catalog.similar.judged import Judged
from gatehouse.catalog.similar.profile import Profile, Tool, profile
from gatehouse.catalog.similar.reasons import reason
from gatehouse.catalog.similar.scoring import likeness
from gatehouse.catalog.snapshot import CatalogSnapshot
from gatehouse.store.placement import Placement, Sight

Answer = TypeVar("Answer")
_Places = tuple[int, ...]
_NEVER = -1e6
"""No average is good enough with it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tools that do the same. `id` stays as long as its members do; `score`: how alike they are on average, 0 to 1."""

    id: str
    tools: tuple[str, ...]
    """Ids, in order."""
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Similar:
    """A tool that is like another one."""

    tool: str
    score: float
    reason: str


@dataclass(slots=True)
class _Found:
    """What was found in one state of the offers."""

    index: Index
    placements: list[Placement]
    """By place."""
    near: dict[int, dict[int, float]] = field(default_factory=dict[int, dict[int, float]])
    """The scores of those that are like it, by place, as far as somebody asked."""


class Finder:
    """Only tools that are offered and switched on are looked at. Safe to share among tasks."""

    def __init__(self, snapshot: Callable[[], CatalogSnapshot]) -> None:
        self._snapshot = snapshot
        self._working = Lock()
        self._version: Hashable = None
        self._found: _Found | None = None
        self._profiles: dict[Tool, Profile] = {}

    async def groups(self, sight: Sight, judged: Judged) -> list[Group]:
        """All groups of what is in sight, most alike first."""
        return await self._in_thread(lambda: self._groups(sight, judged))

    async def similar(self, tools: Collection[str], sight: Sight, judged: Judged) -> dict[str, list[Similar]]:
        """For each of these ids that has some: what is like it, of what is in sight, most alike first."""
        return await self._in_thread(lambda: self._similar(tools, sight, judged))

    async def like(self, tools: Collection[Tool], sight: Sight) -> dict[str, list[Similar]]:
        """The same for tools that are not offered yet, by their ids, which nothing here has."""
        return await self._in_thread(lambda: self._like_strangers(tools, sight))

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        # Whoever does not wait any longer leaves what was begun to the next who asks.
        return await to_thread.run_sync(work, abandon_on_cancel=True)

    def _groups(self, sight: Sight, judged: Judged) -> list[Group]:
        with self._working:
            found = self._now()
            index = found.index
            for place in range(len(index.profiles)):
                _near(found, place)
            seen = {place for place, placed in enumerate(found.placements) if sight.sees(placed)}
            scores = _scores(found, seen, judged)
            made = groups(scores, lambda place: index.profiles[place].tool.upstream)
            listed = [_group(members, scores, index) for members in made]
            return sorted(listed, key=lambda one: (-one.score, one.id))

    def _similar(self, tools: Collection[str], sight: Sight, judged: Judged) -> dict[str, list[Similar]]:
        with self._working:
            found = self._now()
            place_of = found.index.place_of
            answers = ((id_, self._like(found, place_of[id_], sight, judged)) for id_ in tools if id_ in place_of)
            return {id_: some for id_, some in answers if some}

    def _like(self, found: _Found, place: int, sight: Sight, judged: Judged) -> list[Similar]:
        index = found.index
        own = index.profiles[place]
        scores = dict(_near(found, place))
        for other in judged.same_as(own.tool.id):
            if other in index.place_of:
                scores[index.place_of[other]] = 1.0
        liked = [
            (score, other)
            for other, score in scores.items()
            if score >= GROUPED
            and sight.sees(found.placements[other])
            and not judged.are_different(own.tool.id, index.profiles[other].tool.id)
        ]
        ordered = sorted(liked, key=lambda pair: (-pair[0], pair[1]))
        return [
            Similar(index.profiles[other].tool.id, round(score, 3), reason((own, index.profiles[other]), index))
            for score, other in ordered
        ]

    def _like_strangers(self, tools: Collection[Tool], sight: Sight) -> dict[str, list[Similar]]:
        with self._working:
            found = self._now()
            answers = {one.id: self._like_stranger(found, profile(one), sight) for one in tools}
            return {id_: some for id_, some in answers.items() if some}

    def _like_stranger(self, found: _Found, stranger: Profile, sight: Sight) -> list[Similar]:
        index, liked = found.index, list[Similar]()
        for place in index.candidates_for(stranger):
            other = index.profiles[place]
            likely = likeness(other, stranger, index) if sight.sees(found.placements[place]) else None
            if likely is not None and likely.score >= GROUPED:
                liked.append(Similar(other.tool.id, round(likely.score, 3), reason((stranger, other), index)))
        return sorted(liked, key=lambda one: (-one.score, one.tool))

    def _now(self) -> _Found:
        snapshot = self._snapshot()
        version = _version(snapshot)
        if self._found is None or version != self._version:
            offered = list(_offered(snapshot))
            # A tool that has not changed keeps the profile that it has.
            self._profiles = {tool: self._profiles.get(tool) or profile(tool) for tool, _ in offered}
            index = Index(self._profiles.values())
            placed = {tool.id: placement for tool, placement in offered}
            self._found = _Found(index, [placed[one.tool.id] for one in index.profiles])
            self._version = version
        return self._found


def _version(snapshot: CatalogSnapshot) -> Hashable:
    # How upstreams are doing changes often, and changes nothing here.
    return tuple(
        (one.id, one.offer_revision, one.name, one.enabled, one.placement) for one in snapshot.upstreams.values()
    )


def _offered(snapshot: CatalogSnapshot) -> Iterator[tuple[Tool, Placement]]:
    for upstream in snapshot.upstreams.values():
        if upstream.enabled:
            for one in snapshot.offered(upstream.id):
                if one.kind is Kind.TOOL and one.gone_at is None and one.enabled:
                    yield _tool(one, upstream), one.placement or upstream.placement


def _tool(one: Capability, upstream: Upstream) -> Tool:
    said = one.overrides
    return Tool(
        id=one.id,
        name=one.key,
        upstream=upstream.id,
        upstream_name=upstream.name,
        definition=one.definition,
        title=(one.title if said.title is None else said.title) or "",
        description=(one.description if said.description is None else said.description) or "",
    )


def _near(found: _Found, place: int) -> dict[int, float]:
    """What is like it at all, kept both ways around."""
    known = found.near.get(place)
    if known is None:
        index = found.index
        known = {}
        for other in index.candidates(place):
            first, second = sorted((place, other))
            likely = likeness(index.profiles[first], index.profiles[second], index)
            if likely is not None:
                known[other] = likely.score
        found.near[place] = known
    return known


def _scores(found: _Found, seen: Collection[int], judged: Judged) -> dict[Pair, float]:
    """Of each pair in sight that is alike, or said to be the same, and not said to be different."""
    scores = {
        (min(place, other), max(place, other)): score
        for place in seen
        for other, score in _near(found, place).items()
        if other in seen
    }
    place_of = found.index.place_of

    def placed(pairs: Iterable[tuple[str, str]]) -> Iterator[Pair]:
        for one, other in pairs:
            first, second = sorted((place_of.get(one, -1), place_of.get(other, -1)))
            if first in seen and second in seen:
                yield first, second

    scores |= dict.fromkeys(placed(judged.same), 1.0)
    for pair in placed(judged.different):
        scores[pair] = _NEVER
    return scores


def _group(members: _Places, scores: dict[Pair, float], index: Index) -> Group:
    profiles = [index.profiles[place] for place in members]
    ids = tuple(sorted(one.tool.id for one in profiles))
    pairs = list(combinations(members, 2))
    score = sum(max(0.0, scores.get(pair, 0.0)) for pair in pairs) / len(pairs)
    return Group(group_id(ids), ids, round(score, 3), reason(profiles, index))


def group_id(tools: Sequence[str]) -> str:
    """The same for the same tools, and for no others."""
    return f"dup_{sha256(' '.join(sorted(tools)).encode()).hexdigest()[:26]}"

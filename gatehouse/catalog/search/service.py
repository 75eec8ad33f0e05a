"""The search: keeps the index in step with its sources, and answers what was asked."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import anyio
from anyio import lowlevel

from gatehouse.catalog.search.document import Document, Source
from gatehouse.catalog.search.index import Group, Index, texts
from gatehouse.catalog.search.words import terms
from gatehouse.store.placement import Sight

AT_ONCE = 50
"""Documents that are indexed before others get their turn: some milliseconds."""
_FEW_DEAD = 1000
Rank = tuple[float, str, str]
"""Score, greatest first; then folded name; then id."""
_Key = tuple[str, str]
"""Source and batch."""
_Scored = tuple[float, tuple[str, str], Document]
"""Score, turned round so that the best comes first; what decides between equals; what has it."""
_BEHIND, _IN_ORDER = itemgetter(0), itemgetter(0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for. `sights`: what the caller may see, by kind; kinds that are not in it are not looked for."""

    query: str
    sights: Mapping[str, Sight]
    upstream: str | None = None
    """Id or name."""
    tag: str | None = None
    team: str | None = None
    """Id."""
    chosen: Callable[[Document], bool] | None = None
    """What else is to be true of it."""
    count: Callable[[Document], float] | None = None
    """What orders it instead of its name, greatest first, where nothing is to be searched for."""


@dataclass(frozen=True, slots=True)
class Match:
    """A field in which the query was found, and by which words of it."""

    field: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    document: Document
    score: float
    matched: tuple[Match, ...]

    @property
    def rank(self) -> Rank:
        return self.score, self.document.name.casefold(), self.document.id


@dataclass(slots=True)
class _Indexed:
    version: Hashable
    numbers: list[int]


class Search:
    """Sources can be added at any time. The index is made when somebody first searches, and kept in step from then on."""

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self._sources = list(sources)
        self._index = Index()
        self._indexed: dict[_Key, _Indexed] = {}
        self._versions: dict[str, Hashable] = {}
        self._settled = 0
        self._syncing = anyio.Lock()
        self.work = 0
        """How many documents were indexed or taken out so far."""

    def add(self, source: Source) -> None:
        self._sources.append(source)

    async def find(self, wanted: Wanted, limit: int, after: Rank | None = None) -> list[Hit]:
        """Up to `limit` hits, best first, those that rank behind `after`."""
        async with self._syncing:
            await self._sync()
            return self._answer(wanted, limit, after)

    async def _sync(self) -> None:
        for source in self._sources:
            await source.prepare()
            version = source.version
            if version != self._versions.get(source.name):
                await self._read(source)
                self._versions[source.name] = version
        if self._index.dead > _FEW_DEAD and self._index.dead > self._index.alive:
            self._index, self._indexed, self._versions = Index(), {}, {}
            await self._sync()
        elif self.work != self._settled:
            self._index.settle()
            self._settled = self.work

    async def _read(self, source: Source) -> None:
        present: set[_Key] = set()
        for batch in source.batches():
            key = (source.name, batch.key)
            present.add(key)
            known = self._indexed.get(key)
            if known is None or known.version != batch.version:
                await self._take_out(key)
                # Noted first, so that what was added is known even where this is cancelled.
                self._indexed[key] = noted = _Indexed(None, [])
                await self._add(batch.documents(), noted.numbers)
                noted.version = batch.version
        for key in [key for key in self._indexed if key[0] == source.name and key not in present]:
            await self._take_out(key)

    async def _add(self, documents: Iterable[Document], numbers: list[int]) -> None:
        for document in documents:
            numbers.append(self._index.add(document))
            await self._worked()

    async def _take_out(self, key: _Key) -> None:
        known = self._indexed.get(key)
        if known is None:
            return
        known.version = None
        while known.numbers:
            self._index.take_out(known.numbers.pop())
            await self._worked()
        del self._indexed[key]

    async def _worked(self) -> None:
        self.work += 1
        if self.work % AT_ONCE == 0:
            await lowlevel.checkpoint()

    def _answer(self, wanted: Wanted, limit: int, after: Rank | None) -> list[Hit]:
        index = self._index
        searched = bool(wanted.query.strip())
        scores = index.scores(wanted.query) if searched else dict.fromkeys(range(len(index.documents)), 0.0)
        found = _filtered(index, scores, wanted)
        if not searched and wanted.count is not None:
            found = [(-wanted.count(document), order, document) for _, order, document in found]
        first = _first(found, limit, after)
        meant = index.meant(wanted.query) if first else set[str]()
        return [Hit(document, -behind, _matched(document, meant)) for behind, _, document in first]


def _filtered(index: Index, scores: Mapping[int, float], wanted: Wanted) -> list[_Scored]:
    allowed = [group is not None and _is_allowed(group, wanted) for group in index.groups]
    group_of, orders, documents = index.group_of, index.orders, index.documents
    found = [
        (-score, orders[number], document)
        for number, score in scores.items()
        if allowed[group_of[number]] and (document := documents[number]) is not None
    ]
    if wanted.tag is not None:
        found = [one for one in found if wanted.tag in one[2].tags]
    if wanted.chosen is not None:
        found = [one for one in found if wanted.chosen(one[2])]
    return found


def _is_allowed(group: Group, wanted: Wanted) -> bool:
    sight = wanted.sights.get(group.kind)
    return (
        sight is not None
        and sight.sees(group.placement)
        and (wanted.upstream is None or wanted.upstream in (group.upstream, group.upstream_name))
        and (wanted.team is None or wanted.team == group.placement.team)
    )


def _first(found: Sequence[_Scored], limit: int, after: Rank | None) -> list[_Scored]:
    if after is not None:
        last = (-after[0], after[1:])
        found = [one for one in found if (one[0], one[1]) > last]
    if len(found) > limit:
        # Most are ruled out by their score alone, which is much cheaper than to compare names.
        least = heapq.nsmallest(limit, map(_BEHIND, found))[-1]
        found = [one for one in found if one[0] <= least]
    return heapq.nsmallest(limit, found, key=_IN_ORDER)


def _matched(document: Document, meant: set[str]) -> tuple[Match, ...]:
    if not meant:
        return ()
    found = (
        (where.name, dict.fromkeys(term for term in terms(text) if term in meant)) for where, text in texts(document)
    )
    return tuple(Match(name, tuple(words)) for name, words in found if words)

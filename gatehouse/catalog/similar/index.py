"""All profiles, how rare each concept is among them, and which tools may be the same as one: without comparing all with all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from math import log

from gatehouse.catalog.similar.glossary import glossary
from gatehouse.catalog.similar.profile import Profile

MOST_VISITED = 500
"""Entries of the index that are looked at for one tool, those of rare concepts first."""
CANDIDATES = 15
SAME_NAMED = 20
"""How many tools of the same name are looked at, however common it is."""
_UNSEEN = 20
"""As many tools as are thought to be there besides, so that words weigh sensibly in a small catalog too."""
_VERB = 0.5
_NAMED_TWICE = 2.0
_SAME_NAME = 100.0


class Index:
    """Immutable once made. Profiles are in the order of their tools' ids."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self.profiles = sorted(profiles, key=lambda one: one.tool.id)
        self.place_of = {one.tool.id: place for place, one in enumerate(self.profiles)}
        held = Counter(concept for one in self.profiles for concept in _words(one))
        whole = len(self.profiles) + _UNSEEN
        self.weights: Mapping[str, float] = {concept: log(1 + whole / (count + 1)) for concept, count in held.items()}
        self._upstreams = [one.tool.upstream for one in self.profiles]
        verbs = glossary().verbs
        self._telling = {word: weight * (_VERB if word in verbs else 1.0) for word, weight in self.weights.items()}
        self._said = [self.told(one.said) for one in self.profiles]
        self._postings: dict[str, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        for place, one in enumerate(self.profiles):
            self._by_name.setdefault(one.joined, []).append(place)
            for concept in _words(one):
                self._postings.setdefault(concept, []).append(place)

    def weight(self, concept: str) -> float:
        return self.weights.get(concept, 0.0)

    def total(self, concepts: Iterable[str]) -> float:
        weights = self.weights
        return sum([weights[one] for one in concepts if one in weights])

    def told(self, concepts: Iterable[str]) -> float:
        """The same of a description, in which verbs say less: most tools have the same few."""
        telling = self._telling
        return sum([telling[one] for one in concepts if one in telling])

    def total_said(self, one: Profile) -> float:
        place = self.place_of.get(one.tool.id)
        return self.told(one.said) if place is None else self._said[place]

    def candidates(self, place: int) -> list[int]:
        """Places of the tools of other upstreams that share most with it, the likeliest first."""
        one = self.profiles[place]
        return self._likeliest(one, self._near_in_name(one, place))

    def candidates_for(self, one: Profile) -> list[int]:
        """The same for a tool that is not among these."""
        return self._likeliest(one, self._by_name.get(one.joined, ())[:SAME_NAMED])

    def _likeliest(self, one: Profile, same_named: Sequence[int]) -> list[int]:
        shared: dict[int, float] = {}
        visited = 0
        for concept, weight in self._rarest(one):
            holders = self._postings[concept]
            if visited and visited + len(holders) > MOST_VISITED:
                break
            visited += len(holders)
            for other in holders:
                shared[other] = shared.get(other, 0.0) + weight
        for other in same_named:
            shared[other] = shared.get(other, 0.0) + _SAME_NAME
        return self._best(shared, one.tool.upstream)

    def _rarest(self, one: Profile) -> Iterator[tuple[str, float]]:
        named = {*one.named}
        weighed = [
            (self.weights[concept] * (_NAMED_TWICE if concept in named else 1.0), concept)
            for concept in _words(one)
            if concept in self.weights
        ]
        for _, concept in sorted(weighed, key=lambda pair: (-pair[0], pair[1])):
            yield concept, self.weights[concept]

    def _near_in_name(self, one: Profile, place: int) -> Sequence[int]:
        same = self._by_name[one.joined]
        if len(same) <= SAME_NAMED:
            return same
        at = same.index(place)
        first = max(0, min(at - SAME_NAMED // 2, len(same) - SAME_NAMED))
        return same[first : first + SAME_NAMED]

    def _best(self, shared: Mapping[int, float], upstream: str) -> list[int]:
        upstreams = self._upstreams
        others = [(-weight, place) for place, weight in shared.items() if upstreams[place] != upstream]
        return [place for _, place in nsmallest(CANDIDATES, others)]


def _words(one: Profile) -> frozenset[str]:
    return one.said.union(one.named)

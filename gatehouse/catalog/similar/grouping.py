"""From pairs that are alike to groups, each of whose tools are alike on the whole: a chain of likenesses is no group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heappop, heappush

GROUPED = 0.55
"""How alike the tools of a group are on average, and the tools of two groups that become one."""
_APART = 0.0
Pair = tuple[int, int]
"""Two places, the lesser first."""


def groups(scores: Mapping[Pair, float], upstream_of: Callable[[int], str]) -> list[tuple[int, ...]]:
    """Groups of two and more places, in order. No group has two tools of one upstream. `scores`: pairs that are not in it are not alike."""
    return _Merging(scores, upstream_of).all()


class _Merging:
    """Average linkage: the two groups that are most alike are put together, as long as that is enough."""

    def __init__(self, scores: Mapping[Pair, float], upstream_of: Callable[[int], str]) -> None:
        places = sorted({place for pair in scores for place in pair})
        self._members: dict[int, tuple[int, ...]] = {place: (place,) for place in places}
        self._upstreams = {place: {upstream_of(place)} for place in places}
        self._linked: dict[int, dict[int, float]] = {place: {} for place in places}
        """The sum of the scores between two groups, by the least place of each."""
        for (one, other), score in scores.items():
            self._linked[one][other] = self._linked[other][one] = score
        self._waiting = [(-score, one, other, 1, 1) for (one, other), score in scores.items() if score >= GROUPED]
        heapify(self._waiting)

    def all(self) -> list[tuple[int, ...]]:
        while self._waiting:
            _, one, other, size, other_size = heappop(self._waiting)
            if self._is_now(one, size) and self._is_now(other, other_size) and not self._share_upstream(one, other):
                self._put_together(one, other)
        return sorted(members for members in self._members.values() if len(members) > 1)

    def _is_now(self, group: int, size: int) -> bool:
        return group in self._members and len(self._members[group]) == size

    def _share_upstream(self, one: int, other: int) -> bool:
        return not self._upstreams[one].isdisjoint(self._upstreams[other])

    def _put_together(self, one: int, other: int) -> None:
        self._members[one] = tuple(sorted((*self._members[one], *self._members.pop(other))))
        self._upstreams[one] |= self._upstreams.pop(other)
        for third, total in self._linked.pop(other).items():
            del self._linked[third][other]
            if third != one:
                known = self._linked[one].get(third, _APART)
                self._linked[one][third] = self._linked[third][one] = known + total
        self._wait_again(one, self._linked[one])

    def _wait_again(self, group: int, others: Iterable[int]) -> None:
        for other in others:
            size, other_size = len(self._members[group]), len(self._members[other])
            average = self._linked[group][other] / (size * other_size)
            if average >= GROUPED:
                first, second = sorted((group, other))
                sizes = (size, other_size) if first == group else (other_size, size)
                heappush(self._waiting, (-average, first, second, *sizes))

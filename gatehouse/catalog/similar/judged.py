"""What people said of pairs of tools, as the finder needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations


@dataclass(slots=True)
class Judged:
    """Pairs of ids, the lesser first."""

    same: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    different: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def note(self, tools: Iterable[str], different: bool) -> None:
        """What is said later counts."""
        for one, other in combinations(sorted(tools), 2):
            (self.different if different else self.same).add((one, other))
            (self.same if different else self.different).discard((one, other))

    def are_different(self, one: str, other: str) -> bool:
        return (min(one, other), max(one, other)) in self.different

    def same_as(self, tool: str) -> Iterator[str]:
        for one, other in self.same:
            if tool in (one, other):
                yield other if one == tool else one

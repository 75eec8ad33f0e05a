"""Why tools are thought to be the same, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from gatehouse.catalog.similar.index import Index
from gatehouse.catalog.similar.profile import Profile
from gatehouse.catalog.similar.scoring import same_parameters

SHOWN_WORDS = 4
_LEAST_SHARED = 0.5
"""Weight of a word that says something, as a part of the weightiest that is shared."""


def reason(members: Sequence[Profile], index: Index) -> str:
    """Of two tools and more, as in "same name; 4 of 5 parameters are the same; descriptions share 'issue, title'"."""
    if _are_one(members):
        return "the same definition"
    found = (_names(members, index), _parameters(members), _descriptions(members, index))
    return "; ".join(part for part in found if part) or "much alike on the whole"


def _are_one(members: Sequence[Profile]) -> bool:
    first = members[0].tool
    words = (first.name, first.description)
    same = all((one.tool.name, one.tool.description) == words for one in members)
    return same and all(one.properties == members[0].properties for one in members)


def _names(members: Sequence[Profile], index: Index) -> str:
    if len({one.joined for one in members}) == 1:
        return "same name"
    if len({frozenset(one.named) for one in members}) == 1:
        return "names mean the same"
    shared = _weightiest(_common(frozenset(one.named) for one in members), index)
    return f"names share '{', '.join(shared)}'" if shared else ""


def _parameters(members: Sequence[Profile]) -> str:
    if not any(one.properties for one in members):
        return "none takes parameters" if len(members) > 2 else "neither takes parameters"
    same, whole = min(
        (_same(one, other) for one, other in combinations(members, 2)), key=lambda pair: pair[0] / pair[1]
    )
    if not same:
        return ""
    least = "at least " if len(members) > 2 else ""
    noun, verb = "parameter" if whole == 1 else "parameters", "is" if same == 1 else "are"
    return f"{least}{same} of {whole} {noun} {verb} the same"


def _same(one: Profile, other: Profile) -> tuple[int, int]:
    """How many parameters are the same, of how many."""
    whole = max(len(one.properties), len(other.properties), 1)
    return sum(1 for _ in same_parameters(one.properties, other.properties)), whole


def _descriptions(members: Sequence[Profile], index: Index) -> str:
    if len({one.tool.description for one in members}) == 1 and members[0].tool.description:
        return "same description"
    shared = _weightiest(_common(one.said for one in members), index)
    if not shared:
        return ""
    across = " in different languages" if len({one.foreign for one in members}) > 1 else ""
    return f"descriptions{across} share '{', '.join(shared)}'"


def _common(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    first, *others = sets
    return first.intersection(*others)


def _weightiest(words: frozenset[str], index: Index) -> list[str]:
    ordered = sorted(words, key=lambda word: (-index.weight(word), word))[:SHOWN_WORDS]
    most = index.weight(ordered[0]) if ordered else 0.0
    return [word.replace("-", " ") for word in ordered if index.weight(word) >= _LEAST_SHARED * most]

"""How alike two tools are, and by what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from gatehouse.catalog.similar.glossary import glossary
from gatehouse.catalog.similar.index import Index
from gatehouse.catalog.similar.profile import Acts, Profile, Property

LEAST = 0.4
"""What is less alike is not looked at further."""
_NAME, _DESCRIPTION, _SCHEMA = 0.42, 0.33, 0.25
_ACROSS = 0.5
"""What a description counts for where the other is in another language."""
_EXPLAINED = 0.55
"""What a word of one name counts for that the other tool has elsewhere."""
_VERB = 0.5
"""What a verb of a name counts beside its objects."""
_SAID_ELSE = 0.3
"""By how much descriptions may be nearer to each other than the verbs of the names are."""
_NO_VERB = 0.9
_TELLING = 6.0
"""Weight of the objects in a name from which on the name says all that a name can."""
_PLAIN_ENOUGH = 0.5
"""How alike descriptions have to be where names tell nothing of what the tools are about."""
_PASSING = frozenset({"limit", "cursor", "sort", "format", "filter"})
_UNLIKE_TYPE = 0.7
_UNTOLD = 0.7
_OTHER_HEAD = 0.8
_LEAST_ALIKE = 0.3
"""Parameters that are less alike are not the same."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score`, `name`, `description`, `schema`: 0 to 1; None where neither tool says anything."""

    score: float
    name: float
    description: float | None
    schema: float | None
    matched: int
    """How many parameters are the same."""
    verbs: float = 1.0
    objects: float = 1.0


@dataclass(frozen=True, slots=True)
class _Part:
    value: float
    share: float


def likeness(one: Profile, other: Profile, index: Index) -> Likeness | None:
    """None: less than `LEAST`."""
    verbs = _verbs(one.acts, other.acts)
    if verbs < LEAST:
        return None
    described = _description(one, other, index)
    first, second = _credits(one, other), _credits(other, one)
    name = _name(one, other, index, first, second)
    objects = min(_strange(one, other, index, first), _strange(other, one, index, second))
    informed = min(index.total(one.objects), index.total(other.objects))
    factor = verbs * objects * (1.0 if informed else _told(described))
    parts = [_Part(name, _NAME * min(1.0, 0.3 + informed / _TELLING))]
    if described is not None:
        across = one.foreign != other.foreign
        parts.append(_Part(described, _DESCRIPTION * (_ACROSS if across else 1.0)))
    factor *= _needs(one, other) * _needs(other, one)
    parameters = max(len(one.properties), len(other.properties))
    share = _SCHEMA * min(1.0, 0.4 + 0.2 * parameters)
    if factor * _mean([*parts, _Part(1.0, share)]) < LEAST:
        return None
    schema, matched = _schema(one.properties, other.properties)
    if schema is not None:
        parts.append(_Part(schema, share))
    score = factor * _mean(parts)
    return Likeness(score, name, described, schema, matched, verbs, objects) if score >= LEAST else None


def same_parameters(ones: Collection[Property], others: Collection[Property]) -> Iterator[tuple[float, int, int]]:
    """Pairs of parameters that are the same: how alike, and their places. Each stands in one pair at most."""
    pairs = [
        (alike, place, at)
        for place, one in enumerate(ones)
        for at, other in enumerate(others)
        if (alike := _alike(one, other)) >= _LEAST_ALIKE
    ]
    taken, given = set[int](), set[int]()
    for alike, place, at in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if place not in taken and at not in given:
            taken.add(place)
            given.add(at)
            yield alike, place, at


def _mean(parts: Iterable[_Part]) -> float:
    told = list(parts)
    return sum(one.value * one.share for one in told) / sum(one.share for one in told)


def _told(described: float | None) -> float:
    return 0.5 + 0.5 * min(1.0, (described or 0.0) / _PLAIN_ENOUGH)


def _name(one: Profile, other: Profile, index: Index, first: list[float], second: list[float]) -> float:
    if one.joined == other.joined:
        return 1.0
    whole = index.total(one.objects) + index.total(other.objects)
    whole += _VERB * (index.total(one.verbs) + index.total(other.verbs))
    met = _met(one, other, index, first) + _met(other, one, index, second)
    return met / whole if whole else 0.0


def _met(one: Profile, other: Profile, index: Index, credits: list[float]) -> float:
    """Weight of the words of a name that the other has too."""
    weight = index.weight
    objects = sum(weight(word) * credit for word, credit in zip(one.objects, credits, strict=True))
    named = (*other.verbs, *other.objects, other.verb_said)
    return objects + _VERB * sum(weight(word) * _nearest(word, named) for word in one.verbs)


def _credits(one: Profile, other: Profile) -> list[float]:
    """For each object of a name, how much of it the other tool has: in its own name, or elsewhere."""
    if one.joined == other.joined:
        return [1.0] * len(one.objects)
    return [_credit(word, other) for word in one.objects]


def _credit(word: str, other: Profile) -> float:
    credit = max(_nearest(word, other.objects), _nearest(word, other.verbs))
    if credit < _EXPLAINED and (word in other.said or word in other.property_words):
        return _EXPLAINED
    return credit


def _nearest(word: str, others: Collection[str]) -> float:
    if word in others:
        return 1.0
    kin = glossary().kin_of.get(word)
    return max((kin.get(other, 0.0) for other in others), default=0.0) if kin else 0.0


def _description(one: Profile, other: Profile, index: Index) -> float | None:
    if not one.said or not other.said:
        return None
    if one.foreign == other.foreign:
        first, second = one.said, other.said
        whole = index.total_said(one) * index.total_said(other)
    else:
        first, second = one.translatable, other.translatable
        whole = index.told(first) * index.told(second)
    return index.told(first & second) / whole**0.5 if whole else None


@lru_cache(maxsize=16384)
def _verbs(one: Acts, other: Acts) -> float:
    near = glossary().near
    pairs = [near(a, b) * (1.0 if a == one[0] and b == other[0] else 0.9) for a in one for b in other if a and b]
    if not pairs:
        return _NO_VERB
    best = max(pairs)
    if one[0] and other[0]:
        best = min(best, _SAID_ELSE + near(one[0], other[0]))
    return 0.35 + 0.65 * min(1.0, 1.4 * best)


def _strange(one: Profile, other: Profile, index: Index, credits: list[float]) -> float:
    """What is named by one tool alone, and of which the other has no word, says that they are different."""
    whole = index.total(one.objects)
    if not whole or one.joined == other.joined:
        return 1.0
    met = sum(index.weight(word) * min(1.0, 1.5 * credit) for word, credit in zip(one.objects, credits, strict=True))
    # The last object is what it is about: the permissions of a user are no user.
    head = 1.0 if credits[-1] else _OTHER_HEAD
    return head * (0.35 + 0.65 * met / whole)


def _needs(one: Profile, other: Profile) -> float:
    """A tool that must be told something is not one that can't be told anything."""
    return _UNTOLD if not other.properties and any(each.required for each in one.properties) else 1.0


def _schema(ones: tuple[Property, ...], others: tuple[Property, ...]) -> tuple[float | None, int]:
    """How much of both is the same, and how many parameters are."""
    whole = sum(map(_weight, ones)) + sum(map(_weight, others))
    if not whole:
        return None, 0
    same = list(same_parameters(ones, others))
    met = sum(alike * (_weight(ones[place]) + _weight(others[at])) for alike, place, at in same)
    return met / whole, len(same)


def _weight(one: Property) -> float:
    if one.means & _PASSING:
        return 0.2
    return 1.0 if one.required else 0.4


def _alike(one: Property, other: Property) -> float:
    type_factor = 1.0 if one.type == other.type or not (one.type and other.type) else _UNLIKE_TYPE
    if one.name == other.name:
        return type_factor
    met = sum(_nearest(word, other.means) for word in one.means) + sum(
        _nearest(word, one.means) for word in other.means
    )
    named = met / (len(one.means) + len(other.means))
    if named < 1.0 and one.said and other.said:
        named = max(named, 0.7 * len(one.said & other.said) / len(one.said | other.said))
    return type_factor * named

"""Words that were meant: those that begin so, those of one stem, and those that are a typing error away."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from gatehouse.catalog.search.words import stem

MOST_CONTINUED = 120
"""Words that a beginning stands for; the shortest ones, where there are more."""
_EXACT, _STEM, _ONE_ERROR, _TWO_ERRORS = 1.0, 0.95, 0.6, 0.4
_FOUR, _EIGHT = 4, 8
_BITS = 63
Held = Callable[[str], bool]
"""Whether any document still holds a word."""
_HANGUL_FIRST, _HANGUL_LAST = "\uac00", "\ud7a3"


@dataclass(slots=True)
class _Bucket:
    """Words of one length and script. `masks`: which letters each has."""

    words: list[str] = field(default_factory=list[str])
    spelled: list[str] = field(default_factory=list[str])
    masks: list[int] = field(default_factory=list[int])


class Vocabulary:
    """Grows only. `settle` is to be called after words were added, and before any is looked for."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._added: list[str] = []
        self._sorted: list[str] = []
        self._stems: dict[str, list[str]] = {}
        self._buckets: dict[tuple[bool, int], _Bucket] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, word: str) -> None:
        """A word that is not in it yet."""
        self._known.add(word)
        self._added.append(word)
        self._stems.setdefault(stem(word), []).append(word)
        if not word.isdigit():
            self._spell(word)

    def settle(self) -> None:
        if self._added:
            # Two sorted runs: the sort merges them in about linear time.
            self._sorted += sorted(self._added)
            self._sorted.sort()
            self._added = []

    def meant(self, word: str, held: Held) -> dict[str, float]:
        """What may have been meant by `word`, and how likely, up to 1; only what is `held`."""
        right = word in self._known and held(word)
        found: dict[str, float] = {} if right else self._misspelled(word, held)
        for term in self._continued(word, held):
            found[term] = max(found.get(term, 0.0), 0.5 + 0.4 * len(word) / len(term))
        for term in self._kin(word, held):
            found[term] = _STEM
        if right:
            found[word] = _EXACT
        return found

    def _kin(self, word: str, held: Held) -> list[str]:
        return [term for term in self._stems.get(stem(word), ()) if held(term)]

    def _continued(self, beginning: str, held: Held) -> list[str]:
        first = bisect_left(self._sorted, beginning)
        last = bisect_left(self._sorted, f"{beginning}\U0010ffff", first)
        found = [term for term in self._sorted[first:last] if held(term)]
        return found if len(found) <= MOST_CONTINUED else sorted(found, key=len)[:MOST_CONTINUED]

    def _spell(self, word: str) -> None:
        spelled = _spelled(word)
        if len(spelled) < _FOUR - 1:
            return
        bucket = self._buckets.setdefault((_is_hangul(word), len(spelled)), _Bucket())
        bucket.words.append(word)
        bucket.spelled.append(spelled)
        bucket.masks.append(_mask(spelled))

    def _misspelled(self, word: str, held: Held) -> dict[str, float]:
        spelled, hangul = _spelled(word), _is_hangul(word)
        errors = 0 if len(spelled) < _FOUR else 1 if len(spelled) < _EIGHT else 2
        found: dict[str, float] = {}
        if not errors or word.isdigit():
            return found
        for length in range(len(spelled) - errors, len(spelled) + errors + 1):
            bucket = self._buckets.get((hangul, length))
            if bucket is not None:
                found |= _near(bucket, spelled, errors)
        near = {term: chance for term, chance in found.items() if held(term)}
        for one, chance in list(near.items()):
            for term in self._kin(one, held):
                near[term] = max(near.get(term, 0.0), chance)
        return near


def _near(bucket: _Bucket, spelled: str, errors: int) -> dict[str, float]:
    mask, most = _mask(spelled), 2 * errors
    # One error changes at most two letters of the set: most words are ruled out before they are compared.
    likely = [number for number, other in enumerate(bucket.masks) if (mask ^ other).bit_count() <= most]
    found: dict[str, float] = {}
    for number in likely:
        distance = _distance(spelled, bucket.spelled[number], errors)
        if distance <= errors:
            found[bucket.words[number]] = _ONE_ERROR if distance <= 1 else _TWO_ERRORS
    return found


def _distance(one: str, other: str, most: int) -> int:
    """Letters to insert, leave out, replace, or swap with their neighbour; `most + 1` where it is more than `most`."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row, last = row, [number], before
        for place, wanted in enumerate(other, 1):
            cost = min(before[place] + 1, row[place - 1] + 1, before[place - 1] + (letter != wanted))
            if last and place > 1 and letter == other[place - 2] and one[number - 2] == wanted:
                cost = min(cost, last[place - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _spelled(word: str) -> str:
    """As it is typed: Korean syllables by their letters."""
    return unicodedata.normalize("NFD", word) if _is_hangul(word) else word


def _is_hangul(word: str) -> bool:
    return _HANGUL_FIRST <= word[0] <= _HANGUL_LAST


def _mask(spelled: str) -> int:
    mask = 0
    for letter in spelled:
        mask |= 1 << (ord(letter) & _BITS)
    return mask

"""What words mean, whatever the language: concepts by word, read from `glossary.txt`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files

from gatehouse.catalog.search.words import stem

LONGEST_PHRASE = 3
"""Words."""
_ENDING, _SHORT_ENDING = 4, 2
"""Letters that `stem*` may be followed by; the second where the stem is shorter than five."""
_SHORT_STEM, _SHORTEST_PART = 5, 4
_TWO_LETTERS = re.compile("([aou])e")
_NO_KIN: dict[str, float] = {}
_LINKS = ("", "s", "n", "en", "es")
"""What German puts between the parts of a compound."""


@dataclass(slots=True)
class Glossary:
    words: dict[str, str] = field(default_factory=dict[str, str])
    """By folded word or English stem."""
    stems: dict[str, str] = field(default_factory=dict[str, str])
    continental: set[str] = field(default_factory=set[str])
    """Words and stems that are not English: German writes them together."""
    eastern: dict[str, str] = field(default_factory=dict[str, str])
    """Words of Korean, Japanese and Chinese; the empty concept is for words that say nothing."""
    little: set[str] = field(default_factory=set[str])
    verbs: set[str] = field(default_factory=set[str])
    kin_of: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """How near two concepts are, 0 to 1; both ways around."""
    phrases: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict[tuple[str, ...], tuple[str, ...]])
    longest_eastern: int = 1

    def near(self, one: str, other: str) -> float:
        return 1.0 if one == other else self.kin_of.get(one, _NO_KIN).get(other, 0.0)

    def western(self, word: str) -> tuple[str, ...]:
        """The concepts of a folded word; none for a little word, the word's own stem where it is unknown."""
        if word in self.little:
            return ()
        found = self._known(word) or self._known(_plain(word))
        if found:
            return (found,)
        return self._compound(word) or self._compound(_plain(word)) or (english(word),)

    def _known(self, word: str) -> str | None:
        return self.words.get(word) or self.words.get(english(word)) or self._by_stem(word)

    def _by_stem(self, word: str) -> str | None:
        for length in range(len(word), 2, -1):
            ending = _SHORT_ENDING if length < _SHORT_STEM else _ENDING
            if len(word) - length > ending:
                continue
            found = self.stems.get(word[:length])
            if found:
                return found
        return None

    def _compound(self, word: str) -> tuple[str, ...]:
        for end in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
            first = self._part(word[:end])
            last = self._last_part(word[end:]) if first else None
            if first and last:
                return (first, last)
        return ()

    def _last_part(self, word: str) -> str | None:
        return self.words[word] if word in self.continental and word in self.words else self._by_stem(word)

    def _part(self, word: str) -> str | None:
        for link in _LINKS:
            bare = word.removesuffix(link) if link else word
            if len(bare) >= _SHORTEST_PART and bare in self.continental:
                return self.words.get(bare) or self.stems.get(bare)
        return None


@cache
def glossary() -> Glossary:
    """Read when it is first asked for, and kept."""
    read = Glossary()
    section = ""
    for line in _lines():
        if line.startswith("["):
            section = line.strip("[]")
        else:
            _READERS[section](read, line)
    read.longest_eastern = max(map(len, read.eastern))
    return read


@lru_cache(maxsize=16384)
def english(word: str) -> str:
    """Without plural, -ing, -ed and a silent e."""
    found = stem(word)
    if len(found) > 4 and found.endswith("ed") and word.isascii():
        found = found[:-2]
        if found[-1] == found[-2] and found[-1] not in "lsz":
            found = found[:-1]
    return found


def folded(word: str) -> str:
    """In lower case, without accents."""
    if word.isascii():
        return word.lower()
    if is_eastern(word):
        return word
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def is_eastern(text: str) -> bool:
    return bool(text) and text[0] > "\u10ff"


def _plain(word: str) -> str:
    """German vowels as they are written without their dots."""
    return _TWO_LETTERS.sub(r"\1", word)


def _lines() -> Iterator[str]:
    text = files("gatehouse.catalog.similar").joinpath("glossary.txt").read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def _read_little(read: Glossary, line: str) -> None:
    for word in line.replace("|", " ").split():
        if is_eastern(word):
            read.eastern.setdefault(word, "")
        else:
            read.little.add(folded(word))


def _read_concept(read: Glossary, line: str) -> None:
    concept, _, columns = line.partition(":")
    words, *others = columns.split("|")
    read.continental.update(folded(word.removesuffix("*")) for word in " ".join(others[:1]).split())
    for word in (concept, *words.split(), *" ".join(others).split()):
        if is_eastern(word):
            read.eastern[word] = read.eastern.get(word) or concept
        elif word.endswith("*"):
            read.stems.setdefault(folded(word[:-1]), concept)
        else:
            read.words.setdefault(folded(word), concept)
            read.words.setdefault(english(folded(word)), concept)


def _read_verb(read: Glossary, line: str) -> None:
    read.verbs.add(line.partition(":")[0])
    _read_concept(read, line)


def _read_kin(read: Glossary, line: str) -> None:
    concept, _, others = line.partition(":")
    for other in others.split(","):
        name, near = other.split()
        read.kin_of.setdefault(concept, {})[name] = float(near)
        read.kin_of.setdefault(name, {})[concept] = float(near)


def _read_phrase(read: Glossary, line: str) -> None:
    words, _, concepts = line.partition(":")
    read.phrases[tuple(words.split())] = tuple(concepts.split())


_READERS = {
    "little": _read_little,
    "verbs": _read_verb,
    "nouns": _read_concept,
    "kin": _read_kin,
    "phrases": _read_phrase,
}

"""How names and texts become concepts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from gatehouse.catalog.similar.glossary import LONGEST_PHRASE, Glossary, english, folded, glossary, is_eastern

LONGEST_WORD = 40
_LONGEST_ENDING = 4
_RUN = re.compile(r"[^\W\d_]+|\d+")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\x00-\x7f]+|\d+")
_SCRIPTS = re.compile(r"[^\u1100-\U0010ffff]+|[\u1100-\U0010ffff]+")
_HIRAGANA = re.compile(r"[\u3041-\u309fー]+")
_HANGUL = re.compile(r"[\uac00-\ud7af]+")


def split(name: str) -> list[str]:
    """The words of a name, folded: `createIssue`, `create_issue` and `issue.create` have the same ones."""
    return [folded(part) for run in _runs(name) for part in _parted(run)]


def concepts(words: Sequence[str]) -> list[str]:
    """What words mean, in their order; phrases first. Little words are left out."""
    known, found, place = glossary(), list[str](), 0
    while place < len(words):
        length, phrase = _phrase(known, words, place)
        found += phrase if length else meaning(words[place])
        place += length or 1
    return found


def of_text(text: str) -> list[str]:
    return concepts(split(text))


@lru_cache(maxsize=32768)
def meaning(word: str) -> tuple[str, ...]:
    known = glossary()
    if is_eastern(word):
        return tuple(_eastern(known, word))
    if word.isdigit() or len(word) > LONGEST_WORD or (len(word) == 1 and word != "q"):
        return ()
    return known.western(word)


def _runs(text: str) -> Iterator[str]:
    for run in _RUN.findall(text if text.isascii() else unicodedata.normalize("NFKC", text)):
        yield from (run,) if run.isascii() else _SCRIPTS.findall(run)


def _parted(run: str) -> Iterable[str]:
    return _PARTS.findall(run) if run.isascii() else (run,)


def _phrase(known: Glossary, words: Sequence[str], place: int) -> tuple[int, tuple[str, ...]]:
    """How many words the longest phrase that begins there has, and what it means."""
    for length in range(min(LONGEST_PHRASE, len(words) - place), 0, -1):
        some = tuple(words[place : place + length])
        found = known.phrases.get(some) or known.phrases.get((*some[:-1], english(some[-1])))
        if found:
            return length, found
    return 0, ()


def _eastern(known: Glossary, run: str) -> Iterator[str]:
    """The longest known words first to last; what lies between is a word of its own, unless it is grammar."""
    place = rest = 0
    while place < len(run):
        length = _known_length(known, run, place)
        if not length:
            place += 1
            continue
        yield from _unknown(run[rest:place], rest > 0)
        concept = known.eastern[run[place : place + length]]
        if concept:
            yield concept
        place += length
        rest = place
    yield from _unknown(run[rest:], rest > 0)


def _known_length(known: Glossary, run: str, place: int) -> int:
    for size in range(min(known.longest_eastern, len(run) - place), 0, -1):
        if run[place : place + size] in known.eastern:
            # Single syllables of Korean are words or particles only at the end of what is written together.
            return 0 if size == 1 and _HANGUL.match(run[place]) and place < len(run) - 1 else size
    return 0


def _unknown(text: str, behind: bool) -> Iterator[str]:
    """`behind` a known word stand endings of Korean, and what is in hiragana is grammar everywhere."""
    for part in _HIRAGANA.sub(" ", text).split():
        ending = behind and len(part) <= _LONGEST_ENDING and _HANGUL.fullmatch(part)
        if len(part) > 1 and not ending:
            yield part

"""How texts become terms: names are split into their words, Chinese, Japanese and Korean into pairs of letters."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LONGEST_WORD = 40
"""Letters; longer ones are keys, hashes and addresses."""
MOST_WORDS = 16
"""Of a query."""
_CJK = (
    "\u1100-\u11ff\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003134f"
)
_RUN = re.compile(rf"([{_CJK}]+)|(?:(?![{_CJK}])[^\W_])+")
_ASCII_RUN = re.compile(r"[A-Za-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CJK_LETTER = re.compile(f"[{_CJK}]")
_FIRST_KATAKANA, _LAST_KATAKANA, _TO_HIRAGANA = 0x30A1, 0x30F6, 0x60


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query, or a pair of letters of one; `share` is how much of a word it is."""

    text: str
    share: float = 1.0


def terms(text: str) -> list[str]:
    """What a text is found by, as often as it says it."""
    return [term for run in _runs(text) for term in _terms(run)]


def query_words(text: str) -> list[Word]:
    """Each word once, in their order."""
    found: dict[str, Word] = {}
    for run in _runs(text):
        for word in _words(run):
            found.setdefault(word.text, word)
    return list(found.values())[:MOST_WORDS]


def joined(text: str) -> str:
    """All words in one, so that `create_issue`, `createIssue` and `create issue` are the same."""
    return "".join(_folded(run) for run in _runs(text))


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """English words without plural, -ing and a silent e; others as they are."""
    if not word.isascii() or len(word) < 4:
        return word
    return _without_plural(_without_ing(word)).removesuffix("e")


def is_cjk(run: str) -> bool:
    return _CJK_LETTER.match(run) is not None


def _runs(text: str) -> list[str]:
    """Letters and digits that stand together in one script, not yet folded: capitals tell where words begin."""
    if text.isascii():
        return _ASCII_RUN.findall(text)
    return [match.group() for match in _RUN.finditer(unicodedata.normalize("NFKC", text))]


@lru_cache(maxsize=16384)
def _terms(run: str) -> tuple[str, ...]:
    if is_cjk(run):
        return _pairs(run) if len(run) == 1 else (*_pairs(run), _hiragana(run[-1]))
    if len(run) > LONGEST_WORD:
        return ()
    parts = _parts(run)
    return parts if len(parts) == 1 else (*parts, _folded(run))


def _words(run: str) -> list[Word]:
    if is_cjk(run):
        pairs = _pairs(run)
        return [Word(pair, max(1.0, len(run) / 2) / len(pairs)) for pair in pairs]
    return [Word(part) for part in _parts(run[:LONGEST_WORD])]


def _pairs(run: str) -> tuple[str, ...]:
    letters = _hiragana(run)
    return tuple(letters[start : start + 2] for start in range(max(1, len(letters) - 1)))


def _parts(run: str) -> tuple[str, ...]:
    return tuple(_folded(part) for part in _CAMEL.split(run))


def _folded(run: str) -> str:
    if run.isascii():
        return run.lower()
    if is_cjk(run):
        return _hiragana(run)
    letters = unicodedata.normalize("NFKD", run.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _hiragana(run: str) -> str:
    """Katakana are read as the hiragana of the same sound."""
    return "".join(
        chr(ord(letter) - _TO_HIRAGANA) if _FIRST_KATAKANA <= ord(letter) <= _LAST_KATAKANA else letter
        for letter in run
    )


def _without_ing(word: str) -> str:
    if len(word) < 6 or not word.endswith("ing"):
        return word
    base = word[:-3]
    return base[:-1] if base[-1] == base[-2] and base[-1] not in "lsz" else base


def _without_plural(word: str) -> str:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]

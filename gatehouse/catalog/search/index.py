"""The index: which document holds which term, and how much that says. In memory; of one event loop."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log

from gatehouse.catalog.search.document import Document
from gatehouse.catalog.search.spelling import Vocabulary
from gatehouse.catalog.search.words import Word, joined, query_words, terms
from gatehouse.store.placement import Placement

DESCRIBED = 2000
"""Characters of a description that are searched."""
MOST_ENTRIES = 6000
"""After so many, less likely words that may be meant are passed over."""
_LITTLE_WORDS = frozenset("a an and are as at by for from in into is it of on or that the this to with".split())
_SATURATION = 1.2
_SAME_NAME, _NAME_BEGINS = 3.0, 1.0
"""What a name that is the whole query counts, and one that begins with it."""
_DEAD = 0


@dataclass(frozen=True, slots=True)
class Field:
    """`weight` is what a term in it counts; `usual` is how many terms it usually has, more of which count less."""

    name: str
    weight: float
    usual: float


FIELDS = (
    Field("name", 5.0, 3),
    Field("title", 3.0, 3),
    Field("tags", 2.5, 2),
    Field("upstream", 1.5, 2),
    Field("description", 1.0, 15),
    Field("schema", 0.5, 6),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Documents that stand in one place, so that sight and most filters are decided once for all of them."""

    kind: str
    placement: Placement
    upstream: str | None
    upstream_name: str


@dataclass(slots=True)
class _Postings:
    """`holders` counts the documents that are still there."""

    documents: array[int] = field(default_factory=lambda: array("I"))
    says: array[float] = field(default_factory=lambda: array("f"))
    holders: int = 0


class Index:
    def __init__(self) -> None:
        self.documents: list[Document | None] = []
        """By number; None for what was taken out."""
        self.orders: list[tuple[str, str]] = []
        """What documents of one score are ordered by."""
        self.groups: list[Group | None] = [None]
        self.group_of: list[int] = []
        """The number of each document's group; 0 for what was taken out."""
        self.alive = 0
        self._group_numbers: dict[Group, int] = {}
        self._postings: dict[str, _Postings] = {}
        self._vocabulary = Vocabulary()
        self._by_name: list[tuple[str, int]] = []
        """Joined names and numbers, in order; those that were taken out, too."""

    @property
    def dead(self) -> int:
        return len(self.documents) - self.alive

    @property
    def terms(self) -> int:
        return len(self._vocabulary)

    def add(self, document: Document) -> int:
        """The number that it is taken out by."""
        number = len(self.documents)
        self.documents.append(document)
        self.orders.append((document.name.casefold(), document.id))
        self.group_of.append(self._group(document))
        self.alive += 1
        for term, says in _says(document).items():
            postings = self._postings.get(term)
            if postings is None:
                postings = self._postings[term] = _Postings()
                self._vocabulary.add(term)
            postings.documents.append(number)
            postings.says.append(says)
            postings.holders += 1
        self._by_name.append((joined(document.name), number))
        return number

    def take_out(self, number: int) -> None:
        document = self.documents[number]
        if document is None:
            return
        for term in _says(document):
            self._postings[term].holders -= 1
        self.documents[number], self.group_of[number] = None, _DEAD
        self.alive -= 1

    def settle(self) -> None:
        """To be called once all changes are made."""
        self._vocabulary.settle()
        self._by_name.sort()

    def scores(self, query: str) -> dict[int, float]:
        """How well documents answer, by number; some that were taken out may be among them."""
        words = _telling(query_words(query))
        found: dict[int, float] = {}
        matched: dict[int, float] = {}
        for word in words:
            for number, score in self._of_word(word).items():
                found[number] = found.get(number, 0.0) + score * word.share
                matched[number] = matched.get(number, 0.0) + word.share
        whole = sum(word.share for word in words)
        scores = {number: score * matched[number] / whole for number, score in found.items()}
        self._prefer_names(query, scores)
        return scores

    def meant(self, query: str) -> set[str]:
        """All terms that the query stands for here."""
        return {term for word in _telling(query_words(query)) for term in self._likely(word)}

    def _of_word(self, word: Word) -> dict[int, float]:
        likely = self._likely(word)
        best: dict[int, float] = {}
        if not likely:
            return best
        # Rarer words say more. What is only like the word is as rare as what was most likely meant.
        holders = self._postings[word.text if word.text in likely else max(likely, key=self._holders)].holders
        rare = log(1 + (self.alive - holders + 0.5) / (holders + 0.5)) + 0.1
        for term, chance in likely.items():
            postings, factor = self._postings[term], rare * chance
            scores = [factor * says for says in postings.says]
            if not best:
                best = dict(zip(postings.documents, scores, strict=True))
                continue
            for number, score in zip(postings.documents, scores, strict=True):
                if score > best.get(number, 0.0):
                    best[number] = score
        return best

    def _likely(self, word: Word) -> dict[str, float]:
        """Terms that some document holds, the likeliest first, up to so many that they are soon gone through."""
        meant = self._vocabulary.meant(word.text, self._is_held)
        found: dict[str, float] = {}
        entries = 0
        for term in sorted(meant, key=lambda one: (-meant[one], one)):
            if not found or entries < MOST_ENTRIES:
                entries += self._holders(term)
                found[term] = meant[term]
        return found

    def _is_held(self, term: str) -> bool:
        return self._postings[term].holders > 0

    def _holders(self, term: str) -> int:
        return self._postings[term].holders

    def _prefer_names(self, query: str, scores: dict[int, float]) -> None:
        whole = joined(query)
        if not whole:
            return
        first = bisect_left(self._by_name, (whole, 0))
        last = bisect_left(self._by_name, (f"{whole}\U0010ffff", 0), first)
        for name, number in self._by_name[first:last]:
            scores[number] = scores.get(number, 0.0) + (_SAME_NAME if name == whole else _NAME_BEGINS)

    def _group(self, document: Document) -> int:
        group = Group(document.kind, document.placement, document.upstream, document.upstream_name)
        number = self._group_numbers.get(group)
        if number is None:
            number = self._group_numbers[group] = len(self.groups)
            self.groups.append(group)
        return number


def _telling(words: list[Word]) -> list[Word]:
    """Without the little words of English, where there are others."""
    return [word for word in words if word.text not in _LITTLE_WORDS] or words


def texts(document: Document) -> Iterator[tuple[Field, str]]:
    """The fields of a document that are searched."""
    upstream = "" if document.kind == "upstream" else document.upstream_name
    description, tags = document.description[:DESCRIBED], " ".join(document.tags)
    said = (document.name, document.title, tags, upstream, description, document.schema)
    return zip(FIELDS, said, strict=True)


def _says(document: Document) -> dict[str, float]:
    """What each term says of a document, 0 to 1."""
    heard: dict[str, float] = {}
    for where, text in texts(document):
        if text:
            found = terms(text)
            weight = where.weight / (0.6 + 0.4 * len(found) / where.usual)
            for term in found:
                heard[term] = heard.get(term, 0.0) + weight
    return {term: count / (count + _SATURATION) for term, count in heard.items()}

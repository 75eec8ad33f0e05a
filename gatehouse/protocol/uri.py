"""Which URI belongs to which template: RFC 6570 read backwards, as far as routing needs it.

No regular expression: templates come from upstreams and URIs from clients, and this takes time in proportion to both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EXPRESSION = re.compile(r"\{([^{}]*)\}")
_MOST = 8192
"""Characters in a URI that are looked at."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Literal text; or, where `text` is None, a value: characters but those in `without`, at least `least` of them."""

    text: str | None
    without: str = "/"
    least: int = 1
    optional: bool = False
    lead: str = ""
    """What stands before the value where there is one: `/`, `?`..."""


class UriTemplate:
    """A compiled `uriTemplate`."""

    __slots__ = ("_parts", "literal_length", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = _parse(text)
        self.literal_length = sum(len(part.text or "") for part in self._parts)
        """The more of it, the more a match says."""

    def matches(self, uri: str) -> bool:
        if len(uri) > _MOST:
            return False
        ends = {0}
        for part in self._parts:
            ends = _after(part, uri, ends)
            if not ends:
                return False
        return len(uri) in ends


def _parse(text: str) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    place = 0
    for expression in _EXPRESSION.finditer(text):
        if expression.start() > place:
            parts.append(_Part(text[place : expression.start()]))
        parts.append(_value(expression[1]))
        place = expression.end()
    if place < len(text):
        parts.append(_Part(text[place:]))
    return tuple(parts)


def _value(expression: str) -> _Part:
    """RFC 6570 section 2.2: the first character is the operator; `*` explodes over several segments."""
    operator = expression[:1]
    match operator:
        case "+":
            return _Part(None, without="")
        case "#":
            return _Part(None, without="", lead="#", optional=True)
        case "?" | "&":
            return _Part(None, without="#", lead=operator, optional=True)
        case "/" | "." | ";":
            without = "" if expression.endswith("*") else "?#" if operator == "/" and "," in expression else "/?#"
            return _Part(None, without=without, lead=operator, optional=True)
        case _:
            return _Part(None)


def _after(part: _Part, uri: str, starts: set[int]) -> set[int]:
    """Where the next part may start, given where this one may."""
    if part.text is not None:
        return {start + len(part.text) for start in starts if uri.startswith(part.text, start)}
    ends = set(starts) if part.optional else set[int]()
    reached = 0
    for start in sorted(starts):
        if not uri.startswith(part.lead, start):
            continue
        begin = start + len(part.lead)
        stop = _stop(uri, begin, part.without)
        # Places that an earlier start reached need not be gone through again.
        ends.update(range(max(begin + part.least, reached), stop + 1))
        reached = max(reached, stop + 1) if stop >= begin + part.least else reached
    return ends


def _stop(uri: str, begin: int, without: str) -> int:
    """The first place at or after `begin` with a character that the value can't have."""
    places = [place for character in without if (place := uri.find(character, begin)) >= 0]
    return min(places, default=len(uri))

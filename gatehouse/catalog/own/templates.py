"""The small language of prompts: `{{name}}`, and `{{#if name}} ... {{else}} ... {{/if}}`. Nothing of it can run code.

`\\{{` stands for two braces as they are. A text is read once, in time in proportion to its length; what comes out of it
is bounded while it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gatehouse.catalog.own.model import LARGEST, Scalar
from gatehouse.kit.errors import Invalid

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_DEEPEST = 20
_HINT = "Write {{name}}, {{#if name}}, {{else}} or {{/if}}; and \\{{ for two braces as they are."


@dataclass(frozen=True, slots=True)
class _Value:
    name: str


@dataclass(frozen=True, slots=True)
class _Section:
    """Either `then` or `otherwise`, by whether there is something to say for `name`."""

    name: str
    then: tuple[_Node, ...]
    otherwise: tuple[_Node, ...]


_Node = str | _Value | _Section


@dataclass(slots=True)
class Room:
    """How many characters may still come out, of all the texts of one answer."""

    left: int = LARGEST

    def take(self, text: str) -> str:
        """Raises `Invalid` where there is no more room."""
        self.left -= len(text)
        if self.left < 0:
            raise Invalid(f"What comes out is longer than {LARGEST} characters.", "Give shorter arguments.")
        return text


class Template:
    """A text that was read; raises `Invalid` for what is not in the language."""

    def __init__(self, text: str) -> None:
        self._nodes = _Reader(text).read()

    @property
    def names(self) -> frozenset[str]:
        """The arguments that it speaks of."""
        return frozenset(_names(self._nodes))

    def render(self, values: Mapping[str, Scalar], room: Room) -> str:
        """An argument without a value is an empty text."""
        return "".join(_rendered(self._nodes, values, room))


def written(value: Scalar) -> str:
    """As it stands in a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _rendered(nodes: tuple[_Node, ...], values: Mapping[str, Scalar], room: Room) -> Iterator[str]:
    for node in nodes:
        match node:
            case str():
                yield room.take(node)
            case _Value(name):
                yield room.take(written(values.get(name, "")))
            case _Section(name, then, otherwise):
                yield from _rendered(then if values.get(name, "") not in ("", False) else otherwise, values, room)


def _names(nodes: tuple[_Node, ...]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, _Value):
            yield node.name
        elif isinstance(node, _Section):
            yield node.name
            yield from _names(node.then)
            yield from _names(node.otherwise)


@dataclass(slots=True)
class _Open:
    """A section that has not ended yet. `name` is empty for the text itself."""

    name: str = ""
    then: list[_Node] = field(default_factory=list[_Node])
    otherwise: list[_Node] | None = None

    @property
    def nodes(self) -> list[_Node]:
        return self.then if self.otherwise is None else self.otherwise


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._open = [_Open()]

    def read(self) -> tuple[_Node, ...]:
        place = 0
        while (start := self._text.find("{{", place)) >= 0:
            if start > place and self._text[start - 1] == "\\":
                self._add(self._text[place : start - 1] + "{{")
                place = start + 2
                continue
            self._add(self._text[place:start])
            end = self._text.find("}}", start)
            if end < 0:
                raise self._wrong(start, "'{{' has no '}}'")
            self._tag(self._text[start + 2 : end].strip(), start)
            place = end + 2
        self._add(self._text[place:])
        if len(self._open) > 1:
            raise Invalid(f"The template has {{{{#if {self._open[-1].name}}}}} without {{{{/if}}}}.", _HINT)
        return tuple(self._open[0].then)

    def _add(self, text: str) -> None:
        if text:
            self._open[-1].nodes.append(text)

    def _tag(self, tag: str, place: int) -> None:
        word, _, rest = tag.partition(" ")
        if word == "#if" and NAME.fullmatch(rest.strip()):
            self._begin(rest.strip(), place)
        elif tag == "else" and len(self._open) > 1 and self._open[-1].otherwise is None:
            self._open[-1].otherwise = []
        elif tag == "/if" and len(self._open) > 1:
            ended = self._open.pop()
            self._open[-1].nodes.append(_Section(ended.name, tuple(ended.then), tuple(ended.otherwise or ())))
        elif NAME.fullmatch(tag) and tag != "else":
            self._open[-1].nodes.append(_Value(tag))
        else:
            raise self._wrong(place, f"'{{{{{tag[:50]}}}}}' is none of its words here")

    def _begin(self, name: str, place: int) -> None:
        if len(self._open) > _DEEPEST:
            raise self._wrong(place, f"sections stand more than {_DEEPEST} deep in one another")
        self._open.append(_Open(name))

    def _wrong(self, place: int, words: str) -> Invalid:
        line = self._text.count("\n", 0, place) + 1
        return Invalid(f"The template can't be read: in line {line}, {words}.", _HINT)

"""What a tool is compared by: made once for each tool."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from gatehouse.catalog.similar.glossary import english, glossary
from gatehouse.catalog.similar.words import concepts, of_text, split
from gatehouse.kit import json
from gatehouse.kit.json import BadJson

DESCRIBED = 600
"""Characters of a description that are read."""
MOST_PROPERTIES = 40
_SENTENCE = re.compile(r"[.。!?\n:;]")


Acts = tuple[str, str]
"""The verb of a name, and the one that begins the description; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as its upstream describes it. `title` of the upstream: its display name."""

    id: str
    name: str
    upstream: str
    """Id."""
    upstream_name: str
    definition: bytes
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Property:
    """One parameter: what its name and its description mean."""

    name: str
    """As it is written, folded and without what stands between its words."""
    means: frozenset[str]
    said: frozenset[str]
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """`verbs` and `objects` are of the name, `verb_said` begins the description; `said` is all of it, with the title.

    `translatable` is what of it every language has words for.
    """

    tool: Tool
    joined: str
    verbs: tuple[str, ...]
    verb_said: str
    objects: tuple[str, ...]
    said: frozenset[str]
    translatable: frozenset[str]
    properties: tuple[Property, ...]
    property_words: frozenset[str]
    read_only: bool | None
    foreign: bool
    """Whether its description is in other letters than English is."""

    @property
    def acts(self) -> Acts:
        return (self.verbs[0] if self.verbs else "", self.verb_said)

    @property
    def named(self) -> tuple[str, ...]:
        return (*self.verbs, *self.objects)


def profile(tool: Tool) -> Profile:
    fields = _object(tool.definition)
    words = _without_upstream(split(tool.name), split(tool.upstream_name))
    verbs, objects = _acts(concepts(words))
    text = f"{tool.title}\n{tool.description[:DESCRIBED]}"
    properties = tuple(_properties(fields))
    if len(words) > 1 and verbs[:1] == ("get",) and _is_plural(words) and not _takes_id(properties, objects):
        verbs = ("list", *verbs[1:])
    said = frozenset(of_text(text))
    return Profile(
        tool=tool,
        joined="".join(words),
        verbs=verbs,
        verb_said=_verb_said(tool.description),
        objects=objects,
        said=said,
        translatable=frozenset(word for word in said if word in glossary().words),
        properties=properties,
        property_words=frozenset(word for one in properties for word in one.means),
        read_only=_read_only(fields),
        foreign=not tool.description.isascii(),
    )


def _object(definition: bytes) -> dict[str, Any]:
    try:
        found = json.load(definition)
    except BadJson:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _without_upstream(words: list[str], upstream: list[str]) -> list[str]:
    """Names often begin with what their upstream is called."""
    for length in range(len(upstream), 0, -1):
        if words[:length] == upstream[:length] and len(words) > length:
            return words[length:]
    return words


def _acts(means: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is done, and to what: the first verb acts, later ones are things (`list_comments`, `issue.create`)."""
    verbs = glossary().verbs
    place = next((place for place, one in enumerate(means) if one in verbs), None)
    if place is None:
        return (), tuple(dict.fromkeys(means))
    # Of two that stand at the beginning and the end, as in `comment.create`, a plain one acts.
    if means[-1] in _PLAIN and means[place] not in _PLAIN:
        place = len(means) - 1
    objects = [one for at, one in enumerate(means) if at != place]
    return (means[place],), tuple(one for one in dict.fromkeys(objects) if one != means[place])


_PLAIN = frozenset({"get", "list", "create", "update", "delete", "search", "send", "upload", "execute"})


def _is_plural(words: Sequence[str]) -> bool:
    last = words[-1] if words[0] != words[-1] else ""
    return last.endswith("s") and last.isascii() and english(last) != last.removesuffix("e") and not last.endswith("ss")


def _takes_id(properties: Iterable[Property], objects: Sequence[str]) -> bool:
    """Whether something must be named by an id of its own: then `get_details` gets one thing."""
    return any(
        one.required and "id" in one.means and (len(one.means) == 1 or one.means & {*objects}) for one in properties
    )


def _verb_said(description: str) -> str:
    """A description begins with what is done; in other languages its first sentence may end with it."""
    means = of_text(_SENTENCE.split(description[:DESCRIBED].strip(), maxsplit=1)[0])
    ends = means[:1] if description.isascii() else [*means[:1], *means[-1:]]
    return next((one for one in ends if one in glossary().verbs), "")


def _read_only(fields: Mapping[str, Any]) -> bool | None:
    hints: Any = fields.get("annotations")
    if not isinstance(hints, dict):
        return None
    hint: Any = cast("dict[str, Any]", hints).get("readOnlyHint")
    return hint if isinstance(hint, bool) else None


def _properties(fields: Mapping[str, Any]) -> Iterable[Property]:
    schema: Any = fields.get("inputSchema")
    if not isinstance(schema, dict):
        return
    known = cast("dict[str, Any]", schema)
    properties: Any = known.get("properties")
    required: Any = known.get("required")
    needed = {str(one) for one in cast("list[Any]", required)} if isinstance(required, list) else set[str]()
    if not isinstance(properties, dict):
        return
    for name, said in list(cast("dict[str, Any]", properties).items())[:MOST_PROPERTIES]:
        yield _property(name, cast("dict[str, Any]", said) if isinstance(said, dict) else {}, name in needed)


def _property(name: str, said: Mapping[str, Any], required: bool) -> Property:
    words, text = split(name), said.get("description")
    return Property(
        name="".join(words),
        means=frozenset(concepts(words)) or frozenset(words),
        said=frozenset(of_text(text[:200])) if isinstance(text, str) else frozenset(),
        type=_type(said),
        required=required,
    )


def _type(said: Mapping[str, Any]) -> str:
    found: Any = said.get("type")
    if isinstance(found, list):
        found = next((one for one in cast("list[Any]", found) if one != "null"), "")
    return "number" if found == "integer" else found if isinstance(found, str) else ""

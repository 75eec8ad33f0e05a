"""Choose capabilities by pattern: `*`, `?`, `[...]` over `{upstream}_{name}`, `upstream/name`, the name and the uri."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gatehouse.cli.errors import Refused

_NEAR = 3


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    upstream: str
    name: str
    uri: str = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        plain = (f"{self.upstream}_{self.name}", f"{self.upstream}/{self.name}", self.name)
        return (*plain, self.uri) if self.uri else plain


def pick(choices: Sequence[Choice], patterns: Iterable[str], noun: str) -> list[str]:
    """Ids of what the patterns match, in the order given, each once; raises `Refused` for one that matches nothing."""
    found: dict[str, None] = {}
    for pattern in patterns:
        matches = [choice.id for choice in choices if any(fnmatchcase(one, pattern) for one in choice.spellings)]
        if not matches:
            raise Refused(f"No {noun} matches '{pattern}'.", _near(choices, pattern, noun))
        found.update(dict.fromkeys(matches))
    return list(found)


def from_upstream(choices: Sequence[Choice], upstream: str) -> list[str]:
    return [choice.id for choice in choices if choice.upstream == upstream]


def _near(choices: Sequence[Choice], pattern: str, noun: str) -> str:
    if not choices:
        return f"There are no {noun}s yet: add an upstream with `gatehouse add NAME URL`."
    spelt = {spelling: choice for choice in choices for spelling in choice.spellings}
    close = difflib.get_close_matches(pattern.strip("*"), list(spelt), n=_NEAR * 3, cutoff=0.4)
    names = list(dict.fromkeys(spelt[word].spellings[0] for word in close))[:_NEAR]
    if names:
        return f"Did you mean {', '.join(names)}?"
    return f"There are {len(choices)}, such as {', '.join(choice.spellings[0] for choice in choices[:_NEAR])}."

"""What a `change` command sends: the options that were given, and what is to be cleared. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gatehouse.cli.errors import Misused

Clearable = Mapping[str, tuple[str, Any]]
"""By the word on the command line: the field of the API, and what clears it."""


def changes(said: Mapping[str, Any], clear: Iterable[str] = (), clearable: Clearable | None = None) -> dict[str, Any]:
    """The body of a PATCH. None in `said` stands for an option that was not given.

    Raises `Misused` where nothing is to be changed, for what can't be cleared, and for what is given and cleared at once.
    """
    body = {field: value for field, value in said.items() if value is not None}
    for word in clear:
        field, empty = _cleared(word, clearable or {})
        if field in body and body[field] != empty:
            raise Misused(f"'{word}' is to be set and to be cleared.", "Leave one of them out.")
        body[field] = empty
    if not body:
        raise Misused("Nothing is to be changed.", "Say what with the options that --help lists.")
    return body


def _cleared(word: str, clearable: Clearable) -> tuple[str, Any]:
    found = clearable.get(word)
    if found is None:
        raise Misused(f"'{word}' can't be cleared.", f"What can: {', '.join(clearable)}.")
    return found

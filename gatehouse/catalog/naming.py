"""The names that agents see, and slugs. Pure: the names that are taken come in as a set.

A name is given once, when a capability is bound: the upstream's own where it is free, else `{upstream}_{name}`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from gatehouse.kit.errors import Invalid

NAME_LENGTH = 128
"""Characters in a tool's name: 2025-11-25 server/tools, the names of tools."""
SLUG_LENGTH = 63
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ILLEGAL = re.compile(r"[^A-Za-z0-9_.\-]")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def legal(name: str) -> str:
    """`name` with an underscore for each character that clients would stumble over, cut to what is allowed."""
    return _ILLEGAL.sub("_", name)[:NAME_LENGTH] or "_"


def qualified(upstream: str, name: str) -> str:
    """`{upstream}_{name}`: as upstreams' names have no underscore, it can be taken apart again."""
    return legal(f"{upstream}_{name}")


def advertised(upstream: str, name: str, taken: Container[str]) -> str:
    """The name of a capability in a server where `taken` are in use."""
    own = legal(name)
    return own if own not in taken else numbered(qualified(upstream, name), taken)


def numbered(name: str, taken: Container[str]) -> str:
    """`name` where it is free, else `name_2` and so on."""
    return _first_free(name, "_", NAME_LENGTH, taken)


def qualified_names(capabilities: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """From (id, upstream, name), in an order that stays, to the qualified name of each id; all are different."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for identifier, upstream, name in capabilities:
        names[identifier] = numbered(qualified(upstream, name), taken)
        taken.add(names[identifier])
    return names


def slug(text: str) -> str:
    """`text` as a slug; empty where nothing of it is left."""
    return _NOT_SLUG.sub("-", text.lower()).strip("-")[:SLUG_LENGTH].rstrip("-")


def free_slug(text: str, taken: Container[str]) -> str:
    """The slug of `text`, or with `-2` and so on where that is taken."""
    return _first_free(slug(text) or "server", "-", SLUG_LENGTH, taken)


def check_slug(what: str, value: str) -> str:
    """`value` where it is a slug; else raises `Invalid` with one that would do."""
    if _SLUG.fullmatch(value):
        return value
    suggestion = slug(value)
    hint = f"For example '{suggestion}'." if suggestion else "For example 'my-tools'."
    raise Invalid(
        f"'{value[:100]}' can't be the {what}: it takes 1 to {SLUG_LENGTH} of a-z, 0-9 and -, the first not a hyphen.",
        hint,
    )


def check_name(value: str) -> str:
    """`value` where a tool or prompt may be advertised under it; else raises `Invalid` with a name that would do."""
    if value and legal(value) == value:
        return value
    raise Invalid(
        f"'{value[:150]}' can't be advertised: a name takes 1 to {NAME_LENGTH} of A-Z, a-z, 0-9 and _ - .",
        f"For example '{legal(value)}'.",
    )


def _first_free(name: str, separator: str, length: int, taken: Container[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        ending = f"{separator}{number}"
        candidate, number = name[: length - len(ending)] + ending, number + 1
    return candidate

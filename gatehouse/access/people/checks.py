"""What people may be called, and how it is told that somebody or something is not there."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import TypeVar

from gatehouse.kit.errors import Invalid, NotFound

SLUG_LENGTH = 63
NAME_LENGTH = 255
EMAIL_LENGTH = 254
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")
Found = TypeVar("Found")


def clean_email(text: str) -> str:
    """In lower case, as it is stored and compared; raises `Invalid`.

    ASCII alone: there are other letters whose lower case is an ASCII one, and two addresses must not become one.
    """
    email = text.strip()
    if email.isascii() and len(email) <= EMAIL_LENGTH and _EMAIL.fullmatch(email.lower()):
        return email.lower()
    raise Invalid(
        f"'{email[:100]}' is not an email address.", "Write one as in ada@example.com, a domain in its ASCII form."
    )


def clean_name(what: str, text: str) -> str:
    """Raises `Invalid`."""
    name = text.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Invalid(f"The {what} has no name that can be shown.", f"Give it 1 to {NAME_LENGTH} printable characters.")
    return name


def check_slug(what: str, text: str) -> str:
    """Raises `Invalid` with one that would do."""
    if _SLUG.fullmatch(text):
        return text
    words = (
        f"'{text[:100]}' can't be the {what}: it takes 1 to {SLUG_LENGTH} of a-z, 0-9 and -, the first not a hyphen."
    )
    raise Invalid(words, f"For example '{slug(text) or 'my-name'}'.")


def slug(text: str) -> str:
    return _NOT_SLUG.sub("-", text.lower()).strip("-")[:SLUG_LENGTH].rstrip("-")


def free_slug(text: str, taken: Container[str], otherwise: str) -> str:
    """The slug of `text`, or with `-2` and so on where that is taken; `otherwise` is for a text that has none."""
    wanted = slug(text) or otherwise
    number, free = 1, wanted
    while free in taken:
        number += 1
        end = f"-{number}"
        free = wanted[: SLUG_LENGTH - len(end)].rstrip("-") + end
    return free


def found(what: str, ref: str, value: Found | None) -> Found:
    """Raises `NotFound` for None."""
    if value is None:
        raise missing(what, ref)
    return value


def missing(what: str, ref: str) -> NotFound:
    """What is not there, and what the caller may not know of: both are told in the same words."""
    return NotFound(f"There is no {what} '{ref[:100]}'.", f"The list of {what}s has those that exist.")


def counted(counts: Mapping[str, int]) -> str:
    """`2 upstreams and 1 server`."""
    words = [f"{number} {kind}" if number == 1 else f"{number} {_many(kind)}" for kind, number in counts.items()]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _many(kind: str) -> str:
    first, _, rest = kind.partition(" ")
    many = f"{first[:-1]}ies" if first.endswith("y") else f"{first}s"
    return f"{many} {rest}".strip()

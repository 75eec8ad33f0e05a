"""Keyset pages: `{"items": [...], "next": cursor or null}`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gatehouse.kit.errors import Invalid

MAX_LIMIT = 500
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Where to go on (the sort key of the last item seen, or None) and how many, 1 to 500."""

    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: Sequence[Item]
    next: str | None


def page_request(cursor: str | None, limit: int | None) -> PageRequest:
    """Read a client's `cursor` and `limit`; raises `Invalid`."""
    size = 100 if limit is None else limit
    if not 1 <= size <= MAX_LIMIT:
        raise Invalid(f"limit is {size}.", f"Ask for 1 to {MAX_LIMIT} items.")
    return PageRequest(None if not cursor else _decode(cursor), size)


def page(rows: Sequence[Item], request: PageRequest, key: Callable[[Item], str]) -> Page[Item]:
    """Make a page from up to `limit + 1` rows, in order of `key`."""
    items = rows[: request.limit]
    more = len(rows) > request.limit
    return Page(items, _encode(key(items[-1])) if more else None)


def _encode(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise Invalid("The cursor is not one of ours.", "Start again without a cursor.") from None

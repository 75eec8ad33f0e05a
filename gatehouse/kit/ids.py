"""Ids that sort by the time they were made, and random handles that can't be guessed."""

from __future__ import annotations

import os
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case


def new_id(prefix: str, at: float | None = None) -> str:
    """`{prefix}_` and 26 characters: 48 bits of milliseconds, then 80 random bits (a ULID).

    `at`: seconds since the epoch, for what happened earlier; now where left out.
    """
    value = (int((time.time() if at is None else at) * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return f"{prefix}_{_written(value)}"


def earliest_id(prefix: str, id_: str, seconds: float) -> str:
    """The smallest id that can have been made so long before `id_`, with another prefix."""
    made = 0
    for character in id_[-26:]:
        made = made << 5 | max(0, _ALPHABET.find(character))
    return f"{prefix}_{_written(max(0, (made >> 80) - int(seconds * 1000)) << 80)}"


def _written(value: int) -> str:
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def random_handle(size: int = 32) -> str:
    """URL-safe text from `size` random bytes."""
    return secrets.token_urlsafe(size)

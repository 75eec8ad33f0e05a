"""Ids that sort by the time they were made, and random handles that can't be guessed."""

from __future__ import annotations

import os
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case


def new_id(prefix: str) -> str:
    """`{prefix}_` and 26 characters: 48 bits of milliseconds, then 80 random bits (a ULID)."""
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    digits = [_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"


def random_handle(size: int = 32) -> str:
    """URL-safe text from `size` random bytes."""
    return secrets.token_urlsafe(size)

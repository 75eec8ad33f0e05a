"""Durations as people write them: `30s 15m 12h 30d`."""

from __future__ import annotations

import re

from gatehouse.kit.errors import Invalid

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"^(\d{1,9})([smhd])$")


def parse_duration(text: str) -> int:
    """Seconds; raises `Invalid` naming what is accepted."""
    match = _DURATION.match(text.strip())
    if not match or int(match[1]) == 0:
        raise Invalid(f"'{text}' is not a duration.", "Write a number and a unit, as in 30s, 15m, 12h or 30d.")
    return int(match[1]) * _UNITS[match[2]]

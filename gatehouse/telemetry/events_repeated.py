"""Events that happen over and over, counted in memory: the same one is told at most once a minute, with how often."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec

from gatehouse.telemetry.event import Event

MOST = 1000
"""Different events that are kept apart."""
PAUSE = 60.0
"""Seconds between two tellings of the same event."""


@dataclass(slots=True)
class _Counted:
    event: Event
    """The last of them, with the time of the first that was not told yet."""
    count: int = 0
    due_at: float = 0.0


class Repeated:
    def __init__(self) -> None:
        self._counted: dict[Hashable, _Counted] = {}

    def __len__(self) -> int:
        return len(self._counted)

    def count(self, key: Hashable, event: Event) -> bool:
        """Another `event.count` of what `key` stands for; False where too much else is kept apart already."""
        known = self._counted.get(key)
        if known is None:
            if len(self._counted) >= MOST:
                return False
            known = self._counted[key] = _Counted(event)
        first = known.event.at if known.count else event.at
        known.event = msgspec.structs.replace(event, at=first)
        known.count += event.count
        return True

    def due(self, now: float, everything: bool = False) -> list[Event]:
        """What is to be told now, each with its count, which begins anew."""
        self._forget(now)
        found = [one for one in self._counted.values() if one.count and (everything or one.due_at <= now)]
        return [self._taken(one, now) for one in found]

    def _taken(self, one: _Counted, now: float) -> Event:
        count, one.count, one.due_at = one.count, 0, now + PAUSE
        return msgspec.structs.replace(one.event, count=count)

    def _forget(self, now: float) -> None:
        for key in [key for key, one in self._counted.items() if not one.count and one.due_at <= now]:
            del self._counted[key]

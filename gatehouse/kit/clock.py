"""Time, as a thing that can be handed in: tests turn it by hand."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for durations and deadlines."""
        ...


class SystemClock:
    """Without a frame of its own: it is asked several times in each call."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

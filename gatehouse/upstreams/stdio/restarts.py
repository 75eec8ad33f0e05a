"""When a program that failed may be started again."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

import anyio

from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import UpstreamDown

SLOWEST = 60.0
MAX_FAILURES = 10
WINDOW = 600.0
"""Seconds in which `MAX_FAILURES` are too many, and for which the program is then left alone."""
PATIENCE = 5.0
"""Seconds that `turn` waits; a caller is better told than left hanging for longer."""


class Restarts:
    """Pauses of 0, 1, 2, 4 ... 60 seconds after failures in a row, each up to a quarter shorter; then none at all.

    It is for the owner to say what a success is: best the first answer, for a program that starts may yet do nothing.
    """

    def __init__(self, clock: Clock, chance: Callable[[], float] = random.random) -> None:
        """`chance` gives numbers from 0 up to 1."""
        self._clock = clock
        self._chance = chance
        self._failures: deque[float] = deque(maxlen=MAX_FAILURES)
        self._in_a_row = 0
        self._not_before = 0.0

    def failed(self) -> None:
        now = self._clock.monotonic()
        self._failures.append(now)
        self._in_a_row += 1
        pause = 0.0 if self._in_a_row == 1 else min(SLOWEST, 2.0 ** min(self._in_a_row - 2, 10))
        self._not_before = now + pause * (1 - self._chance() / 4)

    def succeeded(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the failures: it works, or a person wants it tried now."""
        self._failures.clear()
        self._in_a_row = 0
        self._not_before = 0.0

    def delay(self) -> float:
        """Seconds until it may be started; raises `UpstreamDown` where it failed too often for that."""
        now = self._clock.monotonic()
        if len(self._failures) == MAX_FAILURES and self._failures[-1] - self._failures[0] <= WINDOW:
            rest = self._failures[-1] + WINDOW - now
            if rest > 0:
                raise UpstreamDown(
                    f"The upstream failed {MAX_FAILURES} times within {WINDOW / 60:.0f} minutes and is left alone.",
                    f"Look at its log, then refresh it; otherwise it is tried again in {rest:.0f} s.",
                )
            self.reset()
        return max(0.0, self._not_before - now)

    async def turn(self) -> None:
        """Wait until it may be started; raises `UpstreamDown` where that is more than a moment away."""
        delay = self.delay()
        if delay > PATIENCE:
            raise UpstreamDown(
                f"The upstream failed {self._in_a_row} times in a row; the next try is in {delay:.0f} s.",
                "Look at its log, or refresh it to try now.",
            )
        if delay > 0:
            await anyio.sleep(delay)

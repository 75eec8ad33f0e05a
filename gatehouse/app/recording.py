"""The records of calls: how long they are kept, and how many a kill took along."""

from __future__ import annotations

import logging
from pathlib import Path

from gatehouse.kit.clock import Clock
from gatehouse.settings import Retention as Kept
from gatehouse.settings import Settings
from gatehouse.store.database import Database
from gatehouse.telemetry.event import Event
from gatehouse.telemetry.events import Events
from gatehouse.telemetry.intake import Intake
from gatehouse.telemetry.ledger import Ledger, lost
from gatehouse.telemetry.locks import POSSIBLE
from gatehouse.telemetry.recorder import Recorder, Retention
from gatehouse.telemetry.rollup import DAY

log = logging.getLogger("gatehouse")
FOR_EVER = 100_000
"""Days."""


def kept_for(retention: Kept) -> Retention:
    """How long records and sums are kept, in seconds."""
    return Retention(
        calls=_seconds(retention.calls),
        minutes=_seconds(retention.minutes),
        hours=_seconds(retention.hours),
        days=_seconds(retention.days),
    )


def build_recorder(settings: Settings, database: Database, clock: Clock) -> Recorder:
    return Recorder(database, clock, kept_for(settings.retention), Intake(clock), stores=settings.record_calls)


def _seconds(days: int) -> float:
    return float((days or FOR_EVER) * DAY)


class Losses:
    """Of one worker: `begin` before calls come, `look` every minute or so, `end` when all is written."""

    def __init__(self, data: Path, recorder: Recorder, events: Events, clock: Clock) -> None:
        self._directory = data / "calls"
        self._recorder = recorder
        self._events = events
        self._clock = clock
        self._ledger: Ledger | None = None

    async def begin(self, instance: str) -> None:
        """Where there can be no ledger, what a kill takes along is not known, and nothing else is different."""
        if not POSSIBLE:
            return
        try:
            self._ledger = Ledger(self._directory, instance)
            self._recorder.keep_count_in(self._ledger.counts)
        except OSError as error:
            log.warning("Calls that a kill takes along can't be counted: %s", error.strerror)
        await self.look()

    async def look(self) -> None:
        """Tell of what others took along that were killed."""
        if self._ledger is None:
            return
        if missing := lost(self._directory):
            self._recorder.lost += missing
            message = f"A worker was killed, and up to {missing} of its calls are in no record and no sum."
            self._events.note(
                Event(kind="calls.lost", at=self._clock.now(), subject_kind="calls", message=message, count=missing)
            )
            log.warning("%s", message)

    def end(self) -> None:
        if self._ledger is not None:
            self._ledger.close()

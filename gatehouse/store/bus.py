"""How a worker learns of changes: it polls the revision, and is woken at once by its own writes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio

from gatehouse.store.database import Database

Listener = Callable[[int], Awaitable[None]]
_log = logging.getLogger(__name__)


class RevisionWatcher:
    """Calls its listeners, in order, for every revision that it sees. `interval` is seconds between looks."""

    def __init__(self, database: Database, interval: float) -> None:
        self._database = database
        self._interval = interval
        self._listeners: list[Listener] = []
        self._seen: int | None = None
        self._failing = False
        self._looking = anyio.Lock()
        self._woken = anyio.Event()
        database.on_change(self.wake)

    def subscribe(self, listener: Listener) -> None:
        """Before the first look; the listener is called for the first revision too."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Until cancelled. While the database is down, what was seen last stays."""
        while True:
            with anyio.move_on_after(self._interval):
                await self._woken.wait()
            self._woken = anyio.Event()
            await self.settle()

    def wake(self) -> None:
        """Look now and not when the interval is over."""
        self._woken.set()

    async def settle(self) -> None:
        """Returns once the listeners have seen the newest revision; where that fails, it is logged and tried again later."""
        async with self._looking:
            try:
                await self._look()
            except Exception as error:
                self._report(error)
            else:
                self._failing = False

    async def _look(self) -> None:
        revision = await self._database.revision()
        if revision == self._seen:
            return
        for listener in self._listeners:
            await listener(revision)
        self._seen = revision

    def _report(self, error: Exception) -> None:
        """Once for each outage."""
        if not self._failing:
            _log.error("Changes can't be read, going on with the last known state: %s", error, exc_info=error)
        self._failing = True

"""The registry in one: the shelf of entries, the sources that fill it, and what was installed from it."""

from __future__ import annotations

from collections.abc import Callable

from gatehouse.catalog.registry.entries import Entries
from gatehouse.catalog.registry.installing import Installing
from gatehouse.catalog.registry.sources import Sources
from gatehouse.catalog.registry.syncing import Lease, Syncing, SyncParts
from gatehouse.kit.clock import Clock
from gatehouse.kit.tasks import Tasks
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets


class Registry:
    def __init__(self, database: Database, secrets: Secrets, clock: Clock, approval: bool = False) -> None:
        """`approval`: who may not approve makes a request instead of installing."""
        self.approval = approval
        self.entries = Entries(database, clock)
        self.sources = Sources(database, secrets, clock)
        self.installing = Installing(database, secrets, clock)
        self._database = database
        self._clock = clock
        self._syncing: Syncing | None = None

    def sync_with(self, lease: Lease, tasks: Tasks, holder: Callable[[], str]) -> Syncing:
        """What reads sources on the network; to be called once, before `syncing` is used."""
        parts = SyncParts(self._database, self._clock, self.sources, lease, tasks, holder)
        self._syncing = Syncing(parts)
        return self._syncing

    @property
    def syncing(self) -> Syncing:
        if self._syncing is None:
            raise RuntimeError("Nothing reads sources here.")
        return self._syncing

"""A registry over a database, with all that it needs to read others."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from gatehouse.catalog.registry.model import Entry, Source
from gatehouse.catalog.registry.repository import EntryFilter
from gatehouse.catalog.registry.service import Registry
from gatehouse.catalog.registry.sources import NewSource
from gatehouse.kit.pages import PageRequest
from gatehouse.kit.tasks import Tasks
from gatehouse.store.database import Database
from gatehouse.store.instances import Leases
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock

KEY = b"k" * 32


class Shelf:
    def __init__(self, database: Database, clock: HandClock, holder: str = "this worker") -> None:
        self.database, self.clock, self.tasks = database, clock, Tasks()
        self.registry = Registry(database, Secrets(KEY), clock)
        self.syncing = self.registry.sync_with(Leases(database, clock), self.tasks, lambda: holder)

    async def add(self, name: str, **more: Any) -> Source:
        return await self.registry.sources.create_source(NewSource(name=name, **more))

    async def names(self, source: str, **wanted: Any) -> list[str]:
        """Of the entries that a source has, in the order of the list."""
        return [one.name for one in await self.entries(source, **wanted)]

    async def entries(self, source: str | None, **wanted: Any) -> list[Entry]:
        chosen = EntryFilter(source=source, **wanted)
        return list((await self.registry.entries.entries(PageRequest(limit=500), chosen)).items)

    async def read(self, source: str, whole: bool = False) -> Source:
        """A run, to its end."""
        started = await self.syncing.start(source, whole)
        with anyio.fail_after(20):
            while self.syncing.is_running(started.id):
                await anyio.lowlevel.checkpoint()
                await anyio.sleep(0.005)
        return await self.registry.sources.source(source)


@asynccontextmanager
async def shelf_on(database: Database, clock: HandClock | None = None) -> AsyncGenerator[Shelf]:
    shelf = Shelf(database, clock or HandClock())
    try:
        yield shelf
    finally:
        await shelf.tasks.cancel_all()


def documents(*servers: dict[str, Any]) -> list[bytes]:
    return [json.dumps(one).encode() for one in servers]

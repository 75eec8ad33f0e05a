"""The shelf: entries of all sources in one list, and how what a source brings gets onto it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog.registry import repository
from gatehouse.catalog.registry.bundled import bundled_digest, bundled_documents, bundled_files
from gatehouse.catalog.registry.model import Entry, Source, SourceKind, entry_of
from gatehouse.catalog.registry.repository import EntryFilter
from gatehouse.catalog.registry.server_json import Document
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, NotFound
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database

BUNDLED, OFFICIAL = "bundled", "official"
OFFICIAL_URL = "https://registry.modelcontextprotocol.io/v0.1"


class Entries:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._ready = False

    async def prepare(self) -> None:
        """The list in the wheel is put on the shelf when somebody first looks, and again when it is another one."""
        if self._ready:
            return
        files = await to_thread.run_sync(bundled_files)
        digest = bundled_digest(files)
        async with self._database.read() as connection:
            known = await repository.source(connection, BUNDLED)
        if known is None or known.digest != digest:
            try:
                await self._put_bundled(files, digest)
            except Conflict:
                pass  # Another worker does the same at this moment.
        self._ready = True

    async def entries(self, request: PageRequest, wanted: EntryFilter) -> Page[Entry]:
        """In the order of their ids, which begin with their names."""
        await self.prepare()
        async with self._database.read() as connection:
            found = await repository.entry_page(connection, request, wanted)
        return page(found, request, lambda one: one.id)

    async def entry(self, ref: str) -> Entry:
        """Raises `NotFound`."""
        await self.prepare()
        async with self._database.read() as connection:
            found = await repository.entry(connection, ref)
        if found is None:
            raise NotFound(
                f"There is no registry entry '{ref[:100]}'.", "The list of the registry has those that exist."
            )
        return found

    async def entries_by_id(self, ids: Collection[str]) -> dict[str, Entry]:
        """Those of them that exist."""
        await self.prepare()
        async with self._database.read() as connection:
            return await repository.entries_by_id(connection, ids)

    async def categories(self) -> list[tuple[str, int]]:
        """With how many entries each has; those without one are under the empty name."""
        await self.prepare()
        async with self._database.read() as connection:
            return await repository.categories(connection)

    async def stamp(self) -> tuple[int, float]:
        """How many there are, and when the last one changed: the same as long as nothing is different."""
        await self.prepare()
        async with self._database.read() as connection:
            return await repository.entries_stamp(connection)

    async def _put_bundled(self, files: list[bytes], digest: str) -> None:
        documents = await to_thread.run_sync(lambda: list(bundled_documents(files)))
        now = self._clock.now()
        async with self._database.write(bump=False) as connection:
            source = await repository.source(connection, BUNDLED, lock=True)
            if source is None:
                source = Source(new_id("src"), BUNDLED, SourceKind.BUNDLED, now)
                await repository.add_source(connection, source)
                official = Source(new_id("src"), OFFICIAL, SourceKind.REGISTRY, now, OFFICIAL_URL, enabled=False)
                await repository.add_source(connection, official)
            seen_in = new_id("rnd")
            await put(connection, source, documents, now, seen_in)
            await repository.flag_unseen(connection, source.id, seen_in, now)
            await repository.store_source(connection, replace(source, digest=digest, synced_at=now, whole_at=now))


async def put(
    connection: AsyncConnection, source: Source, documents: Iterable[Document], now: float, seen_in: str | None
) -> None:
    """Store what a source brings; of several documents with one name the last one counts. `seen_in`: its whole run."""
    made = {one.name: one for one in (entry_of(document, source, now) for document in documents)}
    known = await repository.entries_named(connection, source.id, made)
    added = [replace(one, round=seen_in) for name, one in made.items() if name not in known]
    changed = [_merged(known[name], one, seen_in) for name, one in made.items() if name in known]
    await repository.add_entries(connection, added)
    await repository.store_entries(connection, [one for one in changed if one != known[one.name]])


def _merged(before: Entry, after: Entry, seen_in: str | None) -> Entry:
    """With its id, and with the time of its last change where nothing is new."""
    after = replace(after, id=before.id, round=seen_in or before.round)
    same = replace(after, changed_at=before.changed_at)
    return same if replace(same, round=before.round) == before else after


def latest(documents: Sequence[Document]) -> list[Document]:
    """Without those that the registry says are not the newest of their name."""
    return [one for one in documents if one.official.is_latest]

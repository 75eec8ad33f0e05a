"""Reading registries on the network: incrementally, a page at a time, by one worker at a time.

A run asks for what changed since the run before began. Once a day, and when asked to, a run is whole: it reads
everything, and what it did not bring is flagged as deleted, since not every registry tells of deletions. After each
page it is stored how far it came, so that another worker, or the next start, goes on from there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from anyio import to_thread

from gatehouse.catalog.registry import repository
from gatehouse.catalog.registry.entries import latest, put
from gatehouse.catalog.registry.model import Source, SourceKind
from gatehouse.catalog.registry.server_json import Document, Unusable, read_document, read_official
from gatehouse.catalog.registry.sources import Sources
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, GatewayError, UpstreamFailed
from gatehouse.kit.ids import new_id
from gatehouse.kit.tasks import Tasks
from gatehouse.store.database import Database

log = logging.getLogger("gatehouse.registry")
PAUSE = 3600.0
"""Seconds between runs."""
WHOLE = 86_400.0
"""Seconds between whole runs."""
OVERLAP = 300.0
"""Seconds that a run asks for again, because clocks differ."""
LEASE_SECONDS = 120.0
MOST_PAGES = 5000
_PER_PAGE = "100"


class Lease(Protocol):
    async def acquire(self, name: str, holder: str, seconds: float) -> bool: ...

    async def release(self, name: str, holder: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SyncParts:
    database: Database
    clock: Clock
    sources: Sources
    lease: Lease
    tasks: Tasks
    holder: Callable[[], str]
    """The id of this worker."""


class _Answer(msgspec.Struct, frozen=True):
    servers: list[dict[str, msgspec.Raw]] | None = None
    metadata: dict[str, msgspec.Raw] | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    documents: list[Document]
    skipped: int
    next: str | None


class Syncing:
    def __init__(self, parts: SyncParts) -> None:
        self._database = parts.database
        self._clock = parts.clock
        self._sources = parts.sources
        self._lease = parts.lease
        self._tasks = parts.tasks
        self._holder = parts.holder
        self._running: set[str] = set()

    def is_running(self, source_id: str) -> bool:
        """In this worker."""
        return source_id in self._running

    async def start(self, ref: str, whole: bool = False) -> Source:
        """Begin a run beside the caller; raises `Conflict` for a source that is no registry, or is being read already."""
        source = await self._sources.source(ref)
        if source.kind is not SourceKind.REGISTRY:
            raise Conflict(f"'{source.name}' is not on the network.", "Only sources with a url are read.")
        if not await self._take(source):
            raise Conflict(f"'{source.name}' is being read already.", "Look at it: `gatehouse registry sources`.")
        self._running.add(source.id)
        self._tasks.spawn(self._run(source, whole), f"read registry {source.name}")
        return source

    async def read_due(self) -> None:
        """Every source that is switched on and was not read for an hour, one after the other."""
        sources, _ = await self._sources.sources()
        for source in sources:
            if self._is_due(source) and source.id not in self._running and await self._take(source):
                self._running.add(source.id)
                await self._run(source, False)

    def _is_due(self, source: Source) -> bool:
        rested = self._clock.now() - (source.synced_at or 0.0) >= PAUSE
        return source.kind is SourceKind.REGISTRY and source.enabled and (rested or source.cursor is not None)

    async def _take(self, source: Source) -> bool:
        return await self._lease.acquire(f"registry-{source.id}", self._holder(), LEASE_SECONDS)

    async def _run(self, source: Source, whole: bool) -> None:
        try:
            await self._read(self._begun(source, whole))
        except GatewayError as error:
            log.warning("The registry '%s' can't be read: %s", source.name, error)
            await self._failed(source.id, str(error))
        finally:
            self._running.discard(source.id)
            await self._lease.release(f"registry-{source.id}", self._holder())

    def _begun(self, source: Source, whole: bool) -> Source:
        """A run that was broken off goes on where it was, unless a whole one is asked for."""
        if source.cursor is not None and not whole:
            return source
        old = self._clock.now() - (source.whole_at or 0.0) >= WHOLE
        is_whole = whole or source.since is None or old
        return replace(source, cursor=None, round=new_id("rnd") if is_whole else None, pages=0, skipped=0)

    async def _read(self, source: Source) -> None:
        # Deferred: most gateways never read a registry.
        from gatehouse.catalog.registry.fetching import Pages  # noqa: PLC0415

        began = _rfc3339(self._clock.now() - OVERLAP)
        async with Pages(source.url or "", self._sources.token(source)) as pages:
            for _ in range(MOST_PAGES):
                content = await pages.page(_query(source))
                found = await to_thread.run_sync(_read_page, content)
                before, source = source.cursor, _advanced(source, found)
                if found.next is not None and found.next == before:
                    raise UpstreamFailed("The registry goes round in a circle: the same cursor came twice.")
                source = await self._store(source, found, began)
                if source.cursor is None:
                    return
                if not await self._take(source):
                    return  # Another worker took it for dead, and goes on.
        raise UpstreamFailed(f"The registry has more than {MOST_PAGES} pages.")

    async def _store(self, source: Source, found: _Page, began: str) -> Source:
        now = self._clock.now()
        async with self._database.write(bump=False) as connection:
            stored = await repository.source(connection, source.id, lock=True)
            if stored is None or stored.url != source.url:
                raise Conflict("The source was changed or removed meanwhile.", "Read it again.")
            await put(connection, source, found.documents, now, source.round)
            if source.cursor is None:
                if source.round is not None:
                    await repository.flag_unseen(connection, source.id, source.round, now)
                    source = replace(source, whole_at=now)
                source = replace(source, since=began, round=None, synced_at=now, error=None)
            await repository.store_source(
                connection, replace(source, enabled=stored.enabled, sealed_token=stored.sealed_token)
            )
        return source

    async def _failed(self, source_id: str, error: str) -> None:
        """What was broken off begins anew an hour later, since a cursor may be what is wrong."""
        async with self._database.write(bump=False) as connection:
            stored = await repository.source(connection, source_id, lock=True)
            if stored is not None:
                now = self._clock.now()
                failed = replace(stored, error=error[:500], synced_at=now, cursor=None, round=None)
                await repository.store_source(connection, failed)


def _query(source: Source) -> dict[str, str]:
    query = {"limit": _PER_PAGE, "version": "latest"}
    if source.round is None and source.since is not None:
        query["updated_since"] = source.since
    return query | ({"cursor": source.cursor} if source.cursor is not None else {})


def _advanced(source: Source, found: _Page) -> Source:
    return replace(source, cursor=found.next or None, pages=source.pages + 1, skipped=source.skipped + found.skipped)


def _read_page(content: bytes) -> _Page:
    """Raises `UpstreamFailed`. An entry that can't be used is left out, and counted."""
    try:
        json.check_text(content)
        answer = msgspec.json.decode(content, type=_Answer)
        following = json.text((answer.metadata or {}).get("nextCursor"))
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise UpstreamFailed(
            "What the registry answered is not a list of servers.", "Is the url that of its API?"
        ) from None
    documents: list[Document] = []
    skipped = 0
    for one in answer.servers or []:
        try:
            documents.append(read_document(bytes(one.get("server", b"")), read_official(one.get("_meta"))))
        except Unusable:
            skipped += 1
    return _Page(latest(documents), skipped, following or None)


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

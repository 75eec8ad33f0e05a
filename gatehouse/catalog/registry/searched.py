"""Entries of the registry as documents of the one search."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

from gatehouse.catalog.registry.entries import Entries
from gatehouse.catalog.registry.model import Entry, EntryStatus
from gatehouse.catalog.registry.repository import EntryFilter
from gatehouse.catalog.search.document import Batch, Document
from gatehouse.kit.pages import MAX_LIMIT, PageRequest
from gatehouse.store.placement import Placement, Visibility

MOST = 5000
"""Entries in the index, which is in memory: of a registry that has more, the list of the registry finds the others."""
_EVERYBODY = Placement(visibility=Visibility.PUBLIC)


class RegistrySource:
    """Whoever may read the registry may see all of it."""

    name = "registry"

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._found: Sequence[Entry] = ()
        self.version: tuple[int, float] = (0, 0.0)

    async def prepare(self) -> None:
        """Read what there is, where it is not what it was."""
        version = await self._entries.stamp()
        if version != self.version:
            self._found = [one async for one in self._all()]
            self.version = version

    def batches(self) -> Iterator[Batch]:
        for source in dict.fromkeys(one.source_id for one in self._found):
            members = [one for one in self._found if one.source_id == source]
            yield Batch(source, tuple((one.id, one.digest, one.status) for one in members), _of(members))

    async def _all(self) -> AsyncIterator[Entry]:
        request = PageRequest(limit=MAX_LIMIT)
        for _ in range(MOST // MAX_LIMIT):
            page = await self._entries.entries(request, EntryFilter())
            for one in page.items:
                yield one
            if page.next is None:
                return
            request = PageRequest(page.items[-1].id, MAX_LIMIT)


def _of(entries: Iterable[Entry]) -> Callable[[], Iterable[Document]]:
    return lambda: (_document(one) for one in entries if one.status is not EntryStatus.DELETED)


def _document(one: Entry) -> Document:
    server, _ = one.read()
    return Document(
        kind="registry_entry",
        id=one.id,
        name=one.name,
        placement=_EVERYBODY,
        title=one.title,
        description=server.description,
        tags=(one.category,) if one.category else (),
        since=one.changed_at,
    )

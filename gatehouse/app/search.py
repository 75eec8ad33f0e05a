"""What is searched: each source of documents stands here."""

from __future__ import annotations

from gatehouse.catalog.registry.entries import Entries
from gatehouse.catalog.registry.searched import RegistrySource
from gatehouse.catalog.search.offered import CatalogSource
from gatehouse.catalog.search.service import Search
from gatehouse.relay.current import Current


def build_search(current: Current, entries: Entries) -> Search:
    return Search([CatalogSource(lambda: current.snapshot), RegistrySource(entries)])

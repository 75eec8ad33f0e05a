"""What is searched: each source of documents stands here."""

from __future__ import annotations

from gatehouse.catalog.search.offered import CatalogSource
from gatehouse.catalog.search.service import Search
from gatehouse.relay.current import Current


def build_search(current: Current) -> Search:
    return Search([CatalogSource(lambda: current.snapshot)])

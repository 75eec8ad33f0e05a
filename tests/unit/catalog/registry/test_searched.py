"""Entries of the registry are found by the one search."""

from __future__ import annotations

import pytest

from gatehouse.catalog.registry import repository
from gatehouse.catalog.registry.entries import BUNDLED, Entries
from gatehouse.catalog.registry.searched import RegistrySource
from gatehouse.catalog.search.service import Search, Wanted
from gatehouse.store.database import Database
from gatehouse.store.placement import EVERYTHING, Sight
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio


async def found(search: Search, query: str, sight: Sight = EVERYTHING) -> list[str]:
    hits = await search.find(Wanted(query=query, sights={"registry_entry": sight}), 5)
    return [one.document.title for one in hits]


async def test_an_entry_is_found_by_its_words_and_with_typing_errors(sqlite: Database) -> None:
    search = Search([RegistrySource(Entries(sqlite, HandClock(0.0)))])
    assert (await found(search, "notion"))[0] == "Notion"
    assert "Sentry" in await found(search, "sentri")


async def test_what_is_gone_from_its_source_is_not_found(sqlite: Database) -> None:
    clock = HandClock(0.0)
    entries = Entries(sqlite, clock)
    search = Search([RegistrySource(entries)])
    assert await found(search, "notion")
    clock.time += 60
    async with sqlite.write(bump=False) as connection:
        source = await repository.source(connection, BUNDLED)
        assert source is not None
        await repository.flag_unseen(connection, source.id, "rnd_none", clock.now())
    assert await found(search, "notion") == []


async def test_nothing_is_read_again_while_nothing_changes(sqlite: Database) -> None:
    search = Search([RegistrySource(Entries(sqlite, HandClock(0.0)))])
    await found(search, "notion")
    before = search.work
    await found(search, "linear")
    assert search.work == before > 0

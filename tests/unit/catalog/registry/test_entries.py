"""The shelf of entries, on all three databases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import UNSET

from gatehouse.catalog.registry.entries import BUNDLED, OFFICIAL
from gatehouse.catalog.registry.installing import Wish
from gatehouse.catalog.registry.model import EntryStatus, InstallRequestState
from gatehouse.catalog.registry.repository import EntryFilter
from gatehouse.catalog.registry.sources import SourceChanges
from gatehouse.catalog.requests import NewUpstream
from gatehouse.kit.errors import Conflict, Invalid, NotFound
from gatehouse.kit.pages import PageRequest
from gatehouse.store.database import Database
from gatehouse.store.placement import Placement
from tests.support.catalogs import catalog_on
from tests.support.registry_server import server_json
from tests.unit.catalog.registry.shelf import documents, shelf_on

pytestmark = pytest.mark.anyio


async def test_the_bundled_list_is_put_there_once_and_the_official_registry_is_off(sqlite: Database) -> None:
    async with shelf_on(sqlite) as shelf, shelf_on(sqlite) as other:
        many = len(await shelf.names(BUNDLED))
        assert many >= 100
        assert len(await other.names(BUNDLED)) == many
        sources, counts = await shelf.registry.sources.sources()
        assert {one.name: one.enabled for one in sources} == {BUNDLED: True, OFFICIAL: False}
        assert sorted(counts.values()) == [(many, 0)]
        assert await sqlite.revision() == 1


async def test_entries_are_found_by_words_category_authentication_and_transport(database: Database) -> None:
    async with shelf_on(database) as shelf:
        await shelf.add("ours", servers=documents(server_json("com.example/one", title="Grün 100% Ünique")))

        async def found(**wanted: object) -> set[str]:
            return {one.id for one in await shelf.entries(None, **wanted)}

        assert {"github", "gitlab"} <= await found(category="development")
        assert await found(q="JIRA confluence") == {"atlassian", "mcp-atlassian"}
        assert {one[:4] for one in await found(q="grün 100%")} == {"one-"}
        assert await found(q="%") < await found()
        assert "notion" in await found(auth="oauth") - await found(transport="stdio")
        assert "git" in await found(transport="stdio") - await found(transport="http")
        assert await found(q="nothing is called so") == set()
        assert await found(installed=True) == set()
        categories = dict(await shelf.registry.entries.categories())
        assert categories["development"] > 10 and categories[""] == 1


async def test_pages_go_through_all_of_them_in_the_order_of_ids(sqlite: Database) -> None:
    async with shelf_on(sqlite) as shelf:
        whole = [one.id for one in await shelf.entries(None)]
        seen: list[str] = []
        page = await shelf.registry.entries.entries(PageRequest(limit=60), EntryFilter())
        while True:
            seen += [one.id for one in page.items]
            if page.next is None:
                break
            page = await shelf.registry.entries.entries(PageRequest(seen[-1], 60), EntryFilter())
        assert seen == whole and len(set(seen)) == len(seen)


async def test_a_file_brings_entries_and_its_next_state_flags_what_is_gone(database: Database) -> None:
    async with shelf_on(database) as shelf:
        one, two = server_json("a/one"), server_json("a/two")
        await shelf.add("ours", servers=documents(one, two))
        first = {entry.name: entry.id for entry in await shelf.entries("ours")}
        await shelf.registry.sources.change_source("ours", SourceChanges(servers=documents(two | {"version": "2"})))
        assert [(entry.name, entry.version, entry.id) for entry in await shelf.entries("ours")] == [
            ("a/two", "2", first["a/two"])
        ]
        gone = {entry.name: entry.status for entry in await shelf.entries("ours", deleted=True)}
        assert gone["a/one"] is EntryStatus.DELETED
        assert (await shelf.registry.entries.entry(first["a/one"])).status is EntryStatus.DELETED


async def test_a_source_that_is_off_shows_nothing_and_one_that_is_removed_takes_its_entries_along(
    sqlite: Database,
) -> None:
    async with shelf_on(sqlite) as shelf:
        await shelf.add("ours", servers=documents(server_json("a/one")))
        entry = (await shelf.entries("ours"))[0]
        await shelf.registry.sources.change_source("ours", SourceChanges(enabled=False))
        assert await shelf.names("ours") == []
        await shelf.registry.sources.change_source("ours", SourceChanges(enabled=True))
        assert await shelf.names("ours") == ["a/one"]
        await shelf.registry.sources.delete_source("ours")
        with pytest.raises(NotFound):
            await shelf.registry.entries.entry(entry.id)
        with pytest.raises(Conflict, match="comes with Gatehouse"):
            await shelf.registry.sources.delete_source(BUNDLED)


async def test_nobody_takes_the_id_of_a_bundled_entry(sqlite: Database) -> None:
    async with shelf_on(sqlite) as shelf:
        evil = server_json("com.evil/mcp", _meta={"gatehouse/entry": {"slug": "github", "category": "development"}})
        await shelf.add("evil", servers=documents(evil))
        assert (await shelf.entries("evil"))[0].id.startswith("mcp-")
        assert (await shelf.registry.entries.entry("github")).name == "com.github/mcp"


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "either a url or servers"),
    ({"url": "https://a", "servers": []}, "either a url or servers"),
    ({"url": "ftp://a"}, "not that of a registry"),
    ({"url": "https://a/?x=1"}, "not that of a registry"),
    ({"url": "https://user@a/"}, "not that of a registry"),
    ({"url": "https://"}, "not that of a registry"),
    ({"url": "https://a", "token": "a b"}, "characters that no header can carry"),
    ({"servers": [b"{}"]}, "Server 1 can't be used"),
)


async def test_a_source_that_can_not_be_is_refused(sqlite: Database) -> None:
    async with shelf_on(sqlite) as shelf:
        for more, words in REFUSED:
            with pytest.raises(Invalid, match=words):
                await shelf.add("ours", **more)


async def test_names_of_sources_are_taken_once(sqlite: Database) -> None:
    async with shelf_on(sqlite) as shelf:
        await shelf.add("ours", url="https://a.example/v0.1/")
        with pytest.raises(Conflict, match="already"):
            await shelf.add("ours", url="https://b.example/v0.1")
        assert (await shelf.registry.sources.source("ours")).url == "https://a.example/v0.1"


async def test_a_token_stays_with_the_url_that_it_was_given_for(sqlite: Database) -> None:
    async with shelf_on(sqlite) as shelf:
        await shelf.add("ours", url="https://a.example", token="t0ken")
        change = shelf.registry.sources.change_source
        with pytest.raises(Invalid, match="another one than the token"):
            await change("ours", SourceChanges(url="https://evil.example"))
        moved = await change("ours", SourceChanges(url="https://b.example", token="other"))
        assert shelf.registry.sources.token(moved) == "other"
        assert b"other" not in (moved.sealed_token or b"")
        with pytest.raises(Conflict, match="has no servers"):
            await change("ours", SourceChanges(servers=[], token=UNSET))


async def test_what_was_filled_in_is_kept_sealed_and_goes_with_the_upstream(database: Database) -> None:
    async with shelf_on(database) as shelf:
        catalog = catalog_on(database, shelf.clock)
        upstream = await catalog.create_upstream(NewUpstream(name="one", url="https://one.example/mcp"))
        await shelf.add("ours", servers=documents(server_json("a/one")))
        entry = (await shelf.entries("ours"))[0]
        installing = shelf.registry.installing
        await installing.record_install(upstream.id, entry, "ours", {"values": {"key": "s3cret"}}, "http", "usr_1")
        await installing.record_install(upstream.id, entry, "ours", {"values": {"key": "s3cret2"}}, "http", "usr_1")
        (stored,) = await installing.installs()
        assert b"s3cret" not in stored.sealed_values
        assert installing.filled(stored) == {"values": {"key": "s3cret2"}}
        assert [one.id for one in await shelf.entries(None, installed=True, upstreams=[upstream.id])] == [entry.id]
        assert await shelf.entries(None, installed=True, upstreams=["ups_other"]) == []
        await catalog.delete_upstream(upstream.id)
        assert await installing.installs() == []
        with pytest.raises(NotFound):
            await installing.install(upstream.id)


async def test_a_request_is_decided_once_and_then_forgets_what_was_filled_in(database: Database) -> None:
    async with shelf_on(database) as shelf:
        await shelf.add("ours", servers=documents(server_json("a/one")))
        entry = (await shelf.entries("ours"))[0]
        wish = Wish(
            entry=entry,
            way=entry.ways()[0],
            name="one",
            filled={"values": {"key": "s3cret"}},
            placement=Placement("usr_1"),
            requester="usr_1",
            requester_name="Ann",
        )
        installing = shelf.registry.installing
        asked = await installing.ask(wish)
        assert installing.filled(asked) == {"values": {"key": "s3cret"}}
        assert [one.id for one in (await installing.requests(PageRequest(), requester="usr_2")).items] == []
        waiting = await installing.requests(PageRequest(), InstallRequestState.WAITING, "usr_1")
        assert [one.placement for one in waiting.items] == [Placement("usr_1")]
        await installing.decide(asked.id, InstallRequestState.DECLINED, "usr_3", "not this one")
        after = await installing.request(asked.id)
        assert (after.state, after.reason) == (InstallRequestState.DECLINED, "not this one")
        assert installing.filled(after) == {}
        with pytest.raises(Conflict, match="declined already"):
            await installing.decide(asked.id, InstallRequestState.ACCEPTED, "usr_3")
        with pytest.raises(NotFound):
            await installing.decide("req_none", InstallRequestState.ACCEPTED, "usr_3")


async def test_a_document_is_kept_to_the_byte(sqlite: Database) -> None:
    async with shelf_on(sqlite) as shelf:
        content = json.dumps(server_json("a/one", future={"n": 12345678901234567890, "é": "\u0000"})).encode()
        await shelf.add("ours", servers=[content])
        assert (await shelf.entries("ours"))[0].document == content

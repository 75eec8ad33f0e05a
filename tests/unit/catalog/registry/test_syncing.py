"""Reading registries: what came, what changed, what was deleted, and what they do wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from anyio import to_thread

from gatehouse.catalog.registry.model import EntryStatus
from gatehouse.catalog.registry.sources import SourceChanges
from gatehouse.catalog.registry.syncing import PAUSE, WHOLE
from gatehouse.kit.errors import Conflict
from gatehouse.store.database import Database
from gatehouse.store.instances import Leases
from tests.support.registry_server import RegistryServer, server_json
from tests.unit.catalog.registry.shelf import Shelf, shelf_on

pytestmark = pytest.mark.anyio
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
def peer() -> Iterator[RegistryServer]:
    with RegistryServer() as running:
        for name in ("a/one", "a/two", "a/three", "a/four", "a/five"):
            running.publish(server_json(name))
        yield running


@pytest.fixture
async def shelf(sqlite: Database, peer: RegistryServer) -> AsyncIterator[Shelf]:
    async with shelf_on(sqlite) as opened:
        await opened.add("peer", url=peer.url)
        yield opened


FAULTS: tuple[tuple[str, object, str], ...] = (
    ("status", 500, "HTTP 500"),
    ("status", 302, "HTTP 302"),
    ("token", "secret", "wants a token"),
    ("body", b"<html>", "not a list of servers"),
    ("body", b"\xff\xfe", "not a list of servers"),
    ("body", b'{"servers":{}}', "not a list of servers"),
    ("body", b" " * (17 * 1024 * 1024), "larger than"),
    ("same_cursor", True, "round in a circle"),
)


async def test_what_a_registry_does_wrong_is_told_and_harms_nothing(shelf: Shelf, peer: RegistryServer) -> None:
    await shelf.read("peer")
    for name, value, words in FAULTS:
        usual = getattr(peer, name)
        setattr(peer, name, value)
        after = await shelf.read("peer", whole=True)
        setattr(peer, name, usual)
        assert words in (after.error or ""), (name, words)
        assert len(await shelf.names("peer")) == 5
        assert after.cursor is None


async def test_a_registry_that_is_not_there_is_told(sqlite: Database) -> None:
    async with shelf_on(sqlite) as shelf:
        with RegistryServer() as gone:
            await shelf.add("gone", url=gone.url)
        assert "can't be reached" in ((await shelf.read("gone")).error or "")


async def test_all_pages_are_read_and_then_only_what_changed(shelf: Shelf, peer: RegistryServer) -> None:
    first = await shelf.read("peer")
    assert len(await shelf.names("peer")) == 5
    assert (first.pages, first.error, first.cursor) == (3, None, None)
    assert "updated_since" not in peer.asked[0] and peer.asked[0]["version"] == "latest"
    peer.asked.clear()
    peer.publish(server_json("a/two", version="2.0.0"), LATER)
    peer.publish(server_json("a/new"), LATER)
    second = await shelf.read("peer")
    assert peer.asked[0]["updated_since"] == first.since
    assert second.pages == 1
    assert {one.name: one.version for one in await shelf.entries("peer")}["a/two"] == "2.0.0"
    assert len(await shelf.names("peer")) == 6


async def test_what_was_deleted_is_flagged_and_not_dropped(shelf: Shelf, peer: RegistryServer) -> None:
    await shelf.read("peer")
    peer.publish(server_json("a/two"), LATER, status="deleted", statusMessage="It stole")
    peer.publish(server_json("a/one"), LATER, status="deprecated")
    await shelf.read("peer")
    found = {one.name: one for one in await shelf.entries("peer", deleted=True)}
    assert (found["a/two"].status, found["a/two"].status_message) == (EntryStatus.DELETED, "It stole")
    assert found["a/one"].status is EntryStatus.DEPRECATED
    assert "a/two" not in await shelf.names("peer")


async def test_a_whole_run_finds_what_nobody_told_of(shelf: Shelf, peer: RegistryServer) -> None:
    await shelf.read("peer")
    peer.forget("a/two")
    await shelf.read("peer")
    assert "a/two" in await shelf.names("peer")
    await shelf.read("peer", whole=True)
    assert "a/two" not in await shelf.names("peer")
    peer.publish(server_json("a/two"))
    shelf.clock.time += WHOLE
    await shelf.read("peer")
    assert "a/two" in await shelf.names("peer")


async def test_versions_that_are_not_the_newest_and_servers_that_are_none_are_left_out(
    shelf: Shelf, peer: RegistryServer
) -> None:
    peer.publish(server_json("a/old", version="0.1"), isLatest=False)
    peer.publish({"name": "no slash", "version": "1"})
    peer.publish("what")
    after = await shelf.read("peer")
    assert after.skipped == 2
    assert len(await shelf.names("peer")) == 5


async def test_a_token_is_shown_to_its_registry(shelf: Shelf, peer: RegistryServer) -> None:
    peer.token = "s3cret"
    await shelf.registry.sources.change_source("peer", SourceChanges(token="s3cret"))
    assert (await shelf.read("peer")).error is None
    assert len(await shelf.names("peer")) == 5


async def test_one_worker_at_a_time_reads_a_source(shelf: Shelf) -> None:
    source = await shelf.registry.sources.source("peer")
    leases = Leases(shelf.database, shelf.clock)
    assert await leases.acquire(f"registry-{source.id}", "another worker", 60)
    with pytest.raises(Conflict, match="being read already"):
        await shelf.syncing.start("peer")
    await leases.release(f"registry-{source.id}", "another worker")
    await shelf.read("peer")
    assert await leases.acquire(f"registry-{source.id}", "another worker", 60)


async def test_sources_are_read_by_the_hour_while_they_are_on(shelf: Shelf, peer: RegistryServer) -> None:
    await shelf.syncing.read_due()
    assert len(peer.asked) == 3
    await shelf.syncing.read_due()
    assert len(peer.asked) == 3
    shelf.clock.time += PAUSE
    await shelf.syncing.read_due()
    assert len(peer.asked) == 4
    shelf.clock.time += PAUSE
    await shelf.registry.sources.change_source("peer", SourceChanges(enabled=False))
    await shelf.syncing.read_due()
    assert len(peer.asked) == 4


async def test_a_run_that_was_broken_off_goes_on_where_it_was(shelf: Shelf, peer: RegistryServer) -> None:
    """The worker is stopped while it waits for its third page."""
    peer.wait_at = 3
    started = await shelf.syncing.start("peer")
    await to_thread.run_sync(peer.waiting.wait, 10)
    await shelf.tasks.cancel_all()
    peer.wait_at = 0
    peer.go_on.set()
    broken = await shelf.registry.sources.source(started.id)
    assert (broken.cursor, broken.pages) == ("a/three", 2)
    peer.asked.clear()
    after = await shelf.read("peer")
    assert [one["cursor"] for one in peer.asked] == ["a/three"]
    assert len(await shelf.names("peer")) == 5
    assert (after.cursor, after.error) == (None, None)


async def test_only_what_is_on_the_network_can_be_read(shelf: Shelf) -> None:
    await shelf.registry.entries.prepare()
    with pytest.raises(Conflict, match="not on the network"):
        await shelf.syncing.start("bundled")

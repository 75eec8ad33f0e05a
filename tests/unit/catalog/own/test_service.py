"""Own prompts and resources as they are stored, on each database."""

from __future__ import annotations

import anyio
import pytest
from sqlalchemy import func, select

from gatehouse.catalog.model import Kind
from gatehouse.catalog.own.model import KEPT, Author, Message, PromptDocument, ResourceDocument, Source
from gatehouse.catalog.own.service import NewOwn, Own, Signed
from gatehouse.catalog.own.tables import BLOBS, VERSIONS
from gatehouse.catalog.roots import Roots
from gatehouse.catalog.snapshot import SnapshotLoader
from gatehouse.catalog.tags import KINDS, Tags
from gatehouse.kit.errors import Conflict, Invalid, NotFound, TooLarge
from gatehouse.store.database import Database
from gatehouse.store.placement import EVERYTHING, Placement
from tests.support.clocks import HandClock
from tests.support.databases import database, sqlite

__all__ = ["database", "sqlite"]
pytestmark = pytest.mark.anyio
ANN = Signed(Author("usr_1", "Ann"), "because")
RESOURCES = (Kind.RESOURCE, Kind.TEMPLATE)


def prompt(name: str, text: str = "Hi") -> NewOwn:
    document = PromptDocument(messages=(Message(role="user", content=text),))
    return NewOwn(kind=Kind.PROMPT, key=name, document=document, placement=Placement(), tags=("red",))


def logo(data: bytes) -> NewOwn:
    document = ResourceDocument(name="Logo", mime_type="image/png")
    return NewOwn(kind=Kind.RESOURCE, key="note://logo", document=document, blob=data, placement=Placement())


async def test_a_change_that_changes_nothing_makes_no_version_and_bytes_are_kept_once(sqlite: Database) -> None:
    own = Own(sqlite, HandClock())
    made = await own.create(logo(b"\x00first\xff"), ANN)
    for number in range(KEPT + 1):

        def write(source: Source, number: int = number) -> tuple[ResourceDocument, bytes]:
            assert isinstance(source.document, ResourceDocument)
            return source.document, b"%d" % (number // 2)

        await own.change(made.id, RESOURCES, write, ANN)
    versions = await own.versions(made.id, RESOURCES)
    # Each second one changed nothing, and so made none.
    assert [one.number for one in versions] == list(range(KEPT // 2 + 2, 0, -1))
    assert (versions[0].author.name, versions[0].note, versions[0].binary) == ("Ann", "because", True)
    await own.restore(made.id, RESOURCES, 1, ANN)
    newest = await own.source(made.id, RESOURCES, with_blob=True)
    assert (newest.blob, newest.version.restored_from) == (b"\x00first\xff", 1)
    async with sqlite.read() as connection:
        stored = (await connection.execute(select(func.count()).select_from(BLOBS))).scalar_one()
    assert stored == KEPT // 2 + 2


async def test_older_versions_are_forgotten_with_their_bytes(database: Database) -> None:
    own = Own(database, HandClock())
    made = await own.create(logo(b"first"), ANN)
    for number in range(KEPT):
        await own.change(made.id, RESOURCES, lambda source, number=number: (source.document, b"%d" % number), ANN)
    versions = await own.versions(made.id, RESOURCES)
    assert (len(versions), versions[-1].number) == (KEPT, 2)
    with pytest.raises(NotFound):
        await own.restore(made.id, RESOURCES, 1, ANN)
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(BLOBS))).scalar_one() == KEPT
    await own.remove(made.id, RESOURCES)
    async with database.read() as connection:
        for table in (BLOBS, VERSIONS):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == 0


async def test_what_is_made_at_once_has_one_upstream_and_each_name_once(database: Database) -> None:
    own, refused = Own(database, HandClock()), 0

    async def make(name: str) -> None:
        nonlocal refused
        try:
            await own.create(prompt(name), ANN)
        except Conflict:
            refused += 1

    async with anyio.create_task_group() as group:
        for name in ("a", "b", "a", "c"):
            group.start_soon(make, name)
    snapshot = await SnapshotLoader(database).load()
    (upstream,) = snapshot.upstreams.values()
    assert refused == 1
    assert sorted(one.key for one in snapshot.offered(upstream.id)) == ["a", "b", "c"]


async def test_what_is_large_is_stored_and_what_is_too_large_refused(database: Database) -> None:
    own = Own(database, HandClock())
    made = await own.create(logo(bytes(5 * 1024 * 1024)), ANN)
    assert (await own.source(made.id, RESOURCES, with_blob=True)).blob == bytes(5 * 1024 * 1024)
    with pytest.raises(TooLarge):
        await own.change(made.id, RESOURCES, lambda source: (source.document, bytes(5 * 1024 * 1024 + 1)), ANN)


async def test_tags_are_counted_and_renamed(database: Database) -> None:
    own, tags = Own(database, HandClock()), Tags(database)
    await own.create(prompt("a"), ANN)
    sights = dict.fromkeys(KINDS, EVERYTHING)
    assert {tag: dict(counts) for tag, counts in (await tags.counts(sights)).items()} == {"red": {"prompts": 1}}
    before = (await SnapshotLoader(database).load()).revision
    assert not await tags.rename("re", "blue", sights)
    assert (await SnapshotLoader(database).load()).revision == before
    assert dict(await tags.rename("red", 'b"lue', sights)) == {"prompts": 1}
    assert list(await tags.counts(sights)) == ['b"lue']


async def test_roots_are_stored(database: Database) -> None:
    roots = Roots(database, HandClock())
    made = await roots.create("file:///srv", "", None)
    with pytest.raises(Conflict):
        await roots.create("file:///srv", "again", None)
    with pytest.raises(Invalid):
        await roots.change(made.id, uri="http://srv")
    changed = await roots.change(made.id, name="Work", upstreams=[])
    assert (await roots.all()) == [changed]
    assert changed.upstreams == ()
    await roots.delete(made.id)
    with pytest.raises(NotFound):
        await roots.delete(made.id)

"""Virtual servers and their bindings."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from gatehouse.catalog.model import Binding, Kind
from gatehouse.catalog.service import Catalog, NewServer, NewUpstream, ServerChanges, ServerFilter, WantedBinding
from gatehouse.kit.errors import Conflict, Invalid, NotFound
from gatehouse.kit.pages import PageRequest
from gatehouse.store.database import Database
from tests.support.catalogs import catalog_on, offer, offered, tools

pytestmark = pytest.mark.anyio


async def stocked(database: Database) -> Catalog:
    """Upstreams `one` and `two`, which both have tools `a` and `b`; `one` has a prompt, a resource and a template."""
    catalog = catalog_on(database)
    one = await catalog.create_upstream(NewUpstream(name="one", url="http://one/"))
    two = await catalog.create_upstream(NewUpstream(name="two", url="http://two/"))
    more = (offered(Kind.PROMPT, "a"), offered(Kind.RESOURCE, "x:1"), offered(Kind.TEMPLATE, "x:{n}"))
    await catalog.record_offer(one.id, offer(*tools("a", "b").items, *more))
    await catalog.record_offer(two.id, tools("a", "b"))
    return catalog


def names(bindings: tuple[Binding, ...]) -> list[str]:
    return [one.name for one in bindings]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"slug": "Not A Slug"}, "not-a-slug"),
        ({"access": "open"}, "token, anonymous"),
        ({"era": "stone"}, "stone"),
        ({"tools": ["one_a", "cap_nope", "one_nope"]}, "'cap_nope', 'one_nope'"),
        ({"prompts": ["one_b"]}, "'one_b'"),
        ({"resources": ["one_a"]}, "'one_a'"),
    ],
)
async def test_what_makes_no_server_is_refused(sqlite: Database, fields: dict[str, Any], said: str) -> None:
    catalog = await stocked(sqlite)
    with pytest.raises(Invalid) as refused:
        await catalog.create_server(NewServer(**{"name": "s", **fields}))
    assert said in str(refused.value)
    assert not (await catalog.servers()).items


async def test_what_is_not_there_is_told(database: Database) -> None:
    catalog = catalog_on(database)
    for attempt in (
        catalog.server("nope"),
        catalog.bindings("nope"),
        catalog.set_bindings("nope", []),
        catalog.change_server("nope", ServerChanges(name="x")),
        catalog.delete_server("nope"),
    ):
        with pytest.raises(NotFound, match="nope"):
            await attempt


async def test_a_slug_that_is_taken_is_a_conflict_and_one_that_is_made_is_free(database: Database) -> None:
    catalog, made = catalog_on(database), list[str]()

    async def create() -> None:
        made.append((await catalog.create_server(NewServer(name="My Ops"))).slug)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(create)
    assert sorted(made) == ["my-ops", "my-ops-2", "my-ops-3"]
    with pytest.raises(Conflict, match="my-ops"):
        await catalog.create_server(NewServer(name="x", slug="my-ops"))
    with pytest.raises(Conflict, match="my-ops"):
        await catalog.change_server("my-ops-2", ServerChanges(slug="my-ops"))


async def test_names_that_collide_are_told_apart_and_nothing_is_aborted(database: Database) -> None:
    catalog = await stocked(database)
    refs = ["one_a", "two_a", "one_b", "two_b"]
    server = await catalog.create_server(
        NewServer(name="s", tools=refs, prompts=["one_a"], resources=["one_x:1", "one_x:{n}"])
    )
    assert names(await catalog.bindings("s")) == ["a", "two_a", "b", "two_b", "a", "x:1", "x:{n}"]
    assert await catalog.server("s") == await catalog.server(server.id) == server
    bound = await catalog.bindings("s")
    assert await catalog.bound_in([bound[0].capability_id, "cap_none"]) == {bound[0].capability_id: (server,)}


async def test_what_stays_keeps_its_id_and_name_and_what_is_renamed_its_old_name(database: Database) -> None:
    catalog = await stocked(database)
    await catalog.create_server(NewServer(name="s", tools=["one_a", "two_a"]))
    first, second = await catalog.bindings("s")
    kept = WantedBinding(capability=second.capability_id)
    after = await catalog.set_bindings("s", [kept, WantedBinding(capability="one_b", title="B", enabled=False)])
    assert [(one.name, one.position, one.enabled) for one in after] == [("two_a", 0, True), ("b", 1, False)]
    assert after[0].id == second.id
    again = await catalog.set_bindings("s", [WantedBinding(capability=first.capability_id), kept])
    assert names(again) == ["a", "two_a"]
    renamed = await catalog.set_bindings("s", [WantedBinding(capability="two_a", name="search")])
    assert (renamed[0].id, renamed[0].name, renamed[0].aliases) == (second.id, "search", ("two_a",))
    assert (await catalog.set_bindings("s", [WantedBinding(capability="two_a")]))[0].aliases == ("two_a",)
    twice = await catalog.set_bindings("s", [WantedBinding(capability="two_a", name="find", aliases=["look"])])
    assert twice[0].aliases == ("look", "search")
    assert await catalog.bindings("s") == twice
    added = await catalog.set_bindings("s", [kept, WantedBinding(capability="one_a", name="search")])
    assert [one.name for one in added] == ["find", "search"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ([WantedBinding(capability="one_a"), WantedBinding(capability="one_a")], "twice"),
        ([WantedBinding(capability="one_a", name="x"), WantedBinding(capability="two_a", name="x")], "'x'"),
        ([WantedBinding(capability="one_a", name="no spaces")], "no_spaces"),
        ([WantedBinding(capability="one_x:1", name="y:1")], "uri"),
        ([WantedBinding(capability="nope")], "nope"),
    ],
)
async def test_bindings_that_can_not_be_leave_those_that_are(
    sqlite: Database, wanted: list[WantedBinding], said: str
) -> None:
    catalog = await stocked(sqlite)
    await catalog.create_server(NewServer(name="s", tools=["one_b"]))
    before = await catalog.bindings("s")
    with pytest.raises(Invalid) as refused:
        await catalog.set_bindings("s", wanted)
    assert said in str(refused.value)
    assert await catalog.bindings("s") == before


async def test_a_list_replaces_its_kind_and_leaves_the_others(database: Database) -> None:
    catalog = await stocked(database)
    await catalog.create_server(NewServer(name="s", tools=["one_a", "two_a"], prompts=["one_a"], resources=["one_x:1"]))
    before = {one.id for one in await catalog.bindings("s")}
    changed = await catalog.change_server("s", ServerChanges(name="S", tools=["two_a", "two_b"], tags=["t"]))
    assert (changed.name, changed.slug, changed.tags) == ("S", "s", ("t",))
    after = await catalog.bindings("s")
    assert sorted(names(after)) == ["a", "b", "two_a", "x:1"]
    assert len(before & {one.id for one in after}) == 3
    await catalog.change_server("s", ServerChanges(resources=["one_x:{n}"], prompts=[]))
    assert sorted(names(await catalog.bindings("s"))) == ["b", "two_a", "x:{n}"]


async def test_two_that_set_bindings_at_once_leave_the_set_of_one(database: Database) -> None:
    catalog = await stocked(database)
    await catalog.create_server(NewServer(name="s"))
    sets = [["one_a", "two_a"], ["one_b", "two_b"]]
    async with anyio.create_task_group() as tasks:
        for refs in sets:
            tasks.start_soon(catalog.set_bindings, "s", [WantedBinding(capability=ref) for ref in refs])
    assert names(await catalog.bindings("s")) in (["a", "two_a"], ["b", "two_b"])


async def test_servers_are_listed_filtered_and_deleted(database: Database) -> None:
    catalog = await stocked(database)
    await catalog.create_server(NewServer(name="Weather", tags=["x"], tools=["one_a"]))
    await catalog.create_server(NewServer(name="Other"))

    async def slugs(**wanted: Any) -> list[str]:
        return [one.slug for one in (await catalog.servers(PageRequest(), ServerFilter(**wanted))).items]

    assert await slugs() == ["weather", "other"]
    assert await slugs(q="WEA") == await slugs(tag="x") == ["weather"]
    assert await slugs(enabled=False) == []
    await catalog.delete_server("weather")
    assert await slugs() == ["other"]
    assert len((await catalog.capabilities()).items) == 7

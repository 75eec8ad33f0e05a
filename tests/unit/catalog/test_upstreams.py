"""Upstreams: what is refused, what is stored, and what discoveries do to it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from gatehouse.catalog.model import Kind, ListsChanged, Offer, Share, Status, Transport
from gatehouse.catalog.service import (
    CapabilityChanges,
    CapabilityFilter,
    Catalog,
    NewServer,
    NewUpstream,
    OfferChanges,
    UpstreamChanges,
    UpstreamFilter,
)
from gatehouse.kit.errors import Conflict, Invalid, NotFound
from gatehouse.kit.pages import PageRequest, page_request
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from tests.support.catalogs import DETECTED, catalog_on, offer, offered, tools
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
TOOLS = (Kind.TOOL,)
URL = "https://tools.example.com/mcp"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "My Tools", "url": URL}, "my-tools"),
        ({"url": URL, "command": "run"}, "both"),
        ({}, "neither"),
        ({"url": "ftp://x"}, "http"),
        ({"url": "https://"}, "http"),
        ({"url": "https://x:y/"}, "url"),
        ({"url": "https://me:hunter2@x/"}, "credential"),
        ({"url": "http://x/\nHost: y"}, "http"),
        ({"url": URL, "transport": Transport.STDIO}, "command"),
        ({"command": "run", "transport": Transport.SSE}, "url"),
        ({"command": " "}, "empty"),
        ({"command": "run", "args": ["a\0"]}, "NUL"),
        ({"url": URL, "timeout": 0}, "timeout"),
        ({"url": URL, "era": "stone"}, "stone"),
        ({"url": URL, "kind": "fax"}, "fax"),
        ({"url": URL, "tags": [" "]}, "tag"),
        ({"url": URL, "credential": {"type": "oauth9"}}, "bearer, basic, headers"),
        ({"url": URL, "credential": {"type": "bearer", "token": "hunter2\r\nX: y"}}, "header"),
        ({"url": URL, "credential": {"type": "bearer"}}, "token"),
        ({"url": URL, "credential": {"type": "basic", "username": "a:b", "password": "hunter2"}}, "colon"),
        ({"url": URL, "credential": {"type": "headers", "headers": {"Content-Length": "1"}}}, "Content-Length"),
        ({"url": URL, "credential": {"type": "headers", "headers": {"X-Key": "hunter2\n"}}}, "X-Key"),
        ({"url": URL, "credential": {"type": "headers", "headers": {"X Key": "hunter2"}}}, "X Key"),
        ({"url": URL, "credential": {"type": "headers", "headers": {}}}, "one"),
        ({"command": "run", "env": {"A=B": "hunter2"}}, "A=B"),
    ],
)
async def test_what_makes_no_upstream_is_refused(sqlite: Database, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid) as refused:
        await catalog_on(sqlite).create_upstream(NewUpstream(**{"name": "tools", **fields}))
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert await sqlite.revision() == 1


async def test_what_is_not_there_is_told(database: Database) -> None:
    catalog = catalog_on(database)
    for attempt in (
        catalog.upstream("gone"),
        catalog.change_upstream("gone", UpstreamChanges(enabled=False)),
        catalog.delete_upstream("gone"),
        catalog.record_offer("gone", tools("a")),
        catalog.record_failure("gone", "down"),
        catalog.capability("gone_a", TOOLS),
    ):
        with pytest.raises(NotFound, match="gone"):
            await attempt


async def test_a_name_that_is_taken_is_a_conflict_even_at_the_same_moment(database: Database) -> None:
    catalog, outcomes = catalog_on(database), list[str]()

    async def create() -> None:
        try:
            await catalog.create_upstream(NewUpstream(name="tools", url=URL))
            outcomes.append("made")
        except Conflict as conflict:
            outcomes.append(conflict.message)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(create)
    assert sorted(outcomes) == ["There is an upstream 'tools' already."] * 3 + ["made"]
    await catalog.create_upstream(NewUpstream(name="other", url=URL))
    with pytest.raises(Conflict):
        await catalog.change_upstream("other", UpstreamChanges(name="tools"))


async def test_everything_of_an_upstream_is_stored(database: Database) -> None:
    catalog, text = catalog_on(database), "ünïcode 🚪 " * 9000
    made = await catalog.create_upstream(
        NewUpstream(
            name="tools",
            command="run",
            args=["--x", "ä b"],
            cwd="/tmp",
            env={"B": "2", "A": "hunter2"},
            credential={"type": "bearer", "token": "hunter2"},
            share=Share.USER,
            era="legacy",
            description=text,
            tags=["a", " a ", "b"],
            team="ops",
            timeout=1.5,
        )
    )
    assert await catalog.upstream("tools") == await catalog.upstream(made.id) == made
    assert (made.env_names, made.args, made.tags) == (("A", "B"), ("--x", "ä b"), ("a", "b"))
    assert catalog.open_env(made) == {"A": "hunter2", "B": "2"}
    assert catalog.open_credential(made) == {"type": "bearer", "token": "hunter2"}
    assert "hunter2" not in repr(made)
    with pytest.raises(Conflict, match="another master key"):
        Catalog(database, Secrets(b"o" * 32), HandClock()).open_credential(made)


async def test_requests_do_not_show_their_secrets() -> None:
    credential = {"type": "bearer", "token": "hunter2"}
    shown = repr(NewUpstream(name="a", env={"A": "hunter2"}, credential=credential))
    shown += repr(UpstreamChanges(env={"A": "hunter2"}, credential=credential))
    assert "hunter2" not in shown


async def test_a_change_leaves_what_it_does_not_name(database: Database) -> None:
    clock = HandClock()
    catalog = catalog_on(database, clock)
    credential = {"type": "basic", "username": "me", "password": ""}
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL, credential=credential, env={"A": "1"}))
    await catalog.record_offer(made.id, tools("a"))
    clock.time += 1
    described = await catalog.change_upstream("tools", UpstreamChanges(description="x", credential=credential))
    assert (described.config_revision, described.status, described.url) == (0, Status.OK, URL)
    revision = await database.revision()
    assert await catalog.change_upstream("tools", UpstreamChanges(description="x", env={"A": "1"})) == described
    assert await database.revision() == revision
    moved = await catalog.change_upstream("tools", UpstreamChanges(url=URL + "2"))
    assert (moved.config_revision, moved.status, moved.detected) == (1, Status.UNKNOWN, None)
    assert catalog.open_credential(moved) == credential
    shown = await catalog.change_upstream("tools", UpstreamChanges(credential=None, env={}))
    assert (shown.config_revision, shown.sealed_credential, shown.credential_type, shown.env_names) == (
        2,
        None,
        None,
        (),
    )
    with pytest.raises(Invalid, match="both"):
        await catalog.change_upstream("tools", UpstreamChanges(command="run"))
    assert await catalog.upstream("tools") == shown


async def test_with_an_upstream_go_its_capabilities_and_bindings(database: Database) -> None:
    catalog = catalog_on(database)
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL))
    await catalog.record_offer(made.id, tools("a"))
    await catalog.create_server(NewServer(name="s", tools=["tools_a"]))
    await catalog.delete_upstream("tools")
    assert await catalog.bindings("s") == ()
    assert list((await catalog.capabilities()).items) == []


async def test_an_offer_is_stored_byte_for_byte_whatever_its_size(database: Database) -> None:
    catalog = catalog_on(database)
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL))
    definition = b'{"name":"big","x-unknown":{"n":12345678901234567890.10},"description":"' + b"\xc3\xa4" * 90_000
    definition += b'", "inputSchema":{"type" : "object"}}'
    long_uri = "file:///" + "p/" * 1000
    items = (offered(Kind.RESOURCE, long_uri), offered(Kind.RESOURCE, long_uri + "2"))
    big = offered(Kind.TOOL, "big")
    await catalog.record_offer(made.id, offer(type(big)(Kind.TOOL, "big", definition, ("odd",)), *items))
    stored = await catalog.capability("tools_big", TOOLS)
    assert (stored.definition, stored.warnings) == (definition, ("odd",))
    assert stored.description == "ä" * 90_000
    assert [one.key for one in await catalog.offered(made.id)] == ["big", long_uri, long_uri + "2"]
    assert (await catalog.capability(f"tools_{long_uri}")).key == long_uri


async def test_what_is_no_longer_offered_is_gone_and_comes_back_the_same(database: Database) -> None:
    clock = HandClock()
    catalog = catalog_on(database, clock)
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL))
    assert await catalog.record_offer(made.id, tools("a", "A", "b")) == OfferChanges(added=3)
    before = await catalog.capability("tools_a", TOOLS)
    await catalog.change_capability("tools_a", TOOLS, CapabilityChanges(title="Mine"))
    clock.time += 5
    assert await catalog.record_offer(made.id, tools("b", "A", "c")) == OfferChanges(added=1, gone=1)
    gone = await catalog.capability("tools_a", TOOLS)
    assert (gone.id, gone.gone_at) == (before.id, clock.time)
    present = await catalog.capabilities(CapabilityFilter(gone=False))
    assert {one.key for one in present.items} == {"b", "A", "c"}
    changed = offer(offered(Kind.TOOL, "a", description="other"), *tools("b", "A", "c").items)
    assert await catalog.record_offer(made.id, changed) == OfferChanges(back=1)
    back = await catalog.capability("tools_a", TOOLS)
    assert (back.id, back.gone_at, back.overrides.title, back.description) == (before.id, None, "Mine", "other")
    renamed = offer(offered(Kind.TOOL, "a", description="again"), *tools("b", "A", "c").items)
    assert await catalog.record_offer(made.id, renamed) == OfferChanges(changed=1)
    assert (await catalog.upstream("tools")).offer_revision == 5


async def test_an_offer_that_brings_nothing_new_leaves_the_revision(database: Database) -> None:
    clock = HandClock()
    catalog = catalog_on(database, clock)
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL))
    await catalog.record_offer(made.id, tools("a"))
    revision = await database.revision()
    clock.time += 9
    assert not await catalog.record_offer(made.id, tools("a"))
    assert await database.revision() == revision
    assert (await catalog.upstream(made.id)).checked_at == clock.time


async def test_the_counters_of_lists_go_up_when_one_changed_or_was_said_to(database: Database) -> None:
    catalog = catalog_on(database)
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL))
    await catalog.record_offer(made.id, offer(offered(Kind.TOOL, "a"), offered(Kind.TEMPLATE, "x:{y}")))
    assert (await catalog.upstream("tools")).lists_changed == ListsChanged(1, 0, 1)
    revision = await database.revision()
    same = offer(offered(Kind.TOOL, "a"), offered(Kind.TEMPLATE, "x:{y}"))
    await catalog.record_offer(made.id, same, frozenset({"prompts", "tools"}))
    after = await catalog.upstream("tools")
    assert (after.lists_changed, after.offer_revision) == (ListsChanged(2, 1, 1), 1)
    assert await database.revision() == revision + 1


async def test_a_failure_keeps_the_offer_and_since_when(database: Database) -> None:
    clock = HandClock()
    catalog = catalog_on(database, clock)
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL))
    await catalog.record_offer(made.id, tools("a"))
    clock.time += 1
    since = clock.time
    down = await catalog.record_failure(made.id, "x\0" * 2000)
    assert (down.status, len(down.error or ""), down.status_since) == (Status.DOWN, 500, since)
    assert down.detected == DETECTED
    revision = await database.revision()
    clock.time += 1
    assert (await catalog.record_failure(made.id, "x" * 2000)).status_since == since
    assert await database.revision() == revision
    assert len(await catalog.offered(made.id)) == 1
    await catalog.record_offer(made.id, tools("a"))
    assert ((await catalog.upstream("tools")).status, await database.revision()) == (Status.OK, revision + 1)


async def test_what_databases_can_not_hold_does_not_break_an_offer(database: Database) -> None:
    catalog = catalog_on(database)
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL))
    odd = (offered(Kind.TOOL, "a\0b"), offered(Kind.TOOL, "c", description="x\0y"), offered(Kind.TOOL, "c"))
    assert await catalog.record_offer(made.id, offer(*odd)) == OfferChanges(added=1)
    assert [one.reason for one in (await catalog.upstream("tools")).skipped] == ["its name has a NUL character"]
    assert (await catalog.capability("tools_c", TOOLS)).description == "xy"


async def test_discoveries_at_once_store_each_capability_once(database: Database) -> None:
    catalog = catalog_on(database)
    made = await catalog.create_upstream(NewUpstream(name="tools", url=URL))
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(catalog.record_offer, made.id, tools("a", "b"))
    assert (await catalog.counts([made.id, "ups_none"])) == {made.id: {Kind.TOOL: 2}}


async def test_capabilities_are_found_by_handle_and_only_among_their_kinds(database: Database) -> None:
    catalog = catalog_on(database)
    made = await catalog.create_upstream(NewUpstream(name="up", url=URL))
    await catalog.record_offer(made.id, offer(offered(Kind.TOOL, "get_it"), offered(Kind.TOOL, "odd name")))
    found = await catalog.capability("up_get_it", TOOLS)
    assert await catalog.capability(found.id, TOOLS) == found
    assert (await catalog.capability("up_odd_name", TOOLS)).key == "odd name"
    for ref in ("up_GET_IT", "get_it", "up_", "up"):
        with pytest.raises(NotFound):
            await catalog.capability(ref, TOOLS)
    with pytest.raises(NotFound, match="prompt"):
        await catalog.capability(found.id, (Kind.PROMPT,))


async def test_overrides_come_and_go(database: Database) -> None:
    catalog = catalog_on(database)
    made = await catalog.create_upstream(NewUpstream(name="up", url=URL))
    await catalog.record_offer(made.id, tools("a"))
    with pytest.raises(Invalid, match="annotations"):
        await catalog.change_capability("up_a", TOOLS, CapabilityChanges(annotations=b"[1]"))
    changes = CapabilityChanges(title="T", annotations=b'{"readOnlyHint":true}', tags=["x"], enabled=False)
    after = await catalog.change_capability("up_a", TOOLS, changes)
    assert after == await catalog.capability("up_a", TOOLS)
    assert (after.overrides.title, after.overrides.annotations) == ("T", b'{"readOnlyHint":true}')
    revision = await database.revision()
    assert await catalog.change_capability("up_a", TOOLS, changes) == after
    assert await database.revision() == revision
    plain = await catalog.change_capability("up_a", TOOLS, CapabilityChanges(title=None, annotations=None))
    assert (plain.overrides.title, plain.tags, plain.enabled) == (None, ("x",), False)


async def test_lists_are_filtered(database: Database) -> None:
    catalog = catalog_on(database)
    one = await catalog.create_upstream(NewUpstream(name="one", url=URL, tags=["a_b", "50%"]))
    two = await catalog.create_upstream(NewUpstream(name="two", command="run", description="Weather"))
    await catalog.record_offer(one.id, offer(offered(Kind.TOOL, "rain", title="Wet"), offered(Kind.PROMPT, "rain")))
    await catalog.record_offer(two.id, tools("rain", "100%"))

    async def names(**wanted: Any) -> list[str]:
        return [upstream.name for upstream in (await catalog.upstreams(PageRequest(), UpstreamFilter(**wanted))).items]

    assert await names() == ["one", "two"]
    assert await names(q="WEATHER") == await names(q="run") == ["two"]
    assert await names(tag="a_b") == await names(tag="50%") == ["one"]
    assert (
        await names(tag="aXb") == await names(tag="50") == await names(q="%") == await names(status=Status.DOWN) == []
    )

    async def keys(**wanted: Any) -> list[str]:
        return [found.key for found in (await catalog.capabilities(CapabilityFilter(**wanted))).items]

    assert await keys(kinds=TOOLS, upstream="one") == await keys(q="wet") == ["rain"]
    assert await keys(q="%") == ["100%"]
    assert await keys(kinds=TOOLS, upstream=two.id) == ["rain", "100%"]
    assert await keys(gone=True) == await keys(enabled=False) == await keys(tag="x") == await keys(kinds=()) == []


async def test_pages_hold_everything_once(database: Database) -> None:
    catalog = catalog_on(database)
    made = await catalog.create_upstream(NewUpstream(name="up", url=URL))
    await catalog.record_offer(made.id, Offer(DETECTED, tuple(offered(Kind.TOOL, f"t{i}") for i in range(1200))))
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        found = await catalog.capabilities(CapabilityFilter(kinds=TOOLS), page_request(cursor, 500))
        seen += [one.key for one in found.items]
        cursor, pages = found.next, pages + 1
    assert (pages, seen) == (3, [f"t{i}" for i in range(1200)])

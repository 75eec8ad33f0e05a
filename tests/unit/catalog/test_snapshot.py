"""What clients see of the catalog: views, names, lists, and how a new snapshot is read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from gatehouse.catalog.model import Binding, Capability, Kind, ListsChanged, Overrides, Server, Status, Upstream
from gatehouse.catalog.service import CapabilityChanges, NewServer, NewUpstream, ServerChanges, WantedBinding
from gatehouse.catalog.snapshot import CatalogSnapshot, SnapshotLoader
from gatehouse.kit import json
from gatehouse.store.database import Database
from gatehouse.store.placement import EVERYTHING
from tests.support.catalogs import DETECTED, catalog_on, offer, offered, tools

pytestmark = pytest.mark.anyio
ONE = Upstream(id="u1", name="one", url="http://one/", detected=DETECTED, status=Status.OK)
TWO = Upstream(id="u2", name="two", url="http://two/", detected=DETECTED, status=Status.OK)
S = Server(id="srv_1", slug="s", name="S")


def cap(number: int, upstream: Upstream, kind: Kind, key: str, **more: Any) -> Capability:
    """Fields of `Capability` go there; all others into the definition."""
    fields = {name: more.pop(name) for name in tuple(more) if name in ("overrides", "enabled", "gone_at")}
    return Capability(f"cap_{number}", upstream.id, kind, key, offered(kind, key, **more).definition, **fields)


def bind(capability: Capability, position: int = 0, server: Server = S, **fields: Any) -> Binding:
    values = {"name": capability.key, "position": position, **fields}
    return Binding(f"bnd_{capability.id}", server.id, capability.id, **values)


def snapshot(
    capabilities: Sequence[Capability],
    bindings: Sequence[Binding] = (),
    upstreams: Sequence[Upstream] = (ONE, TWO),
    servers: Sequence[Server] = (S,),
) -> CatalogSnapshot:
    return CatalogSnapshot.build(1, upstreams, capabilities, servers, bindings)


def view(capabilities: Sequence[Capability], bindings: Sequence[Binding], *upstreams: Upstream) -> Any:
    return snapshot(capabilities, bindings, upstreams or (ONE, TWO)).server("s")


def test_what_is_off_or_gone_is_neither_listed_nor_resolved() -> None:
    off = replace(TWO, enabled=False)
    capabilities = [
        cap(1, ONE, Kind.TOOL, "gone", gone_at=1.0),
        cap(2, ONE, Kind.TOOL, "off", enabled=False),
        cap(3, ONE, Kind.TOOL, "unbound"),
        cap(4, off, Kind.TOOL, "of_another"),
        cap(5, ONE, Kind.TOOL, "here"),
    ]
    bindings = [bind(one, enabled=one.key != "unbound") for one in capabilities]
    seen = view(capabilities, bindings, ONE, off)
    assert [one.name for one in seen.listing(Kind.TOOL)] == ["here"]
    assert all(seen.resolve_tool(one.key) is None for one in capabilities[:-1])
    assert [one.name for one in seen.upstreams] == ["one"]
    everything = snapshot(capabilities, bindings, (ONE, off)).seen_by(EVERYTHING)
    assert [one.name for one in everything.listing(Kind.TOOL)] == ["one_unbound", "one_here"]


def test_a_server_that_is_off_or_unknown_has_no_view() -> None:
    assert snapshot([], servers=[replace(S, enabled=False)]).server("s") is None
    assert snapshot([]).server("nope") is None
    whole = snapshot([])
    assert whole.server("s") is whole.server("srv_1")


def test_a_name_resolves_to_what_the_upstream_calls_it() -> None:
    tool = cap(1, ONE, Kind.TOOL, "search")
    target = view([tool], [bind(tool, name="find", aliases=("search", "look"))]).resolve_tool("find")
    assert (target.upstream, target.kind, target.key, target.name) == (ONE, Kind.TOOL, "search", "find")
    assert (target.capability_id, target.binding_id) == ("cap_1", "bnd_cap_1")


def test_an_alias_resolves_unless_another_has_the_name() -> None:
    first, second = cap(1, ONE, Kind.TOOL, "a"), cap(2, ONE, Kind.TOOL, "b")
    seen = view([first, second], [bind(first, aliases=("b", "old")), bind(second, 1, aliases=("old",))])
    assert seen.resolve_tool("old").key == "a"
    assert seen.resolve_tool("b").key == "b"
    assert [one.name for one in seen.listing(Kind.TOOL)] == ["a", "b"]


def test_of_two_with_one_name_the_first_wins_and_the_other_is_told_as_shadowed() -> None:
    first, second = cap(1, ONE, Kind.RESOURCE, "x:1"), cap(2, TWO, Kind.RESOURCE, "x:1")
    seen = view([first, second], [bind(second, 1), bind(first, 0)])
    assert seen.resolve_resource("x:1").upstream is ONE
    assert (len(seen.listing(Kind.RESOURCE)), seen.shadowed) == (1, ("bnd_cap_2",))


def test_only_what_is_overridden_is_replaced_and_all_else_stays_byte_for_byte() -> None:
    definition = (
        b'{"x":1.10, "name":"a","title":"T","inputSchema":{"b" : 12345678901234567890,"a":"\\u00e4"},"_meta":{}}'
    )
    overrides = Overrides("Mine", "Ours", b'{"readOnlyHint":true}')
    tool = Capability("cap_1", "u1", Kind.TOOL, "a", definition, overrides=overrides)
    plain = replace(tool, overrides=Overrides())
    assert bytes(view([plain], [bind(plain)]).listing(Kind.TOOL)[0].raw) == definition
    raw = bytes(view([tool], [bind(tool, name="b", title="Best")]).listing(Kind.TOOL)[0].raw)
    assert raw == (
        b'{"x":1.10,"name":"b","title":"Best","inputSchema":{"b" : 12345678901234567890,"a":"\\u00e4"},"_meta":{},'
        b'"description":"Ours","annotations":{"readOnlyHint":true}}'
    )


def test_lists_are_in_the_order_of_the_bindings() -> None:
    capabilities = [cap(i, ONE, Kind.PROMPT, f"p{i}") for i in range(9)]
    bindings = [bind(one, 8 - i) for i, one in enumerate(capabilities)]
    assert [one.name for one in view(capabilities, bindings).listing(Kind.PROMPT)] == [
        f"p{i}" for i in range(8, -1, -1)
    ]


def test_a_digest_changes_with_what_is_seen_and_with_what_is_said_to_have_changed_and_with_nothing_else() -> None:
    tool = cap(1, ONE, Kind.TOOL, "a")

    def digest(upstream: Upstream, capability: Capability, kind: Kind = Kind.TOOL) -> bytes:
        return view([capability], [bind(capability)], upstream).listing_digest(kind)

    before = digest(ONE, tool)
    assert (
        digest(replace(ONE, status=Status.DOWN, checked_at=9.0, offer_revision=9), replace(tool, tags=("x",))) == before
    )
    assert digest(replace(ONE, lists_changed=ListsChanged(prompts=1, resources=1)), tool) == before
    assert digest(replace(ONE, lists_changed=ListsChanged(tools=1)), tool) != before
    assert digest(ONE, replace(tool, overrides=Overrides(title="x"))) != before
    assert digest(replace(ONE, lists_changed=ListsChanged(resources=1)), tool, Kind.TEMPLATE) != digest(
        ONE, tool, Kind.TEMPLATE
    )


def test_a_uri_is_looked_for_exactly_first_and_then_in_the_template_that_says_most() -> None:
    capabilities = [
        cap(1, ONE, Kind.TEMPLATE, "x://{+any}"),
        cap(2, ONE, Kind.TEMPLATE, "x://item/{id}"),
        cap(3, ONE, Kind.RESOURCE, "x://item/1"),
    ]
    seen = view(capabilities, [bind(one, i) for i, one in enumerate(capabilities)])
    assert seen.resolve_resource("x://item/1").capability_id == "cap_3"
    assert seen.resolve_resource("x://item/2").capability_id == "cap_2"
    assert seen.resolve_resource("x://other/2").capability_id == "cap_1"
    assert seen.resolve_resource("y://item/2") is None
    assert seen.resolve_template("x://item/{id}").kind is Kind.TEMPLATE
    assert seen.resolve_template("x://item/2") is None


def test_the_pages_of_a_bound_tool_are_readable_though_not_bound() -> None:
    capabilities = [
        cap(1, ONE, Kind.TOOL, "draw"),
        cap(2, ONE, Kind.RESOURCE, "ui://draw"),
        cap(3, ONE, Kind.RESOURCE, "file://secret"),
        cap(4, TWO, Kind.RESOURCE, "ui://other"),
        cap(5, TWO, Kind.PROMPT, "p"),
    ]
    seen = view(capabilities, [bind(capabilities[0]), bind(capabilities[4])])
    assert seen.resolve_resource("ui://draw").binding_id is None
    assert seen.resolve_resource("file://secret") is seen.resolve_resource("ui://other") is None
    assert (seen.listing(Kind.RESOURCE), seen.has_resources, seen.has_prompts, seen.has_tools) == ((), True, True, True)


def test_everything_has_qualified_names_which_are_the_same_for_every_caller() -> None:
    other = Server(id="srv_2", slug="t", name="T")
    off = Server(id="srv_3", slug="off", name="Off", enabled=False)
    capabilities = [
        cap(1, ONE, Kind.TOOL, "a b", gone_at=1.0),
        cap(2, ONE, Kind.TOOL, "a_b"),
        cap(3, TWO, Kind.TOOL, "c"),
        cap(4, TWO, Kind.TOOL, "d"),
        cap(5, TWO, Kind.RESOURCE, "x:1"),
    ]
    bindings = [
        bind(capabilities[1]),
        bind(capabilities[2], server=other, name="renamed"),
        bind(capabilities[3], server=off),
        bind(capabilities[4], 1),
    ]
    whole = snapshot(capabilities, bindings, servers=[S, other, off])

    def names(servers: frozenset[str] | None) -> list[str]:
        view = whole.seen_by(EVERYTHING) if servers is None else whole.joined(servers)
        return [one.name for one in view.listing(Kind.TOOL)]

    assert names(None) == ["one_a_b_2", "two_c", "two_d"]
    assert names(frozenset({"srv_1", "srv_2", "srv_3", "srv_none"})) == ["one_a_b_2", "two_c"]
    assert names(frozenset({"srv_2"})) == ["two_c"]
    assert names(frozenset()) == []
    seen = whole.joined(frozenset({"srv_1"}))
    assert seen is whole.joined(frozenset({"srv_1"}))
    assert seen.server.access == "token"
    assert seen.resolve_tool("one_a_b_2").key == "a_b"
    assert seen.resolve_resource("x:1").upstream is TWO


def test_each_upstream_behind_is_accounted_for() -> None:
    tool, other = cap(1, ONE, Kind.TOOL, "a"), cap(2, TWO, Kind.TOOL, "a")
    down = replace(TWO, status=Status.DOWN, error="refused", status_since=0.0)
    never = Upstream(id="u3", name="three", status=Status.DOWN, error="no", status_since=60.0)
    whole = snapshot([tool, other], [bind(tool), bind(other, name="b")], (ONE, down, never))
    stale = {"status": "stale", "since": "1970-01-01T00:00:00+00:00", "error": "refused"}
    seen = whole.server("s")
    assert seen is not None
    assert seen.accounts() == {"one": {"status": "ok"}, "two": stale}
    assert len(seen.listing(Kind.TOOL)) == 2
    assert whole.seen_by(EVERYTHING).accounts()["three"]["status"] == "failed"


def test_a_thousand_tools_of_fifty_upstreams_are_listed_without_work() -> None:
    upstreams = [Upstream(id=f"u{i}", name=f"n{i}", status=Status.OK, detected=DETECTED) for i in range(50)]
    capabilities = [cap(i, upstreams[i % 50], Kind.TOOL, f"t{i}", inputSchema={"a": [1] * 50}) for i in range(1000)]
    whole = snapshot(capabilities, [bind(one, i) for i, one in enumerate(capabilities)], upstreams)
    seen = whole.server("s")
    assert seen is not None
    first = seen.listing(Kind.TOOL)
    started = time.process_time()
    for _ in range(1000):
        assert seen.listing(Kind.TOOL) is first
        assert seen.resolve_tool("t999") is not None
    assert time.process_time() - started < 0.5


async def test_what_is_stored_is_what_is_seen(database: Database) -> None:
    catalog, loader = catalog_on(database), SnapshotLoader(database)
    up = await catalog.create_upstream(NewUpstream(name="up", url="http://up/"))
    await catalog.record_offer(up.id, offer(*tools("a", "b").items, offered(Kind.RESOURCE, "ui://a")))
    server = await catalog.create_server(NewServer(name="S", tools=["up_b", "up_a"]))
    before = await loader.load()
    seen = before.server("s")
    assert seen is not None
    assert [one.name for one in seen.listing(Kind.TOOL)] == ["b", "a"]
    assert json.load(seen.listing(Kind.TOOL)[0].raw) == {"name": "b", "description": "Does b"}
    assert before.revision == await database.revision()
    assert before.upstream(up.id) == await catalog.upstream("up")
    await catalog.change_capability("up_a", (Kind.TOOL,), CapabilityChanges(enabled=False))
    await catalog.set_bindings("s", [WantedBinding(capability="up_a"), WantedBinding(capability="up_b", name="c")])
    after = (await loader.load()).server(server.id)
    assert after is not None
    assert [one.name for one in after.listing(Kind.TOOL)] == ["c"]
    assert [one.name for one in seen.listing(Kind.TOOL)] == ["b", "a"]


async def test_only_what_changed_is_read_again(sqlite: Database) -> None:
    catalog, loader = catalog_on(sqlite), SnapshotLoader(sqlite)
    ids = [(await catalog.create_upstream(NewUpstream(name=name, url="http://x/"))).id for name in ("one", "two")]
    for identifier in ids:
        await catalog.record_offer(identifier, tools("a"))
    first = await loader.load()
    read: list[Any] = []

    def note(_c: Any, _u: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM capabilities" in statement and "JOIN" not in statement:
            read.append(parameters)

    engine = sqlite._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await catalog.create_server(NewServer(name="s"))
    await catalog.change_server("s", ServerChanges(description="x"))
    read.clear()
    second = await loader.load()
    assert read == []
    assert second.seen_by(EVERYTHING).listing(Kind.TOOL) == first.seen_by(EVERYTHING).listing(Kind.TOOL)
    await catalog.record_offer(ids[1], tools("a", "b"))
    read.clear()
    third = await loader.load()
    assert [tuple(parameters) for parameters in read] == [(ids[1],)]
    assert len(third.seen_by(EVERYTHING).listing(Kind.TOOL)) == 3
    await catalog.delete_upstream("one")
    assert len((await loader.load()).seen_by(EVERYTHING).listing(Kind.TOOL)) == 2

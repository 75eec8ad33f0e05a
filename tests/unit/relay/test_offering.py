"""What a server offers, on the wire: pages, cursors, capabilities, and what each era may see of a tool."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gatehouse.catalog.model import Kind, Server, Status
from gatehouse.kit import json
from gatehouse.protocol.call import Era
from gatehouse.relay.offering import BadCursor, Offering, cursor_of
from tests.unit.relay.views import BOX, DESK, LEGACY, MODERN, SECRETS, capability, snapshot, tool

INFO = "io.modelcontextprotocol/serverInfo"


def offering(*capabilities: Any, server: Server = DESK, upstreams: Any = (BOX,), page_size: int = 100) -> Offering:
    view = snapshot(capabilities, server, upstreams).server(server.slug)
    assert view is not None
    return Offering(view, SECRETS, page_size)


def page(offered: Offering, cursor: str | None = None, era: Era = Era.MODERN, principal: str = "p") -> dict[str, Any]:
    return json.load(offered.page(Kind.TOOL, era, cursor, principal))


def test_pages_follow_each_other_until_there_is_no_more() -> None:
    offered = offering(*(tool(n, f"t{n}") for n in range(5)), page_size=2)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        result = page(offered, cursor)
        seen += [one["name"] for one in result["tools"]]
        cursor = result.get("nextCursor")
        if cursor is None:
            break
    assert seen == ["t0", "t1", "t2", "t3", "t4"]
    assert page(offered, "") == page(offered) or page(offered, "")["tools"] == page(offered)["tools"]


def test_a_cursor_is_bound_to_principal_server_and_list() -> None:
    offered = offering(*(tool(n, f"t{n}") for n in range(3)), page_size=1)
    cursor = page(offered)["nextCursor"]
    other = offering(*(tool(n, f"t{n}") for n in range(3)), server=replace(DESK, id="srv_2"), page_size=1)
    for attempt in (
        lambda: page(offered, cursor, principal="q"),
        lambda: page(other, cursor),
        lambda: offered.page(Kind.PROMPT, Era.MODERN, cursor, "p"),
        lambda: page(offered, cursor[:-4] + "AAAA"),
        lambda: page(offered, "nonsense"),
        lambda: page(offered, "ü"),
    ):
        with pytest.raises(BadCursor):
            attempt()


def test_a_cursor_survives_a_change_of_the_list() -> None:
    before = offering(*(tool(n, f"t{n}") for n in range(4)), page_size=2)
    cursor = page(before)["nextCursor"]
    for names, expected in (
        (["new", "t0", "t1", "t2", "t3"], ["t2", "t3"]),
        (["t0", "t2", "t3"], ["t3"]),
        (["t1", "t2"], ["t2"]),
        (["t9"], []),
        ([], []),
    ):
        after = offering(*(tool(n, name) for n, name in enumerate(names)), page_size=2)
        assert [one["name"] for one in page(after, cursor)["tools"]] == expected, names


@pytest.mark.parametrize("cursor", [5, None, {}, [1]])
def test_a_cursor_is_a_string(cursor: Any) -> None:
    with pytest.raises(BadCursor):
        cursor_of({"cursor": json.raw(cursor)})
    assert cursor_of({}) is None
    assert cursor_of({"cursor": json.raw("")}) == ""


def test_only_modern_results_say_how_long_they_last_and_who_answered() -> None:
    offered = offering(tool(1, "add"))
    modern, legacy = page(offered), page(offered, era=Era.LEGACY)
    assert (modern["resultType"], modern["ttlMs"], modern["cacheScope"]) == ("complete", 5000, "private")
    assert modern["_meta"][INFO]["name"] == "desk"
    assert legacy.keys() == {"tools", "_meta"} and legacy["_meta"].keys() == {"gatehouse/upstreams"}
    assert page(offering(tool(1, "add"), server=replace(DESK, access="anonymous")))["cacheScope"] == "public"


def test_a_list_accounts_for_each_upstream_behind_it() -> None:
    down = replace(BOX, id="u2", name="bag", status=Status.DOWN, error="connection refused", status_since=0.0)
    never = replace(down, id="u3", name="new", detected=None)
    capabilities = [tool(1, "add"), tool(2, "sub", down), tool(3, "mul", never)]
    accounts = page(offering(*capabilities, upstreams=(BOX, down, never)))["_meta"]["gatehouse/upstreams"]
    since = "1970-01-01T00:00:00+00:00"
    assert accounts == {
        "bag": {"status": "stale", "since": since, "error": "connection refused"},
        "box": {"status": "ok"},
        "new": {"status": "failed", "since": since, "error": "connection refused"},
    }


def test_a_definition_is_passed_on_byte_for_byte() -> None:
    one = replace(
        tool(1, "add"), definition=b'{"name":"add", "inputSchema":{"maximum":1e400,"b": 12345678901234567890}}'
    )
    offered = offering(one)
    for era in Era:
        assert one.definition in offered.page(Kind.TOOL, era, None, "p")


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        ({"type": "object"}, True),
        ({"type": "array"}, False),
        (True, False),
        ({"$ref": "#/$defs/a"}, False),
        (None, False),
    ],
)
def test_legacy_clients_see_only_output_schemas_of_objects(schema: Any, kept: bool) -> None:
    offered = offering(tool(1, "add", outputSchema=schema))
    assert ("outputSchema" in page(offered, era=Era.LEGACY)["tools"][0]) is kept
    assert page(offered)["tools"][0]["outputSchema"] == schema


def test_modern_clients_see_no_execution() -> None:
    offered = offering(tool(1, "add", execution={"taskSupport": "optional"}, description='says "execution"'))
    assert "execution" not in page(offered)["tools"][0]
    assert page(offered, era=Era.LEGACY)["tools"][0]["execution"] == {"taskSupport": "optional"}


def test_capabilities_are_what_somebody_behind_can_do() -> None:
    resource = capability(2, Kind.RESOURCE, "a://b")
    assert offering().capabilities(Era.MODERN) == {"tools": {"listChanged": True}}
    assert offering(resource).capabilities(Era.MODERN) == {"resources": {"listChanged": True}}
    can = b'{"resources":{"subscribe":true},"logging":{},"completions":{}}'
    for detected, subscribes in ((MODERN, (True, True)), (LEGACY, (True, False))):
        upstream = replace(BOX, detected=replace(detected, capabilities=can))
        offered = offering(resource, tool(1, "add"), upstreams=(upstream,))
        for era, expected in zip((Era.LEGACY, Era.MODERN), subscribes, strict=True):
            said = offered.capabilities(era)
            assert said.keys() == {"tools", "resources", "logging", "completions"}
            assert ("subscribe" in said["resources"]) is expected


def test_what_an_upstream_says_of_itself_wrongly_harms_nothing() -> None:
    upstream = replace(BOX, detected=replace(MODERN, capabilities=b'{"resources":5}'))
    resource = capability(2, Kind.RESOURCE, "a://b")
    assert offering(resource, upstreams=(upstream,)).capabilities(Era.MODERN) == {"resources": {"listChanged": True}}


def test_instructions_are_the_servers_own_or_those_of_the_only_upstream() -> None:
    said = replace(BOX, detected=replace(MODERN, instructions="Ask me."))
    assert offering(tool(1, "add"), upstreams=(said,)).instructions() == "Ask me."
    own = replace(DESK, instructions="Mine.")
    assert offering(tool(1, "add"), upstreams=(said,), server=own).instructions() == "Mine."
    silent = replace(DESK, instructions="")
    assert "instructions" not in json.load(offering(tool(1, "add"), upstreams=(said,), server=silent).discover())
    two = (said, replace(said, id="u2", name="bag"))
    assert offering(tool(1, "add"), tool(2, "sub", two[1]), upstreams=two).instructions() is None


def test_versions_are_those_of_the_eras_that_are_served() -> None:
    legacy = ["2025-11-25", "2025-06-18", "2025-03-26"]
    assert offering().versions() == ["2026-07-28", *legacy]
    assert offering(server=replace(DESK, era="modern")).versions() == ["2026-07-28"]
    assert offering(server=replace(DESK, era="legacy")).versions() == legacy

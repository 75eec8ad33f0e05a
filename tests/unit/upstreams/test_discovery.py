"""What an upstream offers, page by page, and what is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatehouse.catalog.model import Kind, Offer
from gatehouse.kit.errors import TimedOut, UpstreamFailed
from gatehouse.upstreams import discovery
from gatehouse.upstreams.base import Patience
from tests.support.upstream_links import QUICK, bench
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, modern_handshake, scripted

pytestmark = pytest.mark.anyio
SCHEMA = {"type": "object"}


async def offered(answers: dict[str, Any], *, modern: bool = True, patience: Patience = QUICK) -> Offer:
    """Discover at a server that gives these answers: a result, its text, an error's code, or one result for each cursor."""
    groups = {"tools/list": "tools", "prompts/list": "prompts"}
    capabilities: dict[str, Any] = {groups.get(method, "resources"): {} for method in answers}

    async def handler(heard: Heard, reply: Reply) -> None:
        handshake = modern_handshake if modern else legacy_handshake
        if await handshake(heard, reply, **capabilities):
            return
        answer = answers.get(heard.method, -32601)
        if isinstance(answer, list):
            answer = answer[int(heard.message["params"].get("cursor") or 0)]
        if answer is None:
            await heard.gone.wait()
        elif isinstance(answer, int):
            await reply.error(200, answer, "No such list")
        elif isinstance(answer, str):
            body = f'{{"jsonrpc":"2.0","id":{heard.id},"result":{answer}}}'
            await reply.text(200, body, "application/json")
        else:
            await reply.result(answer)

    async with scripted(handler) as server, bench(patience) as made:
        return await made.link(server.url).discover()


def tool(name: Any = "t", **fields: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": SCHEMA, **fields}


def reasons(offer: Offer) -> list[tuple[str, str]]:
    return [(skipped.key, skipped.reason) for skipped in offer.skipped]


@pytest.mark.parametrize("modern", [True, False])
async def test_every_list_is_read_to_its_last_page(modern: bool) -> None:
    pages = [{"tools": [tool(f"t{n}")], "nextCursor": str(n + 1)} for n in range(4)] + [{"tools": [tool("t4")]}]
    offer = await offered(
        {
            "tools/list": pages,
            "prompts/list": {"prompts": [{"name": "p"}]},
            "resources/list": {"resources": [{"uri": "a:b", "name": "r"}]},
            "resources/templates/list": {"resourceTemplates": [{"uriTemplate": "a:{b}", "name": "x"}]},
        },
        modern=modern,
    )
    assert [(item.kind, item.key) for item in offer.items] == [
        *((Kind.TOOL, f"t{n}") for n in range(5)),
        (Kind.PROMPT, "p"),
        (Kind.RESOURCE, "a:b"),
        (Kind.TEMPLATE, "a:{b}"),
    ]
    assert not offer.skipped


async def test_an_empty_cursor_is_a_cursor_and_null_is_none() -> None:
    seen: list[Any] = []

    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply):
            seen.append(heard.message["params"].get("cursor", "absent"))
            await reply.result({"tools": [], "nextCursor": "" if len(seen) == 1 else None})

    async with scripted(handler) as server, bench() as made:
        await made.link(server.url).discover()
    assert seen == ["absent", ""]


async def test_only_what_the_upstream_declares_is_asked_for() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply, prompts={}):
            await reply.result({"prompts": []})

    async with scripted(handler) as server, bench() as made:
        await made.link(server.url).discover()
        assert server.methods() == ["server/discover", "prompts/list"]


async def test_an_upstream_without_templates_says_so_with_method_not_found() -> None:
    offer = await offered({"resources/list": {"resources": [{"uri": "a:b"}]}, "resources/templates/list": -32601})
    assert [item.key for item in offer.items] == ["a:b"]


async def test_a_list_that_fails_fails_the_whole_so_that_nothing_seems_gone() -> None:
    with pytest.raises(UpstreamFailed, match="prompts/list failed: No such list"):
        await offered({"tools/list": {"tools": [tool()]}, "prompts/list": -32603})


async def test_a_cursor_that_goes_round_in_a_circle_is_noticed() -> None:
    with pytest.raises(UpstreamFailed, match="circle"):
        await offered({"tools/list": [{"tools": [], "nextCursor": "1"}, {"tools": [], "nextCursor": "1"}]})


async def test_a_list_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MAX_PAGES", 5)
    with pytest.raises(UpstreamFailed, match="pages"):
        await offered({"tools/list": [{"tools": [], "nextCursor": str(n + 1)} for n in range(10)]})


async def test_an_upstream_that_does_not_answer_is_given_up() -> None:
    with pytest.raises(TimedOut):
        await offered({"tools/list": None}, patience=Patience(discover=0.3, probe=0.2))


@pytest.mark.parametrize("answer", [{"tools": 5}, {"tools": {"a": 1}}, {"tools": None}])
async def test_a_list_that_is_none_is_told_of(answer: Any) -> None:
    with pytest.raises(UpstreamFailed, match="no array 'tools'"):
        await offered({"tools/list": answer})


async def test_what_the_protocol_forbids_is_left_out_with_its_reason() -> None:
    bad_header = {"type": "object", "properties": {"a": {"type": "number", "x-mcp-header": "A"}}}
    tools = [tool("a"), tool("a", title="again"), tool(None), tool(""), 5, ["x"], {}, tool("h", inputSchema=bad_header)]
    offer = await offered({"tools/list": {"tools": tools}})
    assert [item.key for item in offer.items] == ["a"] and b"again" not in offer.items[0].definition
    assert reasons(offer) == [
        ("a", "its name is given twice; the first one counts"),
        ("", "it has no name"),
        ("", "it has no name"),
        ("", "it is not a JSON object"),
        ("", "it is not a JSON object"),
        ("", "it has no name"),
        ("h", "x-mcp-header 'A' is on a value that is not a string, integer or boolean"),
    ]


async def test_a_header_annotation_means_nothing_in_the_legacy_era() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "number", "x-mcp-header": "A"}}}
    offer = await offered({"tools/list": {"tools": [tool("h", inputSchema=schema)]}}, modern=False)
    assert [item.key for item in offer.items] == ["h"]


@pytest.mark.parametrize(
    ("strange", "words"),
    [
        (tool("a b"), "some clients will refuse it"),
        (tool("x" * 129), "some clients will refuse it"),
        (tool(description="d" * 8001), "longer than 8000"),
        ({"name": "t"}, "no inputSchema"),
        (tool(inputSchema=True), "no inputSchema"),
        (tool(inputSchema={}), 'not of "type": "object"'),
        (tool(inputSchema={"type": "object", "$schema": "http://json-schema.org/draft-04/schema#"}), "old dialect"),
    ],
)
async def test_what_is_strange_is_offered_with_a_warning(strange: dict[str, Any], words: str) -> None:
    offer = await offered({"tools/list": {"tools": [strange]}})
    assert len(offer.items) == 1 and words in " ".join(offer.items[0].warnings)


async def test_a_proper_tool_has_no_warnings() -> None:
    new = {"type": "object", "$schema": "https://json-schema.org/draft/2020-12/schema"}
    offer = await offered({"tools/list": {"tools": [tool("a.b-c_D1", inputSchema=new, description=5)]}})
    assert offer.items[0].warnings == ()


async def test_schemas_and_unknown_keys_are_kept_byte_for_byte() -> None:
    schema = (
        '{"type": "object", "z": 1.0, "$defs":{"n":{"$anchor":"n","const":123456789012345678901234567890}},'
        '"properties":{"b":{"$ref":"https://nowhere.invalid/s"},"a":{"enum":[1e2,-0.0,"\\u00e9"]}}}'
    )
    body = (
        f'{{"tools":[{{"zz":[1.50],"name":"t","inputSchema":{schema},"_meta":{{"x/y":2}}}}],"resultType":"complete"}}'
    )
    (item,) = (await offered({"tools/list": body})).items
    assert item.definition == f'{{"zz":[1.50],"name":"t","inputSchema":{schema},"_meta":{{"x/y":2}}}}'.encode()


async def test_one_schema_that_can_not_be_read_costs_its_own_tool_alone() -> None:
    deep = '{"a":' * 700 + "1" + "}" * 700
    body = f'{{"tools":[{{"name":"deep","inputSchema":{deep}}},{json.dumps(tool("t"))}]}}'
    offer = await offered({"tools/list": body})
    assert "t" in [item.key for item in offer.items]
    assert len(offer.items) + len(offer.skipped) == 2


@pytest.mark.parametrize("capabilities", ["null", "5", "[]"])
async def test_an_upstream_whose_capabilities_are_no_object_offers_nothing(capabilities: str) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        result = f'{{"supportedVersions":["2026-07-28"],"capabilities":{capabilities},"_meta":null}}'
        await reply.text(200, f'{{"jsonrpc":"2.0","id":{heard.id},"result":{result}}}', "application/json")

    async with scripted(handler) as server, bench() as made:
        assert (await made.link(server.url).discover()).items == ()


@pytest.mark.parametrize("status", [404, 400])
async def test_an_upstream_that_forgets_the_session_meanwhile_is_told_of(status: int) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await legacy_handshake(heard, reply):
            await reply.error(status, -32001, "Session not found")

    async with scripted(handler) as server, bench() as made:
        with pytest.raises(UpstreamFailed, match="dropped the session"):
            await made.link(server.url).discover()

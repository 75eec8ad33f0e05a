"""Modern clients: every request complete in itself, states and cursors sealed, and streams that tell of changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from tests.integration.fronts import both_ways, furnish, gateway
from tests.integration.test_front_legacy import progress
from tests.support.everything.running import everything
from tests.support.front import EVERY_CAPABILITY, PATIENCE, PREFIX, Json, last_message, peer, text_of
from tests.support.gateway import Gateway, Launch
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, modern_handshake, scripted

__all__ = ["both_ways", "gateway"]
pytestmark = pytest.mark.anyio
INFO = PREFIX + "serverInfo"
SUBSCRIPTION = PREFIX + "subscriptionId"
CONFIRM: Json = {"name": "test_input_required_result_request_state", "arguments": {}}
CONFIRMED = {"confirm": {"action": "accept", "content": {"ok": True}}}


@pytest.fixture(scope="module")
async def paged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """Five to a page."""
    directory = tmp_path_factory.mktemp("front")
    launch = Launch(environment={"GATEHOUSE_LIMITS__PAGE_SIZE": "5"})
    async with everything(directory) as url, Gateway(directory / "data", launch) as gateway:
        await furnish(gateway, url)
        yield gateway


async def test_what_a_server_can_do_is_discovered(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        result = (await client.ask("server/discover"))["result"]
        assert result["supportedVersions"] == ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]
        assert result["capabilities"] == {
            "tools": {"listChanged": True},
            "prompts": {"listChanged": True},
            "resources": {"listChanged": True, "subscribe": True},
            "completions": {},
            "logging": {},
        }
        assert result["resultType"] == "complete"
        assert (result["ttlMs"], result["cacheScope"]) == (5000, "private")
        assert result["_meta"][INFO]["name"] == "desk"
        assert "one of everything" in result["instructions"]


async def test_an_empty_server_offers_what_it_has(gateway: Gateway) -> None:
    await gateway.expect(201, "POST", "/servers", {"name": "Empty", "instructions": "Nothing here."})
    async with peer(gateway, "empty") as client:
        result = (await client.ask("server/discover"))["result"]
        assert result["capabilities"] == {"tools": {"listChanged": True}}
        assert result["instructions"] == "Nothing here."
        assert (await client.ask("prompts/list"))["result"]["prompts"] == []
    await gateway.expect(204, "DELETE", "/servers/empty")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/list", {}),
        ("prompts/list", {}),
        ("resources/list", {}),
        ("resources/templates/list", {}),
        ("resources/read", {"uri": "test://static-text"}),
        ("resources/read", {"uri": "test://template/7/data"}),
        ("prompts/get", {"name": "test_simple_prompt"}),
        ("tools/call", {"name": "test_simple_text"}),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": "test_simple_prompt"}, "argument": {"name": "a", "value": "p"}},
        ),
    ],
)
async def test_every_result_says_its_kind_and_who_answered(gateway: Gateway, method: str, params: Json) -> None:
    async with peer(gateway) as client:
        result = (await client.ask(method, params))["result"]
        assert result["resultType"] == "complete"
        assert result["_meta"][INFO]["name"] == "desk"
        is_cacheable = "list" in method or method == "resources/read"
        assert ("ttlMs" in result and result["cacheScope"] == "private") is is_cacheable


async def test_lists_of_an_open_server_may_be_kept_by_anybody(gateway: Gateway) -> None:
    await gateway.create_server("Open", ["box"], access="anonymous")
    async with peer(gateway, "open", "") as client:
        assert (await client.ask("tools/list"))["result"]["cacheScope"] == "public"
        assert "simple text" in text_of(await client.ask("tools/call", {"name": "test_simple_text"}))
    await gateway.expect(204, "DELETE", "/servers/open")


async def test_a_call_with_nothing_to_say_before_its_end_is_one_json_body(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        params = {"name": "test_tool_with_progress"}
        silent = await client.ask_for("tools/call", params)
        assert silent.headers["content-type"] == "application/json"
        streamed = await client.ask_for("tools/call", params, meta={"progressToken": "p"})
        assert streamed.headers["content-type"] == "text/event-stream"
        assert "id:" not in streamed.text
        message, headers = client.modern("tools/call", params, meta={"progressToken": "p"})
        async with client.posted(message, headers) as events:
            *told, response = [event.message for event in await events.rest()]
        assert [(m["params"]["progress"], m["params"]["progressToken"]) for m in told] == [
            (0, "p"),
            (50, "p"),
            (100, "p"),
        ]
        assert response["id"] == message["id"]


async def test_logs_come_to_who_asks_for_them_and_from_their_level_on(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        params = {"name": "test_logging_tool"}
        silent = await client.ask_for("tools/call", params)
        assert silent.headers["content-type"] == "application/json"
        message, headers = client.modern("tools/call", params, meta={PREFIX + "logLevel": "warning"})
        async with client.posted(message, headers) as events:
            *told, _ = [event.message for event in await events.rest()]
        assert [m["params"]["level"] for m in told] == ["warning", "error"]


async def test_a_question_comes_as_a_result_and_its_answer_with_the_state(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        asked = (await client.ask("tools/call", CONFIRM, capabilities=EVERY_CAPABILITY))["result"]
        assert asked["resultType"] == "input_required"
        assert asked["inputRequests"]["confirm"]["method"] == "elicitation/create"
        answers = {"inputResponses": CONFIRMED, "requestState": asked["requestState"]}
        response = await client.ask("tools/call", {**CONFIRM, **answers}, capabilities=EVERY_CAPABILITY)
        assert text_of(response) == "state-ok, ok=True"


async def test_who_can_not_be_asked_is_told_what_is_missing(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        response = await client.ask_for("tools/call", CONFIRM)
        assert response.status_code == 400
        error = response.json()["error"]
        assert (error["code"], error["data"]) == (-32021, {"requiredCapabilities": {"elicitation": {}}})


async def test_a_state_is_good_for_its_principal_its_server_and_its_request_alone(gateway: Gateway) -> None:
    token = await gateway.create_token("somebody else", ["desk"])
    await gateway.create_server("Second", ["box"])
    async with peer(gateway) as client, peer(gateway, token=token) as other, peer(gateway, "second") as elsewhere:
        asked = (await client.ask("tools/call", CONFIRM, capabilities=EVERY_CAPABILITY))["result"]
        state = asked["requestState"]
        again = {**CONFIRM, "inputResponses": CONFIRMED, "requestState": state}
        swapped = state[:-2] + ("A" if state[-2] != "A" else "B") + state[-1]
        cases = [
            (other, again),
            (elsewhere, again),
            (client, {**again, "arguments": {"more": 1}}),
            (client, {**again, "name": "test_input_required_result_tampered_state"}),
            (client, {**again, "requestState": swapped}),
            (client, {**again, "requestState": "nonsense"}),
            (client, {**again, "requestState": 5}),
            (client, {**again, "requestState": "\u00fc"}),
        ]
        for who, params in cases:
            response = await who.ask_for("tools/call", params, capabilities=EVERY_CAPABILITY)
            assert response.status_code == 400, params
            error = response.json()["error"]
            assert error["code"] == -32602
            assert "requestState is not one that was given for this request" in error["message"]
        assert text_of(await client.ask("tools/call", again, capabilities=EVERY_CAPABILITY)) == "state-ok, ok=True"
    await gateway.expect(204, "DELETE", "/servers/second")


async def test_pages_are_gone_through_one_by_one(paged: Gateway) -> None:
    async with peer(paged) as client:
        await client.initialize()
        for ask in (client.ask, _legacy(client)):
            names: list[str] = []
            params: Json = {"cursor": ""}
            while True:
                result = (await ask("tools/list", params))["result"]
                assert 0 < len(result["tools"]) <= 5
                names += [tool["name"] for tool in result["tools"]]
                if "nextCursor" not in result:
                    break
                params = {"cursor": result["nextCursor"]}
            assert len(names) == len(set(names)) == len(await paged.items("/tools"))


async def test_a_cursor_is_good_for_its_principal_and_its_list_alone(paged: Gateway) -> None:
    token = await paged.create_token("somebody else", ["desk"])
    async with peer(paged) as client, peer(paged, token=token) as other:
        cursor = (await client.ask("tools/list"))["result"]["nextCursor"]
        for who, method, given in (
            (other, "tools/list", cursor),
            (client, "prompts/list", cursor),
            (client, "tools/list", cursor[:-3] + "AAA"),
            (client, "tools/list", "nonsense"),
        ):
            response = await who.ask_for(method, {"cursor": given})
            assert (response.status_code, response.json()["error"]["code"]) == (400, -32602)
            assert "unknown cursor" in response.json()["error"]["message"]
        assert (await client.ask_for("tools/list", {"cursor": cursor})).status_code == 200


async def test_a_listener_is_acknowledged_first_and_then_told_of_changes(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        wanted = {
            "toolsListChanged": True,
            "promptsListChanged": False,
            "resourceSubscriptions": ["test://watched-resource", "test://nowhere", 5],
        }
        message, headers = client.modern("subscriptions/listen", {"notifications": wanted})
        async with client.posted(message, headers) as events:
            first = await events.message()
            assert first["method"] == "notifications/subscriptions/acknowledged"
            honoured = {"toolsListChanged": True, "resourceSubscriptions": ["test://watched-resource"]}
            assert first["params"]["notifications"] == honoured
            assert first["params"]["_meta"] == {SUBSCRIPTION: message["id"]}
            await client.ask("tools/call", {"name": "test_trigger_resource_update"})
            updated = await events.message()
            assert updated["method"] == "notifications/resources/updated"
            assert updated["params"]["uri"] == "test://watched-resource"
            assert updated["params"]["_meta"][SUBSCRIPTION] == message["id"]
            await client.ask("tools/call", {"name": "test_trigger_prompt_change"})
            await client.ask("tools/call", {"name": "test_trigger_tool_change"})
            assert (await events.message())["method"] == "notifications/tools/list_changed"


async def test_a_listener_whose_token_is_revoked_is_let_go_within_a_second(both_ways: Gateway) -> None:
    made = await both_ways.expect(201, "POST", "/tokens", {"name": "listener", "servers": ["desk"]})
    async with peer(both_ways, token=made["token"]) as client, client.subscribed({"toolsListChanged": True}) as events:
        await events.message()
        await both_ways.expect(204, "DELETE", f"/tokens/{made['id']}")
        with anyio.fail_after(1.5):
            end = await events.message()
        assert end["result"]["resultType"] == "complete"
        assert SUBSCRIPTION in end["result"]["_meta"]
        assert await events.next() is None


async def test_a_listener_whose_server_is_deleted_is_let_go_within_a_second(gateway: Gateway) -> None:
    await gateway.create_server("Passing", ["box"])
    async with peer(gateway, "passing") as client, client.subscribed({}) as events:
        await events.message()
        await gateway.expect(204, "DELETE", "/servers/passing")
        with anyio.fail_after(1.5):
            assert "result" in await events.message()


async def test_a_listener_whose_token_expires_is_let_go(gateway: Gateway) -> None:
    token = await gateway.create_token("briefly", ["desk"], expires_in="1s")
    async with peer(gateway, token=token) as client, client.subscribed({"toolsListChanged": True}) as events:
        assert (await events.message())["method"] == "notifications/subscriptions/acknowledged"
        assert "result" in await events.message()


async def test_closing_the_stream_cancels_the_upstreams_work(both_ways: Gateway) -> None:
    async def hang(heard: Heard, reply: Reply) -> None:
        if await modern_handshake(heard, reply):
            return
        if heard.method == "tools/list":
            tools: list[Json] = [{"name": "hang", "inputSchema": {"type": "object"}}]
            await reply.result({"tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
        elif heard.method == "tools/call":
            await reply.open()
            await reply.event(progress(heard.message["params"]["_meta"]["progressToken"], 1))
            await heard.gone.wait()
        else:
            await reply.error(404, -32601)

    async with scripted(hang) as upstream, peer(both_ways, "slow") as client:
        await both_ways.add_upstream("slow", url=upstream.url)
        await both_ways.create_server("Slow", ["slow"])
        try:
            message, headers = client.modern("tools/call", {"name": "hang"}, meta={"progressToken": 1})
            async with client.posted(message, headers) as events:
                await events.message()
                (call,) = await upstream.until("tools/call")
                assert not call.gone.is_set()
            with anyio.fail_after(PATIENCE):
                await call.gone.wait()
        finally:
            await both_ways.expect(204, "DELETE", "/servers/slow")
            await both_ways.expect(204, "DELETE", "/upstreams/slow")


async def test_a_server_of_the_legacy_era_promises_modern_clients_no_updates(gateway: Gateway) -> None:
    async def old(heard: Heard, reply: Reply) -> None:
        if await legacy_handshake(heard, reply, resources={"subscribe": True}):
            return
        items: dict[str, Any] = (
            {"resources": [{"uri": "old://a", "name": "a"}]} if heard.method == "resources/list" else {}
        )
        await reply.result({"resourceTemplates": [], **items})

    async with scripted(old) as upstream, peer(gateway, "old") as client:
        await gateway.add_upstream("old", url=upstream.url)
        await gateway.create_server("Old", ["old"])
        try:
            capabilities = (await client.ask("server/discover"))["result"]["capabilities"]
            assert capabilities["resources"] == {"listChanged": True}
            async with client.subscribed({"resourceSubscriptions": ["old://a"]}) as events:
                assert (await events.message())["params"]["notifications"] == {}
            hello = await client.initialize()
            assert last_message(hello)["result"]["capabilities"]["resources"]["subscribe"] is True
        finally:
            await gateway.expect(204, "DELETE", "/servers/old")
            await gateway.expect(204, "DELETE", "/upstreams/old")


def _legacy(client: Any) -> Any:
    async def ask(method: str, params: Json) -> Json:
        return last_message(await client.say(method, params))

    return ask

"""Legacy clients over Streamable HTTP: sessions, streams that can be come back to, questions, and who may do what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.integration.fronts import both_ways, gateway
from tests.support.front import (
    EVERY_CAPABILITY,
    Events,
    Json,
    Peer,
    last_message,
    peer,
    raw,
    text_of,
    until,
)
from tests.support.gateway import Gateway
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, scripted

__all__ = ["both_ways", "gateway"]
pytestmark = pytest.mark.anyio
ANSWERS: dict[str, Json] = {
    "elicitation/create": {"action": "accept", "content": {"username": "ada", "email": "ada@example.com"}},
    "sampling/createMessage": {"role": "assistant", "content": {"type": "text", "text": "hi"}, "model": "m"},
    "roots/list": {"roots": [{"uri": "file:///home/ada", "name": "home"}]},
}


async def hang(heard: Heard, reply: Reply) -> None:
    """A legacy server with one tool, which says how far it is and then waits for ever."""
    if await legacy_handshake(heard, reply):
        return
    if heard.method == "tools/list":
        await reply.result({"tools": [{"name": "hang", "inputSchema": {"type": "object"}}]})
    elif heard.method == "tools/call":
        await reply.open()
        token = heard.message["params"].get("_meta", {}).get("progressToken")
        await reply.event(progress(token, 1))
        await heard.gone.wait()


def progress(token: Any, done: int) -> Json:
    params = {"progressToken": token, "progress": done}
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}


async def answered(client: Peer, events: Events) -> tuple[list[str], Json]:
    """Answer every question on a stream, until the response; which questions there were, and the response."""
    asked: list[str] = []
    while True:
        message = await events.message()
        if "method" not in message:
            return asked, message
        if "id" in message:
            asked.append(message["method"])
            assert (await client.answer(message["id"], ANSWERS[message["method"]])).status_code == 202


async def test_a_session_is_begun_used_and_ended(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        hello = await client.initialize()
        assert hello.json()["result"]["protocolVersion"] == "2025-11-25"
        assert hello.json()["result"]["serverInfo"]["name"] == "desk"
        assert client.session.isascii() and client.session.isprintable() and len(client.session) > 40
        assert last_message(await client.say("ping"))["result"] == {}
        assert "simple text" in text_of(await client.call("test_simple_text"))
        assert (await client.http.delete(client.url, headers=client.headers())).status_code == 204
        gone = await client.say("ping")
        assert gone.status_code == 404
        assert "begin again with an initialize request" in gone.json()["error"]["message"]


async def test_without_its_session_a_request_is_bad_and_with_an_unknown_one_not_found(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        missing = await client.say("tools/list")
        assert missing.status_code == 400
        assert "Mcp-Session-Id is missing" in missing.json()["error"]["message"]
        for unknown in ("nonsense", "x" * 2000, "' OR 1=1 --"):
            response = await client.say("tools/list", headers={"mcp-session-id": unknown})
            assert response.status_code == 404
        for verb in ("GET", "DELETE"):
            headers = client.headers({"accept": "text/event-stream", "mcp-session-id": "nonsense"})
            assert (await client.http.request(verb, client.url, headers=headers)).status_code == 404


async def test_a_session_is_of_one_principal_and_of_one_server(gateway: Gateway) -> None:
    token = await gateway.create_token("else", ["desk"])
    await gateway.create_server("Second", ["box"])
    async with peer(gateway) as client, peer(gateway, token=token) as other, peer(gateway, "second") as elsewhere:
        await client.initialize()
        for stranger in (other, elsewhere):
            stranger.session = client.session
            assert (await stranger.say("ping")).status_code == 404
            assert (await stranger.http.delete(stranger.url, headers=stranger.headers())).status_code == 404
        assert (await client.say("ping")).status_code == 200
    await gateway.expect(204, "DELETE", "/servers/second")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("1999-01-01", "2025-11-25"),
    ],
)
async def test_the_version_is_the_clients_where_it_is_known(gateway: Gateway, asked: str, given: str) -> None:
    async with peer(gateway) as client:
        assert (await client.initialize(version=asked)).json()["result"]["protocolVersion"] == given


@pytest.mark.parametrize("params", [{}, {"protocolVersion": 5}, {"protocolVersion": "2025-11-25", "capabilities": 5}])
async def test_a_handshake_that_says_too_little_is_invalid(gateway: Gateway, params: Json) -> None:
    async with peer(gateway) as client:
        response = await client.say("initialize", params)
        assert last_message(response)["error"]["code"] == -32602
        assert "mcp-session-id" not in response.headers


async def test_unknown_methods_and_wrong_params_are_errors_of_their_request(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        await client.initialize()
        assert last_message(await client.say("no/such"))["error"]["code"] == -32601
        assert last_message(await client.say("server/discover"))["error"]["code"] == -32601
        for method, params in (
            ("tools/list", {"cursor": "nonsense"}),
            ("tools/list", {"cursor": 5}),
            ("tools/call", {"name": "test_simple_text", "_meta": 5}),
            ("completion/complete", {"ref": 5}),
            ("logging/setLevel", {"level": "loud"}),
        ):
            assert last_message(await client.say(method, params))["error"]["code"] == -32602, method
        missing = last_message(await client.say("resources/read", {"uri": "test://nowhere"}))
        assert (missing["error"]["code"], missing["error"]["data"]) == (-32002, {"uri": "test://nowhere"})


@pytest.mark.parametrize(("version", "priming"), [("2025-11-25", True), ("2025-06-18", False), ("2025-03-26", False)])
async def test_a_stream_begins_with_an_id_for_those_who_know_what_that_is_for(
    both_ways: Gateway, version: str, priming: bool
) -> None:
    async with peer(both_ways) as client:
        await client.initialize(version=version)
        params = {"name": "test_tool_with_progress", "_meta": {"progressToken": "p"}}
        async with client.posted(client.request("tools/call", params)) as events:
            first, *rest = await events.rest()
        assert (not first.data and first.id is not None) is priming
        messages = [event.message for event in ([] if priming else [first]) + rest]
        assert [m["params"]["progress"] for m in messages[:-1]] == [0, 50, 100]
        assert all(m["params"]["progressToken"] == "p" for m in messages[:-1])
        assert "All of it is done" in text_of(messages[-1])


async def test_a_stream_that_broke_off_is_come_back_to_and_nothing_comes_twice(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        await client.initialize()
        params = {"name": "test_tool_with_progress", "_meta": {"progressToken": 1}}
        async with client.posted(client.request("tools/call", params)) as events:
            await events.next()
            first = await events.next()
        assert first is not None and first.message["params"]["progress"] == 0
        async with client.listening({"last-event-id": first.id}) as events:
            rest = [event.message for event in await events.rest()]
        assert [m["params"]["progress"] for m in rest[:-1]] == [50, 100]
        assert "All of it is done" in text_of(rest[-1])
        async with client.listening({"last-event-id": first.id}) as events:
            assert [event.message for event in await events.rest()] == rest


async def test_an_answer_that_nobody_waited_for_is_kept(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        await client.initialize()
        params = {"name": "test_tool_with_progress", "_meta": {"progressToken": 1}}
        async with client.posted(client.request("tools/call", params)) as events:
            priming = await events.next()
        assert priming is not None and priming.id
        async with client.listening({"last-event-id": priming.id}) as events:
            *progress, response = [event.message for event in await events.rest()]
        assert len(progress) == 3
        assert "All of it is done" in text_of(response)


@pytest.mark.parametrize("last", ["nonsense", "99-1", "0-99999999", "0-\u00b2", "0-" + "9" * 5000, "-", ""])
async def test_an_event_id_of_somebody_elses_making_is_refused(gateway: Gateway, last: str) -> None:
    async with peer(gateway) as client:
        await client.initialize()
        headers = client.headers({"accept": "text/event-stream"})
        sent = {**headers, "last-event-id": last.encode("latin-1")}
        response = await client.http.get(client.url, headers=list(sent.items()))
        assert response.status_code == 400
        assert "Last-Event-ID" in response.json()["error"]["message"]


async def test_changes_of_a_list_are_told_on_the_standalone_stream(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        await client.initialize()
        async with client.listening() as events:
            assert events.response.headers["x-accel-buffering"] == "no"
            await both_ways.expect(200, "PATCH", "/tools/box_test_simple_text", {"description": "Changed by hand"})
            assert (await events.message())["method"] == "notifications/tools/list_changed"
            tools = last_message(await client.say("tools/list"))["result"]["tools"]
            assert "Changed by hand" in [tool.get("description") for tool in tools]
            await client.call("test_trigger_prompt_change")
            assert (await events.message())["method"] == "notifications/prompts/list_changed"


async def test_what_was_told_while_nobody_read_is_told_to_who_comes_next(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        await client.initialize()
        await gateway.expect(200, "PATCH", "/tools/box_test_image_content", {"title": "First"})

        async def shown() -> bool:
            tools = last_message(await client.say("tools/list"))["result"]["tools"]
            return "First" in [tool.get("title") for tool in tools]

        await until(shown)
        async with client.listening() as events:
            assert (await events.message())["method"] == "notifications/tools/list_changed"


async def test_a_second_reader_takes_the_stream_over(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        await client.initialize()
        async with client.listening() as first, client.listening() as second:
            assert await first.next() is None
            await both_ways.expect(200, "PATCH", "/tools/box_test_audio_content", {"title": f"T{client.session[:5]}"})
            assert (await second.message())["method"] == "notifications/tools/list_changed"


async def test_a_resource_that_is_subscribed_to_is_told_of_on_the_stream(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        await client.initialize()
        uri = {"uri": "test://watched-resource"}
        async with client.listening() as events:
            assert last_message(await client.say("resources/subscribe", uri))["result"] == {}
            await client.call("test_trigger_resource_update")
            updated = await events.message()
            assert (updated["method"], updated["params"]["uri"]) == ("notifications/resources/updated", uri["uri"])
            assert last_message(await client.say("resources/unsubscribe", uri))["result"] == {}


async def test_who_loses_the_right_to_a_server_loses_the_stream(gateway: Gateway) -> None:
    await gateway.create_server("Passing", ["box"])
    async with peer(gateway, "passing") as client:
        await client.initialize()
        async with client.listening() as events:
            await gateway.expect(204, "DELETE", "/servers/passing")
            assert await events.next() is None
        assert (await client.say("ping")).status_code == 404


async def test_a_stream_ends_when_its_token_expires(gateway: Gateway) -> None:
    token = await gateway.create_token("briefly", ["desk"], expires_in="2s")
    async with peer(gateway, token=token) as client:
        await client.initialize()
        async with client.listening() as events:
            assert await events.next() is None
        assert (await client.say("ping")).status_code == 401


async def test_batches_are_answered_in_the_one_version_that_has_them(both_ways: Gateway) -> None:
    async with peer(both_ways) as client:
        batch = [
            client.request("ping", id="a"),
            client.request("tools/call", {"name": "test_tool_with_progress", "_meta": {"progressToken": 9}}, id="b"),
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            client.request("no/such", id="c"),
            [client.request("ping", id="d")],
            5,
        ]
        await client.initialize(version="2025-03-26")
        async with client.posted(batch) as events:  # pyright: ignore[reportArgumentType]
            messages = [event.message for event in await events.rest()]
        by_id = {message["id"]: message for message in messages if "id" in message}
        assert by_id["a"]["result"] == {} and "All of it is done" in text_of(by_id["b"])
        assert by_id["c"]["error"]["code"] == -32601 and by_id[None]["error"]["code"] == -32600
        assert len([m for m in messages if m.get("method") == "notifications/progress"]) == 3
        told = await client.send(json.dumps([{"jsonrpc": "2.0", "method": "notifications/initialized"}]).encode())
        assert (told.status_code, told.content) == (202, b"")
        for wrong in ([], [client.request("ping")] * 101):
            assert (await client.send(json.dumps(wrong).encode())).status_code == 400
        await client.initialize()
        refused = await client.send(json.dumps(batch).encode())
        assert refused.status_code == 400
        assert "2025-03-26 only" in refused.json()["error"]["message"]


async def test_logs_are_filtered_by_the_level_that_was_set(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        await client.initialize()
        for level, heard in (("warning", ["warning", "error"]), ("error", ["error"]), ("debug", 4)):
            assert last_message(await client.say("logging/setLevel", {"level": level}))["result"] == {}
            async with client.posted(client.request("tools/call", {"name": "test_logging_tool"})) as events:
                messages = [event.message for event in await events.rest() if event.data]
            levels = [m["params"]["level"] for m in messages if m.get("method") == "notifications/message"]
            assert levels == heard or len(levels) == heard, level


@pytest.mark.parametrize(
    ("tool", "arguments", "asked", "said"),
    [
        ("test_elicitation", {"message": "Who?"}, ["elicitation/create"], "action=accept"),
        ("test_sampling", {"prompt": "Hello"}, ["sampling/createMessage"], "LLM response: hi"),
        ("test_input_required_result_list_roots", {}, ["roots/list"], "file:///home/ada"),
    ],
)
async def test_questions_come_on_the_stream_of_the_call_to_those_who_said_they_answer(
    both_ways: Gateway, tool: str, arguments: Json, asked: list[str], said: str
) -> None:
    async with peer(both_ways) as client:
        await client.initialize(EVERY_CAPABILITY)
        async with client.posted(client.request("tools/call", {"name": tool, "arguments": arguments})) as events:
            questions, response = await answered(client, events)
        assert questions == asked
        assert said in text_of(response)
        await client.initialize()
        response = await client.call(tool, arguments)
        assert response["result"]["isError"] is True
        assert "can't be asked" in text_of(response)


async def test_an_answer_to_nothing_is_taken_and_forgotten(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        await client.initialize(EVERY_CAPABILITY)
        assert (await client.answer("gh-77", {"action": "accept"})).status_code == 202


async def test_completions_come_from_the_upstream(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        await client.initialize()
        for reference in (
            {"type": "ref/prompt", "name": "test_prompt_with_arguments"},
            {"type": "ref/resource", "uri": "test://template/{id}/data"},
        ):
            params = {"ref": reference, "argument": {"name": "arg1", "value": "par"}}
            response = last_message(await client.say("completion/complete", params))
            assert response["result"]["completion"]["values"] == ["paris", "park", "party"]


async def test_a_cancelled_call_is_cancelled_upstream_and_its_post_ends(both_ways: Gateway) -> None:
    async with scripted(hang) as upstream, peer(both_ways, "slow") as client:
        await both_ways.add_upstream("slow", url=upstream.url)
        await both_ways.create_server("Slow", ["slow"])
        try:
            await client.initialize()
            message = client.request("tools/call", {"name": "hang", "_meta": {"progressToken": 1}}, id="mine")
            async with client.posted(message) as events:
                assert (await events.message())["method"] == "notifications/progress"
                params = {"requestId": "mine", "reason": "no longer wanted"}
                assert (await client.tell("notifications/cancelled", params)).status_code == 202
                response = await events.message()
                assert response["id"] == "mine"
                assert "Cancelled by the client" in response["error"]["message"]
                assert await events.next() is None
            (cancelled,) = await upstream.until("notifications/cancelled")
            (call,) = await upstream.until("tools/call")
            assert cancelled.message["params"]["requestId"] == call.id
        finally:
            await both_ways.expect(204, "DELETE", "/servers/slow")
            await both_ways.expect(204, "DELETE", "/upstreams/slow")


async def test_going_away_is_not_cancelling(both_ways: Gateway) -> None:
    go_on = anyio.Event()

    async def wait(heard: Heard, reply: Reply) -> None:
        if heard.method != "tools/call":
            await hang(heard, reply)
            return
        await reply.open()
        await reply.event(progress(heard.message["params"]["_meta"]["progressToken"], 1))
        await go_on.wait()
        await reply.answer({"content": [{"type": "text", "text": "done all the same"}]})

    async with scripted(wait) as upstream, peer(both_ways, "slow") as client:
        await both_ways.add_upstream("slow", url=upstream.url)
        await both_ways.create_server("Slow", ["slow"])
        try:
            await client.initialize()
            message = client.request("tools/call", {"name": "hang", "_meta": {"progressToken": 1}})
            async with client.posted(message) as events:
                priming = await events.next()
                await events.message()
            assert priming is not None
            go_on.set()
            async with client.listening({"last-event-id": priming.id}) as events:
                assert (await events.message())["method"] == "notifications/progress"
                assert text_of(await events.message()) == "done all the same"
            assert "notifications/cancelled" not in upstream.methods()
        finally:
            await both_ways.expect(204, "DELETE", "/servers/slow")
            await both_ways.expect(204, "DELETE", "/upstreams/slow")


async def test_a_call_that_is_under_way_is_answered_before_the_gateway_stops(tmp_path: Path) -> None:
    go_on = anyio.Event()

    async def wait(heard: Heard, reply: Reply) -> None:
        if heard.method != "tools/call":
            await hang(heard, reply)
            return
        await go_on.wait()
        await reply.result({"content": [{"type": "text", "text": "in time"}]})

    async with scripted(wait) as upstream, Gateway(tmp_path / "data") as stopping:
        await stopping.add_upstream("slow", url=upstream.url)
        await stopping.create_server("Slow", ["slow"])
        async with peer(stopping, "slow") as client, anyio.create_task_group() as group:
            await client.initialize()
            heard: list[Json] = []

            async def call() -> None:
                heard.append(await client.call("hang"))

            async def no_longer_listens() -> bool:
                try:
                    async with raw(stopping):
                        return False
                except OSError:
                    return True

            async with client.listening() as events:
                group.start_soon(call)
                await upstream.until("tools/call")
                group.start_soon(stopping.stop)
                await until(no_longer_listens)
                go_on.set()
                assert await events.next() is None
        assert text_of(heard[0]) == "in time"

"""One peer over Streamable HTTP, against scripted servers: what no good server does, and what a good one may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.protocol.call import Answer, Ask, Log, Notice, Result
from gatehouse.upstreams.address import Address
from gatehouse.upstreams.peer import ListsChanged, Outgoing, Peer, Stray, nobody
from gatehouse.upstreams.streamable_http import LegacyHttpPeer, ModernHttpPeer
from tests.support.upstream_links import Bench, Events, bench, said
from tests.support.upstream_scripts import Handler, Heard, Reply, scripted

pytestmark = pytest.mark.anyio
CALL = Outgoing("tools/call", {"name": json.raw("t")}, timeout=10.0)


def address(made: Bench, url: str, largest: int = 10_000) -> Address:
    return Address(made.http, url, b"", largest)


@asynccontextmanager
async def legacy(handler: Handler, take: Any = nobody) -> AsyncIterator[tuple[LegacyHttpPeer, Any]]:
    async with scripted(handler) as server, bench() as made:
        peer = LegacyHttpPeer(address(made, server.url), made.tasks, take)
        peer.session_id = b"s1"
        peer.adopt("2025-11-25")
        yield peer, server


@asynccontextmanager
async def modern(handler: Handler) -> AsyncIterator[tuple[ModernHttpPeer, Any]]:
    async with scripted(handler) as server, bench() as made:
        yield ModernHttpPeer(address(made, server.url)), server


async def asked(peer: Peer, outgoing: Outgoing = CALL, emit: Any = None) -> Any:
    with anyio.fail_after(15):
        return said(await peer.request(outgoing, emit if emit is not None else Events()))


def note(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


@pytest.mark.parametrize("era", [legacy, modern])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html>", "not JSON-RPC"),
        ('{"jsonrpc":"2.0","id":1}', "neither a result nor an error"),
        ('{"jsonrpc":"2.0","id":1,"result":5}', "not JSON-RPC"),
        ('{"jsonrpc":"2.0","id":1,"error":"no"}', "not JSON-RPC"),
        ('{"jsonrpc":"2.0","id":99,"result":{}}', "another request"),
        ('{"jsonrpc":"2.0","id":1,"result":{"a":' + "[" * 100_000 + "]" * 100_000 + "}}", "not JSON-RPC"),
        ("[]", "not JSON-RPC"),
        ("", "not JSON-RPC"),
    ],
)
async def test_an_answer_that_is_none_is_told_of(era: Any, body: str, words: str) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.text(200, body, "application/json")

    async with era(handler) as (peer, _):
        with pytest.raises(UpstreamFailed, match=words):
            await asked(peer)


@pytest.mark.parametrize("era", [legacy, modern])
async def test_an_error_without_an_id_is_the_answer_to_what_was_asked(era: Any) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.json({"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": "Oops"}})

    async with era(handler) as (peer, _):
        assert await asked(peer) == (-32603, "Oops")


@pytest.mark.parametrize("era", [legacy, modern])
@pytest.mark.parametrize("params", [[1], 5, "a"])
async def test_a_notification_that_can_not_be_read_is_told_of(era: Any, params: Any) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.open()
        await reply.event({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})

    async with era(handler) as (peer, _):
        with pytest.raises(UpstreamFailed, match="params are not an object"):
            await asked(peer)


@pytest.mark.parametrize("era", [legacy, modern])
async def test_events_come_in_order_and_the_answer_of_another_request_is_no_answer(era: Any) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.open()
        for number in range(100):
            await reply.event(note("notifications/message", level="info", data=number))
        await reply.event({"jsonrpc": "2.0", "id": 77, "result": {"wrong": True}})
        await reply.event(None)
        await reply.event(note("x/y", a=1))
        await reply.answer({"right": True})

    async with era(handler) as (peer, _):
        events = Events()
        assert await asked(peer, emit=events) == {"right": True}
        logs = [json.load(event.params)["data"] for event in events if isinstance(event, Log)]
        assert logs == list(range(100))
        assert events[-1] == Notice("x/y", json.Raw(b'{"a": 1}'))


@pytest.mark.parametrize("era", [legacy, modern])
async def test_a_stream_that_ends_before_the_answer_is_told_of(era: Any) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.open()
        await reply.event(note("notifications/message", level="info"))

    async with era(handler) as (peer, _):
        with pytest.raises(UpstreamDown, match="before it answered"):
            await asked(peer)


@pytest.mark.parametrize("era", [legacy, modern])
async def test_an_event_without_end_is_given_up(era: Any) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.open()
        with anyio.CancelScope() as scope:
            while not heard.gone.is_set() and not scope.cancel_called:
                await reply.event("x" * 20_000)

    async with era(handler) as (peer, _):
        with pytest.raises(UpstreamFailed, match="too large"):
            await asked(peer)


async def test_a_request_of_a_modern_server_goes_to_nobody() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.open()
        await reply.event({"jsonrpc": "2.0", "id": 5, "method": "elicitation/create", "params": {}})
        await reply.event(note("notifications/tools/list_changed"))
        await reply.answer({})

    async with modern(handler) as (peer, _):
        events = Events()
        await asked(peer, emit=events)
        assert [type(event) for event in events] == [Notice]


@pytest.mark.parametrize("method", ["elicitation/create", "sampling/createMessage", "roots/list"])
@pytest.mark.parametrize(
    "answer", [Answer(json.raw({"action": "accept"})), Answer(error=json.raw({"code": -1, "message": "No"}))]
)
async def test_a_question_on_the_stream_of_a_call_is_answered(method: str, answer: Answer) -> None:
    answered = anyio.Event()

    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method != "tools/call":
            await reply.nothing()
            answered.set()
            return
        await reply.open()
        await reply.event({"jsonrpc": "2.0", "id": "q-1", "method": method, "params": {"message": "?"}})
        await answered.wait()
        await reply.answer({"done": True})

    async with legacy(handler) as (peer, server):

        async def emit(event: Any) -> None:
            assert isinstance(event, Ask) and event.method == method and json.load(event.params) == {"message": "?"}
            await event.reply(answer)

        assert await asked(peer, emit=emit) == {"done": True}
        back = next(heard for heard in server.heard if heard.id == "q-1")
        expected = {"result": json.load(answer.result)} if answer.result else {"error": json.load(answer.error or b"")}
        assert back.message == {"jsonrpc": "2.0", "id": "q-1", **expected}
        assert back.headers["mcp-session-id"] == "s1"


async def test_questions_of_calls_at_once_go_to_the_call_they_came_in() -> None:
    answers: dict[str, anyio.Event] = {name: anyio.Event() for name in "abcdefgh"}

    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method != "tools/call":
            answers[heard.message["result"]["to"]].set()
            await reply.nothing()
            return
        name = heard.message["params"]["name"]
        await reply.open()
        question = {"jsonrpc": "2.0", "id": name, "method": "elicitation/create", "params": {"message": name}}
        await reply.event(question)
        await answers[name].wait()
        await reply.answer({"name": name})

    async with legacy(handler) as (peer, _), anyio.create_task_group() as group:

        async def call(name: str) -> None:
            async def emit(event: Any) -> None:
                assert json.load(event.params)["message"] == name
                await event.reply(Answer(json.raw({"to": name})))

            assert await asked(peer, Outgoing("tools/call", {"name": json.raw(name)}), emit) == {"name": name}

        for name in answers:
            group.start_soon(call, name)


async def test_while_a_question_is_open_the_silence_of_the_upstream_means_nothing() -> None:
    answered = anyio.Event()

    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method != "tools/call":
            answered.set()
            await reply.nothing()
            return
        await reply.open()
        await reply.event({"jsonrpc": "2.0", "id": 1, "method": "roots/list"})
        await answered.wait()
        await reply.answer({"done": True})

    async with legacy(handler) as (peer, _), anyio.create_task_group() as group:

        async def later(event: Ask) -> None:
            await anyio.sleep(1.0)  # a person thinks for longer than the upstream may be silent
            await event.reply(Answer(json.EMPTY))

        async def emit(event: Any) -> None:
            group.start_soon(later, event)

        assert await asked(peer, Outgoing("tools/call", {}, timeout=0.5), emit) == {"done": True}


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_silent_upstream_is_given_up_and_told_so(streamed: bool) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method != "tools/call":
            await reply.nothing()
            return
        if streamed:
            await reply.open()
        await heard.gone.wait()

    async with legacy(handler) as (peer, server):
        with pytest.raises(TimedOut, match="no sign of life"):
            await asked(peer, Outgoing("tools/call", {}, timeout=0.1))
        (told,) = await server.until("notifications/cancelled")
        assert told.message["params"] == {"requestId": 1}


async def test_a_ping_on_the_stream_is_answered_here() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method != "tools/call":
            await reply.nothing()
            return
        await reply.open()
        await reply.event({"jsonrpc": "2.0", "id": 9, "method": "ping"})
        await reply.answer({})

    async with legacy(handler) as (peer, server):
        events = Events()
        await asked(peer, emit=events)
        assert not events
        assert [heard.message for heard in server.heard[1:]] == [{"jsonrpc": "2.0", "id": 9, "result": {}}]


async def test_an_upstream_that_withdraws_a_question_does_not_speak_to_the_client_in_its_own_ids() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.open()
        await reply.event(note("notifications/cancelled", requestId=9))
        await reply.answer({})

    async with legacy(handler) as (peer, _):
        events = Events()
        await asked(peer, emit=events)
        assert not events


def resumable(breaks: int) -> Handler:
    """Its stream breaks off so often, each time after one more log; then the answer comes."""

    async def handler(heard: Heard, reply: Reply) -> None:
        place = int(heard.headers.get("last-event-id", "0"))
        await reply.open()
        if place == 0:
            await reply.event(None, id="1", retry=1)
            place = 1
        if place <= breaks:
            await reply.event(note("notifications/message", level="info", data=place), id=str(place + 1))
        else:
            await reply.event({"jsonrpc": "2.0", "id": 1, "result": {"done": True}}, id=str(place + 1))

    return handler


async def test_a_stream_that_breaks_off_is_come_back_to() -> None:
    async with legacy(resumable(3)) as (peer, server):
        events = Events()
        assert await asked(peer, emit=events) == {"done": True}
        assert [json.load(event.params)["data"] for event in events if isinstance(event, Log)] == [1, 2, 3]
        gets = [heard for heard in server.heard if heard.verb == "GET"]
        assert [heard.headers["last-event-id"] for heard in gets] == ["2", "3", "4"]
        assert all(heard.headers["mcp-session-id"] == "s1" for heard in gets)


@pytest.mark.parametrize("status", [404, 405, 200])
async def test_a_stream_that_can_not_be_come_back_to_is_told_of(status: int) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.verb == "GET":
            await reply.text(status, "{}", "application/json")
            return
        await reply.open()
        await reply.event(None, id="1", retry=1)

    async with legacy(handler) as (peer, server):
        with pytest.raises(UpstreamDown, match="before it answered"):
            await asked(peer)
        assert server.methods() == ["tools/call", "GET"]


async def test_what_is_said_outside_of_a_call_is_a_stray_and_a_question_there_gets_its_no() -> None:
    strays: list[Stray] = []
    three = anyio.Event()

    async def take(stray: Stray) -> None:
        strays.append(stray)
        await nobody(stray)
        if len(strays) == 3:
            three.set()

    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.verb != "GET":
            await reply.nothing()
            return
        await reply.open()
        await reply.event(note("notifications/tools/list_changed"))
        await reply.event(note("notifications/message", level="info"))
        await reply.event(note("notifications/progress", progressToken=1, progress=1))
        await reply.event({"jsonrpc": "2.0", "id": 3, "method": "roots/list"})
        await heard.gone.wait()

    async with legacy(handler, take) as (peer, server):
        peer.start_listening("listen")
        with anyio.fail_after(10):
            await three.wait()
        assert strays[0] == ListsChanged("tools") and isinstance(strays[1], Log) and isinstance(strays[2], Ask)
        refused = next(heard for heard in await server.until("POST") if heard.id == 3)
        assert refused.message["error"]["code"] == -32601
        await peer.close()
        with anyio.fail_after(10):
            await next(heard for heard in server.heard if heard.verb == "GET").gone.wait()
        assert not peer.alive and "DELETE" in server.methods()


async def test_listening_ends_where_there_is_nothing_to_listen_to() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.nothing(405)

    async with legacy(handler) as (peer, server):
        with anyio.fail_after(5):
            await peer.listen()
        assert server.methods() == ["GET"]


async def test_an_answer_to_an_upstream_that_has_gone_is_no_error() -> None:
    questions: list[Ask] = []

    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.open()
        await reply.event({"jsonrpc": "2.0", "id": 3, "method": "roots/list"})

    async with bench() as made:
        async with scripted(handler) as server:
            peer = LegacyHttpPeer(address(made, server.url), made.tasks, nobody)

            async def emit(event: Any) -> None:
                questions.append(event)

            with pytest.raises(GatewayError):
                await peer.request(CALL, emit)
        await questions[0].reply(Answer(json.EMPTY))
        await peer.close()


async def test_a_batch_on_a_stream_is_its_messages() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.open()
        await reply.event([note("notifications/message", level="info"), {"jsonrpc": "2.0", "id": 1, "result": {}}])

    async with legacy(handler) as (peer, _):
        events = Events()
        assert isinstance(await peer.request(CALL, events), Result) and len(events) == 1

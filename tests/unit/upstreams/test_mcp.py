"""Calls through a link, to real servers and to scripted ones."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from gatehouse.catalog.model import Share
from gatehouse.kit import json
from gatehouse.protocol.call import Answer, Ask, Call, Client, Failure, Log, Progress, Result
from tests.support.everything.resources import WATCHED
from tests.support.everything.running import STDIO_COMMAND, everything
from tests.support.upstream_links import Bench, Events, bench, legacy_client, modern_client, said, tool_call
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, modern_handshake, program, scripted

pytestmark = pytest.mark.anyio
WAYS = ["http", "sse", "stdio"]


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    async with everything(tmp_path_factory.mktemp("everything")) as url:
        yield url


def at(way: str, url: str) -> str | tuple[str, ...]:
    return STDIO_COMMAND if way == "stdio" else url.replace("/mcp", "/sse") if way == "sse" else url


def text(outcome: Any) -> str:
    return said(outcome)["content"][0]["text"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("client", [modern_client(), legacy_client()], ids=["modern", "legacy"])
async def test_a_client_of_either_era_is_served_over_each_way(way: str, client: Client, url: str) -> None:
    async with bench() as made:
        link = made.link(at(way, url))
        with anyio.fail_after(20):
            outcome = await link.send(tool_call(client, "test_simple_text"), None, Events())
        assert isinstance(outcome, Result) and text(outcome)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("client", [modern_client(), legacy_client()], ids=["modern", "legacy"])
async def test_progress_and_logs_come_in_their_order_before_the_end(way: str, client: Client, url: str) -> None:
    async with bench() as made:
        link, events = made.link(at(way, url)), Events()
        call = tool_call(client, "test_tool_with_progress", progress_token=json.raw("mine"), log_level="debug")
        with anyio.fail_after(20):
            await link.send(call, None, events)
            assert [json.load(e.params["progress"]) for e in events if isinstance(e, Progress)] == [0, 50, 100]
            assert not [e for e in events if isinstance(e, Progress) and "progressToken" in e.params]
            await link.send(tool_call(client, "test_tool_with_logging", log_level="debug"), None, events)
        assert len([e for e in events if isinstance(e, Log)]) == 3


ANSWERS = {
    "elicitation/create": {"action": "accept", "content": {"username": "u", "email": "u@example.org"}},
    "sampling/createMessage": {"role": "assistant", "content": {"type": "text", "text": "hello"}, "model": "m"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [("test_elicitation", {"message": "Who?"}, "accept"), ("test_sampling", {"prompt": "Say"}, "hello")],
)
async def test_a_question_to_a_legacy_client_is_answered(
    way: str, tool: str, arguments: dict[str, str], words: str, url: str
) -> None:
    async with bench() as made:
        link = made.link(at(way, url))

        async def emit(event: Any) -> None:
            if isinstance(event, Ask):
                made.tasks.spawn(event.reply(Answer(json.raw(ANSWERS[event.method]))), "answer")

        client = legacy_client(elicitation={}, sampling={})
        with anyio.fail_after(20):
            outcome = await link.send(tool_call(client, tool, arguments), None, emit)
        assert words in text(outcome)


async def test_a_modern_client_gets_the_questions_of_a_modern_upstream_as_a_result(url: str) -> None:
    async with bench() as made:
        client = modern_client(elicitation={"form": {}})
        call = tool_call(client, "test_input_required_result_elicitation")
        assert said(await made.link(url).send(call, None, Events()))["resultType"] == "input_required"


async def test_an_upstream_learns_what_this_client_can_do_and_no_more(url: str) -> None:
    async with bench() as made:
        link = made.link(url)
        code, _ = said(await link.send(tool_call(modern_client(), "test_missing_capability"), None, Events()))
        assert code == -32021
        call = tool_call(modern_client(sampling={}), "test_missing_capability")
        assert not isinstance(await link.send(call, None, Events()), Failure)


async def test_a_subscribed_resource_is_heard_of_by_the_sessions_that_asked(url: str) -> None:
    heard: dict[str, Events] = {"c1": Events(), "c2": Events()}

    class Outlet:
        def __init__(self, name: str) -> None:
            self.name = name

        async def deliver(self, event: Any) -> None:
            await heard[self.name](event)

    def subscribe(method: str, session: str) -> Call:
        return Call(method, {"uri": json.raw(WATCHED)}, legacy_client(), "p1", session)

    async with bench() as made:
        link = made.link(url, share=Share.SHARED)
        for name in heard:
            made.reach.outlets[name] = Outlet(name)
            assert isinstance(await link.send(subscribe("resources/subscribe", name), None, Events()), Result)
        await link.send(tool_call(legacy_client(), "test_trigger_resource_update"), None, Events())
        await heard["c1"].until()
        await heard["c2"].until()
        await link.send(subscribe("resources/unsubscribe", "c1"), None, Events())
        await link.send(tool_call(legacy_client(), "test_trigger_resource_update"), None, Events())
        await heard["c2"].until(2)
        await link.end_session("c2")
        assert len(heard["c1"]) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_change_of_the_list_is_told(way: str, url: str) -> None:
    async with bench() as made:
        link = made.link(at(way, url))
        await link.discover()
        client = legacy_client() if way == "sse" else modern_client()
        watching = made.tasks.spawn(link.watch(), "watch")
        with anyio.fail_after(20):
            while not made.changed:
                await link.send(tool_call(client, "test_trigger_tool_change"), None, Events())
        assert made.changed[0] == ("u1", frozenset({"tools"}))
        watching.cancel()


async def test_an_upstream_that_breaks_off_is_told_of_and_the_next_call_works() -> None:
    broken = True

    async def handler(heard: Heard, reply: Reply) -> None:
        if await modern_handshake(heard, reply):
            return
        if broken:
            server.drop_connections()
        else:
            await reply.result({"content": []})

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url)
        got = await link.send(tool_call(modern_client()), None, Events())
        assert (
            isinstance(got, Failure) and got.own and got.message.startswith("box: The connection to the upstream broke")
        )
        broken = False
        assert isinstance(await link.send(tool_call(modern_client()), None, Events()), Result)


MORTAL = """
import os
for message in messages():
    if legacy(message):
        pass
    elif message["method"] == "server/discover":
        refuse(message)
    elif message["params"]["name"] == "die":
        sys.exit("I was killed")
    else:
        say(id=message["id"], result={"content": [], "pid": os.getpid()})
"""


@pytest.mark.parametrize("client", [modern_client(), legacy_client()], ids=["modern", "legacy"])
async def test_a_program_that_dies_in_a_call_is_told_of_and_started_for_the_next(client: Client) -> None:
    async with bench() as made:
        link = made.link(program(MORTAL))
        first = said(await link.send(tool_call(client), None, Events()))["pid"]
        got = await link.send(tool_call(client, "die"), None, Events())
        assert isinstance(got, Failure) and got.own and "I was killed" in got.message
        assert said(await link.send(tool_call(client), None, Events()))["pid"] != first


async def test_a_modern_program_that_is_killed_is_started_for_the_next_call() -> None:
    async with bench() as made:
        link = made.link((sys.executable, "-m", "tests.support.everything", "--stdio"))
        assert isinstance(await link.send(tool_call(modern_client(), "test_simple_text"), None, Events()), Result)
        (child,) = _programs("tests.support.everything\0--stdio")
        os.kill(child, 9)
        with anyio.fail_after(20):
            while not isinstance(
                await link.send(tool_call(modern_client(), "test_simple_text"), None, Events()), Result
            ):
                pass


def _programs(words: str) -> list[int]:
    """Processes below this one whose command line has these words; of those that began one another, the last."""
    parents: dict[int, int] = {}
    lines: dict[int, str] = {}
    for place in _processes():
        with suppress(OSError):
            parents[int(place.name)] = int(place.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            lines[int(place.name)] = place.joinpath("cmdline").read_bytes().decode(errors="replace")

    def descends(pid: int) -> bool:
        while pid in parents and pid != os.getpid():
            pid = parents[pid]
        return pid == os.getpid()

    found = [pid for pid, line in lines.items() if words in line and pid != os.getpid() and descends(pid)]
    return [pid for pid in found if not any(parents[other] == pid for other in found)]


def _processes() -> list[Path]:
    return [p for p in Path("/proc").iterdir() if p.name.isdigit() and p.joinpath("stat").exists()]


async def test_a_modern_call_that_is_cancelled_closes_the_connection() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply):
            await heard.gone.wait()

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url)
        calling = made.tasks.spawn(link.send(tool_call(modern_client()), None, Events()), "call")
        (heard,) = await server.until("tools/call")
        calling.cancel()
        with anyio.fail_after(10):
            await heard.gone.wait()
        assert "notifications/cancelled" not in server.methods()


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_legacy_call_that_is_cancelled_is_cancelled_in_words(streamed: bool) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await legacy_handshake(heard, reply):
            if streamed:
                await reply.open()
                await reply.event({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}})
            await heard.gone.wait()

    async with scripted(handler) as server, bench() as made:
        link, events = made.link(server.url, era="legacy"), Events()
        calling = made.tasks.spawn(link.send(tool_call(legacy_client()), None, events), "call")
        (heard,) = await server.until("tools/call")
        if streamed:
            await events.until()
        calling.cancel()
        (said_so,) = await server.until("notifications/cancelled")
        assert said_so.message["params"] == {"requestId": heard.id}
        assert said_so.headers["mcp-session-id"] == "s1"


TELLS = """
for message in messages():
    if message.get("method") == "notifications/cancelled":
        print("cancelled", message["params"]["requestId"], file=sys.stderr, flush=True)
        say(method="notifications/tools/list_changed")
    elif legacy(message):
        pass
    elif message["method"] == "server/discover":
        refuse(message)
    else:
        say(method="notifications/message", params={"level": "info", "data": message["id"]})
"""


async def test_a_call_to_a_program_that_is_cancelled_is_cancelled_in_words() -> None:
    async with bench() as made:
        link, events = made.link(program(TELLS)), Events()
        calling = made.tasks.spawn(link.send(tool_call(legacy_client()), None, events), "call")
        log = await events.until()
        assert isinstance(log, Log)
        calling.cancel()
        await made.until_changed()
        assert f"cancelled {json.load(log.params)['data']}" in list(link.wires.stderr.lines())[-1]


async def test_progress_of_calls_at_once_goes_to_the_call_it_is_about() -> None:
    arrived = 0
    both = anyio.Event()

    async def handler(heard: Heard, reply: Reply) -> None:
        nonlocal arrived
        if await legacy_handshake(heard, reply):
            return
        arrived += 1
        if arrived == 2:
            both.set()
        await both.wait()
        params = heard.message["params"]
        await reply.open()
        for step in range(3):
            token = params["_meta"]["progressToken"]
            value = {"progressToken": token, "progress": step, "message": params["name"]}
            await reply.event({"jsonrpc": "2.0", "method": "notifications/progress", "params": value})
        await reply.answer({"content": [], "token": token})

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        got: dict[str, Events] = {"a": Events(), "b": Events()}
        tokens: list[Any] = []

        async def call(name: str) -> None:
            same = json.raw("same token")
            outcome = await link.send(tool_call(legacy_client(), name, progress_token=same), None, got[name])
            tokens.append(said(outcome)["token"])

        async with anyio.create_task_group() as group:
            group.start_soon(call, "a")
            group.start_soon(call, "b")
        assert len(set(tokens)) == 2 and "same token" not in tokens
        for name, events in got.items():
            steps = [e for e in events if isinstance(e, Progress)]
            assert [(json.load(e.params["progress"]), json.load(e.params["message"])) for e in steps] == [
                (step, name) for step in range(3)
            ]


async def test_the_bytes_of_params_and_results_are_not_touched() -> None:
    big = 2**80

    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply):
            await reply.result({"z": heard.message["params"]["arguments"], "a": big})

    async with scripted(handler) as server, bench() as made:
        outcome = await made.link(server.url).send(tool_call(modern_client(), "t", {"n": big}), None, Events())
        assert isinstance(outcome, Result)
        assert list(outcome.fields) == ["z", "a"] and bytes(outcome.fields["a"]) == str(big).encode()
        assert bytes(outcome.fields["z"]) == b'{"n": %d}' % big


async def test_arguments_are_mirrored_in_headers_and_so_is_the_name() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply):
            await reply.result({})

    async with scripted(handler) as server, bench() as made:
        call = tool_call(
            modern_client(), "é", {"region": "eu", "n": 5, "none": None}, headers=(("traceparent", "00-1"),)
        )
        names = {"region": ("region",), "n": ("n",), "x": ("none",)}
        await made.link(server.url).send(call, names, Events())
        (heard,) = await server.until("tools/call")
        assert heard.headers["mcp-name"] == "=?base64?w6k=?="
        assert (heard.headers["mcp-param-region"], heard.headers["mcp-param-n"]) == ("eu", "5")
        assert "mcp-param-x" not in heard.headers and heard.headers["traceparent"] == "00-1"
        meta = heard.message["params"]["_meta"]
        assert meta["io.modelcontextprotocol/clientInfo"] == {"name": "c", "version": "1"}


async def test_arguments_that_can_not_be_read_are_the_client_s_mistake() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await modern_handshake(heard, reply)

    async with scripted(handler) as server, bench() as made:
        call = tool_call(modern_client())
        call.params["arguments"] = json.Raw(b"[" * 100_000 + b"]" * 100_000)
        got = await made.link(server.url).send(call, {"n": ("n",)}, Events())
        assert isinstance(got, Failure) and got.code == -32602


async def test_a_modern_only_server_serves_a_legacy_client_without_its_capabilities() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply):
            await reply.result({"meta": heard.message["params"]["_meta"]})

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url)
        for _ in range(2):
            got = said(await link.send(tool_call(legacy_client(sampling={})), None, Events()))
            assert got["meta"]["io.modelcontextprotocol/clientCapabilities"] == {}
        assert server.methods().count("initialize") == 1
        subscribe = Call("resources/subscribe", {"uri": json.raw("a:b")}, legacy_client(), "p", "c1")
        assert said(await link.send(subscribe, None, Events()))[0] == -32601


MODERN_ONLY = """
for message in messages():
    if message["method"] == "server/discover":
        say(id=message["id"], result={"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                                      "resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
    elif message["method"] == "tools/call":
        say(id=message["id"], result={"content": [], "resultType": "complete"})
    elif message["method"] == "initialize":
        sys.exit("Not in this house")
"""


async def test_a_modern_program_that_dies_of_a_legacy_greeting_serves_a_legacy_client_all_the_same() -> None:
    async with bench() as made:
        link = made.link(program(MODERN_ONLY))
        for _ in range(3):
            assert isinstance(await link.send(tool_call(legacy_client()), None, Events()), Result)


@pytest.mark.parametrize("stop", ["sweep", "close"])
async def test_an_idle_program_ends_and_is_started_when_it_is_needed(stop: str) -> None:
    async with bench() as made:
        link = made.link(program(MODERN_ONLY))
        assert isinstance(await link.send(tool_call(modern_client()), None, Events()), Result)
        await link.sweep()
        assert len(_programs("Not in this house")) == 1
        made.clock.time += 301
        await (link.sweep() if stop == "sweep" else link.close())
        assert not _programs("Not in this house")
        if stop == "sweep":
            assert isinstance(await link.send(tool_call(modern_client()), None, Events()), Result)


async def test_two_hundred_sessions_leave_nothing_behind() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.verb == "GET":
            await reply.open()
            await heard.gone.wait()
        elif heard.verb == "DELETE":
            await reply.nothing(405)
        elif not await legacy_handshake(heard, reply):
            await reply.result({"content": []})

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url, era="legacy")

        async def cycle(number: int) -> None:
            session = f"c{number}"
            assert isinstance(await link.send(tool_call(legacy_client(), session=session), None, Events()), Result)
            await link.end_session(session)

        for number in range(5):
            await cycle(number)
        await _settled(made, server)
        tasks, files = len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))
        for number in range(200):
            await cycle(number)
        await _settled(made, server)
        assert (len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))) <= (tasks + 2, files + 4)
        assert server.methods().count("DELETE") == 206  # and the one in which it was looked at


async def _settled(made: Bench, server: Any) -> None:
    """Until no stream is open any more."""
    with anyio.fail_after(10):
        for heard in server.heard:
            if heard.verb == "GET":
                await heard.gone.wait()


async def test_calls_to_a_link_that_is_closed_fail_at_once() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await legacy_handshake(heard, reply):
            await heard.gone.wait()

    async with bench() as made:
        link = made.link(program(TELLS))
        events = Events()
        calling = made.tasks.spawn(link.send(tool_call(legacy_client()), None, events), "call")
        await events.until()
        await link.close()
        with anyio.fail_after(5):
            got = await calling
        assert isinstance(got, Failure) and got.own and "closed" in got.message

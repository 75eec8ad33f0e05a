"""Who shares a session with a legacy upstream, and what it remembers."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from gatehouse.catalog.model import Share
from gatehouse.kit import json
from gatehouse.protocol.call import Answer, Ask, Call, Log, Result
from gatehouse.upstreams import sessions as sessions_module
from gatehouse.upstreams.mcp import McpLink
from gatehouse.upstreams.sessions import share_key
from tests.support.upstream_links import Events, bench, legacy_client, modern_client, said, tool_call
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, program, scripted

pytestmark = pytest.mark.anyio
ONE, OTHER = legacy_client(sampling={}), legacy_client()


def key(share: Share, client: Any = ONE, **fields: Any) -> tuple[str, ...]:
    return share_key(share, tool_call(client, **fields), client)


def test_a_shared_session_is_for_all_who_can_do_the_same() -> None:
    assert key(Share.SHARED, principal="a", session="1") == key(Share.SHARED, principal="b", session="2")
    assert key(Share.SHARED) != key(Share.SHARED, OTHER)
    assert key(Share.SHARED) != key(Share.SHARED, legacy_client("2025-06-18", sampling={}))


def test_a_user_s_session_is_for_one_principal_in_all_its_sessions() -> None:
    assert key(Share.USER, principal="a", session="1") == key(Share.USER, principal="a", session="2")
    assert key(Share.USER, principal="a") != key(Share.USER, principal="b")
    assert key(Share.USER) != key(Share.USER, OTHER)


def test_a_client_s_session_is_for_it_alone_and_for_its_user_where_it_has_none() -> None:
    assert key(Share.SESSION, session="1") != key(Share.SESSION, session="2")
    assert key(Share.SESSION, session=None) == key(Share.USER)
    assert key(Share.SESSION, session=None, principal="a") != key(Share.SESSION, session=None, principal="b")


class Counting:
    """A legacy server that hands out s1, s2 ... and answers a call with the session that it came in."""

    def __init__(self, **capabilities: Any) -> None:
        self.count = 0
        self.capabilities = capabilities or {"tools": {}}

    async def __call__(self, heard: Heard, reply: Reply) -> None:
        if heard.method == "initialize":
            self.count += 1
        if not await legacy_handshake(heard, reply, f"s{self.count}", **self.capabilities):
            await reply.result({"by": heard.headers["mcp-session-id"]})


async def by(link: McpLink, client: Any = ONE, **fields: Any) -> str:
    return said(await link.send(tool_call(client, **fields), None, Events()))["by"]


async def test_an_upstream_that_hands_out_sessions_gets_one_for_each_client_session() -> None:
    async with scripted(Counting()) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        a, b = await by(link, session="1"), await by(link, session="2")
        assert a != b and await by(link, session="1") == a
        assert await by(link, modern_client(), principal="x") not in (a, b)


async def test_share_modes_are_kept_to() -> None:
    async with scripted(Counting()) as server, bench() as made:
        shared = made.link(server.url, era="legacy", share=Share.SHARED)
        assert await by(shared, session="1", principal="a") == await by(shared, session="2", principal="b")
        user = made.link(server.url, era="legacy", share=Share.USER)
        assert await by(user, session="1", principal="a") == await by(user, session="2", principal="a")
        assert await by(user, principal="a") != await by(user, principal="b")


async def test_many_calls_at_once_open_one_session() -> None:
    async with scripted(Counting()) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        await link.discover()
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(by, link)
        assert server.methods().count("initialize") == 2  # the first was to look


async def test_the_level_of_logs_is_said_once_and_only_where_there_are_levels() -> None:
    def call(level: str, session: str = "1") -> Call:
        return tool_call(ONE, session=session, log_level=level)

    async with scripted(Counting(tools={}, logging={})) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        for level in ("info", "info", "error", "debug"):
            await link.send(call(level), None, Events())
        said_levels = [h.message["params"]["level"] for h in await server.until("logging/setLevel", 3)]
        assert said_levels == ["info", "error", "debug"]
        server.heard.clear()
        shared = made.link(server.url, era="legacy", share=Share.SHARED)
        for level in ("info", "error", "debug"):
            await shared.send(call(level, level), None, Events())
        said_levels = [h.message["params"]["level"] for h in await server.until("logging/setLevel", 2)]
        assert said_levels == ["info", "debug"]
    async with scripted(Counting()) as server, bench() as made:
        await made.link(server.url, era="legacy").send(call("info"), None, Events())
        assert "logging/setLevel" not in server.methods()


async def test_a_shared_session_subscribes_once_and_unsubscribes_with_the_last() -> None:
    def subscribe(session: str, method: str = "resources/subscribe") -> Call:
        return Call(method, {"uri": json.raw("a:b")}, ONE, "p", session)

    def told() -> list[str]:
        return [method for method in server.methods() if method.startswith("resources/")]

    async with scripted(Counting()) as server, bench() as made:
        link = made.link(server.url, era="legacy", share=Share.SHARED)
        for session in ("1", "2", "3"):
            assert isinstance(await link.send(subscribe(session), None, Events()), Result)
        assert told() == ["resources/subscribe"]
        await link.send(subscribe("1", "resources/unsubscribe"), None, Events())
        await link.end_session("2")
        made.clock.time += 1000
        await link.sweep()
        assert told() == ["resources/subscribe"] and "DELETE" not in server.methods()[5:]
        await link.end_session("3")
        assert told() == ["resources/subscribe", "resources/unsubscribe"]


async def test_what_nobody_used_for_a_while_ends_and_a_client_s_own_lives_as_long_as_it() -> None:
    async with scripted(Counting()) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        await by(link, modern_client(), principal="a")
        own = await by(link, session="1")
        made.clock.time += 299
        await link.sweep()
        already = server.methods().count("DELETE")
        made.clock.time += 2
        await link.sweep()
        assert server.methods().count("DELETE") == already + 1
        assert await by(link, session="1") == own
        await link.end_session("1")
        assert server.methods().count("DELETE") == already + 2


async def test_a_session_that_ends_while_it_is_opened_leaves_nothing_behind() -> None:
    go = anyio.Event()

    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method == "initialize" and looked:
            await go.wait()
        if not await legacy_handshake(heard, reply):
            await reply.result({})

    looked = False
    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        await link.discover()
        looked = True
        server.heard.clear()
        calling = made.tasks.spawn(link.send(tool_call(ONE), None, Events()), "call")
        await server.until("initialize")
        calling.cancel()
        ending = made.tasks.spawn(link.end_session("c1"), "end")
        go.set()
        with anyio.fail_after(5):
            await ending
        assert "DELETE" in server.methods()


async def test_past_the_most_sessions_the_longest_unused_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MAX_SESSIONS", 2)
    async with scripted(Counting()) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        first = await by(link, session="1")
        made.clock.time += 1
        second = await by(link, session="2")
        await by(link, session="3")
        assert await by(link, session="2") == second
        assert await by(link, session="1") != first


ASKS = """
waiting = []
for message in messages():
    if message.get("method") is None:
        for id in waiting:
            say(id=id, result={"said": message.get("result") or message["error"]["code"]})
    elif legacy(message):
        pass
    elif message["method"] == "server/discover":
        refuse(message)
    else:
        waiting.append(message["id"])
        say(method="notifications/message", params={"level": "info"})
        if len(waiting) == message["params"]["arguments"]["calls"]:
            say(id="q", method="elicitation/create", params={"message": "?"})
"""


async def test_a_program_with_one_call_in_flight_asks_in_that_call() -> None:
    async with bench() as made:
        link, events = made.link(program(ASKS)), Events()
        calling = made.tasks.spawn(link.send(tool_call(ONE, arguments={"calls": 1}), None, events), "call")
        ask = await events.until(2)
        assert isinstance(events[0], Log) and isinstance(ask, Ask)
        await ask.reply(Answer(json.raw({"action": "accept"})))
        with anyio.fail_after(5):
            assert said(await calling) == {"said": {"action": "accept"}}


@pytest.mark.parametrize("has_outlet", [True, False])
async def test_a_program_with_two_calls_in_flight_asks_the_session_or_nobody(has_outlet: bool) -> None:
    class Outlet:
        async def deliver(self, event: Any) -> None:
            if isinstance(event, Ask):
                await event.reply(Answer(json.raw({"action": "decline"})))

    async with bench() as made:
        link, first = made.link(program(ASKS)), Events()
        if has_outlet:
            made.reach.outlets["c1"] = Outlet()
        one = made.tasks.spawn(link.send(tool_call(ONE, arguments={"calls": 2}), None, first), "call")
        await first.until()
        two = made.tasks.spawn(link.send(tool_call(ONE, arguments={"calls": 2}), None, Events()), "call")
        with anyio.fail_after(5):
            got = [said(await call)["said"] for call in (one, two)]
        assert got == [{"action": "decline"} if has_outlet else -32601] * 2


async def test_a_notification_of_a_client_goes_to_the_session_that_is_its_own() -> None:
    async with scripted(Counting()) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        own = await by(link, session="1")
        await by(link, session="2")
        await link.notify_session("1", "notifications/roots/list_changed")
        await link.notify_session("nobody", "notifications/roots/list_changed")
        told = await server.until("notifications/roots/list_changed")
        assert [heard.headers["mcp-session-id"] for heard in told] == [own]


async def test_an_upstream_that_has_gone_does_not_keep_a_client_s_session_from_ending() -> None:
    async with bench() as made:
        async with scripted(Counting()) as server:
            link = made.link(server.url, era="legacy", share=Share.SHARED)
            await link.send(Call("resources/subscribe", {"uri": json.raw("a:b")}, ONE, "p", "1"), None, Events())
        with anyio.fail_after(10):
            await link.notify_session("1", "notifications/roots/list_changed")
            await link.end_session("1")
            await link.close()

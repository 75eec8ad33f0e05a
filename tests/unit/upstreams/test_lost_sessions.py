"""A legacy upstream that no longer knows a session."""

from __future__ import annotations

import pytest

from gatehouse.kit import json
from gatehouse.protocol.call import Call, Failure
from tests.support.upstream_links import Events, bench, legacy_client, said, tool_call
from tests.support.upstream_scripts import Handler, Heard, Reply, legacy_handshake, scripted

pytestmark = pytest.mark.anyio


def stateful(sessions: list[str], status: int = 404) -> Handler:
    """A legacy server that knows only the last session that it handed out, and says on which a call came."""

    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method == "initialize":
            sessions.append(f"s{len(sessions) + 1}")
        if await legacy_handshake(heard, reply, sessions[-1] if sessions else "s0"):
            return
        if heard.headers.get("mcp-session-id") != sessions[-1]:
            await reply.error(status, -32001, "Session not found")
            return
        await reply.result({"content": [], "by": sessions[-1]})

    return handler


@pytest.mark.parametrize("status", [404, 400])
async def test_a_session_that_expired_is_begun_anew_and_the_call_made_again_once(status: int) -> None:
    sessions: list[str] = []
    async with scripted(stateful(sessions, status)) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        assert said(await link.send(tool_call(legacy_client()), None, Events()))["by"] == sessions[-1]
        sessions.append("other")
        server.heard.clear()
        assert said(await link.send(tool_call(legacy_client()), None, Events()))["by"] == sessions[-1]
        calls = [method for method in server.methods() if method in ("tools/call", "initialize")]
        assert calls == ["tools/call", "initialize", "tools/call"]


async def test_subscriptions_outlive_the_session_they_were_made_in() -> None:
    sessions: list[str] = []
    async with scripted(stateful(sessions)) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        await link.send(
            Call("resources/subscribe", {"uri": json.raw("a:b")}, legacy_client(), "p", "c1"), None, Events()
        )
        sessions.append("other")
        await link.send(tool_call(legacy_client()), None, Events())
        assert len(await server.until("resources/subscribe", 2)) == 2


async def test_an_upstream_that_drops_every_session_is_told_of() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await legacy_handshake(heard, reply):
            await reply.error(404, -32001, "Session not found")

    async with scripted(handler) as server, bench() as made:
        got = await made.link(server.url, era="legacy").send(tool_call(legacy_client()), None, Events())
        assert isinstance(got, Failure) and "drops every session" in got.message and got.own


async def test_wrong_params_do_not_cost_the_session() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await legacy_handshake(heard, reply):
            await reply.error(400, -32602, "No such tool")

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url, era="legacy")
        for _ in range(2):
            assert said(await link.send(tool_call(legacy_client()), None, Events())) == (-32602, "No such tool")
        owned = [h for h in server.heard if h.method == "tools/call"]
        assert len(owned) == 2

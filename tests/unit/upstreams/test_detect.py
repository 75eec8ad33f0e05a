from __future__ import annotations

import json
import sys
from pathlib import Path

import anyio
import pytest

from gatehouse.catalog.model import Detected, Transport
from gatehouse.kit.errors import GatewayError, UpstreamDown, UpstreamFailed
from gatehouse.protocol.call import Era, Failure
from gatehouse.upstreams.base import Patience
from tests.support.everything.running import STDIO_COMMAND, everything
from tests.support.upstream_links import QUICK, Events, bench, legacy_client, modern_client, said, tool_call
from tests.support.upstream_scripts import (
    Heard,
    Reply,
    discovered,
    legacy_handshake,
    modern_handshake,
    program,
    scripted,
)

pytestmark = pytest.mark.anyio
HASTY = Patience(discover=10.0, call=10.0, probe=0.2)
LISTS = {"tools": []}


async def found(at: str | tuple[str, ...], patience: Patience = QUICK, **fields: object) -> Detected:
    async with bench(patience) as made:
        with anyio.fail_after(20):
            return (await made.link(at, **fields).discover()).detected


def how(detected: Detected) -> tuple[Transport, Era, bool]:
    return detected.transport, detected.era, detected.stateful


async def test_a_dual_era_server_is_modern(tmp_path: Path) -> None:
    async with everything(tmp_path) as url:
        detected = await found(url)
        assert how(detected) == (Transport.HTTP, Era.MODERN, False)
        assert b"everything" in detected.server_info and b'"tools"' in detected.capabilities
        assert how(await found(url, era="legacy")) == (Transport.HTTP, Era.LEGACY, True)


async def test_a_server_of_2024_is_found_behind_auto(tmp_path: Path) -> None:
    async with everything(tmp_path, "sse") as url:
        assert how(await found(url)) == (Transport.SSE, Era.LEGACY, True)


async def test_a_dual_era_program_is_modern_and_serves_the_call_that_follows() -> None:
    async with bench() as made:
        link = made.link(STDIO_COMMAND)
        offer = await link.discover()
        assert how(offer.detected) == (Transport.STDIO, Era.MODERN, False)
        got = await link.send(tool_call(modern_client(), "test_simple_text"), None, Events())
        assert "content" in said(got)


async def test_the_sample_server_is_found_over_stdio() -> None:
    detected = await found((sys.executable, "-m", "gatehouse.samples.time"))
    assert detected.transport is Transport.STDIO


REFUSES = """
for message in messages():
    legacy(message) or (say(id=message["id"], result={"tools": []}) if message["method"] == "tools/list"
                        else refuse(message))
"""
DIES = """
for message in messages():
    if message["method"] == "server/discover":
        sys.exit("What is that?")
    legacy(message) or say(id=message["id"], result={"tools": []})
"""
HANGS = """
for message in messages():
    while message["method"] == "server/discover":
        pass
    legacy(message) or say(id=message["id"], result={"tools": []})
"""
KEEPS_ITS_MIND = """
asked = False
for message in messages():
    if message["method"] == "server/discover":
        asked = True
    if asked:
        refuse(message)
    else:
        legacy(message) or say(id=message["id"], result={"tools": []})
"""
ONLY_OLDER = """
for message in messages():
    if message["method"] == "server/discover":
        say(id=message["id"], result={"supportedVersions": ["2025-11-25"], "capabilities": {}})
    else:
        legacy(message) or say(id=message["id"], result={"tools": []})
"""
GARBLED = """
for message in messages():
    if message["method"] == "server/discover":
        say(id=message["id"], error="what?")
    else:
        legacy(message) or say(id=message["id"], result={"tools": []})
"""


@pytest.mark.parametrize("body", [REFUSES, DIES, HANGS, KEEPS_ITS_MIND, ONLY_OLDER, GARBLED])
async def test_a_legacy_program_is_found_whatever_it_makes_of_the_question(body: str) -> None:
    detected = await found(program(body), HASTY)
    assert how(detected) == (Transport.STDIO, Era.LEGACY, True)


async def test_a_program_that_dies_of_anything_is_down_and_its_last_words_are_told() -> None:
    with pytest.raises(UpstreamDown, match="No licence"):
        await found((sys.executable, "-c", "import sys; sys.exit('No licence')"))


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_program_that_keeps_dying_is_left_alone_for_a_while(era: str) -> None:
    async with bench() as made:
        link = made.link((sys.executable, "-c", "raise SystemExit"), era=era)
        with anyio.fail_after(60):
            for _ in range(10):
                got = await link.send(tool_call(modern_client()), None, Events())
                assert isinstance(got, Failure) and got.own
                if "the next try is in" in got.message:
                    return
        raise AssertionError("It was started each time")


async def test_a_stateless_legacy_server_is_found() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method == "server/discover":
            await reply.error(200, -32601, "Method not found")
        elif not await legacy_handshake(heard, reply, None):
            await reply.result(LISTS)

    async with scripted(handler) as server:
        assert how(await found(server.url)) == (Transport.HTTP, Era.LEGACY, False)


async def test_a_modern_server_of_other_versions_is_greeted_in_the_legacy_way() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method == "server/discover":
            await reply.error(400, -32022, "Unsupported", {"supported": ["2025-11-25"], "requested": "2026-07-28"})
        elif not await legacy_handshake(heard, reply):
            await reply.result(LISTS)

    async with scripted(handler) as server:
        assert (await found(server.url)).era is Era.LEGACY


async def test_a_modern_refusal_is_told_and_not_taken_for_the_other_era() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.error(400, -32021, "Sampling is needed", {"requiredCapabilities": {"sampling": {}}})

    async with scripted(handler) as server:
        with pytest.raises(UpstreamFailed, match="Sampling is needed"):
            await found(server.url)
        assert server.methods() == ["server/discover"]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, "{}", "wants credentials \\(HTTP 401\\)"),
        (403, "", "wants credentials \\(HTTP 403\\)"),
        (404, "<html>Not here</html>", "HTTP 404"),
        (500, "<html>Oops</html>", "HTTP 500"),
        (200, "<html>Welcome</html>", "not JSON-RPC"),
        (301, "", "HTTP 301"),
    ],
)
async def test_what_is_no_mcp_server_is_told_in_clear_words(status: int, body: str, words: str) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await reply.text(status, body, "text/html")

    async with scripted(handler) as server:
        with pytest.raises(UpstreamFailed, match=words):
            await found(server.url)


async def test_a_server_that_hangs_on_the_question_is_greeted_in_the_legacy_way() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method == "server/discover":
            await heard.gone.wait()
        elif not await legacy_handshake(heard, reply):
            await reply.result(LISTS)

    async with scripted(handler) as server:
        assert (await found(server.url, HASTY)).era is Era.LEGACY
        assert "notifications/cancelled" not in server.methods()


async def test_nobody_at_home_is_down() -> None:
    with pytest.raises(UpstreamDown, match="can't be reached"):
        await found("http://127.0.0.1:1/mcp")


async def test_a_fixed_era_is_kept_to() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await legacy_handshake(heard, reply):
            await reply.result(LISTS)

    async with scripted(handler) as server:
        with pytest.raises(GatewayError):
            await found(server.url, era="modern")
        assert set(server.methods()) == {"server/discover"}
        server.heard.clear()
        await found(server.url, era="legacy")
        assert "server/discover" not in server.methods()


async def test_a_server_that_turns_legacy_is_found_out_by_the_next_call() -> None:
    era = "modern"

    async def handler(heard: Heard, reply: Reply) -> None:
        if era == "modern":
            if not await modern_handshake(heard, reply):
                await reply.result({"content": [], "by": era})
        elif not await legacy_handshake(heard, reply):
            if heard.headers.get("mcp-session-id") != "s1":
                await reply.error(400, -32600, "Bad Request: Missing session ID")
            else:
                await reply.result({"content": [], "by": era})

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url)
        assert said(await link.send(tool_call(modern_client()), None, Events()))["by"] == "modern"
        era = "legacy"
        assert said(await link.send(tool_call(modern_client()), None, Events()))["by"] == "legacy"


@pytest.mark.parametrize("session", ["s1", None])
async def test_a_server_that_turns_modern_is_found_out_by_the_next_call(session: str | None) -> None:
    era = "legacy"

    async def handler(heard: Heard, reply: Reply) -> None:
        handshake = legacy_handshake(heard, reply, session) if era == "legacy" else modern_handshake(heard, reply)
        if not await handshake:
            await reply.result({"content": [], "by": era})

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url)
        for client in (modern_client(), legacy_client()):
            era = "legacy"
            assert said(await link.send(tool_call(client), None, Events()))["by"] == "legacy"
            era = "modern"
            assert said(await link.send(tool_call(client), None, Events()))["by"] == "modern"
            await link.discover()
            era = "legacy"
            await link.discover()


async def test_a_server_that_learns_the_modern_era_is_noticed_when_it_is_asked_again() -> None:
    both = False

    async def handler(heard: Heard, reply: Reply) -> None:
        if heard.method == "server/discover" and both:
            await reply.result(discovered({}))
        elif not await legacy_handshake(heard, reply):
            await reply.result(LISTS)

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url)
        assert (await link.discover()).detected.era is Era.LEGACY
        both = True
        assert (await link.discover()).detected.era is Era.MODERN


async def test_many_calls_at_once_look_once() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply):
            await reply.result({"content": []})

    async with scripted(handler) as server, bench() as made:
        link = made.link(server.url)
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(link.send, tool_call(modern_client()), None, Events())
        assert server.methods().count("server/discover") == 1


async def test_a_persistent_doubt_is_told_in_the_words_of_the_upstream() -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply):
            await reply.error(404, -32601, "Method not found: tools/call")

    async with scripted(handler) as server, bench() as made:
        got = await made.link(server.url).send(tool_call(modern_client()), None, Events())
        assert said(got) == (-32601, "Method not found: tools/call")
        assert json.dumps(server.methods()).count("server/discover") == 2

"""Roots of Gatehouse's own: offered to upstreams whose client has none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import anyio
import pytest

from gatehouse.catalog.roots import Roots
from gatehouse.kit import json
from gatehouse.protocol.call import Answer, Ask, Result
from gatehouse.store.database import Database
from tests.support.clocks import HandClock
from tests.support.databases import sqlite
from tests.support.upstream_links import Events, bench, legacy_client, modern_client, said, tool_call
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, modern_handshake, scripted

__all__ = ["sqlite"]
pytestmark = pytest.mark.anyio
SRV = "file:///srv/projects"


@pytest.fixture
async def roots(sqlite: Database) -> AsyncIterator[Roots]:
    made = Roots(sqlite, HandClock())
    await made.create(SRV, "", None)
    await made.reload()
    yield made


class Curious:
    """A legacy server that asks for roots in a call, where the client has said that it has some, and answers with them."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._answer: Any = None
        self._answered = anyio.Event()

    async def __call__(self, heard: Heard, reply: Reply) -> None:
        if heard.verb == "POST" and heard.message.get("id") == "ask" and "method" not in heard.message:
            self._answer = heard.message.get("result", heard.message.get("error"))
            self._answered.set()
            return await reply.nothing()
        if heard.method.startswith("notifications/roots"):
            self.told.append(heard.method)
        if heard.method == "initialize":
            self.has_roots = "roots" in heard.message["params"]["capabilities"]
        if await legacy_handshake(heard, reply):
            return None
        await reply.open()
        if self.has_roots:
            await reply.event({"jsonrpc": "2.0", "id": "ask", "method": "roots/list"})
            await self._answered.wait()
        return await reply.event({"jsonrpc": "2.0", "id": heard.id, "result": {"answer": self._answer}})


@pytest.mark.parametrize("client", [modern_client(), legacy_client()], ids=["modern", "legacy"])
async def test_an_upstream_is_told_of_our_roots_where_its_client_has_none(roots: Roots, client: Any) -> None:
    async with scripted(Curious()) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        with anyio.fail_after(20):
            events = Events()
            outcome = await made.link(server.url).send(tool_call(client), None, events)
    assert said(outcome)["answer"] == {"roots": [{"uri": SRV, "name": "projects"}]}
    assert not [event for event in events if isinstance(event, Ask)]


async def test_a_client_that_has_roots_is_asked_for_its_own(roots: Roots) -> None:
    theirs = json.raw({"roots": [{"uri": "file:///home/ada"}]})

    async def answering(event: Any) -> None:
        assert isinstance(event, Ask)
        await event.reply(Answer(result=theirs))

    async with scripted(Curious()) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        with anyio.fail_after(20):
            outcome = await made.link(server.url).send(tool_call(legacy_client(roots={})), None, answering)
    assert said(outcome)["answer"] == json.load(theirs)


async def test_without_roots_for_it_an_upstream_sees_the_client_as_it_is(roots: Roots) -> None:
    (root,) = await roots.all()
    await roots.change(root.id, upstreams=[])
    await roots.reload()
    async with scripted(Curious()) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        outcome = await made.link(server.url).send(tool_call(legacy_client()), None, Events())
    assert isinstance(outcome, Result) and said(outcome)["answer"] is None


async def test_sessions_that_were_given_our_roots_are_told_when_they_change(roots: Roots) -> None:
    async with scripted(Curious()) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        link = made.link(server.url)
        with anyio.fail_after(20):
            await link.send(tool_call(legacy_client()), None, Events())
            await link.roots_changed()
            await server.until("notifications/roots/list_changed")


FORM = {"method": "elicitation/create", "params": {"message": "Sure?"}}


class Asking:
    """A modern server that asks, in rounds, for `questions` of whoever can answer them, and says what it heard at the end."""

    def __init__(self, *questions: dict[str, Any], state: str | None = "s") -> None:
        self._questions = questions
        self._state = state
        self.heard: list[Any] = []
        self.capabilities: Any = None

    async def __call__(self, heard: Heard, reply: Reply) -> None:
        if await modern_handshake(heard, reply):
            return
        params = heard.message["params"]
        self.capabilities = params["_meta"]["io.modelcontextprotocol/clientCapabilities"]
        if "inputResponses" in params:
            self.heard.append((params["inputResponses"], params.get("requestState")))
        if "roots" not in self.capabilities or len(self.heard) == len(self._questions):
            await reply.result({"resultType": "complete", "answer": self.heard})
            return
        state = {} if self._state is None else {"requestState": self._state}
        asked = self._questions[len(self.heard)]
        await reply.result({"resultType": "input_required", "inputRequests": asked, **state})


OURS = {"roots": [{"uri": SRV, "name": "projects"}]}
ROOTS_ASKED = {"method": "roots/list"}
MODERN_URL: dict[str, Any] = {"era": "modern"}


@pytest.mark.parametrize("client", [modern_client(elicitation={}), legacy_client()], ids=["modern", "legacy"])
async def test_a_modern_upstream_is_answered_in_the_place_of_a_client_without_roots(roots: Roots, client: Any) -> None:
    asking = Asking({"r": ROOTS_ASKED}, {"again": ROOTS_ASKED, "r": ROOTS_ASKED})
    async with scripted(asking) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        outcome = await made.link(server.url, **MODERN_URL).send(tool_call(client), None, Events())
    assert said(outcome)["answer"] == [[{"r": OURS}, "s"], [{"again": OURS, "r": OURS}, "s"]]
    assert asking.capabilities["roots"] == {} and ("elicitation" in asking.capabilities) == (client.era == "modern")


@pytest.mark.parametrize("state", ["theirs", None])
async def test_what_else_is_asked_goes_to_the_client_and_our_answer_is_added_to_its_own(
    roots: Roots, state: str | None
) -> None:
    asking = Asking({"r": ROOTS_ASKED, "form": FORM}, state=state)
    client = modern_client(elicitation={})
    async with scripted(asking) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        link = made.link(server.url, **MODERN_URL)
        asked = said(await link.send(tool_call(client), None, Events()))
        assert asked["inputRequests"] == {"form": FORM}
        again = tool_call(client)
        again.params["inputResponses"] = json.raw({"form": {"action": "accept"}})
        again.params["requestState"] = json.raw(asked["requestState"])
        outcome = await link.send(again, None, Events())
    assert said(outcome)["answer"] == [[{"form": {"action": "accept"}, "r": OURS}, state]]


async def test_roots_that_are_gone_when_the_client_comes_back_are_none(roots: Roots) -> None:
    client = modern_client(elicitation={})
    async with scripted(Asking({"r": ROOTS_ASKED, "form": FORM})) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        link = made.link(server.url, **MODERN_URL)
        asked = said(await link.send(tool_call(client), None, Events()))
        (root,) = await roots.all()
        await roots.delete(root.id)
        await roots.reload()
        again = tool_call(client)
        again.params["requestState"] = json.raw(asked["requestState"])
        await link.send(again, None, Events())
        (*_, last) = await server.until("tools/call", 2)
    assert last.message["params"]["inputResponses"] == {"r": {"roots": []}}
    assert last.message["params"]["requestState"] == "s"


async def test_a_modern_client_that_has_roots_is_asked_by_a_modern_upstream_for_its_own(roots: Roots) -> None:
    asking = Asking({"r": ROOTS_ASKED})
    async with scripted(asking) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        outcome = await made.link(server.url, **MODERN_URL).send(tool_call(modern_client(roots={})), None, Events())
    assert said(outcome)["inputRequests"] == {"r": ROOTS_ASKED} and said(outcome)["requestState"] == "s"


async def test_a_modern_upstream_without_roots_for_it_sees_the_client_as_it_is(roots: Roots) -> None:
    (root,) = await roots.all()
    await roots.change(root.id, upstreams=[])
    await roots.reload()
    asking = Asking({"r": ROOTS_ASKED})
    async with scripted(asking) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        outcome = await made.link(server.url, **MODERN_URL).send(tool_call(modern_client()), None, Events())
    assert said(outcome)["answer"] == [] and asking.capabilities == {}


async def test_an_upstream_that_asks_without_end_is_told_so(roots: Roots) -> None:
    async with scripted(Asking(*[{"r": ROOTS_ASKED}] * 50)) as server, bench() as made:
        made.reach = replace(made.reach, roots=roots)
        outcome = await made.link(server.url, **MODERN_URL).send(tool_call(modern_client()), None, Events())
    assert said(outcome)[0] == -32603

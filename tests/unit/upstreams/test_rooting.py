"""Roots of Gatehouse's own, for legacy upstreams: offered to those whose client has none."""

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
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, scripted

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

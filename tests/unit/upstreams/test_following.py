"""Legacy sessions and an upstream that tells of its resources in the modern way alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest

from gatehouse.catalog.model import Detected, Transport, Upstream
from gatehouse.kit import json
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.call import MODERN_VERSION, Call, Era, Event, Failure, Notice, Outcome, Result
from gatehouse.upstreams.following import MOST, Following
from gatehouse.upstreams.pool import Pool
from tests.support.upstream_links import Bench, Events, bench, legacy_client
from tests.support.upstream_scripts import Heard, Reply, Scripted, modern_handshake, scripted

pytestmark = pytest.mark.anyio


class Told:
    """The outlet of a session."""

    def __init__(self) -> None:
        self.uris: list[str] = []
        self._more = asyncio.Condition()

    async def deliver(self, event: Event) -> None:
        assert isinstance(event, Notice) and event.method == "notifications/resources/updated"
        async with self._more:
            self.uris.append(json.load(event.params)["uri"])
            self._more.notify_all()

    async def until(self, uri: str) -> None:
        with anyio.fail_after(10):
            async with self._more:
                while uri not in self.uris:
                    await self._more.wait()
                self.uris.clear()


class Streams:
    """A modern server whose streams a test speaks on. `open`: by what each was opened for."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, ...], Reply] = {}

    async def handle(self, heard: Heard, reply: Reply) -> None:
        if await modern_handshake(heard, reply):
            return
        if heard.method != "subscriptions/listen":
            await reply.error(400, -32601)
            return
        wanted = heard.message["params"]["notifications"]
        uris = tuple(wanted["resourceSubscriptions"])
        await reply.open()
        await reply.event(_said("subscriptions/acknowledged", heard, {"notifications": wanted}))
        self.open[uris] = reply
        self._heard = heard
        try:
            await heard.gone.wait()
        finally:
            if self.open.get(uris) is reply:
                del self.open[uris]

    async def update(self, uri: str) -> None:
        (reply,) = self.open.values()
        await reply.event(_said("resources/updated", self._heard, {"uri": uri}))

    async def only(self, *uris: str) -> None:
        with anyio.fail_after(10):
            while tuple(self.open) != (uris,):  # noqa: ASYNC110 - it is another task
                await anyio.sleep(0.01)


def _said(method: str, heard: Heard, params: dict[str, Any]) -> dict[str, Any]:
    meta = {"io.modelcontextprotocol/subscriptionId": heard.id}
    return {"jsonrpc": "2.0", "method": f"notifications/{method}", "params": {**params, "_meta": meta}}


class Stage:
    """Two sessions, `one` and `two`, of a pool with one upstream."""

    def __init__(self, made: Bench, server: Scripted, subscribes: bool = True) -> None:
        capabilities = json.dump({"resources": {"subscribe": subscribes}})
        detected = Detected(Transport.HTTP, Era.MODERN, MODERN_VERSION, False, capabilities)
        self.upstream = Upstream("u1", "up", url=server.url, era="modern", detected=detected)
        self.pool = Pool(made.reach)
        self.one, self.two = Told(), Told()
        self.pool.attach("one", self.one)
        self.pool.attach("two", self.two)

    async def ask(self, session: str, uri: str, method: str = "subscribe") -> Outcome:
        call = Call(f"resources/{method}", {"uri": json.raw(uri)}, legacy_client(), "p", session)
        return await self.pool.send(self.upstream, call, None, Events())


@asynccontextmanager
async def staged(subscribes: bool = True) -> AsyncIterator[tuple[Stage, Streams]]:
    streams = Streams()
    async with scripted(streams.handle) as server, bench() as made:
        stage = Stage(made, server, subscribes)
        try:
            yield stage, streams
        finally:
            await stage.pool.close()


async def test_each_session_is_told_of_what_it_subscribed_to() -> None:
    async with staged() as (stage, streams):
        assert await stage.ask("one", "a:1") == Result({})
        await stage.ask("two", "a:1")
        await stage.ask("two", "a:2")
        await streams.only("a:1", "a:2")
        await streams.update("a:2")
        await stage.two.until("a:2")
        await streams.update("a:1")
        await stage.two.until("a:1")
        await stage.one.until("a:1")


async def test_the_stream_ends_with_the_last_subscription() -> None:
    async with staged() as (stage, streams):
        await stage.ask("one", "a:1")
        await stage.ask("two", "a:1")
        await stage.ask("two", "a:2")
        await stage.ask("one", "a:1", "unsubscribe")
        await streams.only("a:1", "a:2")
        await stage.pool.end_session("two")
        with anyio.fail_after(10):
            while streams.open:  # noqa: ASYNC110 - it is another task
                await anyio.sleep(0.01)


async def test_an_upstream_that_is_reached_in_another_way_is_listened_to_there() -> None:
    async with staged() as (stage, streams), scripted((other := Streams()).handle) as elsewhere:
        await stage.ask("one", "a:1")
        await streams.only("a:1")
        moved = replace(stage.upstream, url=elsewhere.url, config_revision=stage.upstream.config_revision + 1)
        stage.pool.keep({"u1": moved})
        await other.only("a:1")
        await other.update("a:1")
        await stage.one.until("a:1")
        assert not streams.open


async def test_an_upstream_that_does_not_tell_of_resources_is_not_subscribed_to() -> None:
    async with staged(subscribes=False) as (stage, streams):
        refused = await stage.ask("one", "a:1")
        assert isinstance(refused, Failure) and refused.code == -32601
        assert not streams.open


async def test_there_are_only_so_many_resources_to_be_told_of() -> None:
    tasks = Tasks()
    following = Following(tasks, {}, lambda _: None)

    async def subscribe(uri: str) -> Outcome:
        return await following.settle(
            "u1", Call("resources/subscribe", {"uri": json.raw(uri)}, legacy_client(), "p", "one")
        )

    for number in range(MOST):
        assert await subscribe(f"a:{number}") == Result({})
    refused = await subscribe("a:more")
    assert isinstance(refused, Failure) and refused.code == -32602
    assert await subscribe("a:0") == Result({})
    await tasks.cancel_all()

"""Links to upstreams as a worker has them, with everything around them real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio

from gatehouse.catalog.model import AGENT, Transport, Upstream
from gatehouse.kit import json
from gatehouse.kit.json import Raw
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.call import MODERN_VERSION, Call, Client, Era, Event, Outcome
from gatehouse.upstreams.a2a import A2aLink
from gatehouse.upstreams.base import Patience, Reach
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.mcp import McpLink
from gatehouse.upstreams.pool import Link
from gatehouse.upstreams.stdio import Launcher
from tests.support.clocks import HandClock
from tests.support.program import ROOT

QUICK = Patience(connect=5.0, call=20.0, discover=20.0, idle=300.0, probe=10.0)


class Bench:
    """Makes links, and remembers what they told."""

    def __init__(self, patience: Patience, credential: Mapping[str, Any] | None) -> None:
        self.clock = HandClock()
        self.tasks = Tasks()
        self.http = HttpClient()
        self.launcher = Launcher()
        self.changed: list[tuple[str, frozenset[str]]] = []
        self._told = asyncio.Condition()
        self.links: list[Link] = []
        self.reach = Reach(
            self.http,
            self.tasks,
            self.clock,
            self.launcher,
            lambda _: credential,
            lambda _: {"PYTHONPATH": str(ROOT)},
            self._note,
            patience,
        )

    async def _note(self, upstream: str, lists: frozenset[str]) -> None:
        async with self._told:
            self.changed.append((upstream, lists))
            self._told.notify_all()

    async def until_changed(self) -> None:
        with anyio.fail_after(10):
            async with self._told:
                while not self.changed:
                    await self._told.wait()

    def link(self, at: str | tuple[str, ...], **fields: Any) -> McpLink:
        """To a URL, or a command."""
        upstream = (
            Upstream("u1", "box", url=at, **fields)
            if isinstance(at, str)
            else Upstream("u1", "box", command=at[0], args=at[1:], cwd=str(ROOT), transport=Transport.STDIO, **fields)
        )
        link = McpLink(upstream, self.reach)
        self.links.append(link)
        return link

    def agent(self, url: str, **fields: Any) -> A2aLink:
        """To an agent of A2A."""
        link = A2aLink(Upstream("a1", "box", kind=AGENT, url=url, **fields), self.reach)
        self.links.append(link)
        return link

    async def close(self) -> None:
        for link in self.links:
            await link.close()
        await self.tasks.cancel_all()
        await self.launcher.close()
        await self.http.close()


@asynccontextmanager
async def bench(patience: Patience = QUICK, credential: Mapping[str, Any] | None = None) -> AsyncGenerator[Bench]:
    made = Bench(patience, credential)
    try:
        yield made
    finally:
        with anyio.CancelScope(shield=True):
            await made.close()


class Events(list[Event]):
    """What a call brought before its end."""

    def __init__(self) -> None:
        super().__init__()
        self._came = asyncio.Condition()

    async def __call__(self, event: Event) -> None:
        async with self._came:
            self.append(event)
            self._came.notify_all()

    async def until(self, count: int = 1) -> Event:
        """The last of so many."""
        with anyio.fail_after(10):
            async with self._came:
                while len(self) < count:
                    await self._came.wait()
        return self[count - 1]


def modern_client(**capabilities: Any) -> Client:
    return Client(Era.MODERN, MODERN_VERSION, json.raw(capabilities), json.raw({"name": "c", "version": "1"}))


def legacy_client(version: str = "2025-11-25", **capabilities: Any) -> Client:
    return Client(Era.LEGACY, version, json.raw(capabilities), json.raw({"name": "c", "version": "1"}))


def tool_call(client: Client, tool: str = "t", arguments: Any = None, **fields: Any) -> Call:
    params: dict[str, Raw] = {"name": json.raw(tool), "arguments": json.raw(arguments or {})}
    session = "c1" if client.era is Era.LEGACY else None
    return Call("tools/call", params, client, fields.pop("principal", "p1"), fields.pop("session", session), **fields)


def said(outcome: Outcome) -> Any:
    """The result, or the error, as Python has it."""
    fields = getattr(outcome, "fields", None)
    return json.load(json.dump(fields)) if fields is not None else (outcome.code, outcome.message)  # type: ignore[union-attr]

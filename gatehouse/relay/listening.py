"""A modern client's `subscriptions/listen`: changes of lists from the snapshots, changes of resources from upstreams."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gatehouse.catalog.model import Upstream
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError
from gatehouse.kit.json import Fields
from gatehouse.protocol.call import Era, Event, Notice
from gatehouse.relay.door import Door, Entry
from gatehouse.relay.offering import Offering
from gatehouse.relay.subscriptions import Subscriptions
from gatehouse.upstreams.peer import SessionGone, WrongEra
from gatehouse.upstreams.pool import Pool

Tell = Callable[[Notice], Awaitable[None]]
_WANTED = {"tools": "toolsListChanged", "prompts": "promptsListChanged", "resources": "resourcesListChanged"}
_RECONNECT = 2.0
"""Seconds between tries to listen to an upstream again."""
MAX_RESOURCES = 1000


class Listening:
    def __init__(self, door: Door, pool: Pool, subscriptions: Subscriptions) -> None:
        self._door = door
        self._pool = pool
        self._subscriptions = subscriptions
        self._open: set[asyncio.Queue[Notice | None]] = set()

    def stop(self) -> None:
        """End every stream, in order: the gateway shuts down."""
        for heard in self._open:
            _end(heard)

    def honoured(self, offering: Offering, wanted: Fields) -> dict[str, Any]:
        """The part of a client's wishes that can be kept."""
        granted: dict[str, Any] = {key: True for key in _WANTED.values() if wanted.get(key) == json.raw(True)}
        uris: Any = json.load(wanted.get("resourceSubscriptions", b"[]"))
        if isinstance(uris, list):
            known = [str(uri) for uri in uris[:MAX_RESOURCES] if self._listenable(offering, str(uri))]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            if known:
                granted["resourceSubscriptions"] = known
        return granted

    def _listenable(self, offering: Offering, uri: str) -> bool:
        target = offering.view.resolve_resource(uri)
        detected = target.upstream.detected if target is not None else None
        return detected is not None and detected.era is Era.MODERN

    async def listen(self, entry: Entry, honoured: dict[str, Any], tell: Tell) -> None:
        """Tell until there is nothing left to see: the server is gone, or the token."""
        heard: asyncio.Queue[Notice | None] = asyncio.Queue(1000)

        async def changed(name: str) -> None:
            if self._door.look(entry) is None:
                _end(heard)
            elif _WANTED[name] in honoured and not heard.full():
                heard.put_nowait(Notice(f"notifications/{name}/list_changed", json.EMPTY))

        subscription = self._subscriptions.add(lambda: self._door.look(entry), changed)
        self._open.add(heard)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._follow(upstream, uris, heard))
                    for upstream, uris in self._by_upstream(entry.offering, honoured)
                ]
                while (notice := await heard.get()) is not None:
                    await tell(notice)
                for task in tasks:
                    task.cancel()
        finally:
            self._open.discard(heard)
            self._subscriptions.remove(subscription)

    def _by_upstream(self, offering: Offering, honoured: dict[str, Any]) -> list[tuple[Upstream, list[str]]]:
        grouped: dict[str, tuple[Upstream, list[str]]] = {}
        for uri in honoured.get("resourceSubscriptions", ()):
            target = offering.view.resolve_resource(uri)
            if target is not None:
                grouped.setdefault(target.upstream.id, (target.upstream, []))[1].append(uri)
        return list(grouped.values())

    async def _follow(self, upstream: Upstream, uris: list[str], heard: asyncio.Queue[Notice | None]) -> None:
        async def hear(event: Event) -> None:
            if isinstance(event, Notice) and event.method == "notifications/resources/updated":
                await heard.put(event)

        while True:
            try:
                await self._pool.link(upstream).listen(json.raw({"resourceSubscriptions": uris}), hear)
            except (GatewayError, WrongEra, SessionGone):
                pass  # The upstream is down, or was: the client is told of what changes once it is back.
            await asyncio.sleep(_RECONNECT)


def _end(heard: asyncio.Queue[Notice | None]) -> None:
    """Nothing more will come; what could not be told yet gives way to that."""
    if heard.full():
        heard.get_nowait()
    heard.put_nowait(None)

"""A modern client's `subscriptions/listen`: changes of lists from the snapshots, changes of resources from upstreams."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, cast

from gatehouse.catalog.snapshot import ServerView
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError
from gatehouse.kit.json import Fields
from gatehouse.protocol.call import Era, Event, Notice
from gatehouse.relay.door import Door, Entry
from gatehouse.relay.offering import Offering
from gatehouse.relay.subscriptions import Subscriptions
from gatehouse.upstreams.peer import SessionGone, WrongEra
from gatehouse.upstreams.pool import Pool

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
Tell = Callable[[Notice], Awaitable[None]]
_WANTED = {"tools": "toolsListChanged", "prompts": "promptsListChanged", "resources": "resourcesListChanged"}
_RECONNECT = 2.0
"""Seconds between tries to listen to an upstream again."""
_PATIENCE = 3.0
"""Seconds that upstreams get to acknowledge, before the client hears from us anyway."""
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
        uris = _loaded(wanted.get("resourceSubscriptions", json.NULL))
        if isinstance(uris, list):
            asked = dict.fromkeys(uri for uri in cast("list[Any]", uris) if isinstance(uri, str))
            known = [uri for uri in islice(asked, MAX_RESOURCES) if self._listenable(offering.view, uri)]
            if known:
                granted["resourceSubscriptions"] = known
        return granted

    def _listenable(self, view: ServerView, uri: str) -> bool:
        target = view.resolve_resource(uri)
        detected = target.upstream.detected if target is not None else None
        return detected is not None and detected.era is Era.MODERN

    async def listen(self, entry: Entry, wanted: Fields, tell: Tell) -> None:
        """Acknowledge, then tell until there is nothing left to see: the server is gone, or the token."""
        honoured = self.honoured(entry.offering, wanted)
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
                followers = self._followers(entry, honoured, heard)
                tasks = [group.create_task(follower.run()) for follower in followers]
                await _until_acknowledged(followers)
                await tell(Notice(ACKNOWLEDGED, json.raw({"notifications": honoured})))
                await self._pass_on(entry, heard, tell)
                for task in tasks:
                    task.cancel()
        finally:
            self._open.discard(heard)
            self._subscriptions.remove(subscription)

    async def _pass_on(self, entry: Entry, heard: asyncio.Queue[Notice | None], tell: Tell) -> None:
        """A token that expires changes nothing in the registry, so that is watched for here."""
        try:
            async with asyncio.timeout(self._door.seconds_left(entry.principal)):
                while (notice := await heard.get()) is not None:
                    await tell(notice)
        except TimeoutError:
            return

    def _followers(
        self, entry: Entry, honoured: dict[str, Any], heard: asyncio.Queue[Notice | None]
    ) -> list[_Follower]:
        def look() -> ServerView | None:
            return self._door.look(entry)

        grouped: dict[str, list[str]] = {}
        for uri in honoured.get("resourceSubscriptions", ()):
            target = entry.offering.view.resolve_resource(uri)
            if target is not None:
                grouped.setdefault(target.upstream.id, []).append(uri)
        return [_Follower(self._pool, id_, uris, heard, look) for id_, uris in grouped.items()]


class _Follower:
    """Listens to one upstream for one client. `acknowledged` is set once the upstream has heard what is wanted."""

    def __init__(
        self,
        pool: Pool,
        upstream_id: str,
        uris: list[str],
        heard: asyncio.Queue[Notice | None],
        look: Callable[[], ServerView | None],
    ) -> None:
        """`look`: what the client may see now."""
        self.acknowledged = asyncio.Event()
        self._pool = pool
        self._upstream_id = upstream_id
        self._uris = uris
        self._heard = heard
        self._look = look

    async def run(self) -> None:
        """Until cancelled: an upstream that goes away is listened to again when it is back."""
        while True:
            try:
                await self._listen()
            except (GatewayError, WrongEra, SessionGone):
                pass  # The upstream is down, or was: the client is told of what changes once it is back.
            self.acknowledged.set()
            await asyncio.sleep(_RECONNECT)

    async def _listen(self) -> None:
        """As it is reached now, which may be another way than when the client came."""
        view = self._look()
        upstream = next((one for one in view.upstreams if one.id == self._upstream_id), None) if view else None
        if upstream is not None:
            await self._pool.link(upstream).listen(json.raw({"resourceSubscriptions": self._uris}), self._hear)

    async def _hear(self, event: Event) -> None:
        if not isinstance(event, Notice):
            return
        if event.method == ACKNOWLEDGED:
            self.acknowledged.set()
        elif event.method == "notifications/resources/updated":
            uri = json.text(json.fields(event.params).get("uri")) or ""
            # What the client may see can have changed since it asked.
            view = self._look()
            if view is not None and view.resolve_resource(uri) is not None and not self._heard.full():
                self._heard.put_nowait(event)


def _loaded(value: json.Raw) -> Any:
    try:
        return json.load(value)
    except json.BadJson:
        return None


async def _until_acknowledged(followers: list[_Follower]) -> None:
    """So that nothing is missed that changes after the client has heard that it will be told."""
    try:
        async with asyncio.timeout(_PATIENCE):
            for follower in followers:
                await follower.acknowledged.wait()
    except TimeoutError:
        return


def _end(heard: asyncio.Queue[Notice | None]) -> None:
    """Nothing more will come; what could not be told yet gives way to that."""
    if heard.full():
        heard.get_nowait()
    heard.put_nowait(None)

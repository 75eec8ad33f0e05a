"""Legacy sessions that subscribe to resources of an upstream that tells of changes to those who listen alone.

That is the modern way, and the way of what is Gatehouse's own. There is one stream for each upstream, with all uris that
somebody wants. What a stream was opened for can't be changed: for another uri another one is opened, and the old one
ends once the new one is acknowledged, so that no update is missed, and one may be told twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

from gatehouse.catalog.model import LOCAL, Upstream
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError
from gatehouse.kit.json import Raw
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.call import Call, Emit, Event, Failure, Notice, Outcome, Result
from gatehouse.protocol.errors import INVALID_PARAMS
from gatehouse.upstreams.base import Outlet
from gatehouse.upstreams.peer import SessionGone, WrongEra

MOST = 1000
"""Resources of one upstream."""
_ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
_UPDATED = "notifications/resources/updated"
_PATIENCE = 3.0
"""Seconds that an upstream gets to acknowledge, before the client hears from us anyway."""
_RECONNECT = 2.0
"""Seconds between tries to listen again."""


class Listener(Protocol):
    async def listen(self, wanted: Raw, emit: Emit) -> object: ...


Look = Callable[[str], Listener | None]
"""From the id of an upstream to the link to it as it is now; None where it can't be asked at present."""


def tells_of_resources(upstream: Upstream) -> bool:
    """Whether an upstream says that it tells of changes of its resources."""
    if upstream.kind == LOCAL:
        return True
    detected = upstream.detected
    if detected is None:
        return False
    resources = json.fields(detected.capabilities).get("resources", json.EMPTY)
    return bytes(resources)[:1] == b"{" and json.fields(resources).get("subscribe") == json.raw(True)


class Following:
    """Of all upstreams of a worker."""

    def __init__(self, tasks: Tasks, outlets: Mapping[str, Outlet], look: Look) -> None:
        self._tasks = tasks
        self._outlets = outlets
        self._look = look
        self._followed: dict[str, _Followed] = {}

    async def settle(self, upstream_id: str, call: Call) -> Outcome:
        """Answer a client's resources/subscribe or resources/unsubscribe."""
        uri, session = json.text(call.params.get("uri")) or "", call.session or ""
        if call.method != "resources/subscribe":
            self._leave(upstream_id, session, uri)
            return Result({})
        followed = self._followed.get(upstream_id)
        if followed is None:
            look = partial(self._look, upstream_id)
            followed = self._followed[upstream_id] = _Followed(self._tasks, self._outlets, look)
        return await followed.add(uri, session)

    def forget(self, session: str) -> None:
        """A client's session is over."""
        for upstream_id in tuple(self._followed):
            self._leave(upstream_id, session)

    def renew(self, upstream_id: str) -> None:
        """It is reached in another way now."""
        if upstream_id in self._followed:
            self._tasks.spawn(self._followed[upstream_id].reopen(), "listen again for legacy sessions")

    def _leave(self, upstream_id: str, session: str, uri: str | None = None) -> None:
        followed = self._followed.get(upstream_id)
        if followed is not None and followed.remove(session, uri):
            del self._followed[upstream_id]


class _Followed:
    """Of one upstream."""

    def __init__(self, tasks: Tasks, outlets: Mapping[str, Outlet], look: Callable[[], Listener | None]) -> None:
        self._tasks = tasks
        self._outlets = outlets
        self._look = look
        self._subscribers: dict[str, set[str]] = {}
        self._stream: asyncio.Task[None] | None = None
        self._opened_for: frozenset[str] = frozenset()

    async def add(self, uri: str, session: str) -> Outcome:
        if uri not in self._subscribers and len(self._subscribers) >= MOST:
            return Failure(INVALID_PARAMS, f"There are subscriptions to {MOST} resources of this upstream", own=True)
        self._subscribers.setdefault(uri, set()).add(session)
        if uri not in self._opened_for:
            await self.reopen()
        return Result({})

    def remove(self, session: str, uri: str | None) -> bool:
        """From one uri or from all; whether nobody is left."""
        for one in tuple(self._subscribers) if uri is None else (uri,):
            subscribers = self._subscribers.get(one, set[str]())
            subscribers.discard(session)
            if not subscribers:
                self._subscribers.pop(one, None)
        if not self._subscribers and self._stream is not None:
            self._stream.cancel()
        return not self._subscribers

    async def reopen(self) -> None:
        if not self._subscribers:
            return
        before, acknowledged = self._stream, asyncio.Event()
        self._opened_for = frozenset(self._subscribers)
        stream = self._listen(self._opened_for, acknowledged)
        self._stream = self._tasks.spawn(stream, "listen for legacy sessions")
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await acknowledged.wait()
        finally:
            if before is not None:
                before.cancel()

    async def _listen(self, uris: frozenset[str], acknowledged: asyncio.Event) -> None:
        wanted = json.raw({"resourceSubscriptions": sorted(uris)})

        async def hear(event: Event) -> None:
            if isinstance(event, Notice) and event.method == _ACKNOWLEDGED:
                acknowledged.set()
            elif isinstance(event, Notice) and event.method == _UPDATED:
                await self._tell(event)

        while True:
            link = self._look()
            if link is not None:
                # One that is down is listened to again when it is back.
                with suppress(GatewayError, WrongEra, SessionGone):
                    await link.listen(wanted, hear)
            acknowledged.set()
            await asyncio.sleep(_RECONNECT)

    async def _tell(self, update: Notice) -> None:
        # What ties it to the stream of the modern era is nothing for a client of the legacy one.
        uri = json.text(json.fields(update.params).get("uri")) or ""
        for session in tuple(self._subscribers.get(uri, ())):
            outlet = self._outlets.get(session)
            if outlet is not None:
                await outlet.deliver(Notice(_UPDATED, json.raw({"uri": uri})))

"""Sessions with a legacy upstream: who shares one, when a new one is made, when an old one ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio

from gatehouse.catalog.model import Share
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, UpstreamDown
from gatehouse.protocol.call import Call, Client, Emit, Notice, Outcome, Result
from gatehouse.protocol.methods import LOG_LEVELS
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.flights import Flights
from gatehouse.upstreams.peer import (
    ListsChanged,
    Outgoing,
    Peer,
    ResourceUpdated,
    SessionGone,
    Stray,
    WrongEra,
    ignore,
    nobody,
)

Key = tuple[str, ...]

_SUBSCRIBING = frozenset({"resources/subscribe", "resources/unsubscribe"})
_SHORT = 30.0
"""Seconds for what upstreams answer off-hand."""
MAX_SESSIONS = 1000
"""Sessions with one upstream; past that the longest unused one ends."""


def share_key(share: Share, call: Call, client: Client) -> Key:
    """Which session a call belongs in. What a client can do is part of it: it is fixed in the handshake."""
    if share is Share.SESSION and call.session is not None:
        return ("session", call.session)
    fingerprint = (client.version, bytes(client.capabilities).decode())
    if share is Share.SHARED:
        return ("shared", *fingerprint)
    return ("user", call.principal, *fingerprint)


class LegacySession:
    """One session with an upstream. `owner` is the client session that it was opened for alone, if any."""

    def __init__(self, reach: Reach, upstream_id: str, owner: str | None) -> None:
        self.owner = owner
        self.used_at = reach.clock.monotonic()
        self.busy = 0
        self._reach = reach
        self._upstream_id = upstream_id
        self._level: str | None = None
        self._subscribers: dict[str, set[str]] = {}
        self._peer: Peer | None = None
        self._has_logs = False
        self.rooted = False
        """Whether it was begun with roots of Gatehouse's own."""

    def begin(self, peer: Peer, has_logs: bool, rooted: bool = False) -> None:
        """`has_logs`: the upstream said in the handshake that it knows levels of logs."""
        self._peer = peer
        self._has_logs = has_logs
        self.rooted = rooted

    async def restore(self, old: LegacySession) -> None:
        """Take over from a session that was lost, for clients who know nothing of that."""
        self._subscribers = old._subscribers
        for uri in tuple(self._subscribers):
            await self._quietly("resources/subscribe", uri)

    @property
    def idle_since(self) -> float | None:
        """When it was last used; None while somebody still counts on it."""
        return None if self.owner or self.busy or self._subscribers else self.used_at

    @property
    def alive(self) -> bool:
        return self._peer is not None and self._peer.alive

    @property
    def peer(self) -> Peer | None:
        """None where it has ended."""
        return self._peer if self.alive else None

    async def send(self, call: Call, outgoing: Outgoing, emit: Emit) -> Outcome:
        self.busy += 1
        try:
            if call.log_level is None and self._peer is not None and call.method not in _SUBSCRIBING:
                return await self._peer.request(outgoing, emit)
            return await self._send(call, outgoing, emit)
        finally:
            self.busy -= 1
            self.used_at = self._reach.clock.monotonic()

    async def _send(self, call: Call, outgoing: Outgoing, emit: Emit) -> Outcome:
        if self._peer is None:
            raise UpstreamDown("The session with the upstream has ended")
        if call.log_level is not None and self._has_logs:
            await self._set_level(self._peer, call.log_level)
        if call.method == "resources/subscribe":
            return await self._subscribe(self._peer, call, outgoing)
        if call.method == "resources/unsubscribe":
            return await self._unsubscribe(self._peer, call, outgoing)
        return await self._peer.request(outgoing, emit)

    async def _set_level(self, peer: Peer, level: str) -> None:
        """Ask for logs of `level`; a session that several share keeps the most talkative one that was asked for."""
        quieter = (
            self._level in LOG_LEVELS
            and level in LOG_LEVELS
            and LOG_LEVELS.index(level) >= LOG_LEVELS.index(self._level)
        )
        if level == self._level or (self.owner is None and quieter):
            return
        outcome = await peer.request(Outgoing("logging/setLevel", {"level": json.raw(level)}, timeout=_SHORT), ignore)
        if isinstance(outcome, Result):
            self._level = level

    async def _subscribe(self, peer: Peer, call: Call, outgoing: Outgoing) -> Outcome:
        uri, who = json.text(call.params.get("uri")) or "", call.session or call.principal
        outcome: Outcome = Result({})
        if not self._subscribers.get(uri):
            outcome = await peer.request(outgoing, ignore)
        if isinstance(outcome, Result):
            self._subscribers.setdefault(uri, set()).add(who)
        return outcome

    async def _unsubscribe(self, peer: Peer, call: Call, outgoing: Outgoing) -> Outcome:
        uri, who = json.text(call.params.get("uri")) or "", call.session or call.principal
        subscribers = self._subscribers.get(uri, set())
        subscribers.discard(who)
        if subscribers:
            return Result({})
        self._subscribers.pop(uri, None)
        return await peer.request(outgoing, ignore)

    async def notify(self, method: str) -> None:
        if self._peer is not None:
            with suppress(GatewayError):
                await self._peer.notify(method)

    async def take_stray(self, stray: Stray) -> None:
        """Bring what was said outside of any call to whom it concerns; a question for nobody gets a no."""
        if isinstance(stray, ListsChanged):
            await self._reach.changed(self._upstream_id, frozenset({stray.list}))
        elif isinstance(stray, ResourceUpdated):
            for session in tuple(self._subscribers.get(stray.uri, ())):
                outlet = self._reach.outlets.get(session)
                if outlet is not None:
                    await outlet.deliver(Notice("notifications/resources/updated", stray.params))
        else:
            outlet = self._reach.outlets.get(self.owner) if self.owner else None
            await (outlet.deliver(stray) if outlet is not None else nobody(stray))

    async def forget(self, client_session: str) -> None:
        """A client's session is over: what only it had subscribed to is unsubscribed."""
        for uri, subscribers in tuple(self._subscribers.items()):
            subscribers.discard(client_session)
            if not subscribers:
                self._subscribers.pop(uri, None)
                await self._quietly("resources/unsubscribe", uri)

    async def _quietly(self, method: str, uri: str) -> None:
        """Ask for what nobody waits for: an upstream that is gone, or refuses, has no more to say of the resource."""
        if self._peer is not None and self._peer.alive:
            with suppress(GatewayError, SessionGone, WrongEra):
                await self._peer.request(Outgoing(method, {"uri": json.raw(uri)}, timeout=_SHORT), ignore)

    async def close(self) -> None:
        if self._peer is not None:
            await self._peer.close()


Open = Callable[[LegacySession, Client], Awaitable[None]]
"""Opens a peer and lets the session begin with it; raises what a handshake raises."""


class Sessions:
    """The sessions with one upstream by share key. Whoever needs one that is being opened waits for that one."""

    def __init__(self, reach: Reach, upstream_id: str, open_peer: Open) -> None:
        self._reach = reach
        self._upstream_id = upstream_id
        self._open_peer = open_peer
        self._sessions: dict[Key, LegacySession] = {}
        self._lost: dict[Key, LegacySession] = {}
        self._opening: Flights[Key, LegacySession] = Flights(reach.tasks, "open upstream session")
        self._closed = False

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def running(self) -> Peer | None:
        """That of any session that there is."""
        return next((one.peer for one in self._sessions.values() if one.peer is not None), None)

    async def get(self, key: Key, client: Client) -> LegacySession:
        session = self._sessions.get(key)
        if session is not None and session.alive:
            return session
        return await self._opening.join(key, lambda: self._open(key, client))

    def drop(self, key: Key, session: LegacySession) -> None:
        """Forget a session that the upstream no longer knows; what was subscribed to in it passes to the next one."""
        if self._sessions.get(key) is session:
            self._lost[key] = self._sessions.pop(key)
            self._reach.tasks.spawn(session.close(), "close upstream session")

    async def _open(self, key: Key, client: Client) -> LegacySession:
        if (dead := self._sessions.get(key)) is not None:
            self.drop(key, dead)
        if len(self._sessions) >= MAX_SESSIONS:
            await self._make_room()
        session = LegacySession(self._reach, self._upstream_id, key[1] if key[0] == "session" else None)
        await self._open_peer(session, client)
        if self._closed:
            await session.close()
            raise UpstreamDown("The gateway closed the connection to the upstream")
        self._sessions[key] = session
        if (lost := self._lost.pop(key, None)) is not None:
            await session.restore(lost)
        return session

    async def _make_room(self) -> None:
        idle = [(session.used_at, key) for key, session in self._sessions.items() if not session.busy]
        if not idle:
            raise UpstreamDown(f"All {MAX_SESSIONS} sessions with this upstream are busy")
        await self._sessions.pop(min(idle)[1]).close()

    async def end(self, client_session: str) -> None:
        key = ("session", client_session)
        await self._opening.settle(key)
        self._lost.pop(key, None)
        own = self._sessions.pop(key, None)
        if own is not None:
            await own.close()
        for session in (*self._sessions.values(), *self._lost.values()):
            await session.forget(client_session)

    async def notify(self, client_session: str, method: str) -> None:
        session = self._sessions.get(("session", client_session))
        if session is not None and session.alive:
            await session.notify(method)

    async def notify_rooted(self, method: str) -> None:
        """Those that were begun with roots of Gatehouse's own."""
        for session in tuple(self._sessions.values()):
            if session.rooted and session.alive:
                await session.notify(method)

    async def sweep(self, idle: float) -> None:
        """End those that nobody used for `idle` seconds. One that belongs to a client's session lives as long as that, and
        one in which somebody subscribed for as long as they do."""
        now = self._reach.clock.monotonic()
        for key, session in tuple(self._sessions.items()):
            if not session.alive:
                self.drop(key, session)
            elif session.idle_since is not None and now - session.idle_since > idle:
                del self._sessions[key]
                await session.close()

    async def close(self) -> None:
        self._closed = True
        sessions = tuple(self._sessions.values())
        self._sessions.clear()
        self._lost.clear()
        async with anyio.create_task_group() as group:
            for session in sessions:
                group.start_soon(session.close)

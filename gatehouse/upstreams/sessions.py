"""Sessions with a legacy upstream: who shares one, when a new one is made, when an old one ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gatehouse.catalog.model import Share
from gatehouse.kit import json
from gatehouse.kit.errors import UpstreamDown
from gatehouse.protocol.call import Ask, Call, Client, Emit, Notice, Outcome, Result
from gatehouse.protocol.methods import LOG_LEVELS
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.peer import NOT_HERE, ListsChanged, Outgoing, Peer, ResourceUpdated, Stray, ignore

MAX_SESSIONS = 1000
"""Sessions with one upstream; past that the longest unused one ends."""


def share_key(share: Share, call: Call, client: Client) -> tuple[str, ...]:
    """Which session a call belongs in. What a client can do is part of it: it is fixed in the handshake."""
    fingerprint = (client.version, bytes(client.capabilities).decode())
    if share is Share.SESSION and call.session is not None:
        return ("session", call.session)
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

    def begin(self, peer: Peer) -> None:
        self._peer = peer

    @property
    def alive(self) -> bool:
        return self._peer is not None and self._peer.alive

    async def send(self, call: Call, outgoing: Outgoing, emit: Emit) -> Outcome:
        self.busy += 1
        try:
            return await self._send(call, outgoing, emit)
        finally:
            self.busy -= 1
            self.used_at = self._reach.clock.monotonic()

    async def _send(self, call: Call, outgoing: Outgoing, emit: Emit) -> Outcome:
        if self._peer is None:
            raise UpstreamDown("The session with the upstream has ended")
        if call.log_level is not None:
            await self._set_level(call.log_level)
        if call.method == "resources/subscribe":
            return await self._subscribe(self._peer, call, outgoing)
        if call.method == "resources/unsubscribe":
            return await self._unsubscribe(self._peer, call, outgoing)
        return await self._peer.request(outgoing, emit)

    async def _set_level(self, level: str) -> None:
        """Ask for logs of `level`; a session that several share keeps the most talkative one that was asked for."""
        quieter = (
            self._level in LOG_LEVELS
            and level in LOG_LEVELS
            and LOG_LEVELS.index(level) >= LOG_LEVELS.index(self._level)
        )
        if level == self._level or (self.owner is None and quieter) or self._peer is None:
            return
        self._level = level
        await self._peer.request(Outgoing("logging/setLevel", {"level": json.raw(level)}), ignore)

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
            if outlet is not None:
                await outlet.deliver(stray)
            elif isinstance(stray, Ask):
                await stray.reply(NOT_HERE)

    async def forget(self, client_session: str) -> None:
        """A client's session is over: what only it had subscribed to is unsubscribed."""
        for uri, subscribers in tuple(self._subscribers.items()):
            subscribers.discard(client_session)
            if not subscribers and self._peer is not None:
                del self._subscribers[uri]
                await self._peer.request(Outgoing("resources/unsubscribe", {"uri": json.raw(uri)}), ignore)

    async def close(self) -> None:
        if self._peer is not None:
            await self._peer.close()


Open = Callable[[LegacySession, Client], Awaitable[Peer]]


class Sessions:
    """The sessions with one upstream by share key. Whoever needs one that is being opened waits for that one."""

    def __init__(self, reach: Reach, upstream_id: str, open_peer: Open) -> None:
        self._reach = reach
        self._upstream_id = upstream_id
        self._open_peer = open_peer
        self._sessions: dict[tuple[str, ...], LegacySession] = {}
        self._opening: dict[tuple[str, ...], asyncio.Task[LegacySession]] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    async def get(self, key: tuple[str, ...], client: Client) -> LegacySession:
        session = self._sessions.get(key)
        if session is not None and session.alive:
            return session
        task = self._opening.get(key)
        if task is None:
            task = self._opening[key] = self._reach.tasks.spawn(self._open(key, client), "open upstream session")
            task.add_done_callback(lambda _: self._opening.pop(key, None))
        return await asyncio.shield(task)

    def put(self, key: tuple[str, ...], session: LegacySession) -> None:
        self._sessions[key] = session

    def drop(self, key: tuple[str, ...], session: LegacySession) -> None:
        """Forget a session that the upstream no longer knows."""
        if self._sessions.get(key) is session:
            del self._sessions[key]
        self._reach.tasks.spawn(session.close(), "close upstream session")

    async def _open(self, key: tuple[str, ...], client: Client) -> LegacySession:
        if len(self._sessions) >= MAX_SESSIONS:
            await self._make_room()
        session = LegacySession(self._reach, self._upstream_id, key[1] if key[0] == "session" else None)
        session.begin(await self._open_peer(session, client))
        self._sessions[key] = session
        return session

    async def _make_room(self) -> None:
        idle = [(session.used_at, key) for key, session in self._sessions.items() if not session.busy]
        if not idle:
            raise UpstreamDown(f"All {MAX_SESSIONS} sessions with this upstream are busy")
        await self._sessions.pop(min(idle)[1]).close()

    async def end(self, client_session: str) -> None:
        own = self._sessions.pop(("session", client_session), None)
        if own is not None:
            await own.close()
        for session in tuple(self._sessions.values()):
            await session.forget(client_session)

    async def notify(self, client_session: str, method: str) -> None:
        session = self._sessions.get(("session", client_session))
        if session is not None and session.alive:
            await session.notify(method)

    async def sweep(self, idle: float) -> None:
        """End those that nobody used for `idle` seconds. One that belongs to a client's session lives as long as that."""
        now = self._reach.clock.monotonic()
        for key, session in tuple(self._sessions.items()):
            unused = session.owner is None and not session.busy and now - session.used_at > idle
            if unused or not session.alive:
                del self._sessions[key]
                await session.close()

    async def close(self) -> None:
        sessions = tuple(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.close()

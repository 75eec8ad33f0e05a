"""An upstream that is an MCP server: finds out its era, keeps to it, and looks again when that stops being true."""

from __future__ import annotations

import asyncio

from gatehouse.catalog.model import Detected, Offer, Share, Transport, Upstream
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, TimedOut
from gatehouse.protocol import bridge, modern
from gatehouse.protocol.call import Call, Client, Emit, Era, Event, Failure, Notice, Outcome
from gatehouse.protocol.errors import rpc_code
from gatehouse.protocol.headers import HeaderMap
from gatehouse.protocol.methods import LIST_CHANGED
from gatehouse.upstreams import discovery
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.detect import Opened, detect, reopen
from gatehouse.upstreams.duplex import DuplexPeer
from gatehouse.upstreams.peer import ListsChanged, Outgoing, Peer, SessionGone, Stray, WrongEra
from gatehouse.upstreams.sessions import LegacySession, Sessions, share_key
from gatehouse.upstreams.streamable_http import LegacyHttpPeer
from gatehouse.upstreams.wires import GATEHOUSE, GATEHOUSE_LEGACY, Wires

_EVERY_LIST = json.raw({"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True})


class McpLink:
    """See `UpstreamLink`."""

    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        self._upstream = upstream
        self._reach = reach
        self._detected = upstream.detected
        self.wires = Wires(upstream, reach)
        self._sessions = Sessions(reach, upstream.id, self._open_session)
        self._legacy_too = True
        self._modern: Peer | None = None
        self._opening: asyncio.Task[Peer] | None = None

    async def discover(self) -> Offer:
        self.wires.forgive()
        with_limit = asyncio.timeout(self._reach.patience.discover)
        try:
            async with with_limit:
                opened = await self._open_to_look()
                try:
                    offer = await discovery.discover(opened, self._reach.patience.discover)
                except BaseException:
                    await self._put_away(opened, spoiled=True)
                    raise
        except TimeoutError:
            raise TimedOut(
                f"The upstream did not say what it offers within {self._reach.patience.discover:g} seconds"
            ) from None
        await self._put_away(opened)
        self._detected = opened.detected
        return offer

    async def _open_to_look(self) -> Opened:
        if self._detected is not None:
            try:
                return await reopen(self._detected, self.wires)
            except (WrongEra, GatewayError):
                self._detected = None
        return await detect(self._upstream, self.wires)

    async def _put_away(self, opened: Opened, spoiled: bool = False) -> None:
        """Keep a process that was started only to look, where the next call can use it."""
        keep = not spoiled and opened.detected.transport is Transport.STDIO and opened.detected.era is Era.MODERN
        if keep and self._modern is None:
            await self._keep_modern(opened.peer)
        else:
            await opened.peer.close()

    async def send(self, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        try:
            return await self._send(call, names, emit)
        except GatewayError as error:
            return Failure(rpc_code(error), f"{self._upstream.name}: {error.message}", own=True)

    async def _send(self, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        detected = self._detected or await self._look()
        try:
            return await self._send_as(detected, call, names, emit)
        except WrongEra as error:
            again = await self._look()
            if again.era is detected.era and again.transport is detected.transport:
                return error.args[0]
            return await self._send_as(again, call, names, emit)

    async def _look(self) -> Detected:
        opened = await detect(self._upstream, self.wires)
        await self._put_away(opened)
        self._detected = opened.detected
        return opened.detected

    async def _send_as(self, detected: Detected, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        if detected.era is Era.LEGACY or self._in_legacy(call):
            try:
                return await self._send_legacy(detected, call, emit)
            except WrongEra:
                if detected.era is Era.LEGACY:
                    raise
                self._legacy_too = False
        refused = bridge.unsupported(call.method, Era.MODERN)
        if refused is not None:
            return refused
        client = bridge.client_for(Era.MODERN, call.client)
        peer = self._modern if self._modern is not None and self._modern.alive else await self._open_modern(detected)
        return await peer.request(self._modern_request(call, client, names), emit)

    def _in_legacy(self, call: Call) -> bool:
        """A modern upstream may speak both eras: a legacy client is served in its own, where nothing is lost."""
        return call.client.era is Era.LEGACY and self._legacy_too and self._upstream.era != Era.MODERN

    def _modern_request(self, call: Call, client: Client, names: HeaderMap | None) -> Outgoing:
        meta = modern.request_meta(client, call.meta, call.log_level if call.client.era is Era.MODERN else None, None)
        params = {**call.params, "_meta": json.raw(meta)}
        return Outgoing(call.method, params, call.progress_token is not None, names, call.headers, self._patience)

    async def _send_legacy(self, detected: Detected, call: Call, emit: Emit) -> Outcome:
        client = bridge.client_for(Era.LEGACY, call.client)
        key = share_key(self._share(detected), call, client)
        params = {**call.params, "_meta": json.raw(call.meta)} if call.meta else call.params
        outgoing = Outgoing(call.method, params, call.progress_token is not None, None, call.headers, self._patience)
        session = await self._sessions.get(key, client)
        try:
            return await session.send(call, outgoing, emit)
        except SessionGone:
            # Nothing was done: the upstream said that it does not know the session.
            self._sessions.drop(key, session)
        session = await self._sessions.get(key, client)
        try:
            return await session.send(call, outgoing, emit)
        except SessionGone:
            return Failure(-31502, f"{self._upstream.name}: the upstream drops every session at once", own=True)

    @property
    def _patience(self) -> float:
        return self._upstream.timeout or self._reach.patience.call

    def _share(self, detected: Detected) -> Share:
        if self._upstream.share is not Share.AUTO:
            return self._upstream.share
        return Share.SESSION if detected.stateful or detected.era is Era.MODERN else Share.SHARED

    async def _open_session(self, session: LegacySession, client: Client) -> Peer:
        transport = self._detected.transport if self._detected else Transport.HTTP
        peer, handshake = await self.wires.open_legacy(transport, client, session.take_stray)
        if isinstance(peer, LegacyHttpPeer) and handshake.stateful:
            self._reach.tasks.spawn(peer.listen(), f"listen to {self._upstream.name}")
        return peer

    async def _open_modern(self, detected: Detected) -> Peer:
        if detected.transport is Transport.HTTP:
            self._modern = self.wires.modern_http()
            return self._modern
        if self._opening is None:
            self._opening = self._reach.tasks.spawn(self._start_modern(), "start upstream process")
            self._opening.add_done_callback(self._opened)
        return await asyncio.shield(self._opening)

    def _opened(self, task: asyncio.Task[Peer]) -> None:
        self._opening = None

    async def _start_modern(self) -> Peer:
        peer = await self.wires.open_duplex(Transport.STDIO, self._take_stray)
        await self.wires.discover(peer, self._reach.patience.discover)
        return await self._keep_modern(peer)

    async def _keep_modern(self, peer: Peer) -> Peer:
        self._modern = peer
        self._reach.tasks.spawn(self.listen(_EVERY_LIST, self._hear), f"listen to {self._upstream.name}")
        return peer

    async def _take_stray(self, stray: Stray) -> None:
        if isinstance(stray, ListsChanged):
            await self._reach.changed(self._upstream.id, frozenset({stray.list}))

    async def watch(self) -> None:
        detected = self._detected
        if detected is None or detected.transport is Transport.STDIO:
            return
        if detected.era is Era.MODERN:
            await self.listen(_EVERY_LIST, self._hear)
        elif detected.stateful:
            await self._watch_session(detected)

    async def _hear(self, event: Event) -> None:
        if isinstance(event, Notice) and event.method in LIST_CHANGED:
            await self._reach.changed(self._upstream.id, frozenset({LIST_CHANGED[event.method]}))

    async def listen(self, wanted: json.Raw, emit: Emit) -> None:
        """2026-07-28 subscriptions/listen, until it ends; raises what a peer raises."""
        detected = self._detected or await self._look()
        peer = self._modern if self._modern is not None and self._modern.alive else await self._open_modern(detected)
        meta = json.raw(modern.request_meta(GATEHOUSE, {}, None, None))
        params = {"notifications": wanted, "_meta": meta}
        await peer.request(Outgoing("subscriptions/listen", params, timeout=None), emit)

    async def _watch_session(self, detected: Detected) -> None:
        peer, _ = await self.wires.open_legacy(detected.transport, GATEHOUSE_LEGACY, self._take_stray)
        try:
            if isinstance(peer, LegacyHttpPeer):
                await peer.listen()
            elif isinstance(peer, DuplexPeer):
                await peer.wait_ended()
        finally:
            await peer.close()

    async def notify_session(self, session: str, method: str) -> None:
        """Pass on a client's notification (roots/list_changed) to the session that was opened for it."""
        await self._sessions.notify(session, method)

    async def end_session(self, session: str) -> None:
        await self._sessions.end(session)

    async def sweep(self) -> None:
        await self._sessions.sweep(self._reach.patience.idle)

    async def close(self) -> None:
        await self._sessions.close()
        if self._modern is not None:
            await self._modern.close()

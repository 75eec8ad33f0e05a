"""An upstream that is an MCP server: finds out its era, keeps to it, and looks again when that stops being true."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import msgspec

from gatehouse.catalog.model import Detected, Offer, Share, Transport, Upstream
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.kit.json import Fields
from gatehouse.protocol import bridge, modern
from gatehouse.protocol.call import Call, Client, Emit, Era, Event, Failure, Notice, Outcome
from gatehouse.protocol.errors import INVALID_PARAMS, rpc_code
from gatehouse.protocol.headers import HeaderMap
from gatehouse.protocol.methods import LIST_CHANGED
from gatehouse.upstreams import discovery
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.detect import Opened, detect, reopen
from gatehouse.upstreams.duplex import DuplexPeer
from gatehouse.upstreams.flights import Flights
from gatehouse.upstreams.peer import ListsChanged, Outgoing, Peer, SessionGone, Stray, WrongEra, ignore, nobody
from gatehouse.upstreams.rooting import ROOTS_CHANGED, RootedClient, Rooting
from gatehouse.upstreams.sessions import Key, LegacySession, Sessions, share_key
from gatehouse.upstreams.stateless import EVERY_LIST, Stateless, subscription
from gatehouse.upstreams.streamable_http import LegacyHttpPeer
from gatehouse.upstreams.wires import GATEHOUSE_LEGACY, Wires

# To look up a member of an enumeration takes Python 3.11 as long as a function call; these stand in the way of a call.
_LEGACY, _MODERN, _HTTP = Era.LEGACY, Era.MODERN, Transport.HTTP


class McpLink:
    """See `UpstreamLink`."""

    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        self._upstream = upstream
        self._reach = reach
        self._detected = upstream.detected
        self.wires = Wires(upstream, reach)
        self._sessions = Sessions(reach, upstream.id, self._open_session)
        self._stateless = Stateless(self.wires, reach, self._hear)
        self._rooting = Rooting(upstream.id, reach)
        self._looks: Flights[str, Detected] = Flights(reach.tasks, "look at upstream")
        self._legacy_too = True
        self._watched: Peer | None = None

    async def discover(self) -> Offer:
        self.wires.forgive()
        self._legacy_too = True
        limit = self._reach.patience.discover
        try:
            async with asyncio.timeout(limit):
                opened, offer = await self._ask_all()
        except TimeoutError:
            raise TimedOut(f"The upstream did not say what it offers within {limit:g} seconds") from None
        except WrongEra as error:
            raise UpstreamFailed(f"The upstream does not speak MCP as expected: {error.args[0].message}") from None
        except SessionGone:
            raise UpstreamFailed("The upstream dropped the session in which it was asked what it offers") from None
        await self._put_away(opened)
        return offer

    async def _ask_all(self) -> tuple[Opened, Offer]:
        opened = await self._open_to_look()
        try:
            return opened, await discovery.discover(opened, self._reach.patience.discover)
        except BaseException:
            await opened.peer.close()
            raise

    async def _open_to_look(self) -> Opened:
        known = self._detected
        # A server that learnt the modern era still speaks the legacy one: over HTTP it costs little to ask anew.
        if known is not None and (known.era is Era.MODERN or known.transport is not Transport.HTTP):
            try:
                return await reopen(known, self.wires)
            except (WrongEra, GatewayError):
                pass  # How it spoke before is not how it speaks now.
        return await detect(self._upstream, self.wires)

    async def _put_away(self, opened: Opened) -> None:
        """Keep a process that was started only to look, where the next call can use it."""
        self._detected = opened.detected
        if opened.detected.era is Era.LEGACY:
            await self._stateless.drop()
        if opened.detected.era is Era.MODERN and isinstance(opened.peer, DuplexPeer):
            await self._stateless.keep(opened.peer)
        else:
            await opened.peer.close()

    async def send(self, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        try:
            detected = self._detected or await self._look()
            try:
                return await self._attempt(detected, call, names, emit)
            except WrongEra as error:
                return await self._again(error, detected, call, names, emit)
        except GatewayError as error:
            return Failure(rpc_code(error), f"{self._upstream.name}: {error.message}", own=True)
        except WrongEra as error:
            return error.args[0]
        except json.BadJson as error:
            return Failure(INVALID_PARAMS, f"Invalid params: {error}", own=True)

    def _attempt(
        self, detected: Detected, call: Call, names: HeaderMap | None, emit: Emit
    ) -> Coroutine[Any, Any, Outcome]:
        """Not a coroutine itself: on the way of most calls each one more costs as much as reading the request."""
        if detected.era is _LEGACY:
            return self._send_legacy(detected, call, emit)
        if detected.transport is _HTTP and call.client.era is _MODERN and not self._rooting.may_answer(call):
            return self._stateless.over_http.request(self._modern_request(call, names), emit)
        return self._send_modern(detected, call, names, emit)

    async def _again(
        self, error: WrongEra, detected: Detected, call: Call, names: HeaderMap | None, emit: Emit
    ) -> Outcome:
        """Look how it speaks now; where that is as before, its answer was meant as it was said."""
        again = await self._look()
        if again.era is detected.era and again.transport is detected.transport:
            return error.args[0]
        return await self._attempt(again, call, names, emit)

    async def _look(self) -> Detected:
        return await self._looks.join("", self._look_now)

    async def _look_now(self) -> Detected:
        opened = await detect(self._upstream, self.wires)
        await self._put_away(opened)
        return opened.detected

    async def _send_modern(self, detected: Detected, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        if self._in_legacy(call) and await self._has_legacy(detected, call):
            try:
                return await self._send_legacy(detected, call, emit)
            except WrongEra:
                self._legacy_too = False
        refused = bridge.unsupported(call.method, Era.MODERN)
        if refused is not None:
            return refused
        if self._rooting.may_answer(call):
            return await self._send_with_roots(detected, call, names, emit)
        return await self._stateless.request(detected.transport, self._modern_request(call, names), emit)

    async def _send_with_roots(self, detected: Detected, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        """Where the client has no roots, the upstream is told of ours."""
        client = self._rooting.shown(bridge.client_for(Era.MODERN, call.client))

        async def ask(params: Fields) -> Outcome:
            again = msgspec.structs.replace(call, params=params)
            return await self._stateless.request(detected.transport, self._modern_request(again, names, client), emit)

        if isinstance(client, RootedClient):
            return await self._rooting.rounds(ask, call.params)
        return await ask(self._rooting.resumed(call.params))

    def _in_legacy(self, call: Call) -> bool:
        """A modern upstream may speak both eras: a legacy client is served in its own, where nothing is lost."""
        return call.client.era is Era.LEGACY and self._legacy_too and self._upstream.era != Era.MODERN

    async def _has_legacy(self, detected: Detected, call: Call) -> bool:
        """Whether a modern upstream shakes hands as well. A no holds until it is asked again what it offers."""
        try:
            await self._sessions.get(*self._session_of(detected, call))
        except (WrongEra, UpstreamFailed, TimedOut):
            self._legacy_too = False
        except UpstreamDown:
            # A program may end for being greeted in the wrong way; a URL that does not answer is down in any era.
            if detected.transport is not Transport.STDIO:
                raise
            self._legacy_too = False
        return self._legacy_too

    def _modern_request(self, call: Call, names: HeaderMap | None, client: Client | None = None) -> Outgoing:
        """`client`: as the upstream is to see it, where that is another one than it is."""
        if call.raw_meta is not None and not isinstance(client, RootedClient):
            call.params["_meta"] = call.raw_meta
            return Outgoing(call.method, call.params, False, names, call.headers, self._patience)
        client = client or bridge.client_for(Era.MODERN, call.client)
        meta = modern.request_meta(client, call.meta, call.log_level if call.client.era is Era.MODERN else None, None)
        params = {**call.params, "_meta": json.raw(meta)}
        return Outgoing(call.method, params, call.progress_token is not None, names, call.headers, self._patience)

    def _session_of(self, detected: Detected, call: Call) -> tuple[Key, Client]:
        client = self._rooting.shown(bridge.client_for(Era.LEGACY, call.client))
        key = share_key(self._share(detected), call, client)
        # A client that has roots itself is to share no session with one that is given ours.
        own = isinstance(client, RootedClient) and key[0] != "session"
        return (*key, "roots") if own else key, client

    async def _send_legacy(self, detected: Detected, call: Call, emit: Emit) -> Outcome:
        key, client = self._session_of(detected, call)
        params = {**call.params, "_meta": json.raw(call.meta)} if call.meta else call.params
        outgoing = Outgoing(call.method, params, call.progress_token is not None, None, call.headers, self._patience)
        session = await self._sessions.get(key, client)
        try:
            return await session.send(call, outgoing, self._rooting.emitting(emit) if session.rooted else emit)
        except SessionGone:
            # Nothing was done: the upstream said that it does not know the session.
            self._sessions.drop(key, session)
        session = await self._sessions.get(key, client)
        try:
            return await session.send(call, outgoing, self._rooting.emitting(emit) if session.rooted else emit)
        except SessionGone:
            raise UpstreamFailed("The upstream drops every session at once") from None

    @property
    def _patience(self) -> float:
        return self._upstream.timeout or self._reach.patience.call

    def _share(self, detected: Detected) -> Share:
        if self._upstream.share is not Share.AUTO:
            return self._upstream.share
        return Share.SESSION if detected.stateful or detected.era is Era.MODERN else Share.SHARED

    async def _open_session(self, session: LegacySession, client: Client) -> None:
        transport = self._detected.transport if self._detected else Transport.HTTP
        take_stray = self._rooting.straying(client, session.take_stray)
        peer, handshake = await self.wires.open_legacy(transport, client, take_stray)
        session.begin(peer, handshake.has("logging"), isinstance(client, RootedClient))
        if isinstance(peer, LegacyHttpPeer) and handshake.stateful:
            peer.start_listening(f"listen to {self._upstream.name}")

    async def _hear(self, event: Event) -> None:
        if isinstance(event, Notice) and event.method in LIST_CHANGED:
            await self._reach.changed(self._upstream.id, frozenset({LIST_CHANGED[event.method]}))

    async def _take_stray(self, stray: Stray) -> None:
        if isinstance(stray, ListsChanged):
            await self._reach.changed(self._upstream.id, frozenset({stray.list}))
        else:
            await nobody(stray)

    async def probe(self) -> bool:
        detected = self._detected
        if detected is None:
            return False
        if detected.transport is not Transport.STDIO and detected.era is Era.MODERN:
            await self.wires.discover(self._stateless.over_http, self._reach.patience.probe)
            return True
        peer = self._watched or self._sessions.running or self._stateless.running
        if peer is not None:
            return await self._ping(peer, detected.era)
        if detected.transport is Transport.STDIO:
            return False
        peer, _ = await self.wires.open_legacy(detected.transport, GATEHOUSE_LEGACY, nobody)
        try:
            return await self._ping(peer, detected.era)
        finally:
            await peer.close()

    async def _ping(self, peer: Peer, era: Era) -> bool:
        """An error, or a session that is gone, is a sign of life too."""
        if era is Era.MODERN:
            await self.wires.discover(peer, self._reach.patience.probe)
            return True
        with suppress(SessionGone):
            await peer.request(Outgoing("ping", {}, timeout=self._reach.patience.probe), ignore)
        return True

    async def watch(self) -> None:
        detected = self._detected
        if detected is None or detected.transport is Transport.STDIO:
            return
        if detected.era is Era.MODERN:
            await self.listen(EVERY_LIST, self._hear)
        elif detected.stateful:
            await self._watch_session(detected)

    async def listen(self, wanted: json.Raw, emit: Emit) -> None:
        """2026-07-28 subscriptions/listen, until it ends; raises what a peer raises."""
        detected = self._detected or await self._look()
        await self._stateless.request(detected.transport, subscription(wanted), emit)

    async def _watch_session(self, detected: Detected) -> None:
        client = self._rooting.shown(GATEHOUSE_LEGACY)
        take_stray = self._rooting.straying(client, self._take_stray)
        peer, _ = await self.wires.open_legacy(detected.transport, client, take_stray)
        self._watched = peer
        try:
            if isinstance(peer, LegacyHttpPeer):
                await peer.listen()
            elif isinstance(peer, DuplexPeer):
                await peer.wait_ended()
        finally:
            self._watched = None
            await peer.close()

    async def notify_session(self, session: str, method: str) -> None:
        """Pass on a client's notification (roots/list_changed) to the session that was opened for it."""
        await self._sessions.notify(session, method)

    async def roots_changed(self) -> None:
        if self._watched is not None and isinstance(self._rooting.shown(GATEHOUSE_LEGACY), RootedClient):
            with suppress(GatewayError):
                await self._watched.notify(ROOTS_CHANGED)
        await self._sessions.notify_rooted(ROOTS_CHANGED)

    async def end_session(self, session: str) -> None:
        await self._sessions.end(session)

    async def sweep(self) -> None:
        await self._sessions.sweep(self._reach.patience.idle)
        await self._stateless.sweep(self._reach.patience.idle)

    async def close(self) -> None:
        await self._sessions.close()
        await self._stateless.close()

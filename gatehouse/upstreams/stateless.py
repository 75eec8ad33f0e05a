"""The modern peer of an upstream: one for all its clients, since nothing is remembered between requests."""

from __future__ import annotations

from functools import cached_property

from gatehouse.catalog.model import Transport
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, UpstreamDown
from gatehouse.kit.json import Raw
from gatehouse.protocol import modern
from gatehouse.protocol.call import Emit, Outcome
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.duplex import DuplexPeer
from gatehouse.upstreams.flights import Flights
from gatehouse.upstreams.peer import Outgoing, Peer, SessionGone, WrongEra, nobody
from gatehouse.upstreams.streamable_http import ModernHttpPeer
from gatehouse.upstreams.wires import GATEHOUSE, Wires

EVERY_LIST = json.raw({"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True})


class Stateless:
    """Over HTTP there is nothing to keep; over stdio it keeps a process, and hears from it what changes."""

    def __init__(self, wires: Wires, reach: Reach, hear: Emit) -> None:
        """`hear` is told what the process says of its lists."""
        self._wires = wires
        self._reach = reach
        self._hear = hear
        self._peer: Peer | None = None
        self._opening: Flights[Transport, Peer] = Flights(reach.tasks, "start upstream process")
        self._busy = 0
        self._used_at = 0.0
        self._closed = False

    @cached_property
    def over_http(self) -> ModernHttpPeer:
        return self._wires.modern_http()

    async def request(self, transport: Transport, outgoing: Outgoing, emit: Emit) -> Outcome:
        """Raises what a peer raises; starts the process where it does not run."""
        self._busy += 1
        try:
            peer = self._peer
            if peer is None or not peer.alive:
                peer = await self._open(transport)
            return await peer.request(outgoing, emit)
        finally:
            self._busy -= 1
            self._used_at = self._reach.clock.monotonic()

    @property
    def running(self) -> Peer | None:
        """The process, where there is one."""
        return self._peer if self._peer is not None and self._peer.alive else None

    async def keep(self, peer: DuplexPeer) -> None:
        """Take over a process that was started to look; it ends at once where one runs already."""
        if self._closed or (self._peer is not None and self._peer.alive):
            await peer.close()
            return
        self._adopt(peer)

    async def sweep(self, idle: float) -> None:
        """End the process where nobody asked it anything for `idle` seconds."""
        if not self._busy and self._reach.clock.monotonic() - self._used_at > idle:
            await self.drop()

    async def drop(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()

    async def close(self) -> None:
        self._closed = True
        await self.drop()

    async def _open(self, transport: Transport) -> Peer:
        if transport is Transport.HTTP:
            return self.over_http
        return await self._opening.join(transport, self._start)

    async def _start(self) -> Peer:
        peer = await self._wires.open_duplex(Transport.STDIO, nobody)
        try:
            await self._wires.discover(peer, self._reach.patience.discover)
            if self._closed:
                raise UpstreamDown("The gateway closed the connection to the upstream")
        except BaseException:
            await peer.close()
            raise
        self._adopt(peer)
        return peer

    def _adopt(self, peer: DuplexPeer) -> None:
        self._peer = peer
        self._used_at = self._reach.clock.monotonic()
        self._reach.tasks.spawn(self._listen(peer), "listen to upstream process")

    async def _listen(self, peer: DuplexPeer) -> None:
        try:
            await peer.request(subscription(EVERY_LIST), self._hear)
        except (GatewayError, WrongEra, SessionGone):
            return  # It has ended; the next call starts it again.


def subscription(wanted: Raw) -> Outgoing:
    """2026-07-28 subscriptions/listen, as Gatehouse itself."""
    meta = json.raw(modern.request_meta(GATEHOUSE, {}, None, None))
    return Outgoing("subscriptions/listen", {"notifications": wanted, "_meta": meta}, timeout=None)

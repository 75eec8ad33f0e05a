"""The ways to one MCP upstream: opens peers over its transports and shakes hands on them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from gatehouse import __version__
from gatehouse.catalog.model import Transport, Upstream
from gatehouse.kit import json
from gatehouse.kit.errors import UpstreamDown, UpstreamFailed
from gatehouse.kit.json import Raw
from gatehouse.protocol import legacy, modern
from gatehouse.protocol.call import LEGACY_VERSIONS, MODERN_VERSION, Client, Era, Failure
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.channel import Channel
from gatehouse.upstreams.duplex import DuplexPeer
from gatehouse.upstreams.peer import Outgoing, Peer, TakeStray, WrongEra, ignore
from gatehouse.upstreams.sse import SseChannel
from gatehouse.upstreams.stdio import Program, Restarts, StderrTail, StdioChannel, StdioLimits
from gatehouse.upstreams.streamable_http import Address, LegacyHttpPeer, ModernHttpPeer

OURSELVES = json.raw({"name": "gatehouse", "title": "Gatehouse", "version": __version__})


class Handshake(msgspec.Struct, frozen=True):
    """What an upstream says of itself. `stateful`: there is a session, or the process is one."""

    version: str
    capabilities: Raw
    server_info: Raw
    instructions: str | None
    stateful: bool


class Wires:
    """Opens peers to one upstream. A stdio upstream's processes share their restarts and their last words."""

    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        self._upstream = upstream
        self._reach = reach
        self._restarts = Restarts(reach.clock)
        self.stderr = StderrTail()
        self._address = self._make_address() if upstream.url else None

    def forgive(self) -> None:
        """Let a process that failed too often be tried again: a person asks for it."""
        self._restarts.reset()

    @property
    def address(self) -> Address:
        if self._address is None:
            raise UpstreamFailed("This upstream has a command, not a URL")
        return self._address

    def modern_http(self) -> ModernHttpPeer:
        return ModernHttpPeer(self.address)

    async def open_duplex(self, transport: Transport, take_stray: TakeStray) -> DuplexPeer:
        """A stream with nothing said on it yet; raises `UpstreamDown`."""
        channel = self._stdio() if transport is Transport.STDIO else self._sse()
        peer = DuplexPeer(channel, self._reach.tasks, take_stray)
        if transport is Transport.STDIO:
            await self._restarts.turn()
        try:
            await peer.open()
        except UpstreamDown:
            self._restarts.failed()
            raise
        return peer

    async def open_legacy(self, transport: Transport, client: Client, take_stray: TakeStray) -> tuple[Peer, Handshake]:
        """A session that has shaken hands as `client`."""
        if transport is Transport.HTTP:
            peer: Peer = LegacyHttpPeer(self.address, self._reach.tasks, take_stray)
        else:
            peer = await self.open_duplex(transport, take_stray)
        try:
            return peer, await self.shake_hands(peer, client)
        except BaseException:
            await peer.close()
            raise

    async def shake_hands(self, peer: Peer, client: Client) -> Handshake:
        """2025-11-25 basic/lifecycle "Initialization"; raises `WrongEra` where the peer will not have it."""
        named = Client(client.era, client.version, client.capabilities, client.info or OURSELVES)
        params = json.fields(legacy.initialize_params(named, client.version))
        outcome = await peer.request(Outgoing("initialize", params, timeout=self._reach.patience.discover), ignore)
        if isinstance(outcome, Failure):
            raise WrongEra(outcome)
        fields = outcome.fields
        version = json.text(fields.get("protocolVersion"))
        if version not in LEGACY_VERSIONS:
            raise UpstreamFailed(f"The upstream speaks protocol version {version}, which nobody here knows")
        stateful = True
        if isinstance(peer, LegacyHttpPeer):
            peer.adopt(version)
            stateful = peer.session_id is not None
        await peer.notify("notifications/initialized")
        self._restarts.succeeded()
        return Handshake(
            version,
            fields.get("capabilities", json.EMPTY),
            fields.get("serverInfo", json.EMPTY),
            json.text(fields.get("instructions")),
            stateful,
        )

    async def discover(self, peer: Peer, timeout: float) -> Handshake:
        """2026-07-28 server/discover; raises `WrongEra` for whatever is not a modern server's answer."""
        meta = modern.request_meta(GATEHOUSE, {}, None, None)
        outgoing = Outgoing("server/discover", {"_meta": json.raw(meta)}, timeout=timeout)
        outcome = await peer.request(outgoing, ignore)
        if isinstance(outcome, Failure):
            raise WrongEra(outcome)
        fields = outcome.fields
        versions: Any = json.load(fields.get("supportedVersions", b"[]"))
        if not isinstance(versions, list) or MODERN_VERSION not in versions:
            raise WrongEra(Failure(-31502, "The upstream has no version of the modern era", own=True))
        info = json.fields(fields.get("_meta", json.EMPTY)).get(modern.SERVER_INFO_KEY, json.EMPTY)
        self._restarts.succeeded()
        capabilities = fields.get("capabilities", json.EMPTY)
        return Handshake(MODERN_VERSION, capabilities, info, json.text(fields.get("instructions")), False)

    def _make_address(self) -> Address:
        lines = b"".join(
            b"%b: %b\r\n" % (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in credential_headers(self._reach.credential(self._upstream)).items()
        )
        agent = b"user-agent: gatehouse/%b\r\n" % __version__.encode()
        return Address(self._reach.http, self._upstream.url or "", agent + lines, self._reach.largest)

    def _stdio(self) -> Channel:
        upstream, reach = self._upstream, self._reach
        program = Program(upstream.command or "", upstream.args, dict(reach.env(upstream)), upstream.cwd)
        return StdioChannel(program, reach.launcher, self.stderr, StdioLimits(largest=reach.largest))

    def _sse(self) -> Channel:
        lines = credential_headers(self._reach.credential(self._upstream))
        block = b"".join(b"%b: %b\r\n" % (k.encode("latin-1"), v.encode("latin-1")) for k, v in lines.items())
        return SseChannel(self._reach.http, self._upstream.url or "", block, tasks=self._reach.tasks)


def credential_headers(credential: Mapping[str, Any] | None) -> dict[str, str]:
    """The header fields that a static credential stands for."""
    match credential:
        case {"type": "bearer", "token": str(token)}:
            return {"authorization": f"Bearer {token}"}
        case {"type": "basic", "username": str(username), "password": str(password)}:
            pair = base64.b64encode(f"{username}:{password}".encode()).decode()
            return {"authorization": f"Basic {pair}"}
        case {"type": "headers", "headers": headers}:
            return dict(headers)
        case _:
            return {}


GATEHOUSE = Client(Era.MODERN, MODERN_VERSION, json.EMPTY, OURSELVES)
GATEHOUSE_LEGACY = Client(Era.LEGACY, legacy.LATEST, json.EMPTY, OURSELVES)

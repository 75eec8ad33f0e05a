"""The ways to one MCP upstream: opens peers over its transports and shakes hands on them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gatehouse import __version__
from gatehouse.catalog.model import Transport, Upstream
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, UpstreamDown, UpstreamFailed
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol import legacy, modern
from gatehouse.protocol.call import LEGACY_VERSIONS, MODERN_VERSION, Client, Era, Failure
from gatehouse.protocol.errors import rpc_code
from gatehouse.upstreams.address import Address
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.channel import Channel
from gatehouse.upstreams.duplex import DuplexPeer
from gatehouse.upstreams.peer import Outgoing, Peer, TakeStray, WrongEra, ignore
from gatehouse.upstreams.sse import SseChannel
from gatehouse.upstreams.stdio import Program, Restarts, StderrTail, StdioChannel, StdioLimits
from gatehouse.upstreams.streamable_http import LegacyHttpPeer, ModernHttpPeer

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~\xa0-\xff]*")
OURSELVES = json.raw({"name": "gatehouse", "title": "Gatehouse", "version": __version__})


class Handshake(msgspec.Struct, frozen=True):
    """What an upstream says of itself. `stateful`: there is a session, or the process is one."""

    version: str
    capabilities: Raw
    server_info: Raw
    instructions: str | None
    stateful: bool

    def has(self, capability: str) -> bool:
        return capability in json.fields(self.capabilities)


class Wires:
    """Opens peers to one upstream. A stdio upstream's processes share their restarts and their last words."""

    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        self._upstream = upstream
        self._reach = reach
        self._restarts = Restarts(reach.clock)
        self.stderr = StderrTail()
        self._address: Address | None = None

    @property
    def probe(self) -> float:
        """Seconds for an answer to the modern question."""
        return self._reach.patience.probe

    def forgive(self) -> None:
        """Let a process that failed too often be tried again: a person asks for it."""
        self._restarts.reset()

    @property
    def address(self) -> Address:
        """Raises `UpstreamFailed` for a credential that can't be sent."""
        if self._address is None:
            upstream, reach = self._upstream, self._reach
            self._address = Address(reach.http, upstream.url or "", self._header_lines(), reach.largest)
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
        except BaseException as error:
            if isinstance(error, GatewayError):
                self._restarts.failed()
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
            words = f"The upstream speaks protocol version {version}, which nobody here knows"
            raise WrongEra(Failure(UPSTREAM_FAILED, words, own=True))
        stateful = True
        if isinstance(peer, LegacyHttpPeer):
            peer.adopt(version)
            stateful = peer.session_id is not None
        await peer.notify("notifications/initialized")
        self._restarts.succeeded()
        return _handshake(version, fields, fields.get("serverInfo", json.EMPTY), stateful)

    async def discover(self, peer: Peer, timeout: float) -> Handshake:
        """2026-07-28 server/discover; raises `WrongEra` for whatever is not a modern server's answer."""
        meta = modern.request_meta(GATEHOUSE, {}, None, None)
        outgoing = Outgoing("server/discover", {"_meta": json.raw(meta)}, timeout=timeout)
        try:
            outcome = await peer.request(outgoing, ignore)
        except UpstreamDown:
            self._restarts.failed()
            raise
        if isinstance(outcome, Failure):
            raise WrongEra(outcome)
        fields = outcome.fields
        versions: Any = json.load(fields.get("supportedVersions", b"[]"))
        if not isinstance(versions, list) or MODERN_VERSION not in versions:
            raise WrongEra(Failure(UPSTREAM_FAILED, "The upstream has no version of the modern era", own=True))
        self._restarts.succeeded()
        info = _object(fields.get("_meta")).get(modern.SERVER_INFO_KEY, json.EMPTY)
        return _handshake(MODERN_VERSION, fields, info, False)

    def _header_lines(self) -> bytes:
        agent = b"user-agent: gatehouse/%b\r\n" % __version__.encode()
        return agent + header_lines(credential_headers(self._reach.credential(self._upstream)))

    def _stdio(self) -> Channel:
        upstream, reach = self._upstream, self._reach
        program = Program(upstream.command or "", upstream.args, dict(reach.env(upstream)), upstream.cwd)
        return StdioChannel(program, reach.launcher, self.stderr, StdioLimits(largest=reach.largest))

    def _sse(self) -> Channel:
        reach, url = self._reach, self._upstream.url or ""
        return SseChannel(reach.http, url, self._header_lines(), tasks=reach.tasks, largest=reach.largest)


def _handshake(version: str, fields: Fields, info: Raw, stateful: bool) -> Handshake:
    capabilities = json.raw(_object(fields.get("capabilities")))
    return Handshake(version, capabilities, json.raw(_object(info)), json.text(fields.get("instructions")), stateful)


def _object(value: Raw | None) -> Fields:
    """What an upstream should say in an object; what is none says nothing."""
    return json.fields(value) if value is not None and bytes(value)[:1] == b"{" else {}


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


def header_lines(headers: Mapping[str, str]) -> bytes:
    """Raises `UpstreamFailed`, which names the header and never its value."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise UpstreamFailed(
                f"The credential can't be sent: its header '{name[:100]}' has characters that HTTP does not allow",
                "Set the credential again, without line breaks or other invisible characters.",
            )
    return b"".join(b"%b: %b\r\n" % (name.encode(), value.encode("latin-1")) for name, value in headers.items())


UPSTREAM_FAILED = rpc_code(UpstreamFailed(""))
GATEHOUSE = Client(Era.MODERN, MODERN_VERSION, json.EMPTY, OURSELVES)
GATEHOUSE_LEGACY = Client(Era.LEGACY, legacy.LATEST, json.EMPTY, OURSELVES)

"""Finding out how an MCP server speaks: over which transport, and of which era.

2026-07-28 basic/versioning "Backward compatibility": ask in the modern way first, and fall back on anything that is not
a modern server's answer; never on one error code.
"""

from __future__ import annotations

import msgspec

from gatehouse.catalog.model import Detected, Transport, Upstream
from gatehouse.kit.errors import TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.protocol.call import Era
from gatehouse.protocol.errors import MODERN_CODES, UNSUPPORTED_VERSION
from gatehouse.upstreams.duplex import DuplexPeer
from gatehouse.upstreams.peer import Peer, WrongEra, nobody
from gatehouse.upstreams.wires import GATEHOUSE_LEGACY, Handshake, Wires


class Opened(msgspec.Struct, frozen=True):
    """A peer that can be asked for lists, and how it was found."""

    peer: Peer
    detected: Detected


async def detect(upstream: Upstream, wires: Wires) -> Opened:
    """Raises `UpstreamDown`, `UpstreamFailed` or `TimedOut`."""
    try:
        if upstream.command:
            return await _stdio(upstream, wires)
        return await _http(upstream, wires)
    except WrongEra as error:
        raise UpstreamFailed(f"The upstream does not speak MCP as expected: {_words(error)}") from None


async def reopen(detected: Detected, wires: Wires) -> Opened:
    """Open as it was found before; raises `WrongEra` as well when that is no longer how it speaks."""
    if detected.era is Era.LEGACY:
        return await _legacy(detected.transport, wires)
    if detected.transport is not Transport.STDIO:
        return await _modern(wires.modern_http(), detected.transport, wires)
    peer = await wires.open_duplex(Transport.STDIO, nobody)
    try:
        return await _modern(peer, Transport.STDIO, wires)
    except BaseException:
        await peer.close()
        raise


async def _http(upstream: Upstream, wires: Wires) -> Opened:
    if upstream.transport is Transport.SSE:
        return await _legacy(Transport.SSE, wires)
    if upstream.era != Era.LEGACY:
        try:
            return await _modern(wires.modern_http(), Transport.HTTP, wires)
        except (WrongEra, UpstreamFailed, TimedOut) as error:
            if upstream.era == Era.MODERN or _surely_modern(error):
                raise
    try:
        return await _legacy(Transport.HTTP, wires)
    except WrongEra:
        if upstream.transport is Transport.HTTP:
            raise
    return await _legacy(Transport.SSE, wires)


async def _stdio(upstream: Upstream, wires: Wires) -> Opened:
    """The modern question comes first; a process that refuses it in proper words is greeted in the legacy way."""
    if upstream.era == Era.LEGACY:
        return await _legacy(Transport.STDIO, wires)
    peer = await wires.open_duplex(Transport.STDIO, nobody)
    try:
        return await _modern(peer, Transport.STDIO, wires)
    except (WrongEra, UpstreamDown, UpstreamFailed, TimedOut) as error:
        if upstream.era == Era.MODERN or _surely_modern(error):
            await peer.close()
            raise
        refused = isinstance(error, WrongEra)
    except BaseException:
        await peer.close()
        raise
    opened = await _on_same_process(peer, wires) if refused and peer.alive else None
    if opened is not None:
        return opened
    # It died of the question, or hangs, or its first request made its mind up: a new one knows nothing of that.
    await peer.close()
    return await _legacy(Transport.STDIO, wires)


async def _on_same_process(peer: DuplexPeer, wires: Wires) -> Opened | None:
    """None where it will not have that: a dual-era process keeps to the era of its first request."""
    try:
        return Opened(peer, _found(Transport.STDIO, Era.LEGACY, await wires.shake_hands(peer, GATEHOUSE_LEGACY)))
    except (WrongEra, UpstreamDown):
        return None
    except BaseException:
        await peer.close()
        raise


async def _modern(peer: Peer, transport: Transport, wires: Wires) -> Opened:
    return Opened(peer, _found(transport, Era.MODERN, await wires.discover(peer, wires.probe)))


async def _legacy(transport: Transport, wires: Wires) -> Opened:
    peer, handshake = await wires.open_legacy(transport, GATEHOUSE_LEGACY, nobody)
    return Opened(peer, _found(transport, Era.LEGACY, handshake))


def _found(transport: Transport, era: Era, handshake: Handshake) -> Detected:
    return Detected(
        transport,
        era,
        handshake.version,
        handshake.stateful,
        bytes(handshake.capabilities),
        bytes(handshake.server_info),
        handshake.instructions,
    )


def _surely_modern(error: Exception) -> bool:
    code = error.args[0].code if isinstance(error, WrongEra) else 0
    return code in MODERN_CODES and code != UNSUPPORTED_VERSION


def _words(error: WrongEra) -> str:
    return str(error.args[0].message)

"""Opening a connection: resolve, let the egress rules look at each address, connect to the first that answers, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from gatehouse.kit.clock import Clock
from gatehouse.upstreams.http.errors import NotConnected
from gatehouse.upstreams.http.origin import Origin

_HEAD_START = 0.25  # seconds; RFC 8305 "Connection Attempt Delay"
_REMEMBERED = 10.0  # seconds that a resolved name is believed; shorter than any sensible TTL
_NAMES_KEPT = 1024

AddressRule = Callable[[str], bool]
"""Whether an IP address may be connected to."""


@dataclass(frozen=True, slots=True)
class Address:
    family: socket.AddressFamily
    sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]

    @property
    def ip(self) -> str:
        return str(self.sockaddr[0]).partition("%")[0]


class Dialer:
    """Opens connections for one client, all with the same TLS context and the same rules."""

    def __init__(
        self, connect_timeout: float, clock: Clock, tls: ssl.SSLContext | None, allow_address: AddressRule | None
    ) -> None:
        self._connect_timeout = connect_timeout
        self._clock = clock
        self._tls = tls
        self._allow_address = allow_address
        self._names: dict[tuple[str, int], tuple[float, Sequence[Address]]] = {}

    async def dial(self, origin: Origin, protocol: Callable[[], asyncio.Protocol], seconds: float) -> None:
        """Connect `protocol` within `seconds` and the connect timeout; raises `NotConnected` saying what failed."""
        limit = min(seconds, self._connect_timeout)
        with self._telling(origin, limit), anyio.fail_after(limit):
            await self._connect(origin, protocol)

    async def look_up(self, origin: Origin, seconds: float) -> list[str]:
        """The IP addresses that may be connected to; raises `NotConnected` as `dial` does."""
        limit = min(seconds, self._connect_timeout)
        with self._telling(origin, limit), anyio.fail_after(limit):
            return [address.ip for address in await self._addresses(origin)]

    @contextmanager
    def _telling(self, origin: Origin, limit: float) -> Generator[None]:
        try:
            yield
        except (OSError, UnicodeError) as error:
            self._names.pop((origin.host, origin.port), None)
            raise NotConnected(f"Could not connect to {origin}: {_reason(error, limit)}.") from None

    async def _connect(self, origin: Origin, protocol: Callable[[], asyncio.Protocol]) -> None:
        context = await self._tls_context() if origin.scheme == "https" else None
        opened = await first_to_connect(await self._addresses(origin))
        name = origin.host if context else None
        # From here on the loop owns the socket, and closes it where the handshake fails or is cancelled.
        await asyncio.get_running_loop().create_connection(protocol, sock=opened, ssl=context, server_hostname=name)

    async def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await anyio.to_thread.run_sync(_default_tls_context)  # tens of milliseconds
        return self._tls

    async def _addresses(self, origin: Origin) -> Sequence[Address]:
        found = await self._resolve(origin)
        rule = self._allow_address
        allowed = [address for address in found if rule is None or rule(address.ip)]
        if not allowed:
            what = "its address is not one that the egress rules allow"
            raise NotConnected(f"Could not connect to {origin}: {what}.")
        return _alternate(allowed)

    async def _resolve(self, origin: Origin) -> Sequence[Address]:
        name = (origin.host, origin.port)
        expires, addresses = self._names.get(name, (0.0, ()))
        if addresses and self._clock.monotonic() < expires:
            return addresses
        found = await asyncio.get_running_loop().getaddrinfo(*name, type=socket.SOCK_STREAM)
        addresses = tuple(Address(entry[0], entry[4]) for entry in found)
        if len(self._names) >= _NAMES_KEPT:
            self._names.clear()
        self._names[name] = (self._clock.monotonic() + _REMEMBERED, addresses)
        return addresses


def _alternate(addresses: Sequence[Address]) -> Sequence[Address]:
    """Families in turn, beginning with the one that the system prefers; RFC 8305 section 4."""
    first = [address for address in addresses if address.family == addresses[0].family]
    other = [address for address in addresses if address.family != addresses[0].family]
    ranked = [*enumerate(first), *enumerate(other)]
    return [address for _, address in sorted(ranked, key=lambda pair: pair[0])]


async def first_to_connect(addresses: Sequence[Address]) -> socket.socket:
    """Race the addresses, each with a head start on the next; where all fail, the first one's error is told."""
    if len(addresses) == 1:
        return await _open(addresses[0])
    race = _Race()
    try:
        await race.run(addresses)
    except BaseException:
        if race.winner is not None:
            race.winner.close()
        raise
    if race.winner is None:
        raise race.errors[0]
    return race.winner


@dataclass(slots=True)
class _Race:
    winner: socket.socket | None = None
    errors: list[OSError] = field(default_factory=list[OSError])

    async def run(self, addresses: Sequence[Address]) -> None:
        async with anyio.create_task_group() as group:
            for address in addresses:
                over = anyio.Event()
                group.start_soon(self._attempt, address, over, group.cancel_scope)
                with anyio.move_on_after(_HEAD_START):
                    await over.wait()

    async def _attempt(self, address: Address, over: anyio.Event, scope: anyio.CancelScope) -> None:
        try:
            opened = await _open(address)
        except OSError as error:
            self.errors.append(error)
            over.set()
            return
        if self.winner is not None:
            opened.close()
            return
        self.winner = opened
        scope.cancel()


async def _open(address: Address) -> socket.socket:
    opened = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        await asyncio.get_running_loop().sock_connect(opened, address.sockaddr)
    except BaseException:
        opened.close()
        raise
    return opened


def _default_tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _reason(error: OSError | UnicodeError, limit: float) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message})"
        case ssl.SSLError():
            return f"the TLS handshake failed ({error.reason or 'the connection closed'})"
        case TimeoutError():
            return f"no connection within {max(limit, 0):.3g} s"
        case socket.gaierror():
            return "the name can't be resolved"
        case ConnectionRefusedError():
            return "connection refused"
        case UnicodeError():
            return "the host is not a host name"
        case _:
            return (error.strerror or "the connection closed").lower()

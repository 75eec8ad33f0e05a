"""Where a request comes from, behind proxies too: what they say is believed where they are trusted, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from gatehouse.kit.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_REMEMBERED = 1000
_LONGEST = 2000
"""Characters of an X-Forwarded-For that are looked at, from its right end."""


class Proxies:
    """The networks whose word on whom they speak for is taken. None: X-Forwarded-* says nothing."""

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        """`trusted` are addresses, or networks as in `10.0.0.0/8`; raises `Invalid`."""
        self._networks = tuple(_network(one) for one in trusted)
        self._known: dict[str, tuple[str | None, bool]] = {}

    def trusts(self, peer: str | None) -> bool:
        return self._look(peer)[1]

    def client(self, peer: str | None, forwarded_for: str | None) -> str | None:
        """The address of the caller; None where it is not known.

        `peer` is who holds the connection, `forwarded_for` the values of X-Forwarded-For, joined by commas. They are
        read from the right, the nearest first: who is no proxy of ours is the caller, whatever stands to its left.
        Something that is no address ends the reading; the caller is then the proxy that sent it.
        """
        address, trusted = self._look(peer)
        if not trusted or not forwarded_for:
            return address
        for hop in reversed(forwarded_for[-_LONGEST:].split(",")):
            found = read_address(_without_port(hop.strip()))
            if found is None:
                return address
            address = str(found)
            if not self._trusted(found):
                return address
        return address

    def secure(self, peer: str | None, scheme: str, forwarded_proto: str | None) -> bool:
        """Whether the caller came by https: to us, or to the first proxy."""
        if forwarded_proto and self.trusts(peer):
            return forwarded_proto.partition(",")[0].strip().lower() == "https"
        return scheme == "https"

    def _look(self, peer: str | None) -> tuple[str | None, bool]:
        """As text that can be compared, and whether it is trusted. Looked up, since it is asked at every request."""
        if peer is None:
            return None, False
        known = self._known.get(peer)
        if known is None:
            address = read_address(peer)
            known = (None, False) if address is None else (str(address), self._trusted(address))
            if len(self._known) < _REMEMBERED:
                self._known[peer] = known
        return known

    def _trusted(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def read_address(text: str) -> Address | None:
    """None for what is no address. An IPv4 address in the form of IPv6 is the IPv4 address that it means."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def neighbourhood(address: str | None) -> str:
    """What one household, or one machine in a data centre, can be expected to have: its /24, or its /64."""
    found = None if address is None else read_address(address)
    if found is None:
        return "unknown"
    return str(ip_network((found, 24 if found.version == 4 else 64), strict=False))


def _without_port(hop: str) -> str:
    """`192.0.2.1:80` and `[2001:db8::1]:80`, as some proxies write it."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise Invalid(
            f"The setting trusted_proxies has '{text}', which is no network: {error}.",
            "Name the addresses of your proxies, as in 10.0.0.5 or 10.0.0.0/24.",
        ) from None

"""The registry as this worker sees it now: replaced whole when the database's revision moves on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gatehouse.access import policy
from gatehouse.access.tokens.keyring import Keyring
from gatehouse.catalog.snapshot import CatalogSnapshot, ServerView
from gatehouse.relay.offering import Offering
from gatehouse.store.placement import Placement, Sight
from gatehouse.store.secrets import Secrets

Listener = Callable[[CatalogSnapshot, CatalogSnapshot], Awaitable[None]]
"""Told the snapshots before and after."""


class Current:
    def __init__(self, snapshot: CatalogSnapshot, keyring: Keyring, secrets: Secrets, page_size: int) -> None:
        self.snapshot = snapshot
        self.keyring = keyring
        snapshot.hosts = self._host_sight
        self._secrets = secrets
        self._page_size = page_size
        self._offerings: dict[int, Offering] = {}
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    async def replace(self, snapshot: CatalogSnapshot, keyring: Keyring) -> None:
        before, self.keyring, self.snapshot = self.snapshot, keyring, snapshot
        snapshot.hosts = self._host_sight
        self._offerings = {}
        for listener in self._listeners:
            await listener(before, snapshot)

    def _host_sight(self, placed: Placement) -> Sight:
        """A server shows what its team, or its owner, may use: nobody reaches by it what they who made it could not."""
        return policy.sight(self.keyring.directory.host(placed), policy.USE)

    def server(self, ref: str) -> Offering | None:
        """A virtual server by id or slug."""
        view = self.snapshot.server(ref)
        return self._offering(view) if view is not None else None

    def joined(self, servers: frozenset[str]) -> Offering:
        """All that these servers show, as one."""
        return self._offering(self.snapshot.joined(servers))

    def seen_by(self, sight: Sight) -> Offering:
        """All that stands in sight, as one."""
        return self._offering(self.snapshot.seen_by(sight))

    def _offering(self, view: ServerView) -> Offering:
        known = self._offerings.get(id(view))
        if known is None or known.view is not view:
            known = self._offerings[id(view)] = Offering(view, self._secrets, self._page_size)
        return known

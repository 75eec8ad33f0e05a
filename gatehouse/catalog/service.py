"""The catalog: upstreams and what they offer, virtual servers and what they bind.

Everywhere `ref` is an id, or the name, handle or slug that people know something by.
"""

from __future__ import annotations

from gatehouse.catalog.capabilities import Capabilities
from gatehouse.catalog.happenings import Report, nobody_asks
from gatehouse.catalog.health import Health
from gatehouse.catalog.requests import (
    CapabilityChanges,
    CapabilityFilter,
    NewServer,
    NewUpstream,
    OfferChanges,
    ServerChanges,
    ServerFilter,
    UpstreamChanges,
    UpstreamFilter,
    WantedBinding,
)
from gatehouse.catalog.servers import Servers
from gatehouse.catalog.upstreams import Upstreams
from gatehouse.kit.clock import Clock
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets

__all__ = [
    "CapabilityChanges",
    "CapabilityFilter",
    "Catalog",
    "NewServer",
    "NewUpstream",
    "OfferChanges",
    "ServerChanges",
    "ServerFilter",
    "UpstreamChanges",
    "UpstreamFilter",
    "WantedBinding",
]


class Catalog(Upstreams, Health, Capabilities, Servers):
    """All of it in one, as the faces use it."""

    def __init__(self, database: Database, secrets: Secrets, clock: Clock, report: Report = nobody_asks) -> None:
        """`report` is told of what was stored."""
        Upstreams.__init__(self, database, secrets, clock, report)

"""Catalogs and offers for tests."""

from __future__ import annotations

from gatehouse.catalog.model import Detected, Kind, Offer, Offered, Transport
from gatehouse.catalog.service import Catalog
from gatehouse.kit import json
from gatehouse.protocol.call import Era
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock

KEY = b"k" * 32
DETECTED = Detected(Transport.HTTP, Era.MODERN, "2026-07-28", stateful=False)
_IDENTITY = {Kind.TOOL: "name", Kind.PROMPT: "name", Kind.RESOURCE: "uri", Kind.TEMPLATE: "uriTemplate"}


def catalog_on(database: Database, clock: HandClock | None = None) -> Catalog:
    return Catalog(database, Secrets(KEY), clock or HandClock())


def offered(kind: Kind, key: str, **more: object) -> Offered:
    return Offered(kind, key, json.dump({_IDENTITY[kind]: key, **more}))


def tools(*names: str) -> Offer:
    return Offer(DETECTED, tuple(offered(Kind.TOOL, name, description=f"Does {name}") for name in names))


def offer(*items: Offered) -> Offer:
    return Offer(DETECTED, items)

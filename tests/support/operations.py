"""Stands in for the relay under the API: upstreams offer what a test says, and what is found goes into the real catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gatehouse.access.model import Principal
from gatehouse.catalog.model import Capability, Detected, Kind, Offer, Offered, Skipped, Transport, Upstream
from gatehouse.catalog.service import Catalog
from gatehouse.kit import json
from gatehouse.protocol.call import Era, Outcome, Result
from gatehouse.upstreams.trial import STAGES, Stage, StageName, Trial

_KEYS = {Kind.TOOL: "name", Kind.PROMPT: "name", Kind.RESOURCE: "uri", Kind.TEMPLATE: "uriTemplate"}
REFUSED = "connection refused"


@dataclass(frozen=True, slots=True)
class Report:
    ok: bool
    error: str | None = None
    milliseconds: float = 1.5
    era: Era | None = None
    transport: Transport | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    offer: Offer | None
    error: str | None = None
    sign_in: bool = False


@dataclass(slots=True)
class OfferedOperations:
    """`offers` by the name of the upstream: one that is not in it is down. `outcomes` by what is called."""

    catalog: Catalog
    offers: dict[str, Offer] = field(default_factory=dict[str, Offer])
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    lines: list[str] = field(default_factory=list[str])
    calls: list[tuple[str, str, Any]] = field(default_factory=list[tuple[str, str, Any]])
    """Principal, what was called, and with which params."""
    tried: list[Upstream] = field(default_factory=list[Upstream])
    sign_in: set[str] = field(default_factory=set[str])
    """Names of upstreams that want to be signed in to."""
    refreshed: list[str] = field(default_factory=list[str])

    async def refresh(self, upstream_id: str) -> None:
        upstream = await self.catalog.upstream(upstream_id)
        self.refreshed.append(upstream.name)
        offer = self.offers.get(upstream.name)
        if offer is None:
            await self.catalog.record_failure(upstream_id, REFUSED)
        else:
            await self.catalog.record_offer(upstream_id, offer)

    async def check(self, upstream_id: str) -> Report:
        offer = self.offers.get((await self.catalog.upstream(upstream_id)).name)
        if offer is None:
            return Report(ok=False, error=REFUSED)
        return Report(ok=True, era=offer.detected.era, transport=offer.detected.transport)

    async def trial(self, upstream: Upstream) -> Tried:
        self.tried.append(upstream)
        offer = self.offers.get(upstream.name)
        if offer is not None:
            return Tried(offer)
        sign_in = upstream.name in self.sign_in
        return Tried(None, "The upstream wants credentials (HTTP 401)." if sign_in else REFUSED, sign_in)

    async def rehearse(self, upstream: Upstream) -> Trial:
        offer = self.offers.get(upstream.name)
        if offer is None:
            failed = Stage("connection", "failed", 1.5, REFUSED, "Check the port.")
            return Trial((Stage("address", "ok", 0.5), failed, *map(_skipped, STAGES[2:])), None, False)
        return Trial(tuple(Stage(name, "ok", 1.5) for name in STAGES), offer, False)

    def log(self, upstream_id: str) -> list[str]:
        return self.lines

    async def call(self, principal: Principal, capability: Capability, params: bytes) -> Outcome:
        self.calls.append((principal.name, capability.key, json.load(params)))
        return self.outcomes.get(capability.key, Result({}))


def _skipped(name: StageName) -> Stage:
    return Stage(name, "skipped")


WEATHER_INFO = b'{"name":"weather","version":"1"}'


def an_offer(*items: Offered, skipped: Sequence[Skipped] = (), info: bytes = WEATHER_INFO) -> Offer:
    detected = Detected(
        Transport.HTTP,
        Era.LEGACY,
        "2025-11-25",
        True,
        server_info=info,
        instructions="Ask.",
    )
    return Offer(detected, items, tuple(skipped))


def offered(kind: Kind, definition: bytes, *warnings: str) -> Offered:
    return Offered(kind, json.load(definition)[_KEYS[kind]], definition, warnings)

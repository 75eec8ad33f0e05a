"""What people ask of an upstream by hand, through the API: look again, is it there, what did it print, call this."""

from __future__ import annotations

from dataclasses import dataclass

from gatehouse.access.model import Principal
from gatehouse.catalog.model import Capability, Kind, Transport
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import GatewayError
from gatehouse.protocol import bridge, headers
from gatehouse.protocol.call import MODERN_VERSION, Call, Client, Era, Outcome
from gatehouse.relay.refresh import Book, Refresher
from gatehouse.upstreams.peer import ignore
from gatehouse.upstreams.pool import Pool
from gatehouse.upstreams.wires import OURSELVES

_METHODS = {
    Kind.TOOL: "tools/call",
    Kind.PROMPT: "prompts/get",
    Kind.RESOURCE: "resources/read",
    Kind.TEMPLATE: "resources/read",
}
_CALLER = Client(Era.MODERN, MODERN_VERSION, json.EMPTY, OURSELVES)


@dataclass(frozen=True, slots=True)
class CheckReport:
    ok: bool
    error: str | None
    milliseconds: float
    era: Era | None = None
    transport: Transport | None = None


class Operations:
    def __init__(self, book: Book, refresher: Refresher, pool: Pool, clock: Clock) -> None:
        self._book = book
        self._refresher = refresher
        self._pool = pool
        self._clock = clock

    async def refresh(self, upstream_id: str) -> None:
        """Discover now and store what was found. Never raises for an upstream that is down: its record says so."""
        await self._refresher.refresh(upstream_id)

    async def check(self, upstream_id: str) -> CheckReport:
        """See whether it answers, without storing what it offers."""
        upstream = await self._book.upstream(upstream_id)
        started = self._clock.monotonic()
        try:
            offer = await self._pool.link(upstream).discover()
        except GatewayError as error:
            return CheckReport(False, str(error), (self._clock.monotonic() - started) * 1000)
        detected = offer.detected
        return CheckReport(True, None, (self._clock.monotonic() - started) * 1000, detected.era, detected.transport)

    def log(self, upstream_id: str) -> list[str]:
        """The last lines that a stdio upstream wrote to stderr, oldest first; empty for the others."""
        return self._pool.log(upstream_id)

    async def call(self, principal: Principal, capability: Capability, params: bytes) -> Outcome:
        """Call a tool, get a prompt or read a resource, straight from its upstream. `params` is a JSON object."""
        upstream = await self._book.upstream(capability.upstream_id)
        fields = json.fields(params)
        method = _METHODS[capability.kind]
        if capability.kind in (Kind.TOOL, Kind.PROMPT):
            fields["name"] = json.raw(capability.key)
        elif capability.kind is Kind.RESOURCE:
            fields["uri"] = json.raw(capability.key)
        call = Call(method, fields, _CALLER, principal.id)
        outcome = await self._pool.send(upstream, call, _mirrored(capability), ignore)
        return bridge.for_client(outcome, _CALLER, method, OURSELVES)


def _mirrored(capability: Capability) -> headers.HeaderMap | None:
    if b"x-mcp-header" not in capability.definition:
        return None
    try:
        return headers.header_map(json.load(json.fields(capability.definition).get("inputSchema", b"{}")))
    except ValueError:
        return None

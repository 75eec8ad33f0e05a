"""What people ask of an upstream by hand, through the API: look again, is it there, what did it print, call this."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gatehouse.access.model import Principal
from gatehouse.catalog.model import LOCAL, Capability, Kind, Offer, Transport, Upstream
from gatehouse.catalog.snapshot import Target
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import GatewayError
from gatehouse.protocol import bridge, headers
from gatehouse.protocol.call import MODERN_VERSION, Call, Client, Era, Outcome
from gatehouse.relay.noting import NO_SERVER, Notes
from gatehouse.relay.refresh import Book, Refresher, failed_status
from gatehouse.telemetry.record import Course
from gatehouse.upstreams.local import MEANT
from gatehouse.upstreams.peer import SignInNeeded, ignore
from gatehouse.upstreams.pool import Pool
from gatehouse.upstreams.trial import Trial
from gatehouse.upstreams.wires import OURSELVES

TRIAL = 90.0
"""Seconds that an upstream gets to answer for the first time: its package may have to be fetched."""
REHEARSAL = 20.0
"""Seconds that somebody waits to hear whether it would work."""
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


@dataclass(frozen=True, slots=True)
class TrialReport:
    """`offer` where it answered; else `error`, and whether that is that somebody has to sign in there."""

    offer: Offer | None
    error: str | None = None
    sign_in: bool = False


class Operations:
    def __init__(self, book: Book, refresher: Refresher, pool: Pool, clock: Clock, notes: Notes) -> None:
        self._book = book
        self._refresher = refresher
        self._pool = pool
        self._clock = clock
        self._notes = notes

    async def refresh(self, upstream_id: str) -> None:
        """Discover now and store what was found. Never raises for an upstream that is down: its record says so."""
        await self._refresher.refresh(upstream_id)

    async def check(self, upstream_id: str) -> CheckReport:
        """See whether it answers, and store that; what it offers is stored the first time alone."""
        upstream = await self._book.upstream(upstream_id)
        started = self._clock.monotonic()
        try:
            offer = await self._pool.link(upstream).discover()
        except GatewayError as error:
            milliseconds = (self._clock.monotonic() - started) * 1000
            await self._book.record_failure(upstream_id, str(error), failed_status(error))
            return CheckReport(False, str(error), milliseconds)
        milliseconds, detected = (self._clock.monotonic() - started) * 1000, offer.detected
        if upstream.kind != LOCAL and upstream.detected is None:
            await self._book.record_offer(upstream_id, offer)
        else:
            await self._book.record_answer(upstream_id)
        return CheckReport(True, None, milliseconds, detected.era, detected.transport)

    async def trial(self, upstream: Upstream) -> TrialReport:
        """Shake hands with an upstream that is not stored, and see what it offers."""
        try:
            return TrialReport(await self._pool.trial(upstream, TRIAL))
        except GatewayError as error:
            return TrialReport(None, str(error), isinstance(error, SignInNeeded))

    async def rehearse(self, upstream: Upstream) -> Trial:
        """The same, a stage at a time, for somebody who waits; only for MCP servers."""
        return await self._pool.rehearse(upstream, REHEARSAL)

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
        if upstream.kind == LOCAL:
            fields[MEANT] = json.raw([capability.kind, capability.key])
        call = Call(method, fields, _CALLER, principal.id)
        course = Course(time.perf_counter(), time.perf_counter())
        outcome = await self._pool.send(upstream, call, _mirrored(capability), ignore)
        course.answered = time.perf_counter()
        outcome = bridge.for_client(outcome, _CALLER, method, OURSELVES)
        course.ended = time.perf_counter()
        self._notes.ended(principal, NO_SERVER, call, _target(upstream, capability), outcome, course)
        return outcome


def _target(upstream: Upstream, capability: Capability) -> Target:
    """Under the name that it has there, since it is called without a server."""
    key = json.raw(capability.key)
    definition = json.Raw(capability.definition)
    return Target(upstream, capability.kind, capability.key, capability.key, capability.id, None, definition, key, key)


def _mirrored(capability: Capability) -> headers.HeaderMap | None:
    if b"x-mcp-header" not in capability.definition:
        return None
    try:
        return headers.header_map(json.load(json.fields(capability.definition).get("inputSchema", b"{}")))
    except ValueError:
        return None

"""One call, from a client to an upstream and back. Start reading here.

A face has read the request, told who asks, and found the virtual server. `relay` finds what is meant, lets the policy
decide, sends, and gives the outcome the shape of the client's era. It touches no database.
"""

from __future__ import annotations

import time

import msgspec

from gatehouse.access.model import Principal, Resource
from gatehouse.access.policy import USE, allows
from gatehouse.catalog.model import Kind
from gatehouse.catalog.snapshot import ServerView, Target
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.json import Fields
from gatehouse.protocol import bridge
from gatehouse.protocol.call import Call, Emit, Era, Failure, Outcome
from gatehouse.protocol.errors import INVALID_PARAMS, LEGACY_RESOURCE_NOT_FOUND
from gatehouse.relay.offering import Offering
from gatehouse.relay.rounds import Rounds
from gatehouse.telemetry.metrics import Meter
from gatehouse.upstreams.pool import Pool

NOT_ALLOWED = -31403


class Relay:
    def __init__(self, pool: Pool, rounds: Rounds, meter: Meter, clock: Clock) -> None:
        self.pool = pool
        self._rounds = rounds
        self._meter = meter
        self._clock = clock

    async def relay(self, offering: Offering, principal: Principal, call: Call, emit: Emit) -> Outcome:
        """Carry one call. What comes before the end goes to `emit`; never raises for what an upstream does."""
        started = time.perf_counter()
        server = offering.view.server
        target = resolve(offering.view, call)
        if target is None:
            return unknown(call)
        resource = Resource("server", server.id, server.access == "anonymous")
        decision = allows(principal, USE, resource, self._clock.now())
        if not decision.allowed:
            return Failure(NOT_ALLOWED, f"Not allowed: {decision.reason}", own=True)
        names = offering.names(target)
        addressed = self._rounds.resume(address(call, target), call, target, server.id)
        if isinstance(addressed, Failure):
            return addressed
        outcome = await self.pool.send(target.upstream, addressed, names, emit)
        outcome = self._rounds.pause(outcome, call, target, server.id)
        outcome = bridge.for_client(outcome, call.client, call.method, offering.server_info)
        self._meter.called(server.slug, target.upstream.name, call.method, outcome, time.perf_counter() - started)
        return outcome


def resolve(view: ServerView, call: Call) -> Target | None:
    """What a call means in this server: one look into a dictionary."""
    params = call.params
    match call.method:
        case "tools/call":
            return view.resolve_tool(_text(params, "name"))
        case "prompts/get":
            return view.resolve_prompt(_text(params, "name"))
        case "completion/complete":
            return _resolve_reference(view, params)
        case _:
            return view.resolve_resource(_text(params, "uri"))


def _resolve_reference(view: ServerView, params: Fields) -> Target | None:
    reference = json.fields(params.get("ref", json.EMPTY))
    if json.text(reference.get("type")) == "ref/prompt":
        return view.resolve_prompt(_text(reference, "name"))
    uri = _text(reference, "uri")
    return view.resolve_template(uri) or view.resolve_resource(uri)


def _text(fields: Fields, key: str) -> str:
    raw = bytes(fields.get(key, b""))
    if raw[:1] == b'"' and b"\\" not in raw:
        return raw[1:-1].decode()
    return json.text(fields.get(key)) or ""


def address(call: Call, target: Target) -> Call:
    """The call in the upstream's own words: its name for what the server calls otherwise."""
    if target.name == target.key or target.kind not in (Kind.TOOL, Kind.PROMPT):
        return call
    if call.method == "completion/complete":
        reference = {**json.fields(call.params["ref"]), "name": json.raw(target.key)}
        return msgspec.structs.replace(call, params={**call.params, "ref": json.raw(reference)})
    return msgspec.structs.replace(call, params={**call.params, "name": json.raw(target.key)})


def unknown(call: Call) -> Failure:
    """What a client hears of a name that is not here (2025-11-25 server/tools and /resources, 2026-07-28 likewise)."""
    if call.method == "tools/call":
        return Failure(INVALID_PARAMS, f"Unknown tool: {_text(call.params, 'name')}", own=True)
    if call.method == "prompts/get":
        return Failure(INVALID_PARAMS, f"Unknown prompt: {_text(call.params, 'name')}", own=True)
    if call.method == "completion/complete":
        return Failure(INVALID_PARAMS, "Unknown prompt or resource template in params.ref", own=True)
    code = INVALID_PARAMS if call.client.era is Era.MODERN else LEGACY_RESOURCE_NOT_FOUND
    data = json.raw({"uri": _text(call.params, "uri")})
    return Failure(code, f"Resource not found: {_text(call.params, 'uri')}", data, own=True)

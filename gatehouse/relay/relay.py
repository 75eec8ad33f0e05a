"""One call, from a client to an upstream and back. Start reading here.

A face has read the request, and the door has told who asks and let the policy decide for the virtual server. `relay`
finds what is meant, sends it, and gives the outcome the shape of the client's era. It touches no database.
"""

from __future__ import annotations

import time

from gatehouse.catalog.model import LOCAL, Kind
from gatehouse.catalog.snapshot import ServerView, Target
from gatehouse.kit import json
from gatehouse.kit.json import Fields
from gatehouse.protocol import bridge
from gatehouse.protocol.call import Call, Emit, Era, Failure, Outcome
from gatehouse.protocol.errors import INVALID_PARAMS, LEGACY_RESOURCE_NOT_FOUND
from gatehouse.relay.door import Entry
from gatehouse.relay.noting import Notes
from gatehouse.relay.rounds import Rounds
from gatehouse.telemetry.metrics import Meter
from gatehouse.telemetry.record import Course
from gatehouse.upstreams.local import MEANT
from gatehouse.upstreams.pool import Pool

_NAMED = frozenset({Kind.TOOL, Kind.PROMPT})


class Relay:
    def __init__(self, pool: Pool, rounds: Rounds, meter: Meter, notes: Notes) -> None:
        self.pool = pool
        self._send = pool.send
        self._rounds = rounds
        self._meter = meter
        self._notes = notes

    async def relay(self, entry: Entry, call: Call, emit: Emit) -> Outcome:
        """Carry one call. What comes before the end goes to `emit`; never raises for what an upstream does."""
        course = Course(time.perf_counter())
        offering = entry.offering
        server = offering.view.server
        target = resolve(offering.view, call)
        if target is None:
            return self._refuse(entry, call, None, unknown(call), course)
        if call.method == "tools/call" and call.params["name"] != target.json_name:
            self._note_alias(server.slug, target, call)
        address(call, target)
        refused = self._rounds.resume(call, target, server.id)
        if refused is not None:
            return self._refuse(entry, call, target, refused, course)
        course.sent = time.perf_counter()
        try:
            outcome = await self._send(target.upstream, call, offering.names(target), emit)
        except BaseException as error:
            self._notes.broken(entry, call, target, error, course)
            raise
        course.answered = time.perf_counter()
        self._rounds.pause(outcome, call, target, server.id)
        outcome = bridge.for_client(outcome, call.client, call.method, offering.server_info)
        course.ended = time.perf_counter()
        self._notes.ended(entry.principal, server, call, target, outcome, course)
        return outcome

    def _refuse(self, entry: Entry, call: Call, target: Target | None, failure: Failure, course: Course) -> Failure:
        self._notes.refused(entry, call, target, failure, course)
        return failure

    def _note_alias(self, server: str, target: Target, call: Call) -> None:
        # The same name may be written in several ways in JSON, so that only the text tells.
        if (name := _text(call.params, "name")) != target.name:
            self._meter.called_by_alias(server, name)


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
    try:
        reference = json.fields(params.get("ref", json.EMPTY))
    except json.BadJson:
        return None
    if _text(reference, "type") == "ref/prompt":
        return view.resolve_prompt(_text(reference, "name"))
    uri = _text(reference, "uri")
    return view.resolve_template(uri) or view.resolve_resource(uri)


def _text(fields: Fields, key: str) -> str:
    raw = bytes(fields.get(key, b""))
    if raw[:1] == b'"' and b"\\" not in raw:
        return raw[1:-1].decode()
    try:
        return json.text(fields.get(key)) or ""
    except json.BadJson:
        return ""  # Nested too deeply to be read, so it is no name of anything.


def address(call: Call, target: Target) -> None:
    """Put the call in the upstream's own words: its name for what the server, or an alias, calls otherwise."""
    if target.kind not in _NAMED:
        if target.upstream.kind == LOCAL:
            call.params[MEANT] = json.raw([target.kind, target.key])
        return
    if call.method == "completion/complete":
        call.params["ref"] = json.raw({**json.fields(call.params["ref"]), "name": target.json_key})
    else:
        call.params["name"] = target.json_key


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

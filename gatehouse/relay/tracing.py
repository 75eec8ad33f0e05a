"""The relay where calls are traced: a span for the call as it came in, and one below it for the upstream's part.

The names are those of OpenTelemetry's conventions for MCP (semantic-conventions-genai, docs/gen-ai/mcp.md). Imported
only where tracing is on.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from types import CoroutineType
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatehouse.catalog.model import Kind, Transport, Upstream
from gatehouse.catalog.snapshot import Target
from gatehouse.kit import json
from gatehouse.kit.json import Raw
from gatehouse.protocol import trace
from gatehouse.protocol.call import MODERN_VERSION, Call, Emit, Era, Failure, Outcome
from gatehouse.protocol.headers import HeaderMap
from gatehouse.relay.door import Entry
from gatehouse.relay.noting import Notes
from gatehouse.relay.relay import Relay, resolve
from gatehouse.relay.rounds import Rounds
from gatehouse.telemetry.metrics import Meter
from gatehouse.telemetry.record import ERROR_LENGTH
from gatehouse.telemetry.spans import Span, Spans
from gatehouse.upstreams.pool import Pool

LONGEST_NAME = 256
"""Characters of a name or URI that a span keeps."""
_TRUE = Raw(b"true")
_TARGET = {Kind.TOOL: "gen_ai.tool.name", Kind.PROMPT: "gen_ai.prompt.name"}
_OWN = {-31502: "upstream_failed", -31503: "upstream_down", -31504: "timeout"}
"""What keeps an upstream from answering, by the code that a client gets for it."""
_PORTS = {"http": 80, "https": 443}
Parts = tuple[Pool, Rounds, Meter, Notes]
Told = dict[str, str | int]


class Tracing(msgspec.Struct, frozen=True):
    """`sample`: which part of the calls is traced that come with no decision of their own, from 0 to 1."""

    spans: Spans
    sample: float


class TracedRelay(Relay):
    def __init__(self, pool: Pool, rounds: Rounds, meter: Meter, notes: Notes, tracing: Tracing) -> None:
        super().__init__(pool, rounds, meter, notes)
        self._parts = (pool, rounds, meter, notes)
        self._spans = tracing.spans
        self._sample = tracing.sample

    def relay(self, entry: Entry, call: Call, emit: Emit) -> CoroutineType[Any, Any, Outcome]:
        """See `Relay`. Nothing of OpenTelemetry is asked for a call that is not traced; what it says of a trace passes.

        Who called decides, as in every trace; where they say nothing, chance does.
        """
        wanted = trace.sampled(call.headers, call.meta) if call.headers or call.meta else None
        if wanted is None:
            wanted = random.random() < self._sample  # noqa: S311 - which calls are looked at is no secret
        return self._traced(entry, call, emit) if wanted else Relay.relay(self, entry, call, emit)

    async def _traced(self, entry: Entry, call: Call, emit: Emit) -> Outcome:
        origin = trace.origin(call.headers, call.meta)
        target = resolve(entry.offering.view, call)
        span = self._spans.root(_title(call, target), _incoming(entry, call, target), origin.parent, origin.around)
        try:
            way = _Outward(self._parts, self._spans, span)
            outcome = await way.relay(entry, _within(call, span), emit)
            _note(span, outcome, own_code=True)
            return outcome
        except BaseException as error:
            _note_break(span, error)
            raise
        finally:
            span.end()


class _Outward(Relay):
    """The relay for one traced call: it tells of the way out."""

    def __init__(self, parts: Parts, spans: Spans, above: Span) -> None:
        super().__init__(*parts)
        self._spans = spans
        self._above = above
        self._send = self._send_traced

    async def _send_traced(self, upstream: Upstream, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        span = self._spans.child(*_outgoing(upstream, call), self._above)
        try:
            outcome = await self.pool.send(upstream, _below(call, span), names, emit)
            _note(span, outcome, own_code=False)
            return outcome
        except BaseException as error:
            _note_break(span, error)
            raise
        finally:
            span.end()


def _within(call: Call, span: Span) -> Call:
    """The call as its record is to see it: in the trace of this span."""
    headers = tuple(header for header in call.headers if header[0] not in (trace.PARENT, trace.STATE))
    return msgspec.structs.replace(call, headers=((trace.PARENT, span.context[0]), *headers))


def _below(call: Call, span: Span) -> Call:
    """The call as the upstream is to see it: below this span, by its headers and by its `_meta`."""
    headers, meta = trace.onward(call.headers, call.meta, *span.context)
    return msgspec.structs.replace(call, headers=headers, meta=meta, raw_meta=None)


def _incoming(entry: Entry, call: Call, target: Target | None) -> Told:
    told = _about(call) | {"mcp.protocol.version": call.client.version, "network.transport": "tcp"}
    told |= {"network.protocol.name": "http", "gatehouse.server.name": entry.offering.view.server.slug}
    if call.session is not None:
        told["mcp.session.id"] = _standing_for(call.session)
    if call.id:
        told["jsonrpc.request.id"] = _id(call.id)
    if target is not None:
        told["gatehouse.upstream.name"] = target.upstream.name
        if target.kind in _TARGET:
            told[_TARGET[target.kind]] = target.name[:LONGEST_NAME]
    return told


def _outgoing(upstream: Upstream, call: Call) -> tuple[str, Told]:
    """Name and attributes of the upstream's part; the call is in its words."""
    told = _about(call) | _reached(upstream)
    detected = upstream.detected
    if detected is not None and detected.era is Era.MODERN and call.client.era is Era.MODERN:
        told["mcp.protocol.version"] = MODERN_VERSION
    name = trace.text(call.params, "name")[:LONGEST_NAME]
    if name:
        told["gen_ai.tool.name" if call.method == "tools/call" else "gen_ai.prompt.name"] = name
    return f"{call.method} {name}" if name else call.method, told


def _about(call: Call) -> Told:
    told: Told = {"mcp.method.name": call.method}
    if call.method == "tools/call":
        told["gen_ai.operation.name"] = "execute_tool"
    elif uri := trace.text(call.params, "uri"):
        told["mcp.resource.uri"] = uri[:LONGEST_NAME]
    return told


def _reached(upstream: Upstream) -> Told:
    """How and where; nothing of a URL but host and port, as the rest may hold secrets."""
    told: Told = {"gatehouse.upstream.name": upstream.name}
    transport = upstream.detected.transport if upstream.detected is not None else upstream.transport
    if transport is Transport.STDIO or upstream.url is None:
        return told | {"network.transport": "pipe"}
    told |= {"network.transport": "tcp", "network.protocol.name": "http"}
    try:
        parts = urlsplit(upstream.url)
        return told | {"server.address": parts.hostname or "", "server.port": parts.port or _PORTS[parts.scheme]}
    except (ValueError, LookupError):
        return told  # It is no address, as whoever calls it is about to hear.


def _title(call: Call, target: Target | None) -> str:
    """Only names that exist are in it: a title is to be one of few."""
    if target is None or target.kind not in _TARGET or call.method == "completion/complete":
        return call.method
    return f"{call.method} {target.name[:LONGEST_NAME]}"


def _id(raw: bytes) -> str:
    """A request's id as text: what stands between the quotes, or the number."""
    try:
        return str(json.load(raw))[:LONGEST_NAME]
    except json.BadJson:
        return ""  # It is given back as it came; what it means is its client's affair.


def _standing_for(session: str) -> str:
    """The id itself would let whoever reads spans into the session, where a server is open to everybody."""
    return hashlib.blake2b(session.encode(), digest_size=16).hexdigest()


def _note(span: Span, outcome: Outcome, *, own_code: bool) -> None:
    """`own_code`: a failure of ours reached the other side under its code, as one of the upstream's does."""
    if not isinstance(outcome, Failure):
        if outcome.fields.get("isError") == _TRUE:
            span.fail("tool_error")
        return
    code, words = str(outcome.code), outcome.message[:ERROR_LENGTH]
    if own_code or not outcome.own:
        span.tell("rpc.response.status_code", code)
        span.fail(code, words)
    else:
        span.fail(_OWN.get(outcome.code, code), words)


def _note_break(span: Span, error: BaseException) -> None:
    """What an exception says may be anything, so that only its kind is kept."""
    cancelled = isinstance(error, (asyncio.CancelledError, ConnectionError))
    span.fail("cancelled" if cancelled else type(error).__qualname__)

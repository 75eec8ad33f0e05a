"""Modern clients over Streamable HTTP: each POST is complete in itself (2026-07-28 basic/transports)."""

from __future__ import annotations

import logging

from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.json import Raw
from gatehouse.protocol import jsonrpc, modern, sse
from gatehouse.protocol.call import MODERN_VERSION, Call, Era, Failure, Notice
from gatehouse.protocol.errors import HEADER_MISMATCH, INTERNAL_ERROR, INVALID_PARAMS, http_status
from gatehouse.protocol.headers import HeaderMap
from gatehouse.protocol.modern import Inbound, Rejection
from gatehouse.relay.door import Entry
from gatehouse.relay.listening import Listening
from gatehouse.relay.offering import KIND_OF_LIST, BadCursor, cursor_of
from gatehouse.relay.relay import Relay
from gatehouse.serving.answers import KeepAlive, ModernAnswer
from gatehouse.serving.http import JSON_HEADERS, STREAM_HEADERS, ClientGone, Exchange, Headers, HttpRequest, Work

log = logging.getLogger("gatehouse.serving")
TRACE_HEADERS = (b"traceparent", b"tracestate", b"baggage")


_TRACED = frozenset(TRACE_HEADERS)


class ModernFace:
    def __init__(self, relay: Relay, listening: Listening, keep_alive: KeepAlive, clock: Clock) -> None:
        self._relay = relay
        self._listening = listening
        self._keep_alive = keep_alive
        self._clock = clock

    def serve(
        self, request: HttpRequest, exchange: Exchange, entry: Entry, message: jsonrpc.Request, extra: Headers
    ) -> Work | None:
        inbound = self._read(request, entry, message)
        if isinstance(inbound, Rejection):
            body = jsonrpc.error(inbound.id, inbound.code, inbound.message, inbound.data)
            exchange.reply(http_status(inbound.code, Era.MODERN), JSON_HEADERS + extra, body)
        elif inbound.method.work == "relay":
            return self._call(request, exchange, entry, inbound, extra)
        elif inbound.name == "subscriptions/listen":
            return self._listen(exchange, entry, inbound, extra)
        else:
            self._local(exchange, entry, inbound, extra)
        return None

    def _read(self, request: HttpRequest, entry: Entry, message: jsonrpc.Request) -> Inbound | Rejection:
        try:
            inbound = modern.read(message, request.headers, request.repeated)
            return self._in_order(inbound, request, entry) if isinstance(inbound, Inbound) else inbound
        except json.BadJson as error:
            return Rejection(message.id, INVALID_PARAMS, f"Invalid params: {error}")

    def _in_order(self, inbound: Inbound, request: HttpRequest, entry: Entry) -> Inbound | Rejection:
        """The last rungs of the ladder, which need to know the server."""
        offering = entry.offering
        if offering.view.server.era == Era.LEGACY:
            return modern.unsupported(inbound.id, json.raw(MODERN_VERSION), offering.versions())
        if inbound.name != "tools/call":
            return inbound
        if not offering.has_mirrors:
            return inbound
        target = offering.view.resolve_tool(json.text(inbound.params.get("name")) or "")
        names = offering.names(target) if target is not None else None
        problem = _param_problem(names, inbound, request) if names else None
        return Rejection(inbound.id, HEADER_MISMATCH, f"Header mismatch: {problem}") if problem else inbound

    def _local(self, exchange: Exchange, entry: Entry, inbound: Inbound, extra: Headers) -> None:
        status, body = 200, b""
        try:
            if inbound.name == "server/discover":
                body = jsonrpc.result(inbound.id, entry.offering.discover())
            else:
                cursor = cursor_of(inbound.params)
                page = entry.offering.page(KIND_OF_LIST[inbound.name], Era.MODERN, cursor, entry.principal.id)
                body = jsonrpc.result(inbound.id, page)
        except BadCursor:
            status, body = 400, jsonrpc.error(inbound.id, INVALID_PARAMS, "Invalid params: unknown cursor")
        exchange.reply(status, JSON_HEADERS + extra, body)

    async def _call(
        self, request: HttpRequest, exchange: Exchange, entry: Entry, inbound: Inbound, extra: Headers
    ) -> None:
        said = inbound.envelope
        call = Call(
            inbound.name,
            inbound.params,
            said.client,
            entry.principal.id,
            None,
            said.meta,
            said.progress_token,
            said.log_level,
            said.raw if said.passes else None,
            trace(request),
            inbound.id,
            len(request.body),
        )
        answer = ModernAnswer(exchange, extra, inbound.id, said.progress_token, said.log_level, self._clock.monotonic())
        exchange.cancel_when_gone()
        self._keep_alive.add(answer)
        try:
            outcome = await self._relay.relay(entry, call, answer.emit)
        except ClientGone:
            raise
        except Exception:
            log.exception("A call failed inside")
            outcome = Failure(INTERNAL_ERROR, "Internal error", own=True)
        finally:
            self._keep_alive.remove(answer)
        if not answer.reply(outcome):
            await answer.finish(outcome)

    async def _listen(self, exchange: Exchange, entry: Entry, inbound: Inbound, extra: Headers) -> None:
        """2026-07-28 "Subscriptions": acknowledged first, then what was opted in to, until the client goes."""
        exchange.cancel_when_gone()
        meta = json.raw({modern.SUBSCRIPTION_KEY: Raw(inbound.id)})
        try:
            wanted = json.fields(inbound.params.get("notifications", json.EMPTY))
        except json.BadJson:
            body = jsonrpc.error(inbound.id, INVALID_PARAMS, "Invalid params: notifications is not an object")
            exchange.reply(400, JSON_HEADERS + extra, body)
            return

        async def tell(notice: Notice) -> None:
            params = {**json.fields(notice.params), "_meta": meta}
            await exchange.write(sse.encode_event(jsonrpc.notification(notice.method, json.dump(params))))

        await exchange.start(200, STREAM_HEADERS + extra)
        with self._keep_alive.open(exchange):
            await self._listening.listen(entry, wanted, tell)
        end = json.dump({"resultType": "complete", "_meta": meta})
        await exchange.write(sse.encode_event(jsonrpc.result(inbound.id, end)))
        await exchange.end()


def _param_problem(names: HeaderMap, inbound: Inbound, request: HttpRequest) -> str | None:
    return modern.param_problem(names, inbound.params, request.headers, request.repeated)


def trace(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """The headers of a call that are passed on to the upstream: those of W3C Trace Context, and no others."""
    headers = request.headers
    if _TRACED.isdisjoint(headers):
        return ()
    return tuple((name.decode(), headers[name].decode("latin-1")) for name in TRACE_HEADERS if name in headers)

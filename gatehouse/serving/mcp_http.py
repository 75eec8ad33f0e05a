"""Streamable HTTP: both eras on one URL. Tells who is at the door, then of which era the request is."""

from __future__ import annotations

import logging
from functools import lru_cache

from gatehouse.kit.errors import GatewayError
from gatehouse.protocol import jsonrpc, modern
from gatehouse.protocol.call import Era
from gatehouse.protocol.errors import INTERNAL_ERROR, INVALID_REQUEST, http_status, rpc_code
from gatehouse.protocol.jsonrpc import Malformed, Notification, Request
from gatehouse.relay.door import EVERYTHING, Entry, Unknown
from gatehouse.serving.entrance import Entrance
from gatehouse.serving.forward import Forwarder
from gatehouse.serving.http import JSON_HEADERS, ClientGone, Exchange, Headers, HttpRequest, Screening, Work
from gatehouse.serving.mcp_legacy import LegacyFace
from gatehouse.serving.mcp_modern import ModernFace
from gatehouse.serving.mcp_sse import SseFace

log = logging.getLogger("gatehouse.serving")
_JSON, _STREAM, _ANY = b"application/json", b"text/event-stream", b"*/*"
_RANGES = {_JSON: b"application/*", _STREAM: b"text/*"}
DENIED = 403
NOT_ALLOWED = -31403


class McpHttp:
    def __init__(
        self, entrance: Entrance, forwarder: Forwarder, modern: ModernFace, legacy: LegacyFace, sse: SseFace
    ) -> None:
        self._door = entrance.door
        self._guard = entrance.guard
        self._entrance = entrance
        self._forwarder = forwarder
        self._modern = modern
        self._legacy = legacy
        self._sse = sse

    def handle(self, request: HttpRequest, exchange: Exchange) -> Work | None:
        """Answer one request to an MCP address. Whatever goes wrong inside is answered, logged, and harms nobody else.

        What needs no waiting is answered at once; else what is left to do is given back.
        """
        seen = request.screening
        if seen is None:
            seen = request.screening = self._screen(request)
        try:
            left = self._enter(request, exchange, seen)
        except Unknown as error:
            left = self._introduce(error.token, request, exchange, seen)
        except Exception as error:
            self._fail(error, request, exchange, seen.cors)
            return None
        return None if left is None else self._finish(left, request, exchange, seen.cors)

    async def _introduce(self, token: bytes, request: HttpRequest, exchange: Exchange, seen: Screening) -> None:
        await self._door.introduce(token)
        left = self._enter(request, exchange, seen)
        if left is not None:
            await left

    def _screen(self, request: HttpRequest) -> Screening:
        """Judge the head alone. Requests with the same head share the judgement."""
        forwarded = self._forwarder.is_marked(request)
        refused = None if forwarded else self._guard.refusal(request)
        refusal = (DENIED, refused) if refused else _unfit(request)
        server, face = split(request.path)
        known = True if modern.is_modern(request.headers, None) else None
        era = False if known is None and modern.VERSION_HEADER in request.headers else known
        return Screening(refusal, () if refused else self._guard.cors(request), server, face, era, forwarded)

    async def _finish(self, left: Work, request: HttpRequest, exchange: Exchange, cors: Headers) -> None:
        try:
            await left
        except Exception as error:
            self._fail(error, request, exchange, cors)
        finally:
            exchange.settle()

    def _enter(self, request: HttpRequest, exchange: Exchange, seen: Screening) -> Work | None:
        cors = seen.cors
        if seen.refusal is not None and seen.refusal[0] == DENIED:
            exchange.reply(DENIED, JSON_HEADERS, jsonrpc.error(b"null", NOT_ALLOWED, seen.refusal[1]))
            return None
        if request.method == "OPTIONS":
            exchange.reply(204, self._guard.preflight(request), b"")
            return None
        entry = self._door.enter(seen.server, request.headers.get(b"authorization"))
        if entry.principal.limited and not seen.forwarded:
            self._door.admit(entry.principal, self._entrance.address(request))
        if seen.face != "mcp":
            return self._sse.serve(seen.face, request, exchange, entry, cors)
        if request.method == "POST":
            return self._post(request, exchange, entry, seen)
        return self._other(request, exchange, entry, cors)

    def _other(self, request: HttpRequest, exchange: Exchange, entry: Entry, cors: Headers) -> Work | None:
        if self._posts_only(request, entry) or request.method not in ("GET", "DELETE"):
            allow = ((b"allow", b"POST" if self._posts_only(request, entry) else b"POST, GET, DELETE"),)
            body = jsonrpc.error(b"null", INVALID_REQUEST, f"{request.method} is not for this address; use POST")
            exchange.reply(405, JSON_HEADERS + cors + allow, body)
            return None
        if request.method == "DELETE":
            return self._legacy.delete(request, exchange, entry, cors)
        if not _accepts(request, _STREAM):
            _not_acceptable(exchange, cors, "text/event-stream")
            return None
        return self._legacy.stream(request, exchange, entry, cors)

    def _posts_only(self, request: HttpRequest, entry: Entry) -> bool:
        return modern.is_modern(request.headers, None) or entry.offering.view.server.era == Era.MODERN

    def _post(self, request: HttpRequest, exchange: Exchange, entry: Entry, seen: Screening) -> Work | None:
        cors = seen.cors
        if seen.refusal is not None:
            status, words = seen.refusal
            exchange.reply(status, JSON_HEADERS + cors, jsonrpc.error(b"null", INVALID_REQUEST, words))
            return None
        message = jsonrpc.read(request.body)
        if isinstance(message, Malformed):
            era = Era.MODERN if seen.modern else Era.LEGACY
            body = jsonrpc.error(message.id, message.code, message.message)
            exchange.reply(http_status(message.code, era), JSON_HEADERS + cors, body)
            return None
        if not seen.forwarded:
            self._door.spend(entry.principal, message)
        is_modern = seen.modern
        if is_modern is None:
            params = message.params if isinstance(message, _WITH_PARAMS) else None
            is_modern = modern.is_modern(request.headers, params)
        if not is_modern:
            return self._legacy.serve(request, exchange, entry, message, cors)
        if isinstance(message, Request):
            return self._modern.serve(request, exchange, entry, message, cors)
        if isinstance(message, Notification):
            exchange.reply(202, cors, b"")
            return None
        body = jsonrpc.error(b"null", INVALID_REQUEST, "Invalid request: one request or notification is expected")
        exchange.reply(400, JSON_HEADERS + cors, body)
        return None

    def _fail(self, error: Exception, request: HttpRequest, exchange: Exchange, cors: Headers) -> None:
        if exchange.started:
            if not isinstance(error, ClientGone):
                log.error("An MCP stream failed inside", exc_info=error)
        elif isinstance(error, GatewayError):
            self._entrance.note(error, request)
            headers = JSON_HEADERS + cors + self._entrance.challenge(error, request)
            exchange.reply(error.http_status, headers, _body(error))
        elif not isinstance(error, ClientGone):
            log.error("An MCP request failed inside", exc_info=error)
            exchange.reply(500, JSON_HEADERS + cors, jsonrpc.error(b"null", INTERNAL_ERROR, "Internal error"))


_WITH_PARAMS = (Request, Notification)


def _unfit(request: HttpRequest) -> tuple[int, str] | None:
    """Why a POST to an MCP endpoint can't be answered for its Accept or Content-Type, or None."""
    if not _accepts(request, _JSON) and not _accepts(request, _STREAM):
        return 406, "Not acceptable: send 'Accept: application/json, text/event-stream'"
    if _JSON not in request.headers.get(b"content-type", _JSON).lower():
        return 415, "Unsupported media type: send 'Content-Type: application/json'"
    return None


@lru_cache(maxsize=1024)
def split(path: str) -> tuple[str, str]:
    """The server that a path is about, and the face: `mcp`, `sse` or `messages`."""
    parts = path.strip("/").split("/")
    return (parts[1], parts[2]) if len(parts) == 3 else (EVERYTHING, parts[0])


def is_mcp_path(path: str) -> bool:
    parts = path.strip("/").split("/")
    return parts[-1] in ("mcp", "sse", "messages") and (len(parts) == 1 or (len(parts) == 3 and parts[0] == "servers"))


def _accepts(request: HttpRequest, kind: bytes) -> bool:
    accept = request.headers.get(b"accept")
    if accept is None or kind in accept:
        return True
    return _ANY in accept or _RANGES[kind] in accept or kind in accept.lower()


def _not_acceptable(exchange: Exchange, cors: Headers, wanted: str) -> None:
    body = jsonrpc.error(b"null", INVALID_REQUEST, f"Not acceptable: send 'Accept: {wanted}'")
    exchange.reply(406, JSON_HEADERS + cors, body)


def _body(error: GatewayError) -> bytes:
    return jsonrpc.error(b"null", rpc_code(error), str(error))

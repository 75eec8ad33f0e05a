"""Streamable HTTP: both eras on one URL. Tells who is at the door, then of which era the request is."""

from __future__ import annotations

import logging

from gatehouse.kit.errors import GatewayError, Unauthenticated
from gatehouse.protocol import jsonrpc, modern
from gatehouse.protocol.call import Era
from gatehouse.protocol.errors import INTERNAL_ERROR, INVALID_REQUEST, http_status, rpc_code
from gatehouse.protocol.jsonrpc import Malformed, Notification, Request
from gatehouse.relay.door import EVERYTHING, Door, Entry
from gatehouse.serving.forward import Forwarder
from gatehouse.serving.guard import Guard
from gatehouse.serving.http import JSON_HEADERS, ClientGone, Exchange, Headers, HttpRequest
from gatehouse.serving.mcp_legacy import LegacyFace
from gatehouse.serving.mcp_modern import ModernFace
from gatehouse.serving.mcp_sse import SseFace

log = logging.getLogger("gatehouse.serving")
_JSON, _STREAM, _ANY = b"application/json", b"text/event-stream", b"*/*"
DENIED = -31403


class McpHttp:
    def __init__(
        self, door: Door, guard: Guard, forwarder: Forwarder, modern: ModernFace, legacy: LegacyFace, sse: SseFace
    ) -> None:
        self._door = door
        self._guard = guard
        self._forwarder = forwarder
        self._modern = modern
        self._legacy = legacy
        self._sse = sse

    async def handle(self, request: HttpRequest, exchange: Exchange) -> None:
        """Answer one request to an MCP address. Whatever goes wrong inside is answered, logged, and harms nobody else."""
        cors: Headers = ()
        try:
            refused = None if self._forwarder.is_marked(request) else self._guard.refusal(request)
            if refused:
                await exchange.reply(403, JSON_HEADERS, jsonrpc.error(b"null", DENIED, refused))
                return
            cors = self._guard.cors(request)
            await self._enter(request, exchange, cors)
        except GatewayError as error:
            challenge = _challenge(error, request)
            await exchange.reply(error.http_status, JSON_HEADERS + cors + challenge, _body(error))
        except ClientGone:
            return
        except Exception:
            log.exception("An MCP request failed inside")
            await exchange.reply(500, JSON_HEADERS + cors, jsonrpc.error(b"null", INTERNAL_ERROR, "Internal error"))

    async def _enter(self, request: HttpRequest, exchange: Exchange, cors: Headers) -> None:
        if request.method == "OPTIONS":
            await exchange.reply(204, self._guard.preflight(request), b"")
            return
        ref, face = split(request.path)
        entry = self._door.enter(ref, request.headers.get(b"authorization"))
        if face == "mcp":
            await self._mcp(request, exchange, entry, cors)
        else:
            await self._sse.serve(face, request, exchange, entry, cors)

    async def _mcp(self, request: HttpRequest, exchange: Exchange, entry: Entry, cors: Headers) -> None:
        if request.method == "POST":
            await self._post(request, exchange, entry, cors)
        elif modern.is_modern(request.headers, None) or request.method not in ("GET", "DELETE"):
            allow = ((b"allow", b"POST"),)
            body = jsonrpc.error(b"null", INVALID_REQUEST, f"{request.method} is not for this address; use POST")
            await exchange.reply(405, JSON_HEADERS + cors + allow, body)
        elif request.method == "DELETE":
            await self._legacy.delete(request, exchange, entry, cors)
        elif not _accepts(request, _STREAM):
            await _not_acceptable(exchange, cors, "text/event-stream")
        else:
            await self._legacy.stream(request, exchange, entry, cors)

    async def _post(self, request: HttpRequest, exchange: Exchange, entry: Entry, cors: Headers) -> None:
        if not _accepts(request, _JSON) and not _accepts(request, _STREAM):
            await _not_acceptable(exchange, cors, "application/json, text/event-stream")
            return
        message = jsonrpc.read(request.body)
        params = message.params if isinstance(message, Request | Notification) else None
        is_modern = modern.is_modern(request.headers, params)
        if isinstance(message, Malformed):
            era = Era.MODERN if is_modern else Era.LEGACY
            body = jsonrpc.error(message.id, message.code, message.message)
            await exchange.reply(http_status(message.code, era), JSON_HEADERS + cors, body)
        elif not is_modern:
            await self._legacy.serve(request, exchange, entry, message, cors)
        elif isinstance(message, Request):
            await self._modern.serve(request, exchange, entry, message, cors)
        elif isinstance(message, Notification):
            await exchange.reply(202, cors, b"")
        else:
            body = jsonrpc.error(b"null", INVALID_REQUEST, "Invalid request: one request or notification is expected")
            await exchange.reply(400, JSON_HEADERS + cors, body)


def split(path: str) -> tuple[str, str]:
    """The server that a path is about, and the face: `mcp`, `sse` or `messages`."""
    parts = path.strip("/").split("/")
    return (parts[1], parts[2]) if len(parts) == 3 else (EVERYTHING, parts[0])


def is_mcp_path(path: str) -> bool:
    parts = path.strip("/").split("/")
    return parts[-1] in ("mcp", "sse", "messages") and (len(parts) == 1 or (len(parts) == 3 and parts[0] == "servers"))


def _accepts(request: HttpRequest, kind: bytes) -> bool:
    accept = request.headers.get(b"accept")
    return accept is None or kind in accept or _ANY in accept


async def _not_acceptable(exchange: Exchange, cors: Headers, wanted: str) -> None:
    body = jsonrpc.error(b"null", INVALID_REQUEST, f"Not acceptable: send 'Accept: {wanted}'")
    await exchange.reply(406, JSON_HEADERS + cors, body)


def _challenge(error: GatewayError, request: HttpRequest) -> Headers:
    """RFC 6750 section 3: what is asked for, and whether what was sent is no good."""
    if not isinstance(error, Unauthenticated):
        return ()
    wrong = b', error="invalid_token"' if b"authorization" in request.headers else b""
    return ((b"www-authenticate", b'Bearer realm="gatehouse"' + wrong),)


def _body(error: GatewayError) -> bytes:
    return jsonrpc.error(b"null", rpc_code(error), str(error))

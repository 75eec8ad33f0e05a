"""HTTP+SSE of 2024-11-05: one stream for everything a server says, and an address to post to. Still widely spoken."""

from __future__ import annotations

from urllib.parse import parse_qs

from gatehouse.kit.errors import GatewayError
from gatehouse.protocol import jsonrpc, legacy, sse
from gatehouse.protocol.call import Client, Era
from gatehouse.protocol.errors import INVALID_PARAMS, INVALID_REQUEST, rpc_code
from gatehouse.protocol.jsonrpc import Batch, Malformed, Notification, Request, Response
from gatehouse.relay.door import Entry
from gatehouse.relay.sessions import ClientSession, Elsewhere
from gatehouse.serving.http import JSON_HEADERS, STREAM_HEADERS, Exchange, Headers, HttpRequest
from gatehouse.serving.mcp_legacy import MAX_BATCH, LegacyFace, LegacyParts, Single, read_items

FIRST_VERSION = "2024-11-05"


class SseFace:
    def __init__(self, parts: LegacyParts, legacy: LegacyFace) -> None:
        self._sessions = parts.sessions
        self._forwarder = parts.forwarder
        self._tasks = parts.tasks
        self._door = parts.door
        self._legacy = legacy

    async def serve(self, face: str, request: HttpRequest, exchange: Exchange, entry: Entry, extra: Headers) -> None:
        if face == "sse" and request.method == "GET":
            await self._stream(request, exchange, entry, extra)
        elif face == "messages" and request.method == "POST":
            await self._message(request, exchange, entry, extra)
        else:
            allowed = b"GET" if face == "sse" else b"POST"
            words = f"{request.method} is not for this address; use {allowed.decode()}"
            body = jsonrpc.error(b"null", INVALID_REQUEST, words)
            exchange.reply(405, JSON_HEADERS + extra + ((b"allow", allowed),), body)

    async def _stream(self, request: HttpRequest, exchange: Exchange, entry: Entry, extra: Headers) -> None:
        """The session lives exactly as long as this stream."""
        session = await self._legacy.begin(entry, Client(Era.LEGACY, FIRST_VERSION))
        address = f"{request.path.rstrip('/').removesuffix('/sse')}/messages?session_id={session.id}"
        try:
            await exchange.start(200, STREAM_HEADERS + extra)
            await exchange.write(sse.encode_event(address.encode(), event="endpoint"))
            await self._legacy.pour(exchange, session.streams.standalone, 0, self._door.seconds_left(entry.principal))
        finally:
            self._sessions.end_soon(session)

    async def _message(self, request: HttpRequest, exchange: Exchange, entry: Entry, extra: Headers) -> None:
        handle = parse_qs(request.query.decode("latin-1")).get("session_id", [""])[0]
        found = await self._sessions.find(handle, entry.offering.view.server.id, entry.principal)
        if isinstance(found, Elsewhere):
            await self._forwarder.forward(found.address, request, exchange)
            return
        if found is None or not found.streams.standalone.read_now:
            body = jsonrpc.error(b"null", INVALID_REQUEST, "Session not found; open the stream again")
            exchange.reply(404, JSON_HEADERS + extra, body)
            return
        message = jsonrpc.read(request.body)
        if isinstance(message, Batch) and not 0 < len(message.items) <= MAX_BATCH:
            message = Malformed(INVALID_REQUEST, f"Invalid request: a batch has 1 to {MAX_BATCH} messages")
        if isinstance(message, Malformed):
            body = jsonrpc.error(message.id, message.code, message.message)
            exchange.reply(400, JSON_HEADERS + extra, body)
            return
        self._door.spend(entry.principal, message)
        # Who does not read the answers is not asked for more.
        await found.streams.standalone.room()
        for each in read_items(message) if isinstance(message, Batch) else (message,):
            await self._take(found, entry, each)
        exchange.reply(202, extra, b"")

    async def _take(self, session: ClientSession, entry: Entry, message: Single) -> None:
        match message:
            case Request():
                self._tasks.spawn(self._answer(session, entry, message), "answer on SSE")
            case Notification():
                await self._legacy.notification(session, message)
            case Response():
                await session.answer(message)
            case Malformed():
                await session.streams.standalone.send(jsonrpc.error(message.id, message.code, message.message))

    async def _answer(self, session: ClientSession, entry: Entry, message: Request) -> None:
        stream = session.streams.standalone
        if message.method != "initialize":
            await self._legacy.answer(entry, session, message, stream)
            return
        try:
            session.client = legacy.read_initialize(message.params)
        except ValueError as error:
            await stream.send(jsonrpc.error(message.id, INVALID_PARAMS, f"Invalid params: {error}"))
            return
        try:
            await self._sessions.save(session)
        except GatewayError as error:
            await stream.send(jsonrpc.error(message.id, rpc_code(error), str(error)))
            return
        await stream.send(jsonrpc.result(message.id, entry.offering.initialize(session.client.version)))

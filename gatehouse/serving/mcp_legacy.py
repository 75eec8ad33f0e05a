"""Legacy clients over Streamable HTTP: a handshake, a session, and streams that can be come back to.

2025-03-26, 2025-06-18 and 2025-11-25 basic/transports and basic/lifecycle.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec

from gatehouse.kit import json
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol import bridge, jsonrpc, legacy
from gatehouse.protocol.call import LEGACY_VERSIONS, Call, Client, Emit, Era, Event, Failure, Notice, Outcome
from gatehouse.protocol.errors import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND
from gatehouse.protocol.jsonrpc import Batch, Malformed, Message, Notification, Request, Response
from gatehouse.protocol.methods import LOG_LEVELS, METHODS
from gatehouse.protocol.modern import VERSION_HEADER, unsupported
from gatehouse.relay.door import Door, Entry
from gatehouse.relay.offering import KIND_OF_LIST, BadCursor
from gatehouse.relay.relay import Relay
from gatehouse.relay.sessions import ClientSession, Elsewhere, Sessions
from gatehouse.relay.streams import Detached, Stream
from gatehouse.relay.subscriptions import Subscriptions
from gatehouse.serving.answers import KeepAlive, LegacyAnswer
from gatehouse.serving.forward import Forwarder
from gatehouse.serving.http import JSON_HEADERS, STREAM_HEADERS, ClientGone, Exchange, Headers, HttpRequest
from gatehouse.serving.mcp_modern import trace

CANCELLED = -31499
MAX_BATCH = 100


class Conversation(msgspec.Struct, frozen=True):
    """Where a message of a session came from, and where its answer goes."""

    request: HttpRequest
    exchange: Exchange
    entry: Entry
    session: ClientSession
    extra: Headers


@dataclass(frozen=True, slots=True)
class LegacyParts:
    """What the faces for legacy clients are made of."""

    relay: Relay
    door: Door
    sessions: Sessions
    subscriptions: Subscriptions
    keep_alive: KeepAlive
    forwarder: Forwarder
    tasks: Tasks


class LegacyFace:
    def __init__(self, parts: LegacyParts) -> None:
        self._relay = parts.relay
        self._sessions = parts.sessions
        self._subscriptions = parts.subscriptions
        self._door = parts.door
        self._keep_alive = parts.keep_alive
        self._forwarder = parts.forwarder
        self._tasks = parts.tasks

    async def serve(
        self, request: HttpRequest, exchange: Exchange, entry: Entry, message: Message, extra: Headers
    ) -> None:
        """One POST."""
        if entry.offering.view.server.era == Era.MODERN:
            await self._wrong_era(exchange, entry, message, extra)
        elif isinstance(message, Request) and message.method == "initialize":
            await self._initialize(exchange, entry, message, extra)
        else:
            session = await self._find(request, exchange, entry, extra)
            if session is not None:
                await self._in_session(Conversation(request, exchange, entry, session, extra), message)

    async def _wrong_era(self, exchange: Exchange, entry: Entry, message: Message, extra: Headers) -> None:
        asked = message.params.get("protocolVersion") if isinstance(message, Request) else None
        id_ = message.id if isinstance(message, Request) else b"null"
        refusal = unsupported(id_, asked or json.NULL, entry.offering.versions())
        body = jsonrpc.error(id_, refusal.code, refusal.message, refusal.data)
        await exchange.reply(400, JSON_HEADERS + extra, body)

    async def _initialize(self, exchange: Exchange, entry: Entry, message: Request, extra: Headers) -> None:
        try:
            client = legacy.read_initialize(message.params)
        except ValueError as error:
            body = jsonrpc.error(message.id, INVALID_PARAMS, f"Invalid params: {error}")
            await exchange.reply(200, JSON_HEADERS + extra, body)
            return
        session = await self.begin(entry, client)
        body = jsonrpc.result(message.id, entry.offering.initialize(client.version))
        header = ((legacy.SESSION_HEADER, session.id.encode()),)
        await exchange.reply(200, JSON_HEADERS + extra + header, body)

    async def begin(self, entry: Entry, client: Client) -> ClientSession:
        """A new session, told from now on of changes in what it may see."""
        session = await self._sessions.open(entry.offering.view.server.id, entry.principal, client)
        self._follow(session, entry)
        return session

    def _follow(self, session: ClientSession, entry: Entry) -> None:
        async def changed(name: str) -> None:
            if self._door.look(entry) is None:
                session.close()
            else:
                await session.deliver(Notice(f"notifications/{name}/list_changed", json.EMPTY))

        subscription = self._subscriptions.add(lambda: self._door.look(entry), changed)
        session.on_close = lambda: self._subscriptions.remove(subscription)

    async def _find(
        self, request: HttpRequest, exchange: Exchange, entry: Entry, extra: Headers
    ) -> ClientSession | None:
        """The session that a request names; where it is not here, the request is answered already."""
        version = request.headers.get(VERSION_HEADER)
        if version is not None and version.decode("latin-1") not in LEGACY_VERSIONS:
            await self._refuse(exchange, extra, 400, f"Unsupported protocol version: {version.decode('latin-1')}")
            return None
        header = request.headers.get(legacy.SESSION_HEADER)
        if header is None:
            await self._refuse(exchange, extra, 400, "Mcp-Session-Id is missing; begin with an initialize request")
            return None
        server = entry.offering.view.server.id
        session = self._sessions.local(header.decode("latin-1"), server, entry.principal)
        if session is not None:
            return session
        found = await self._sessions.find(header.decode("latin-1"), server, entry.principal)
        if isinstance(found, Elsewhere):
            await self._forwarder.forward(found.address, request, exchange)
            return None
        if found is None:
            await self._refuse(exchange, extra, 404, "Session not found; begin again with an initialize request")
        elif found.on_close is None:
            self._follow(found, entry)
        return found

    async def _refuse(self, exchange: Exchange, extra: Headers, status: int, words: str) -> None:
        await exchange.reply(status, JSON_HEADERS + extra, jsonrpc.error(b"null", INVALID_REQUEST, words))

    async def _in_session(self, here: Conversation, message: Message) -> None:
        match message:
            case Request():
                await self._request(here, message)
            case Notification():
                await self.notification(here.session, message)
                await here.exchange.reply(202, here.extra, b"")
            case Response():
                await here.session.answer(message)
                await here.exchange.reply(202, here.extra, b"")
            case Batch():
                await self._batch(here, message)
            case Malformed():
                body = jsonrpc.error(message.id, message.code, message.message)
                await here.exchange.reply(400, JSON_HEADERS + here.extra, body)

    async def _request(self, here: Conversation, message: Request) -> None:
        method = METHODS[Era.LEGACY].get(message.method)
        if method is None or method.work != "relay":
            body = await self.local(here.entry, here.session, message)
            await here.exchange.reply(200, JSON_HEADERS + here.extra, body)
            return
        meta = json.fields(message.params.get("_meta", json.EMPTY))
        token = meta.get("progressToken")
        answer = LegacyAnswer(here.session, here.exchange, here.extra, message.id, token, self._tasks)
        self._keep_alive.add(answer)
        try:
            outcome = await self.call(here.entry, here.session, message, answer.emit, trace(here.request))
        finally:
            self._keep_alive.remove(answer)
        await answer.finish(outcome)

    async def call(
        self,
        entry: Entry,
        session: ClientSession,
        message: Request,
        emit: Emit,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Outcome:
        """Relay one request of a session; a cancellation by the client ends it with an error of its own."""
        params = dict(message.params)
        meta = json.fields(params.pop("_meta", json.EMPTY))
        token = meta.pop("progressToken", None)
        call = Call(
            message.method,
            params,
            session.client,
            entry.principal.id,
            session.id,
            meta,
            token,
            session.log_level,
            headers,
        )
        task = asyncio.current_task()
        if task is not None:
            session.begin_call(message.id, task)
        try:
            return await self._relay.relay(entry.offering, entry.principal, call, emit)
        except asyncio.CancelledError:
            if task is None or not session.was_cancelled(message.id):
                raise
            task.uncancel()
            return Failure(CANCELLED, "Cancelled by the client", own=True)
        finally:
            session.end_call(message.id)

    async def local(self, entry: Entry, session: ClientSession, message: Request) -> bytes:
        """The response to a request that no upstream is needed for."""
        if message.method == "ping":
            return jsonrpc.result(message.id, b"{}")
        if message.method in KIND_OF_LIST:
            return _page(entry, message)
        if message.method == "logging/setLevel":
            return await self._set_level(session, message)
        if message.method == "initialize":
            return jsonrpc.error(message.id, INVALID_REQUEST, "This session has been initialized already")
        return jsonrpc.error(message.id, METHOD_NOT_FOUND, f"Method not found: {message.method}")

    async def _set_level(self, session: ClientSession, message: Request) -> bytes:
        level = json.text(message.params.get("level"))
        if level not in LOG_LEVELS:
            return jsonrpc.error(message.id, INVALID_PARAMS, f"Invalid params: level is one of {', '.join(LOG_LEVELS)}")
        session.log_level = level
        await self._sessions.save(session)
        return jsonrpc.result(message.id, b"{}")

    async def notification(self, session: ClientSession, message: Notification) -> None:
        if message.method == "notifications/cancelled":
            session.cancel(bytes(message.params.get("requestId", b"")))
        elif message.method == "notifications/roots/list_changed":
            await self._relay.pool.notify_session(session.id, message.method)

    async def _batch(self, here: Conversation, batch: Batch) -> None:
        """2025-03-26 "Batching": each answer is an event of one stream."""
        messages = [jsonrpc.read(bytes(item)) for item in batch.items]
        if here.session.client.version != legacy.BATCH_VERSION or not 0 < len(messages) <= MAX_BATCH:
            words = f"Batches of 1 to {MAX_BATCH} messages exist in protocol version {legacy.BATCH_VERSION} only"
            await self._refuse(here.exchange, here.extra, 400, words)
            return
        requests = [message for message in messages if isinstance(message, Request | Malformed)]
        for message in messages:
            if isinstance(message, Notification):
                await self.notification(here.session, message)
            elif isinstance(message, Response):
                await here.session.answer(message)
        if not requests:
            await here.exchange.reply(202, here.extra, b"")
            return
        await here.exchange.start(200, STREAM_HEADERS + here.extra)
        stream = here.session.streams.open()
        pouring = self._tasks.spawn(self.pour(here.exchange, stream, 0), "batch stream")
        async with asyncio.TaskGroup() as group:
            for message in requests:
                group.create_task(self.answer(here.entry, here.session, message, stream))
        stream.finish()
        await pouring

    async def answer(self, entry: Entry, session: ClientSession, message: Request | Malformed, stream: Stream) -> None:
        """Answer any request on a stream that others use as well; what comes before the end goes there too."""
        if isinstance(message, Malformed):
            await stream.send(jsonrpc.error(message.id, message.code, message.message))
            return
        method = METHODS[Era.LEGACY].get(message.method)
        if method is None or method.work != "relay":
            await stream.send(await self.local(entry, session, message))
            return
        token = json.fields(message.params.get("_meta", json.EMPTY)).get("progressToken")

        async def emit(event: Event) -> None:
            await session.say(event, token, stream)

        outcome = await self.call(entry, session, message, emit)
        await stream.send(bridge.response(message.id, outcome))

    async def stream(self, request: HttpRequest, exchange: Exchange, entry: Entry, extra: Headers) -> None:
        """GET: the standalone stream, or one that broke off, from `Last-Event-ID` on."""
        session = await self._find(request, exchange, entry, extra)
        if session is None:
            return
        stream = session.streams.standalone
        after = stream.delivered
        last = request.headers.get(legacy.LAST_EVENT_HEADER)
        if last is not None:
            found = session.streams.find(last.decode("latin-1"))
            if found is None:
                await self._refuse(exchange, extra, 400, "Last-Event-ID is not of this session, or too long ago")
                return
            stream, after = found
        await exchange.start(200, STREAM_HEADERS + extra)
        await self.pour(exchange, stream, after)

    async def pour(self, exchange: Exchange, stream: Stream, after: int) -> None:
        """Write a stream to a client until it is done, the client goes, or reads it elsewhere."""
        task = asyncio.current_task()
        if task is not None:
            exchange.when_gone(task.cancel)
        with self._keep_alive.open(exchange):
            try:
                await stream.pour(exchange, after)
            except (ClientGone, Detached):
                return
            except asyncio.CancelledError:
                if not exchange.gone:
                    raise
                return
        await exchange.end()

    async def delete(self, request: HttpRequest, exchange: Exchange, entry: Entry, extra: Headers) -> None:
        session = await self._find(request, exchange, entry, extra)
        if session is not None:
            await self._sessions.end(session)
            await exchange.reply(204, extra, b"")


def _page(entry: Entry, message: Request) -> bytes:
    try:
        cursor = json.text(message.params.get("cursor"))
        page = entry.offering.page(KIND_OF_LIST[message.method], Era.LEGACY, cursor, entry.principal.id)
    except BadCursor:
        return jsonrpc.error(message.id, INVALID_PARAMS, "Invalid params: unknown cursor")
    return jsonrpc.result(message.id, page)

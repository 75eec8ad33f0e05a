"""Legacy clients over Streamable HTTP: a handshake, a session, and streams that can be come back to.

2025-03-26, 2025-06-18 and 2025-11-25 basic/transports and basic/lifecycle.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import msgspec

from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol import bridge, jsonrpc, legacy
from gatehouse.protocol.call import Call, Client, Emit, Era, Event, Failure, Notice, Outcome
from gatehouse.protocol.errors import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, rpc_code
from gatehouse.protocol.jsonrpc import Batch, Malformed, Message, Notification, Request, Response
from gatehouse.protocol.methods import LOG_LEVELS, METHODS
from gatehouse.protocol.modern import unsupported
from gatehouse.relay.door import Door, Entry
from gatehouse.relay.offering import KIND_OF_LIST, BadCursor, cursor_of
from gatehouse.relay.relay import Relay
from gatehouse.relay.sessions import ClientSession, Elsewhere, Sessions
from gatehouse.relay.streams import Detached, Stream
from gatehouse.relay.subscriptions import Subscriptions
from gatehouse.serving.answers import KeepAlive, LegacyAnswer
from gatehouse.serving.forward import Forwarder
from gatehouse.serving.http import JSON_HEADERS, STREAM_HEADERS, ClientGone, Exchange, Headers, HttpRequest, Work
from gatehouse.serving.mcp_modern import trace

log = logging.getLogger("gatehouse.serving")
CANCELLED = -31499
MAX_BATCH = 100
Single = Request | Notification | Response | Malformed


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

    def serve(
        self, request: HttpRequest, exchange: Exchange, entry: Entry, message: Message, extra: Headers
    ) -> Work | None:
        """One POST. What most requests are is told first: they are in a session that lives here."""
        handle = request.headers.get(legacy.SESSION_HEADER)
        if handle is None or not isinstance(message, Request) or message.method == "initialize":
            return self._serve(request, exchange, entry, message, extra)
        session = self._sessions.local(handle.decode("latin-1"), entry.offering.view.server.id, entry.principal)
        if session is None or entry.offering.view.server.era == Era.MODERN:
            return self._serve(request, exchange, entry, message, extra)
        if message.method in KIND_OF_LIST:
            exchange.reply(200, JSON_HEADERS + extra, _page(entry, message))
            return None
        return self._request(Conversation(request, exchange, entry, session, extra), message)

    async def _serve(
        self, request: HttpRequest, exchange: Exchange, entry: Entry, message: Message, extra: Headers
    ) -> None:
        if entry.offering.view.server.era == Era.MODERN:
            self._wrong_era(exchange, entry, message, extra)
        elif isinstance(message, Request) and message.method == "initialize":
            await self._initialize(exchange, entry, message, extra)
        else:
            session = await self._find(request, exchange, entry, extra)
            if session is not None:
                await self._in_session(Conversation(request, exchange, entry, session, extra), message)

    def _wrong_era(self, exchange: Exchange, entry: Entry, message: Message, extra: Headers) -> None:
        asked = message.params.get("protocolVersion") if isinstance(message, Request) else None
        id_ = message.id if isinstance(message, Request) else b"null"
        refusal = unsupported(id_, asked or json.NULL, entry.offering.versions())
        body = jsonrpc.error(id_, refusal.code, refusal.message, refusal.data)
        exchange.reply(400, JSON_HEADERS + extra, body)

    async def _initialize(self, exchange: Exchange, entry: Entry, message: Request, extra: Headers) -> None:
        try:
            client = legacy.read_initialize(message.params)
        except ValueError as error:
            body = jsonrpc.error(message.id, INVALID_PARAMS, f"Invalid params: {error}")
            exchange.reply(200, JSON_HEADERS + extra, body)
            return
        session = await self.begin(entry, client)
        body = jsonrpc.result(message.id, entry.offering.initialize(client.version))
        header = ((legacy.SESSION_HEADER, session.id.encode()),)
        exchange.reply(200, JSON_HEADERS + extra + header, body)

    async def begin(self, entry: Entry, client: Client) -> ClientSession:
        """A new session, told from now on of changes in what it may see."""
        session = await self._sessions.open(entry.offering.view.server.id, entry.principal, client)
        self._follow(session, entry)
        return session

    def _follow(self, session: ClientSession, entry: Entry) -> None:
        async def changed(name: str) -> None:
            if self._door.look(entry) is None:
                self._sessions.end_soon(session)
            else:
                await session.deliver(Notice(f"notifications/{name}/list_changed", json.EMPTY))

        subscription = self._subscriptions.add(lambda: self._door.look(entry), changed)
        session.on_close = lambda: self._subscriptions.remove(subscription)

    async def _find(
        self, request: HttpRequest, exchange: Exchange, entry: Entry, extra: Headers
    ) -> ClientSession | None:
        """The session that a request names; where it is not here, the request is answered already."""
        header = request.headers.get(legacy.SESSION_HEADER)
        if header is None:
            self._refuse(exchange, extra, 400, "Mcp-Session-Id is missing; begin with an initialize request")
            return None
        server = entry.offering.view.server.id
        session = self._sessions.local(header.decode("latin-1"), server, entry.principal)
        if session is not None:
            return session
        found = await self._sessions.find(header.decode("latin-1").strip(), server, entry.principal)
        if isinstance(found, Elsewhere):
            await self._forwarder.forward(found.address, request, exchange)
            return None
        if found is None:
            self._refuse(exchange, extra, 404, "Session not found; begin again with an initialize request")
        elif found.on_close is None:
            self._follow(found, entry)
        return found

    def _refuse(self, exchange: Exchange, extra: Headers, status: int, words: str) -> None:
        exchange.reply(status, JSON_HEADERS + extra, jsonrpc.error(b"null", INVALID_REQUEST, words))

    async def _in_session(self, here: Conversation, message: Message) -> None:
        match message:
            case Request():
                await self._request(here, message)
            case Notification():
                await self.notification(here.session, message)
                here.exchange.reply(202, here.extra, b"")
            case Response():
                await here.session.answer(message)
                here.exchange.reply(202, here.extra, b"")
            case Batch():
                await self._batch(here, message)
            case Malformed():
                body = jsonrpc.error(message.id, message.code, message.message)
                here.exchange.reply(400, JSON_HEADERS + here.extra, body)

    async def _request(self, here: Conversation, message: Request) -> None:
        method = METHODS[Era.LEGACY].get(message.method)
        if method is None or method.work != "relay":
            body = await self.local(here.entry, here.session, message)
            here.exchange.reply(200, JSON_HEADERS + here.extra, body)
            return
        try:
            call = _call(here.entry, here.session, message, trace(here.request))
        except json.BadJson as error:
            body = jsonrpc.error(message.id, INVALID_PARAMS, f"Invalid params: _meta: {error}")
            here.exchange.reply(200, JSON_HEADERS + here.extra, body)
            return
        answer = LegacyAnswer(here.session, here.exchange, here.extra, message.id, call.progress_token, self._tasks)
        self._keep_alive.add(answer)
        try:
            outcome = await self.call(here.entry, here.session, message.id, call, answer.emit)
        finally:
            self._keep_alive.remove(answer)
        await answer.finish(outcome)

    async def call(
        self,
        entry: Entry,
        session: ClientSession,
        id_: bytes,
        call: Call,
        emit: Emit,
    ) -> Outcome:
        """Relay one request of a session; a cancellation by the client ends it with an error of its own."""
        task = asyncio.current_task()
        if task is not None:
            session.begin_call(id_, task)
        try:
            return await self._relay.relay(entry, call, emit)
        except asyncio.CancelledError:
            if task is None or not session.was_cancelled(id_):
                raise
            task.uncancel()
            return Failure(CANCELLED, "Cancelled by the client", own=True)
        except Exception:
            log.exception("A call failed inside")
            return Failure(INTERNAL_ERROR, "Internal error", own=True)
        finally:
            session.end_call(id_)

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
        level = _text(message.params.get("level"))
        if level not in LOG_LEVELS:
            return jsonrpc.error(message.id, INVALID_PARAMS, f"Invalid params: level is one of {', '.join(LOG_LEVELS)}")
        session.log_level = level
        try:
            await self._sessions.save(session)
        except GatewayError as error:
            return jsonrpc.error(message.id, rpc_code(error), str(error))
        return jsonrpc.result(message.id, b"{}")

    async def notification(self, session: ClientSession, message: Notification) -> None:
        if message.method == "notifications/cancelled":
            session.cancel(bytes(message.params.get("requestId", b"")))
        elif message.method == "notifications/roots/list_changed":
            await self._relay.pool.notify_session(session.id, message.method)

    async def _batch(self, here: Conversation, batch: Batch) -> None:
        """2025-03-26 "Batching": each answer is an event of one stream."""
        if here.session.client.version != legacy.BATCH_VERSION or not 0 < len(batch.items) <= MAX_BATCH:
            words = f"Batches of 1 to {MAX_BATCH} messages exist in protocol version {legacy.BATCH_VERSION} only"
            self._refuse(here.exchange, here.extra, 400, words)
            return
        messages = read_items(batch)
        requests = [message for message in messages if isinstance(message, Request | Malformed)]
        for message in messages:
            if isinstance(message, Notification):
                await self.notification(here.session, message)
            elif isinstance(message, Response):
                await here.session.answer(message)
        if not requests:
            here.exchange.reply(202, here.extra, b"")
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
        try:
            call = _call(entry, session, message)
        except json.BadJson as error:
            await stream.send(jsonrpc.error(message.id, INVALID_PARAMS, f"Invalid params: _meta: {error}"))
            return

        async def emit(event: Event) -> None:
            await session.say(event, call.progress_token, stream)

        outcome = await self.call(entry, session, message.id, call, emit)
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
                self._refuse(exchange, extra, 400, "Last-Event-ID is not of this session, or too long ago")
                return
            stream, after = found
        await exchange.start(200, STREAM_HEADERS + extra)
        await self.pour(exchange, stream, after, self._door.seconds_left(entry.principal))

    async def pour(self, exchange: Exchange, stream: Stream, after: int, seconds: float | None = None) -> None:
        """Write a stream to a client until it is done, the client goes, or reads it elsewhere.

        `seconds` is how long it may be read at most: until the token expires.
        """
        task = asyncio.current_task()
        if task is not None:
            exchange.when_gone(task.cancel)
        with self._keep_alive.open(exchange):
            try:
                async with asyncio.timeout(seconds):
                    await stream.pour(exchange, after)
            except ClientGone:
                return
            except (Detached, TimeoutError):
                pass
            except asyncio.CancelledError:
                if not exchange.gone:
                    raise
                return
        await exchange.end()

    async def delete(self, request: HttpRequest, exchange: Exchange, entry: Entry, extra: Headers) -> None:
        session = await self._find(request, exchange, entry, extra)
        if session is not None:
            await self._sessions.end(session)
            exchange.reply(204, extra, b"")


def read_items(batch: Batch) -> list[Single]:
    """The messages of a batch; one that is a batch itself is none."""
    messages = [jsonrpc.read(bytes(item)) for item in batch.items]
    nested = Malformed(INVALID_REQUEST, "Invalid request: a batch in a batch")
    return [nested if isinstance(message, Batch) else message for message in messages]


def _call(entry: Entry, session: ClientSession, message: Request, headers: tuple[tuple[str, str], ...] = ()) -> Call:
    """Takes the `_meta` out of the message; raises `BadJson` where that is no object."""
    params = message.params
    meta = json.fields(params.pop("_meta")) if "_meta" in params else {}
    token = meta.pop("progressToken", None)
    level = session.log_level
    return Call(
        message.method, params, session.client, entry.principal.id, session.id, meta, token, level, None, headers,
        message.id, message.size,
    )  # fmt: skip


def _text(value: json.Raw | None) -> str | None:
    try:
        return json.text(value)
    except json.BadJson:
        return None


def _page(entry: Entry, message: Request) -> bytes:
    try:
        cursor = cursor_of(message.params)
        page = entry.offering.page(KIND_OF_LIST[message.method], Era.LEGACY, cursor, entry.principal.id)
    except BadCursor:
        return jsonrpc.error(message.id, INVALID_PARAMS, "Invalid params: unknown cursor")
    return jsonrpc.result(message.id, page)

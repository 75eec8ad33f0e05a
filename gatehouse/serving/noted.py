"""What stands around the faces where each request is to be in the log; nothing of it is on the way where it is not."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse.serving.http import Exchange, Handler, Headers, HttpRequest, Work
from gatehouse.telemetry.logs.requests import NOW, RequestLog, RequestNote, note_request


class NotedExchange:
    """An exchange that notes what is answered on it."""

    __slots__ = ("_exchange", "_log", "_note")

    def __init__(self, exchange: Exchange, note: RequestNote, log: RequestLog) -> None:
        self._exchange = exchange
        self._note = note
        self._log = log

    @property
    def gone(self) -> bool:
        return self._exchange.gone

    @property
    def started(self) -> bool:
        return self._exchange.started

    def when_gone(self, callback: Callable[[], object]) -> None:
        self._exchange.when_gone(callback)

    def cancel_when_gone(self) -> None:
        self._exchange.cancel_when_gone()

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        if not self._exchange.gone:
            self._note.status, self._note.bytes_out = status, len(body)
        self._exchange.reply(status, headers, body)
        self._end()

    async def start(self, status: int, headers: Headers) -> None:
        self._note.status = status
        await self._exchange.start(status, headers)

    async def write(self, data: bytes) -> None:
        await self._exchange.write(data)
        self._note.bytes_out += len(data)

    async def end(self) -> None:
        await self._exchange.end()
        self._end()

    def settle(self) -> None:
        self._exchange.settle()
        self._end()

    def _end(self) -> None:
        if not self._note.ended:
            self._log.done(self._note)


def noted_handler(handler: Handler, log: RequestLog) -> Handler:
    """For the way past ASGI."""

    def handle(request: HttpRequest, exchange: Exchange) -> Work | None:
        note = note_request(request.method, request.path, request.headers, request.peer)
        token = NOW.set(note)
        try:
            left = handler(request, NotedExchange(exchange, note, log))
        finally:
            NOW.reset(token)
        return None if left is None else _within(note, left)

    return handle


async def _within(note: RequestNote, work: Work) -> None:
    NOW.set(note)
    await work


def noted_app(app: ASGIApp, log: RequestLog) -> ASGIApp:
    """For all that comes by ASGI."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        peer = scope.get("client")
        note = note_request(scope["method"], scope["path"], dict(scope["headers"]), peer[0] if peer else None)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                note.status = message["status"]
            elif message["type"] == "http.response.body":
                note.bytes_out += len(message.get("body", b""))
            await send(message)

        token = NOW.set(note)
        try:
            await app(scope, receive, sent)
        finally:
            NOW.reset(token)
            log.done(note)

    return answer

"""Messages of the legacy era from stdin over Streamable HTTP: a session, its own stream, and coming back to both."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup

from gatehouse.cli.connect_words import refused
from gatehouse.cli.endpoint import GET, POST, Emit, Endpoint, Place, answers, is_events, opened, rpc_error_for
from gatehouse.cli.errors import Unreachable, note
from gatehouse.kit import json
from gatehouse.protocol import jsonrpc, legacy
from gatehouse.protocol.jsonrpc import Request
from gatehouse.upstreams.http import HttpResponse

INITIALIZED = "notifications/initialized"
_FRUITLESS = 5
"""Times in a row that a broken stream may be resumed without a single event."""
_HANDSHAKE = 60.0


@dataclass(frozen=True, slots=True)
class Session:
    """What every request after the handshake says."""

    id: bytes | None
    version: bytes

    @property
    def headers(self) -> bytes:
        id_ = b"mcp-session-id: %b\r\n" % self.id if self.id else b""
        return (b"mcp-protocol-version: %b\r\n" % self.version if self.version else b"") + id_


NO_SESSION = Session(None, b"")


class LegacyConnection:
    """`background`: where the session's own stream is read; its owner cancels it at the end."""

    def __init__(self, endpoint: Endpoint, emit: Emit, background: TaskGroup) -> None:
        self._endpoint = endpoint
        self._emit = emit
        self._background = background
        self._session = NO_SESSION
        self._initialize = b""
        self._initialized = jsonrpc.notification(INITIALIZED)
        self._renewing = anyio.Lock()

    async def request(self, body: bytes, request: Request) -> None:
        """Carry one request to its answer; raises `Unreachable`."""
        if request.method == "initialize":
            self._initialize, self._session = body, NO_SESSION
        response = await self._post(body)
        try:
            await self._answer(response, request)
        finally:
            response.abort()

    async def tell(self, body: bytes, method: str = "") -> None:
        """Carry a notification, or the client's answer to a question; raises `Unreachable`."""
        response = await self._post(body, timeout=30.0)
        await self._endpoint.body(response)
        if response.status >= 400:
            note(f"The server refused {method or 'an answer'} (HTTP {response.status}).")
        if method == INITIALIZED:
            self._initialized = body
            self._listen()

    async def close(self) -> None:
        """End the session; never raises."""
        session, self._session = self._session, NO_SESSION
        if session.id is None:
            return
        try:
            (await self._endpoint.send(b"DELETE", session.headers, timeout=3.0)).abort()
        except Unreachable:
            return

    async def _post(self, body: bytes, timeout: float | None = None) -> HttpResponse:
        """Send it in the session; in a new one where the old one is gone (2025-11-25 "Session management")."""
        session = self._session
        response = await self._endpoint.send(b"POST", POST + session.headers, body, timeout)
        if response.status != 404 or session.id is None:
            return response
        response.abort()
        await self._renew(session)
        return await self._endpoint.send(b"POST", POST + self._session.headers, body, timeout)

    async def _renew(self, gone: Session) -> None:
        """Shake hands again as the client did; its own knowledge of the server stays as it is."""
        async with self._renewing:
            if self._session is not gone:
                return
            note("The session was gone; a new one was opened.")
            with anyio.move_on_after(_HANDSHAKE):
                response = await self._endpoint.send(b"POST", POST, self._initialize)
                try:
                    await self._adopt_from(response)
                finally:
                    response.abort()
                (await self._endpoint.send(b"POST", POST + self._session.headers, self._initialized)).abort()
            if self._session is gone:
                raise Unreachable("The session is gone, and no new one could be opened.", "Try again.")
            self._listen()

    async def _adopt_from(self, response: HttpResponse) -> None:
        if response.status != 200:
            raise Unreachable(f"A new session was refused (HTTP {response.status}).", "Start the client again.")
        if not is_events(response):
            self._adopt(response, await self._endpoint.body(response))
            return
        async for event in self._endpoint.events(response):
            if self._adopt(response, event.data):
                return

    def _adopt(self, response: HttpResponse, message: bytes) -> bool:
        """Take session and version from the answer to initialize; whether it is that."""
        result = opened(message).get("result")
        if result is None:
            return False
        version = json.text(opened(bytes(result)).get("protocolVersion")) or legacy.LATEST
        self._session = Session(response.headers.get(legacy.SESSION_HEADER), version.encode())
        return True

    async def _answer(self, response: HttpResponse, request: Request) -> None:
        if is_events(response):
            await self._stream(response, request)
            return
        body = await self._endpoint.body(response)
        if response.status == 200 and answers(body, request.id):
            await self._pass_on(response, body, request)
        else:
            await self._emit(rpc_error_for(body, request.id) or refused(request.id, response.status, body))

    async def _pass_on(self, response: HttpResponse, message: bytes, request: Request) -> None:
        if request.method == "initialize":
            self._adopt(response, message)
        await self._emit(message)

    async def _stream(self, first: HttpResponse, request: Request) -> None:
        """Pass a stream on up to the answer, coming back to it by its last event where it breaks off before."""
        place, response, fruitless = Place(), first, 0
        while fruitless < _FRUITLESS:
            before = place.last_id
            try:
                async for event in self._endpoint.events(response):
                    place.note(event)
                    if event.data:
                        await self._pass_on(first, event.data, request)
                        if answers(event.data, request.id):
                            return
            except Unreachable:
                if place.last_id is None:
                    raise
            finally:
                response.abort()
            if place.last_id is None:
                break
            fruitless = 0 if place.last_id != before else fruitless + 1
            await anyio.sleep(place.retry)
            response = await self._resume(place) or response
        raise Unreachable("The connection ended before the answer came.", "Try again.")

    async def _resume(self, place: Place) -> HttpResponse | None:
        """None where the server can't be reached just now."""
        try:
            response = await self._endpoint.send(b"GET", GET + self._session.headers + place.header())
        except Unreachable:
            return None
        if response.status != 200 or not is_events(response):
            response.abort()
            raise Unreachable("The stream broke off, and the server does not let us come back to it.", "Try again.")
        return response

    def _listen(self) -> None:
        if self._session.id is not None:
            self._background.start_soon(self._keep_listening, self._session)

    async def _keep_listening(self, session: Session) -> None:
        """Pass on what the server says outside of requests, as long as the session lives."""
        place = Place()
        while self._session is session:
            try:
                response = await self._endpoint.send(b"GET", GET + session.headers + place.header())
                if response.status != 200 or not is_events(response):
                    response.abort()
                    await self._stream_refused(response.status, session)
                    return
                await self._overhear(response, place)
            except Unreachable:
                place.slower()
            await anyio.sleep(place.retry)

    async def _stream_refused(self, status: int, session: Session) -> None:
        """405: the server has no such stream. 404: the session is gone."""
        if status == 404:
            await self._renew(session)

    async def _overhear(self, response: HttpResponse, place: Place) -> None:
        try:
            async for event in self._endpoint.events(response):
                place.note(event)
                if event.data:
                    await self._emit(event.data)
        finally:
            response.abort()

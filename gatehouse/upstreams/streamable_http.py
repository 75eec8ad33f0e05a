"""Streamable HTTP as a client of an upstream, in both eras: each request is a POST, its answer JSON or an event stream.

Whatever arrives on a POST's stream belongs to that request, so any number may be under way at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol import jsonrpc, legacy, modern
from gatehouse.protocol.call import Answer, Emit, Event, Failure, Notice, Outcome, Progress
from gatehouse.protocol.errors import MODERN_CODES
from gatehouse.protocol.sse import SseEvent, SseParser, SseTooLarge
from gatehouse.upstreams.http import (
    BodyTooLarge,
    HttpClient,
    HttpError,
    HttpResponse,
    NotConnected,
    Origin,
    ResponseTimedOut,
)
from gatehouse.upstreams.peer import (
    PING_ANSWER,
    Incoming,
    ListsChanged,
    Outgoing,
    ResourceUpdated,
    SessionGone,
    TakeStray,
    WrongEra,
    event_of,
    failure_of,
    outcome_of,
    read_incoming,
    with_token,
)

_POST_HEADERS = b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
_GET_HEADERS = b"accept: text/event-stream\r\n"
_RETRY = 1.0
_SLOWEST_RETRY = 30.0
MAX_RESUMES = 100
"""How often one answer is fetched again after its stream broke off."""


class Address:
    """Where an upstream is, and the header lines that every request to it carries (credentials among them)."""

    def __init__(self, http: HttpClient, url: str, headers: bytes, max_event: int) -> None:
        self._http = http
        self._headers = headers
        self.origin, self._target = Origin.from_url(url)
        self.max_event = max_event

    async def send(
        self, method: bytes, headers: bytes, body: bytes = b"", timeout: float | None = None
    ) -> HttpResponse:
        """One request; raises `UpstreamDown` or `TimedOut`. `timeout` is in seconds; none for streams that stay open."""
        try:
            return await self._http.request(
                method, self.origin, self._target, self._headers + headers, body, timeout=timeout
            )
        except HttpError as error:
            raise translate(error) from None

    async def events(self, response: HttpResponse, parser: SseParser, quiet: float | None) -> list[SseEvent] | None:
        """The next events of a stream; None at its end. `quiet`: seconds without any byte, after which it is given up."""
        try:
            chunk = await response.next(quiet)
            return parser.feed(chunk) if chunk else None
        except HttpError as error:
            raise translate(error) from None
        except SseTooLarge:
            raise UpstreamFailed("The upstream sent an event that is too large") from None

    async def body(self, response: HttpResponse) -> bytes:
        try:
            return await response.read()
        except HttpError as error:
            raise translate(error) from None


def translate(error: HttpError) -> GatewayError:
    """An error of the HTTP client in the words of the gateway."""
    if isinstance(error, ResponseTimedOut):
        return TimedOut("The upstream gave no sign of life in time")
    if isinstance(error, BodyTooLarge):
        return UpstreamFailed("The upstream's answer is too large")
    if isinstance(error, NotConnected):
        return UpstreamDown(f"The upstream can't be reached: {error}")
    return UpstreamDown(f"The connection to the upstream broke: {error}")


class ModernHttpPeer:
    """A stateless peer: nothing to open, nothing to end."""

    alive = True

    def __init__(self, address: Address) -> None:
        self._address = address
        self._next_id = 0

    async def request(self, outgoing: Outgoing, emit: Emit) -> Outcome:
        self._next_id += 1
        id_ = b"%d" % self._next_id
        params = with_token(outgoing.params, id_) if outgoing.wants_progress else outgoing.params
        headers = _POST_HEADERS + modern.request_headers(outgoing.method, params, outgoing.names)
        body = jsonrpc.request(id_, outgoing.method, json.dump(params))
        response = await self._address.send(b"POST", headers + lines(outgoing.headers), body, outgoing.timeout)
        try:
            return await self._outcome(response, emit, outgoing.timeout)
        except asyncio.CancelledError:
            # Closing the stream is how a request of this era is cancelled.
            response.abort()
            raise
        finally:
            response.release()

    async def _outcome(self, response: HttpResponse, emit: Emit, quiet: float | None) -> Outcome:
        if response.status != 200:
            return await refusal(self._address, response, lambda failure: failure.code not in _MODERN_ANSWERS)
        if response.content_type != b"text/event-stream":
            return outcome_of(read_incoming(await self._address.body(response)))
        parser = SseParser(self._address.max_event)
        while (events := await self._address.events(response, parser, quiet)) is not None:
            for message in (read_incoming(event.data) for event in events if event.data):
                if message.method is None:
                    return outcome_of(message)
                if message.id is None:
                    await emit(_said(message))
        raise UpstreamDown("The upstream closed the stream before it answered")

    async def notify(self, method: str, params: bytes = b"{}") -> None:
        """A stateless server takes no notifications over HTTP."""

    async def close(self) -> None: ...


_MODERN_ANSWERS = MODERN_CODES | {-32602, -32603, -32700}


def _said(message: Incoming) -> Event:
    """A notification of a stateless stream; what a subscription brings is a notice like any other."""
    event = event_of(message, _nobody)
    if isinstance(event, ListsChanged | ResourceUpdated):
        return Notice(message.method or "", message.params)
    return event


async def _nobody(answer: Answer) -> None: ...


async def refusal(address: Address, response: HttpResponse, doubtful: Callable[[Failure], bool]) -> Outcome:
    """What an answer other than 200 means; raises `WrongEra` where `doubtful` finds that it speaks for the other era."""
    if response.status in (401, 403):
        raise UpstreamFailed(f"The upstream wants credentials (HTTP {response.status})")
    failure = await _rpc_failure(address, response)
    if response.status in (400, 404, 405, 406) and (failure is None or doubtful(failure)):
        raise WrongEra(failure or Failure(-31502, f"The upstream answered HTTP {response.status}", own=True))
    if failure is not None:
        return failure
    raise UpstreamFailed(f"The upstream answered HTTP {response.status}")


async def _rpc_failure(address: Address, response: HttpResponse) -> Failure | None:
    body = await address.body(response)
    try:
        message = read_incoming(body)
    except UpstreamFailed:
        return None
    return failure_of(message.error) if message.error is not None else None


class LegacyHttpPeer:
    """A session, or the lack of one where the upstream hands none out. Begins with `initialize`."""

    def __init__(self, address: Address, tasks: Tasks, take_stray: TakeStray) -> None:
        self._address = address
        self._tasks = tasks
        self._take_stray = take_stray
        self._headers = b""
        self._next_id = 0
        self._closed = False
        self.session_id: bytes | None = None

    @property
    def alive(self) -> bool:
        return not self._closed

    def adopt(self, version: str) -> None:
        """Speak the version that the handshake settled on."""
        session = b"mcp-session-id: %b\r\n" % self.session_id if self.session_id else b""
        self._headers = b"mcp-protocol-version: %b\r\n" % version.encode() + session

    async def request(self, outgoing: Outgoing, emit: Emit) -> Outcome:
        self._next_id += 1
        id_ = b"%d" % self._next_id
        params = with_token(outgoing.params, id_) if outgoing.wants_progress else outgoing.params
        body = jsonrpc.request(id_, outgoing.method, json.dump(params))
        headers = _POST_HEADERS + self._headers + lines(outgoing.headers)
        response = await self._address.send(b"POST", headers, body, outgoing.timeout)
        try:
            return await self._outcome(response, outgoing, emit)
        except asyncio.CancelledError:
            self._tasks.spawn(self._cancel(id_), "cancel upstream request")
            raise
        finally:
            response.release()

    async def _cancel(self, id_: bytes) -> None:
        """A closed connection is no cancellation in this era (2025-11-25 basic/transports): it must be said."""
        await self.notify("notifications/cancelled", b'{"requestId":%b}' % id_)

    async def _outcome(self, response: HttpResponse, outgoing: Outgoing, emit: Emit) -> Outcome:
        if response.status != 200:
            return await self._refusal(response)
        if outgoing.method == "initialize":
            self.session_id = response.headers.get(legacy.SESSION_HEADER)
        if response.content_type != b"text/event-stream":
            return outcome_of(read_incoming(await self._address.body(response)))
        return await self._stream(response, emit, outgoing.timeout)

    async def _refusal(self, response: HttpResponse) -> Outcome:
        if self.session_id is not None and response.status == 404:
            raise SessionGone
        try:
            return await refusal(self._address, response, lambda failure: failure.code in _NO_SESSION)
        except WrongEra:
            if self.session_id is not None and response.status == 400:
                raise SessionGone from None
            raise

    async def _stream(self, response: HttpResponse, emit: Emit, quiet: float | None) -> Outcome:
        """Read the stream to its answer, coming back to it where the upstream lets us (2025-11-25 "Resumability")."""
        place = _Place()
        for _ in range(MAX_RESUMES):
            outcome = await self._read_stream(response, place, emit, quiet)
            if outcome is not None:
                return outcome
            if place.last_id is None:
                break
            response.release()
            await asyncio.sleep(place.retry)
            response = await self._resume(place)
        raise UpstreamDown("The upstream closed the stream before it answered")

    async def _read_stream(
        self, response: HttpResponse, place: _Place, emit: Emit, quiet: float | None
    ) -> Outcome | None:
        parser = SseParser(self._address.max_event)
        try:
            while (events := await self._address.events(response, parser, quiet)) is not None:
                for event in events:
                    place.note(event)
                    outcome = await self._take(read_incoming(event.data), emit) if event.data else None
                    if outcome is not None:
                        return outcome
        except UpstreamDown:
            if place.last_id is None:
                raise
        return None

    async def _resume(self, place: _Place) -> HttpResponse:
        headers = _GET_HEADERS + self._headers + b"last-event-id: %b\r\n" % (place.last_id or "").encode()
        response = await self._address.send(b"GET", headers)
        if response.status != 200:
            response.abort()
            raise UpstreamDown("The upstream closed the stream before it answered")
        return response

    async def _take(self, message: Incoming, emit: Emit) -> Outcome | None:
        """Handle one message of a request's stream; its answer, where it is that."""
        if message.method is None:
            return outcome_of(message)
        if message.method == "ping" and message.id is not None:
            await self._reply(message.id, PING_ANSWER)
            return None
        event = event_of(message, self._replier(message))
        if isinstance(event, ListsChanged | ResourceUpdated):
            await self._take_stray(event)
        else:
            await emit(event)
        return None

    def _replier(self, message: Incoming) -> Callable[[Answer], Awaitable[None]]:
        id_ = message.id or b"null"

        async def reply(answer: Answer) -> None:
            await self._reply(id_, answer)

        return reply

    async def _reply(self, id_: bytes, answer: Answer) -> None:
        if answer.error is not None:
            await self._post(jsonrpc.error_object(id_, answer.error))
        else:
            await self._post(jsonrpc.result(id_, bytes(answer.result or json.EMPTY)))

    async def notify(self, method: str, params: bytes = b"{}") -> None:
        await self._post(jsonrpc.notification(method, params))

    async def _post(self, message: bytes) -> None:
        response = await self._address.send(b"POST", _POST_HEADERS + self._headers, message, 30.0)
        response.release()

    async def listen(self) -> None:
        """Keep the standalone stream open and pass on what is said there; ends where the upstream has none."""
        place = _Place()
        while not self._closed:
            try:
                response = await self._address.send(b"GET", _GET_HEADERS + self._headers + place.header())
                if response.status != 200 or response.content_type != b"text/event-stream":
                    response.abort()
                    return
                await self._overhear(response, place)
            except (UpstreamDown, UpstreamFailed, TimedOut):
                place.slower()
            await asyncio.sleep(place.retry)

    async def _overhear(self, response: HttpResponse, place: _Place) -> None:
        parser = SseParser(self._address.max_event)
        try:
            while (events := await self._address.events(response, parser, None)) is not None:
                for event in events:
                    place.note(event)
                    if event.data:
                        await self._overheard(read_incoming(event.data))
        finally:
            response.abort()

    async def _overheard(self, message: Incoming) -> None:
        if message.method == "ping" and message.id is not None:
            await self._reply(message.id, PING_ANSWER)
        elif message.method is not None:
            event = event_of(message, self._replier(message))
            if not isinstance(event, Progress):
                await self._take_stray(event)

    async def close(self) -> None:
        """End the session at the upstream, which may refuse that; never raises."""
        if self._closed:
            return
        self._closed = True
        if self.session_id is not None:
            try:
                response = await self._address.send(b"DELETE", self._headers, timeout=5.0)
                response.release()
            except GatewayError:
                return


_NO_SESSION = frozenset({-32000, -32001, -32600}) | MODERN_CODES
"""What servers answer to a session that they don't know, or to a handshake that they don't have."""


class _Place:
    """Where we are in a stream that may be come back to."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.retry = _RETRY

    def note(self, event: SseEvent) -> None:
        self.last_id = event.id if event.id is not None else self.last_id
        self.retry = event.retry / 1000 if event.retry is not None else self.retry

    def slower(self) -> None:
        self.retry = min(self.retry * 2, _SLOWEST_RETRY)

    def header(self) -> bytes:
        return b"last-event-id: %b\r\n" % self.last_id.encode() if self.last_id else b""


def lines(headers: tuple[tuple[str, str], ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in headers) if headers else b""

"""Streamable HTTP as a client of an upstream, in both eras: each request is a POST, its answer JSON or an event stream.

Whatever arrives on a POST's stream belongs to that request, so any number may be under way at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol import jsonrpc, legacy, modern
from gatehouse.protocol.call import Answer, Ask, Emit, Event, Failure, Notice, Outcome, Progress
from gatehouse.protocol.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LEGACY_RESOURCE_NOT_FOUND,
    METHOD_NOT_FOUND,
    MODERN_CODES,
    PARSE_ERROR,
)
from gatehouse.protocol.sse import SseEvent, SseParser
from gatehouse.upstreams.address import Address, arrived_json, translate
from gatehouse.upstreams.http import (
    HttpError,
    HttpResponse,
)
from gatehouse.upstreams.peer import (
    ANSWER_PATIENCE,
    CANCELLED,
    NEVER_CANCELLED,
    PING_ANSWER,
    Incoming,
    ListsChanged,
    Outgoing,
    ResourceUpdated,
    SessionGone,
    SignInNeeded,
    TakeStray,
    WrongEra,
    answers,
    event_of,
    failure_of,
    outcome_of,
    read_incoming,
    split_batch,
    with_token,
)

_POST_HEADERS = b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
_GET_HEADERS = b"accept: text/event-stream\r\n"
_RETRY = 1.0
_SLOWEST_RETRY = 30.0
MAX_RESUMES = 100
"""How often one answer is fetched again after its stream broke off."""


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
        try:
            response = await self._address.begin(b"POST", headers + lines(outgoing.headers), body, outgoing.timeout)
        except HttpError as error:
            raise translate(error) from None
        try:
            whole = arrived_json(response)
            if whole is not None:
                return self._address.read(whole, id_)
            return await self._outcome(response, id_, emit, outgoing.timeout)
        except asyncio.CancelledError:
            # Closing the stream is how a request of this era is cancelled.
            response.abort()
            raise
        finally:
            response.release()

    async def _outcome(self, response: HttpResponse, id_: bytes, emit: Emit, quiet: float | None) -> Outcome:
        if response.status != 200:
            return await refusal(self._address, response, lambda failure: failure.code not in _MODERN_ANSWERS)
        if response.content_type != b"text/event-stream":
            return await self._address.answer(response, id_)
        parser = SseParser(self._address.max_event)
        while (events := await self._address.events(response, parser, quiet)) is not None:
            for message in messages(events):
                if message.method is None and answers(message, id_):
                    return outcome_of(message)
                # A server of this era asks nothing on its own.
                if message.method is not None and message.id is None:
                    await emit(_said(message))
        raise UpstreamDown("The upstream closed the stream before it answered")

    async def notify(self, method: str, params: bytes = b"{}") -> None:
        """A stateless server takes no notifications over HTTP."""

    async def close(self) -> None: ...


_MODERN_ANSWERS = MODERN_CODES | {INVALID_PARAMS, INTERNAL_ERROR, PARSE_ERROR}


def messages(events: list[SseEvent]) -> list[Incoming]:
    """The messages that events bring; raises `UpstreamFailed`."""
    return [read_incoming(data) for event in events if event.data for data in split_batch(event.data)]


def _said(message: Incoming) -> Event:
    """A notification of a stateless stream; what a subscription brings is a notice like any other."""
    event = event_of(message, _nobody)
    if isinstance(event, ListsChanged | ResourceUpdated):
        return Notice(message.method or "", message.params)
    return event


async def _nobody(answer: Answer) -> None: ...


async def refusal(address: Address, response: HttpResponse, doubtful: Callable[[Failure], bool]) -> Outcome:
    """What an answer other than 200 means; raises `WrongEra` where `doubtful` finds that it speaks for the other era."""
    if response.status == 401 or (response.status == 403 and b"www-authenticate" in response.headers):
        raise SignInNeeded(response.status)
    if response.status == 403:
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
        self._listening: asyncio.Task[object] | None = None
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
        try:
            return await self._exchange(id_, outgoing, emit)
        except (asyncio.CancelledError, TimedOut):
            if outgoing.method not in NEVER_CANCELLED:
                self._tasks.spawn(self._cancel(id_), "cancel upstream request")
            raise

    async def _cancel(self, id_: bytes) -> None:
        """A closed connection is no cancellation in this era (2025-11-25 basic/transports): it must be said."""
        with suppress(GatewayError):
            await self.notify(CANCELLED, b'{"requestId":%b}' % id_)

    async def _exchange(self, id_: bytes, outgoing: Outgoing, emit: Emit) -> Outcome:
        params = with_token(outgoing.params, id_) if outgoing.wants_progress else outgoing.params
        body = jsonrpc.request(id_, outgoing.method, json.dump(params))
        headers = _POST_HEADERS + self._headers + lines(outgoing.headers)
        try:
            response = await self._address.begin(b"POST", headers, body, outgoing.timeout)
        except HttpError as error:
            raise translate(error) from None
        try:
            whole = arrived_json(response)
            if whole is not None and outgoing.method != "initialize":
                return self._address.read(whole, id_)
            if response.status != 200:
                return await self._refusal(response)
            if outgoing.method == "initialize":
                self.session_id = response.headers.get(legacy.SESSION_HEADER)
            if response.content_type != b"text/event-stream":
                return (
                    self._address.read(whole, id_) if whole is not None else await self._address.answer(response, id_)
                )
            place = _Place(id_, outgoing.timeout)
            outcome = await self._read_stream(response, place, emit)
        finally:
            response.release()
        return outcome if outcome is not None else await self._come_back(place, emit)

    async def _refusal(self, response: HttpResponse) -> Outcome:
        def doubtful(failure: Failure) -> bool:
            return response.status == 404 or failure.code in _NO_SESSION or failure.code == INVALID_PARAMS

        try:
            return await refusal(self._address, response, doubtful)
        except WrongEra as error:
            failure: Failure = error.args[0]
            if failure.code == LEGACY_RESOURCE_NOT_FOUND:
                return failure
            if self.session_id is not None and response.status in (400, 404) and failure.code not in _OF_REQUEST:
                raise SessionGone from None
            raise

    async def _come_back(self, place: _Place, emit: Emit) -> Outcome:
        """Fetch the rest of a stream that broke off, where the upstream lets us (2025-11-25 "Resumability")."""
        for _ in range(MAX_RESUMES):
            if place.last_id is None:
                break
            await asyncio.sleep(place.retry)
            response = await self._resume(place)
            try:
                outcome = await self._read_stream(response, place, emit)
            finally:
                response.release()
            if outcome is not None:
                return outcome
        raise UpstreamDown("The upstream closed the stream before it answered")

    async def _read_stream(self, response: HttpResponse, place: _Place, emit: Emit) -> Outcome | None:
        """The answer, or None where the stream ends before it and there is a place to come back to."""
        parser = SseParser(self._address.max_event)
        try:
            while (events := await self._address.events(response, parser, place.patience)) is not None:
                for event in events:
                    for message in messages([event]):
                        outcome = await self._take(message, place, emit)
                        if outcome is not None:
                            return outcome
                    place.note(event)
        except UpstreamDown:
            if place.last_id is None:
                raise
        return None

    async def _resume(self, place: _Place) -> HttpResponse:
        response = await self._address.send(
            b"GET", _GET_HEADERS + self._headers + place.header(), timeout=place.patience
        )
        if response.status != 200 or response.content_type != b"text/event-stream":
            response.abort()
            raise UpstreamDown("The upstream closed the stream before it answered")
        return response

    async def _take(self, message: Incoming, place: _Place, emit: Emit) -> Outcome | None:
        """Handle one message of a request's stream; its answer, where it is that."""
        if message.method is None:
            return outcome_of(message) if answers(message, place.id) else None
        if message.method == "ping" and message.id is not None:
            await self._reply(message.id, PING_ANSWER)
            return None
        if message.method == CANCELLED:
            return None
        event = event_of(message, self._replier(message, place))
        if isinstance(event, ListsChanged | ResourceUpdated):
            await self._take_stray(event)
            return None
        if isinstance(event, Ask):
            place.asking += 1
        await emit(event)
        return None

    def _replier(self, message: Incoming, place: _Place) -> Callable[[Answer], Awaitable[None]]:
        id_ = message.id or b"null"

        async def reply(answer: Answer) -> None:
            place.asking -= 1
            await self._reply(id_, answer)

        return reply

    async def _reply(self, id_: bytes, answer: Answer) -> None:
        """Never raises: where the upstream has gone away, whoever waits for the call hears of it."""
        with suppress(GatewayError):
            if answer.error is not None:
                await self._post(jsonrpc.error_object(id_, answer.error))
            else:
                await self._post(jsonrpc.result(id_, bytes(answer.result or json.EMPTY)))

    async def notify(self, method: str, params: bytes = b"{}") -> None:
        await self._post(jsonrpc.notification(method, params))

    async def _post(self, message: bytes) -> None:
        response = await self._address.send(b"POST", _POST_HEADERS + self._headers, message, 30.0)
        response.release()

    def start_listening(self, name: str) -> None:
        """Listen for as long as the session lasts."""
        self._listening = self._tasks.spawn(self.listen(), name)

    async def listen(self) -> None:
        """Keep the standalone stream open and pass on what is said there; ends where the upstream has none."""
        place = _Place(b"", None)
        loop = asyncio.get_running_loop()
        while not self._closed:
            started = loop.time()
            try:
                response = await self._address.send(b"GET", _GET_HEADERS + self._headers + place.header())
                if response.status != 200 or response.content_type != b"text/event-stream":
                    response.abort()
                    return
                await self._overhear(response, place)
            except (UpstreamDown, UpstreamFailed, TimedOut):
                pass  # It may be back in a moment; that it is down is for calls to tell.
            await asyncio.sleep(place.pause(loop.time() - started))

    async def _overhear(self, response: HttpResponse, place: _Place) -> None:
        parser = SseParser(self._address.max_event)
        try:
            while (events := await self._address.events(response, parser, None)) is not None:
                for event in events:
                    for message in messages([event]):
                        await self._overheard(message, place)
                    place.note(event)
        finally:
            response.abort()

    async def _overheard(self, message: Incoming, place: _Place) -> None:
        if message.method == "ping" and message.id is not None:
            await self._reply(message.id, PING_ANSWER)
        elif message.method is not None and message.method != CANCELLED:
            event = event_of(message, self._replier(message, place))
            if not isinstance(event, Progress):
                await self._take_stray(event)

    async def close(self) -> None:
        """End the session at the upstream, which may refuse that; never raises."""
        if self._closed:
            return
        self._closed = True
        if self._listening is not None:
            self._listening.cancel()
        if self.session_id is not None:
            with suppress(GatewayError):
                response = await self._address.send(b"DELETE", self._headers, timeout=5.0)
                response.release()


_NO_SESSION = frozenset({-32000, -32001, INVALID_REQUEST}) | MODERN_CODES
"""What servers answer to a session that they don't know, or to a handshake that they don't have."""
_OF_REQUEST = frozenset({METHOD_NOT_FOUND, INVALID_PARAMS})
"""What a modern server answers to a request of this era, and any server to a wrong one: the session is not in doubt."""


class _Place:
    """How far we are in a stream that may be come back to."""

    def __init__(self, id_: bytes, quiet: float | None) -> None:
        """`quiet`: seconds for which the upstream may say nothing."""
        self.id = id_
        self.last_id: str | None = None
        self.retry = _RETRY
        self.asking = 0
        self._quiet = quiet
        self._pause = 0.0

    @property
    def patience(self) -> float | None:
        return max(self._quiet, ANSWER_PATIENCE) if self._quiet is not None and self.asking else self._quiet

    def note(self, event: SseEvent) -> None:
        """To be called once the event has been dealt with: it will not come again."""
        self.last_id = event.id if event.id is not None else self.last_id
        self.retry = min(event.retry / 1000, _SLOWEST_RETRY) if event.retry is not None else self.retry

    def pause(self, lasted: float) -> float:
        """Seconds until the next try; longer each time that a stream did not last."""
        self._pause = self.retry if lasted > _SLOWEST_RETRY else max(self.retry, min(2 * self._pause, _SLOWEST_RETRY))
        return self._pause

    def header(self) -> bytes:
        return b"last-event-id: %b\r\n" % self.last_id.encode() if self.last_id else b""


def lines(headers: tuple[tuple[str, str], ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in headers) if headers else b""

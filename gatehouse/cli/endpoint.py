"""The Streamable HTTP endpoint that `connect` speaks to: requests out, events back, failures in words for people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from gatehouse.cli.address import Address
from gatehouse.cli.errors import Unreachable
from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.sse import SseEvent, SseParser, SseTooLarge
from gatehouse.upstreams.http import HttpClient, HttpError, HttpResponse, NotConnected, Origin

Emit = Callable[[bytes], Awaitable[None]]
"""Gives one message to the client on stdout."""
POST = b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
GET = b"accept: text/event-stream\r\n"
MAX_EVENT = 64 * 1024 * 1024
FIRST_RETRY = 1.0
SLOWEST_RETRY = 30.0


class Endpoint:
    """One URL, and the header lines that every request to it has."""

    def __init__(self, http: HttpClient, address: Address, extra: dict[str, str]) -> None:
        self._http = http
        self._origin, self._target = Origin.from_url(address.url)
        said = ({"authorization": f"Bearer {address.token}"} if address.token else {}) | extra
        self._headers = b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in said.items())

    async def send(
        self, method: bytes, headers: bytes, body: bytes = b"", timeout: float | None = None
    ) -> HttpResponse:
        """Returns with the head of the answer; raises `Unreachable`. `timeout` in seconds, None for no limit."""
        try:
            return await self._http.request(
                method, self._origin, self._target, self._headers + headers, body, timeout=timeout
            )
        except HttpError as error:
            raise self._told(error) from None

    async def body(self, response: HttpResponse) -> bytes:
        try:
            return await response.read()
        except HttpError as error:
            raise self._told(error) from None

    async def events(self, response: HttpResponse) -> AsyncIterator[SseEvent]:
        """Until the stream ends; raises `Unreachable` where it breaks."""
        parser = SseParser(MAX_EVENT)
        try:
            async for chunk in response.chunks():
                for event in parser.feed(chunk):
                    yield event
        except HttpError as error:
            raise self._told(error) from None
        except SseTooLarge:
            raise Unreachable("The server sent an event that is too large.") from None

    def _told(self, error: HttpError) -> Unreachable:
        if isinstance(error, NotConnected):
            return Unreachable(
                f"Gatehouse at {self._origin} can't be reached: {error}", "Start it with `gatehouse up`."
            )
        return Unreachable(f"The connection to Gatehouse at {self._origin} broke: {error}", "Try again.")


class Place:
    """Where we are in a stream that can be come back to (2025-11-25 "Resumability and redelivery")."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.retry = FIRST_RETRY

    def note(self, event: SseEvent) -> None:
        self.last_id = event.id or self.last_id
        self.retry = event.retry / 1000 if event.retry is not None else self.retry

    def slower(self) -> None:
        self.retry = min(self.retry * 2, SLOWEST_RETRY)

    def header(self) -> bytes:
        return b"last-event-id: %b\r\n" % self.last_id.encode() if self.last_id else b""


def is_events(response: HttpResponse) -> bool:
    return response.content_type == b"text/event-stream"


def opened(message: bytes) -> Fields:
    """A message opened one level; empty for what is none."""
    try:
        return json.fields(message)
    except json.BadJson:
        return {}


def answers(message: bytes, id_: bytes) -> bool:
    """Whether this is the response to request `id_`."""
    fields = opened(message)
    return "method" not in fields and "id" in fields and id_value(fields["id"]) == id_value(id_)


def id_value(id_: bytes | Raw) -> str | int | None:
    """An id as a value: a server may write the same one in other bytes."""
    value = json.load(id_) if bytes(id_) else None
    return value if isinstance(value, (str, int)) else None


def rpc_error_for(body: bytes, id_: bytes) -> bytes | None:
    """The JSON-RPC error that a body holds, as it is or with the id put right; None where it holds none."""
    fields = opened(body)
    if "error" not in fields or not bytes(fields["error"]).startswith(b"{"):
        return None
    if answers(body, id_):
        return body
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (id_, bytes(fields["error"]))

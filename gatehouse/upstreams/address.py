"""Where an upstream is on HTTP, and what its answers mean in the words of the gateway."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from gatehouse.kit.errors import GatewayError, TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.protocol.call import Outcome
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
from gatehouse.upstreams.peer import answers, outcome_of, read_incoming


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
            return await self.begin(method, headers, body, timeout)
        except HttpError as error:
            raise translate(error) from None

    def begin(
        self, method: bytes, headers: bytes, body: bytes, timeout: float | None
    ) -> Coroutine[Any, Any, HttpResponse]:
        """As `send`, for whoever translates an `HttpError` himself."""
        return self._http.request(method, self.origin, self._target, self._headers + headers, body, timeout=timeout)

    async def events(self, response: HttpResponse, parser: SseParser, quiet: float | None) -> list[SseEvent] | None:
        """The next events of a stream; None at its end. `quiet`: seconds without any byte, after which it is given up."""
        try:
            chunk = await response.next(quiet)
            return parser.feed(chunk) if chunk else None
        except HttpError as error:
            raise translate(error) from None
        except SseTooLarge:
            raise UpstreamFailed("The upstream sent an event that is too large") from None

    async def answer(self, response: HttpResponse, id_: bytes) -> Outcome:
        """The outcome that a body of JSON brings; raises `UpstreamFailed` for what is none, or another request's."""
        return self.read(await self.body(response), id_)

    def read(self, body: bytes, id_: bytes) -> Outcome:
        """As `answer`, of a body that is here."""
        message = read_incoming(body)
        if not answers(message, id_):
            raise UpstreamFailed("The upstream answered another request than the one it was sent")
        return outcome_of(message)

    async def body(self, response: HttpResponse) -> bytes:
        try:
            return await response.read()
        except HttpError as error:
            raise translate(error) from None


def arrived_json(response: HttpResponse) -> bytes | None:
    """The body of a good answer in JSON that is here already, as it is with most."""
    if response.status != 200 or not response.headers.get(b"content-type", b"").startswith(b"application/json"):
        return None
    return response.arrived()


def translate(error: HttpError) -> GatewayError:
    """An error of the HTTP client in the words of the gateway."""
    if isinstance(error, ResponseTimedOut):
        return TimedOut("The upstream gave no sign of life in time")
    if isinstance(error, BodyTooLarge):
        return UpstreamFailed("The upstream's answer is too large")
    if isinstance(error, NotConnected):
        return UpstreamDown(f"The upstream can't be reached: {error}")
    return UpstreamDown(f"The connection to the upstream broke: {error}")

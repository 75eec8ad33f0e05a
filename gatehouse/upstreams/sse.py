"""HTTP+SSE of 2024-11-05 as a client: messages come on one event stream, and go out as a POST each.

The session lives exactly as long as the stream: there is nothing to resume.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urljoin

import anyio

from gatehouse.kit.errors import GatewayError, Invalid, UpstreamDown, UpstreamFailed
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.sse import SseEvent, SseParser, SseTooLarge
from gatehouse.upstreams.address import translate
from gatehouse.upstreams.http import HttpClient, HttpError, HttpResponse, Origin
from gatehouse.upstreams.peer import SignInNeeded

_GET_HEADERS = b"accept: text/event-stream\r\ncache-control: no-store\r\n"
_POST_HEADERS = b"content-type: application/json\r\n"
_PARTING_SECONDS = 2.0


class SseChannel:
    """Implements `Channel`. `headers` are whole lines, sent with every request; `timeout` is the seconds for each answer."""

    def __init__(
        self,
        http: HttpClient,
        url: str,
        headers: bytes,
        *,
        tasks: Tasks,
        timeout: float = 30.0,
        largest: int = 64 * 1024 * 1024,
    ) -> None:
        """Raises `Invalid` for what is not a URL; `largest` is the bytes of one message from the upstream."""
        self._http = http
        self._url = url
        self._origin, self._target = Origin.from_url(url)
        self._headers = headers
        self._tasks = tasks
        self._timeout = timeout
        self._parser = SseParser(largest)
        self._post_target = b""
        self._endpoint: asyncio.Future[bytes] | None = None
        self._reader: asyncio.Task[object] | None = None
        self._ended: str | None = None
        self._on_message: Callable[[bytes], None] | None = None
        self._on_close: Callable[[str], None] | None = None

    @property
    def alive(self) -> bool:
        return bool(self._post_target) and self._ended is None

    async def open(self, on_message: Callable[[bytes], None], on_close: Callable[[str], None]) -> None:
        """Open the stream and learn where messages go; raises `UpstreamDown`, `UpstreamFailed` or `TimedOut`."""
        response = await self._request(b"GET", self._target, _GET_HEADERS)
        _check_stream(response)
        self._on_message = on_message
        self._endpoint = asyncio.get_running_loop().create_future()
        self._reader = self._tasks.spawn(self._read(response), "read event stream")
        try:
            self._post_target = await self._wait_for_endpoint(self._endpoint)
        except BaseException:
            self._reader.cancel()
            raise
        if self._ended is not None:
            raise UpstreamDown(self._ended)
        self._on_close = on_close

    async def send(self, message: bytes) -> None:
        """Raises `UpstreamDown`, `UpstreamFailed` with the status, or `TimedOut`."""
        if not self.alive:
            raise UpstreamDown(self._ended or "The upstream's event stream is not open.")
        response = await self._request(b"POST", self._post_target, _POST_HEADERS, message)
        try:
            if not 200 <= response.status < 300:
                raise _refusal(response.status)
            if not response.complete:
                # Read for the sake of the connection, which can then serve again.
                await response.read()
        except HttpError:
            return  # it was taken; how the answer broke off says nothing about that
        finally:
            response.abort()

    async def close(self) -> None:
        self._on_close = self._on_message = None
        self._ended = self._ended or "The upstream was closed."
        reader = self._reader
        if reader is not None and not reader.done():
            reader.cancel()
            await asyncio.wait({reader}, timeout=_PARTING_SECONDS)

    async def _request(self, method: bytes, target: bytes, headers: bytes, body: bytes = b"") -> HttpResponse:
        try:
            return await self._http.request(
                method, self._origin, target, headers + self._headers, body, timeout=self._timeout
            )
        except HttpError as error:
            raise translate(error) from None

    async def _wait_for_endpoint(self, endpoint: asyncio.Future[bytes]) -> bytes:
        with anyio.move_on_after(self._timeout):
            return await endpoint
        raise UpstreamDown(
            f"The upstream opened an event stream, but did not say within {self._timeout:g} s where messages go.",
            "If it speaks Streamable HTTP, set its transport to http.",
        )

    async def _read(self, response: HttpResponse) -> None:
        reason: GatewayError = UpstreamDown("The upstream closed its event stream.")
        try:
            async for chunk in response.chunks():
                for event in self._parser.feed(chunk):
                    self._take(event)
        except HttpError as error:
            reason = translate(error)
        except SseTooLarge as error:
            reason = UpstreamFailed(f"The upstream sent too much at once: {error}.")
        except GatewayError as error:
            reason = error
        finally:
            response.abort()
            self._finish(reason)

    def _take(self, event: SseEvent) -> None:
        if event.event == "endpoint" and self._endpoint is not None and not self._endpoint.done():
            self._endpoint.set_result(self._post_target_of(event.data))
        elif event.event == "message" and event.data and self._on_message is not None:
            self._on_message(event.data)

    def _post_target_of(self, data: bytes) -> bytes:
        """2024-11-05 "HTTP with SSE": the endpoint is checked to be of the same origin, as it gets our credentials."""
        try:
            origin, target = Origin.from_url(urljoin(self._url, data.decode()))
        except (Invalid, ValueError):
            raise UpstreamDown("The upstream wants messages at what is not an HTTP address.") from None
        if origin != self._origin:
            raise UpstreamDown(
                f"The upstream wants messages at another origin ({origin.scheme}://{origin.authority}).",
                "It must name an endpoint on its own host and port; behind a proxy, its public address must be set.",
            )
        return target

    def _finish(self, reason: GatewayError) -> None:
        self._ended = self._ended or str(reason)
        on_close, self._on_close = self._on_close, None
        if self._endpoint is not None and not self._endpoint.done():
            self._endpoint.set_exception(reason)
            # Where nobody waits for it any more, that is no mistake.
            self._endpoint.exception()
        if on_close is not None:
            on_close(self._ended)


def _check_stream(response: HttpResponse) -> None:
    if response.status == 200 and response.content_type == b"text/event-stream":
        return
    response.abort()
    if response.status != 200:
        raise _refusal(response.status)
    raise UpstreamFailed(
        "The upstream answered without an event stream.", "Check its URL: that of HTTP+SSE often ends in /sse."
    )


def _refusal(status: int) -> UpstreamFailed:
    if status == 401:
        return SignInNeeded(status)
    if status == 403:
        return UpstreamFailed(f"The upstream wants credentials (HTTP {status}).", "Set or renew its credential.")
    if 300 <= status < 400:
        return UpstreamFailed(f"The upstream has moved (HTTP {status}).", "Register the address that it moved to.")
    return UpstreamFailed(f"The upstream answered HTTP {status}.")

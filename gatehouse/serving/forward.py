"""Handing a request to another worker, which owns the session that it belongs to."""

from __future__ import annotations

import hmac

from gatehouse.protocol import jsonrpc
from gatehouse.serving.http import JSON_HEADERS, ClientGone, Exchange, HttpRequest
from gatehouse.upstreams.http import HttpClient, HttpError, HttpResponse, Origin

MARK = b"gatehouse-forwarded"
_HOP_BY_HOP = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"te", b"upgrade", b"expect"}
)
_OUR_OWN = frozenset({b"date", b"server"})
"""Header fields that the server in front writes by itself."""
OWNER_GONE = -31503


class Forwarder:
    """The owner checks the token itself again. `mark` is a secret of the workers, by which they know each other."""

    def __init__(self, http: HttpClient, mark: bytes) -> None:
        self._http = http
        self._mark = mark

    def is_marked(self, request: HttpRequest) -> bool:
        """Whether another worker of ours sent this; it has checked Host and Origin then."""
        return MARK in request.headers and hmac.compare_digest(request.headers[MARK], self._mark)

    async def forward(self, address: str, request: HttpRequest, exchange: Exchange) -> None:
        if self.is_marked(request):
            await self._lost(exchange)
            return
        origin, _ = Origin.from_url(f"http://{address}/")
        kept = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
        kept[MARK] = self._mark
        lines = b"".join(b"%b: %b\r\n" % pair for pair in kept.items())
        try:
            response = await self._http.request(
                request.method.encode(), origin, request.target, lines, request.body, timeout=None
            )
            await self._copy(response, exchange)
        except HttpError:
            await self._lost(exchange)

    async def _copy(self, response: HttpResponse, exchange: Exchange) -> None:
        exchange.when_gone(response.abort)
        left_out = _HOP_BY_HOP | _OUR_OWN
        headers = tuple((name, value) for name, value in response.headers.items() if name not in left_out)
        if response.content_type != b"text/event-stream":
            exchange.reply(response.status, headers, await response.read())
            return
        await exchange.start(response.status, headers)
        try:
            async for chunk in response.chunks():
                await exchange.write(chunk)
            await exchange.end()
        except ClientGone:
            return
        except HttpError:
            # The owner has gone, in the middle of a stream: what it said last has an id, and can be come back to.
            await exchange.end()
        finally:
            response.abort()

    async def _lost(self, exchange: Exchange) -> None:
        body = jsonrpc.error(b"null", OWNER_GONE, "The worker that holds this session can't be reached; try again")
        exchange.reply(503, JSON_HEADERS, body)

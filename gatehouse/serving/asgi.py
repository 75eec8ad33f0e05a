"""The plain way to everything: MCP addresses to their handler, the rest to the routes of the API and of health."""

from __future__ import annotations

import asyncio

from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gatehouse.kit.errors import TooLarge
from gatehouse.protocol import jsonrpc
from gatehouse.protocol.errors import rpc_code
from gatehouse.serving.http import (
    JSON_HEADERS,
    AsgiExchange,
    BodyTooLarge,
    Handler,
    HttpRequest,
    read_body,
    read_headers,
    run_asgi,
)
from gatehouse.serving.mcp_http import is_mcp_path

LINGER = 2.0
"""Seconds that a client gets to stop sending what is not wanted."""


class Front:
    """An ASGI app. `limit` is the largest body of an MCP request, in bytes."""

    def __init__(self, handler: Handler, limit: int, routes: list[BaseRoute], not_found: ASGIApp) -> None:
        self._handler = handler
        self._limit = limit
        self._router = Router(routes, redirect_slashes=False, default=not_found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_mcp_path(scope["path"]):
            await self._mcp(scope, receive, send)
        else:
            await self._router(scope, receive, send)

    async def _mcp(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(scope, receive, self._limit)
        except BodyTooLarge:
            words = f"The request is larger than {self._limit} bytes; see the setting limits.body_bytes"
            answer = jsonrpc.error(b"null", rpc_code(TooLarge("")), words)
            # What is still under way of the body is not read, so the connection can't be used again.
            length = (b"content-length", b"%d" % len(answer))
            exchange = AsgiExchange(receive, send)
            await exchange.start(413, (*JSON_HEADERS, (b"connection", b"close"), length))
            await exchange.write(answer)
            await _linger(receive)
            await exchange.end()
            return
        if body is None:
            return
        headers, repeated = read_headers(list(scope["headers"]))
        query: bytes = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        client = scope.get("client")
        peer = client[0] if client else None
        request = HttpRequest(scope["method"], scope["path"], query, headers, body, repeated, target, None, peer)
        await run_asgi(self._handler, request, receive, send)


async def _linger(receive: Receive) -> None:
    """Throw away what still comes: a connection that is closed on unread data is reset, and the answer lost with it."""
    try:
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        return

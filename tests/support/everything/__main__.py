"""`python -m tests.support.everything [--http | --sse | --stdio] [--port 0]`: prints where it listens, as one JSON line."""

from __future__ import annotations

import argparse
import json
import socket
from typing import Any

import anyio
import uvicorn
from mcp.server import Server
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.everything.events import KeptEvents
from tests.support.everything.server import build

RETRY = 50
"""Milliseconds after which a client whose stream was closed should come back."""
LOOPBACK = TransportSecuritySettings(
    enable_dns_rebinding_protection=True,
    allowed_hosts=["127.0.0.1:*", "localhost:*"],
    allowed_origins=["http://127.0.0.1:*", "http://localhost:*"],
)


class _Older:
    """The HTTP+SSE transport: a session lives as long as its GET."""

    def __init__(self, server: Server[Any]) -> None:
        self._server = server
        self._transport = SseServerTransport("/messages", security_settings=LOOPBACK)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await self._transport.handle_post_message(scope, receive, send)
            return
        async with self._transport.connect_sse(scope, receive, send) as (incoming, outgoing):
            await self._server.run(incoming, outgoing, self._server.create_initialization_options())


def http_app(server: Server[Any]) -> ASGIApp:
    """Both transports of HTTP: /mcp for both eras, /sse for clients of 2024-11-05."""
    older = _Older(server)
    routes = [Route("/sse", older, methods=["GET"]), Route("/messages", older, methods=["POST"])]
    return server.streamable_http_app(
        event_store=KeptEvents(), retry_interval=RETRY, transport_security=LOOPBACK, custom_starlette_routes=routes
    )


async def serve_http(app: ASGIApp, path: str, port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}{path}"}), flush=True)
    # h11 takes spaces off the end of a header's value (RFC 9110 section 5.5); httptools leaves them on.
    config = uvicorn.Config(app, http="h11", log_level="warning", timeout_graceful_shutdown=1)
    await uvicorn.Server(config).serve(sockets=[listener])


async def serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def serve(transport: str, port: int) -> None:
    server = build()
    if transport == "stdio":
        await serve_stdio(server)
    else:
        await serve_http(http_app(server), "/sse" if transport == "sse" else "/mcp", port)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.everything", description=__doc__)
    transport = parser.add_mutually_exclusive_group()
    for name in ("http", "sse", "stdio"):
        transport.add_argument(f"--{name}", dest="transport", action="store_const", const=name)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    anyio.run(serve, arguments.transport or "http", arguments.port)


if __name__ == "__main__":
    main()

"""HTTP around what answers JSON-RPC, as the services of `_rpc`: one POST, one JSON answer, nothing remembered in between."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import cast
from urllib.parse import urlsplit

from ._rpc import Answer, Headers, Service, answer, encode

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
BODY_BYTES = 1024 * 1024
QUIET_SECONDS = 60
Answering = Callable[[bytes, Headers], Answer]


def serve_http(service: Service, host: str, port: int) -> None:
    """Serve until interrupted; port 0 takes a free one. The address is told on standard error."""

    def tell(taken: int) -> None:
        print(f"Listening on http://{host}:{taken}{PATH}", file=sys.stderr, flush=True)

    serve_all({PATH: partial(answer, service)}, host, port, tell)


def serve_all(
    answering: Mapping[str, Answering],
    host: str,
    port: int,
    tell: Callable[[int], None],
    locked: frozenset[str] = frozenset(),
    read: Callable[[str, int], bytes | None] = lambda path, port: None,
) -> None:
    """Several of them, by their paths; `locked` ones let nobody in. `tell` is told the port before the first request.

    `read` has what else can be read: it takes a path and the port, and gives JSON, or None for what there is not.
    """

    class Handler(_Handler):
        offered = answering
        shut = locked
        page = staticmethod(read)
        only_local = host in LOOPBACK

    with _Server((host, port), Handler) as server:
        tell(server.server_port)
        server.serve_forever()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without asking DNS for the name of this machine, which the class above does and may take seconds."""
        TCPServer.server_bind(self)
        self.server_port = int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    offered: Mapping[str, Answering]
    shut: frozenset[str]
    only_local: bool
    page: Callable[[str, int], bytes | None]
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one packet
    disable_nagle_algorithm = True
    timeout = QUIET_SECONDS

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if refused := self._refusal(length):
            self.close_connection = True  # the body was not read
            self._respond(*refused)
            return
        headers = {name.lower(): self.headers.get_all(name, []) for name in self.headers}
        body, status = self.offered[self._path](self.rfile.read(int(length)), headers)
        self._respond(status, b"" if body is None else encode(body), "application/json")

    def do_GET(self) -> None:
        page = None if self._is_foreign() else self.page(self._path, cast(_Server, self.server).server_port)
        if page is not None:
            self._respond(200, page, "application/json")
        elif self._path in self.offered:
            self._respond(405, b"This server has no streams and no sessions: POST is all there is.\n")
        else:
            self._respond(404, self._where())

    do_DELETE = do_GET

    @property
    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _where(self) -> bytes:
        return f"The MCP endpoint is {' or '.join(self.offered)}.\n".encode()

    def _refusal(self, length: str) -> tuple[int, bytes] | None:
        if self._is_foreign():
            return 403, b"This server answers programs on this machine, under the name localhost.\n"
        if self._path not in self.offered:
            return 404, self._where()
        if self._path in self.shut:
            return 401, b"This server wants to be signed in to.\n"
        if self.headers.get_content_type() != "application/json":
            return 415, b"The Content-Type must be application/json.\n"
        accepted = self.headers.get("Accept", "*/*")
        if not any(kind in accepted for kind in ("application/json", "application/*", "*/*")):
            return 406, b"Accept must name application/json.\n"
        if not re.fullmatch(r"[0-9]{1,12}", length):
            return 411, b"A Content-Length is needed.\n"
        if int(length) > BODY_BYTES:
            return 413, f"A message has at most {BODY_BYTES} bytes.\n".encode()
        return None

    def _is_foreign(self) -> bool:
        """Whether a web page is behind the request, be it by DNS rebinding: it may have no way in here."""
        origin = self.headers.get("Origin")
        if origin is not None and _host_in(origin) not in LOOPBACK:
            return True
        return self.only_local and _host_in(f"//{self.headers.get('Host', '')}") not in LOOPBACK

    def _respond(self, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        if status == 405:
            self.send_header("Allow", "POST")
        if body:
            self.send_header("Content-Type", content_type)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what this server is called with is its caller's business."""


def _host_in(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None

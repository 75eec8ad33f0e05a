"""A small MCP registry over HTTP, with the list of the API v0.1 and the faults that a test asks for.

It runs in a thread of this process, on loopback.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from gatehouse.kit import json

Json = dict[str, Any]
OFFICIAL = "io.modelcontextprotocol.registry/official"


def server_json(name: str, version: str = "1.0.0", **more: Any) -> Json:
    """A remote at `https://{last part of the name}.example.com/mcp`, unless `more` says another thing."""
    remotes = [{"type": "streamable-http", "url": f"https://{name.rpartition('/')[2]}.example.com/mcp"}]
    return {"name": name, "description": f"Does {name}", "version": version, "remotes": remotes} | more


@dataclass(slots=True)
class RegistryServer:
    """`with RegistryServer() as registry:` runs one at `registry.url`."""

    pages_of: int = 2
    token: str = ""
    status: int = 200
    body: bytes | None = None
    """What is answered in place of everything."""
    same_cursor: bool = False
    wait_at: int = 0
    """Which request waits until `go_on` is set; `waiting` tells that it does."""
    waiting: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """The query of each request."""
    _kept: dict[str, Json] = field(default_factory=dict[str, Json])
    _server: ThreadingHTTPServer | None = None

    def publish(self, server: Any, updated_at: str = "2026-01-01T00:00:00Z", **official: Any) -> None:
        meta = {"status": "active", "publishedAt": updated_at, "updatedAt": updated_at, "isLatest": True} | official
        self._kept[server["name"] if isinstance(server, dict) else str(len(self._kept))] = {
            "server": server,
            "_meta": {OFFICIAL: meta},
        }

    def forget(self, name: str) -> None:
        """As registries do that don't tell of deletions."""
        del self._kept[name]

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/v0.1"

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = outer.answer(self.path, self.headers.get("authorization", ""))
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def answer(self, target: str, authorization: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        self.asked.append(query)
        if self.wait_at == len(self.asked):
            self.waiting.set()
            self.go_on.wait(20)
        if self.token and authorization != f"Bearer {self.token}":
            return 401, b'{"error":"who are you"}'
        if self.status != 200 or self.body is not None:
            return self.status, self.body or b"{}"
        if parts.path != "/v0.1/servers":
            return 404, b'{"error":"not found"}'
        return 200, json.dump(self._page(query))

    def _page(self, query: dict[str, str]) -> Json:
        since, after = query.get("updated_since", ""), query.get("cursor", "")
        found = sorted(name for name, one in self._kept.items() if self._shows(one, since))
        size = min(self.pages_of, int(query.get("limit", "30")))
        page = [name for name in found if name > after][:size]
        more = bool(page) and page[-1] != found[-1]
        cursor = "again" if self.same_cursor else page[-1] if more else ""
        metadata = {"count": len(page)} | ({"nextCursor": cursor} if cursor else {})
        return {"servers": [self._kept[name] for name in page], "metadata": metadata}

    def _shows(self, one: Json, since: str) -> bool:
        """What was deleted is shown to those who ask for changes."""
        official: Json = one["_meta"][OFFICIAL]
        return official["updatedAt"] >= since if since else official["status"] != "deleted"

"""A small MCP client, 2026-07-28 over Streamable HTTP: enough to list tools and call one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec

from gatehouse import __version__
from gatehouse.cli.address import Address
from gatehouse.cli.api import bearer, refusal, told
from gatehouse.cli.errors import Refused, Unreachable
from gatehouse.kit import json
from gatehouse.protocol import headers
from gatehouse.protocol.call import MODERN_VERSION
from gatehouse.protocol.sse import SseParser

OnProgress = Callable[[str], None]
# A tool may work for long, and says so with progress; silence has its limit.
TIMEOUT = httpx.Timeout(330.0, connect=5.0)
MAX_EVENT = 64 * 1024 * 1024
_PREFIX = "io.modelcontextprotocol/"


class Tool(msgspec.Struct, frozen=True):
    name: str
    inputSchema: dict[str, Any] = {}


class _Tools(msgspec.Struct, frozen=True):
    tools: list[Tool]
    nextCursor: str | None = None


class _Error(msgspec.Struct, frozen=True):
    code: int
    message: str = ""


class _Progress(msgspec.Struct, frozen=True):
    progress: float = 0
    total: float | None = None
    message: str = ""


class _Message(msgspec.Struct, frozen=True):
    id: int | str | None = None
    method: str | None = None
    params: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Error | None = None


class McpClient:
    """Speaks to one endpoint. Closed by its owner."""

    def __init__(self, endpoint: Address) -> None:
        self._endpoint = endpoint
        self._client = httpx.Client(headers=bearer(endpoint.token), timeout=TIMEOUT, trust_env=not endpoint.on_loopback)
        self._number = 0

    def close(self) -> None:
        self._client.close()

    def tools(self) -> list[Tool]:
        """All pages."""
        found: list[Tool] = []
        cursor: str | None = None
        while True:
            page = _decode(self._request("tools/list", {"cursor": cursor} if cursor is not None else {}), _Tools)
            found += page.tools
            cursor = page.nextCursor
            if cursor is None:
                return found

    def call(self, tool: Tool, arguments: dict[str, Any], on_progress: OnProgress) -> msgspec.Raw:
        """The result object; raises `Refused` for a JSON-RPC error."""
        extra = headers.param_headers(_header_map(tool), arguments)
        extra.append(("mcp-name", headers.encode_value(tool.name)))
        return self._request("tools/call", {"name": tool.name, "arguments": arguments}, extra, on_progress)

    def _request(
        self,
        method: str,
        params: dict[str, Any],
        extra: list[tuple[str, str]] | None = None,
        on_progress: OnProgress | None = None,
    ) -> msgspec.Raw:
        self._number += 1
        meta: dict[str, Any] = {
            f"{_PREFIX}protocolVersion": MODERN_VERSION,
            f"{_PREFIX}clientInfo": {"name": "gatehouse-cli", "version": __version__},
            f"{_PREFIX}clientCapabilities": {},
        }
        if on_progress is not None:
            meta["progressToken"] = self._number
        body = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": {**params, "_meta": meta}}
        sent = {"mcp-protocol-version": MODERN_VERSION, "mcp-method": method, **dict(extra or [])}
        return self._exchange(json.dump(body), sent, on_progress)

    def _exchange(self, body: bytes, sent: dict[str, str], on_progress: OnProgress | None) -> msgspec.Raw:
        sent |= {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        with (
            told(self._endpoint),
            self._client.stream("POST", self._endpoint.url, content=body, headers=sent) as response,
        ):
            for message in _messages(response):
                if message.error is not None:
                    raise Refused(message.error.message or f"The server answered with error {message.error.code}.")
                if not isinstance(message.result, msgspec.UnsetType):
                    return message.result
                if message.method == "notifications/progress" and on_progress:
                    on_progress(_words(_decode(message.params or b"{}", _Progress)))
            if response.is_error:
                raise refusal(response.status_code, b"")
        raise Unreachable("The connection ended before the answer came.", "Try again, or run `gatehouse doctor`.")


def _messages(response: httpx.Response) -> Iterator[_Message]:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        parser = SseParser(MAX_EVENT)
        for chunk in response.iter_bytes():
            for event in parser.feed(chunk):
                if event.data:
                    yield _decode(event.data, _Message)
        return
    content = response.read()
    if kind == "application/problem+json":
        raise refusal(response.status_code, content)
    if kind == "application/json":
        yield _decode(content, _Message)
    elif not response.is_error:
        raise Refused(
            f"What answers at {response.url} does not speak MCP.", "Look at its URL: `gatehouse server list`."
        )


def _decode(data: bytes | str | msgspec.Raw, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(f"The server's answer can't be read: {error}.", "Run `gatehouse doctor`.") from None


def _header_map(tool: Tool) -> headers.HeaderMap:
    try:
        return headers.header_map(tool.inputSchema)
    except ValueError:
        return {}


def _words(progress: _Progress) -> str:
    amount = f"{progress.progress:g}/{progress.total:g}" if progress.total else f"{progress.progress:g}"
    return f"{amount} {progress.message}".rstrip()

"""2026-07-28 messages from stdin over Streamable HTTP: one POST each, its headers mirroring its body."""

from __future__ import annotations

from typing import Any, cast

from gatehouse.cli.connect_words import refused
from gatehouse.cli.endpoint import POST, Emit, Endpoint, answers, is_events, opened, rpc_error_for
from gatehouse.cli.errors import Unreachable
from gatehouse.kit import json
from gatehouse.kit.json import Fields
from gatehouse.protocol import headers as mirror
from gatehouse.protocol import jsonrpc, modern
from gatehouse.protocol.call import MODERN_VERSION
from gatehouse.protocol.errors import HEADER_MISMATCH
from gatehouse.protocol.jsonrpc import Notification, Request
from gatehouse.upstreams.http import HttpResponse

_PAGES = 100
"""Pages of tools/list that are looked through for one tool's headers."""


def is_modern(message: Request | Notification) -> bool:
    """Whether a message has the envelope that makes it modern."""
    return envelope_version(message.params) is not None


def envelope_version(params: Fields) -> str | None:
    meta = params.get("_meta")
    try:
        return json.text(json.fields(meta).get(modern.VERSION_KEY)) if meta is not None else None
    except json.BadJson:
        return None


class ModernConnection:
    """Holds no session; remembers which arguments of which tool are mirrored in headers."""

    def __init__(self, endpoint: Endpoint, emit: Emit) -> None:
        self._endpoint = endpoint
        self._emit = emit
        self._names: dict[str, mirror.HeaderMap] = {}

    async def request(self, body: bytes, request: Request) -> None:
        """Carry one request to its answer. Cancelled, it closes the stream, which is what cancels over HTTP."""
        response = await self._send(body, request)
        try:
            if response.status == 400 and request.method == "tools/call":
                said = await self._endpoint.body(response)
                if not _is_mismatch(said):
                    return await self._refuse(request, response, said)
                # 2026-07-28 server/tools: on a mismatch of Mcp-Param headers, list the tools anew and try once more.
                await self._learn(request)
                response = await self._send(body, request)
            await self._answer(response, request)
        finally:
            response.abort()

    async def notify(self, body: bytes, message: Notification) -> None:
        response = await self._endpoint.send(b"POST", POST + self._mirrored(message), body, timeout=30.0)
        response.abort()

    async def _send(self, body: bytes, request: Request) -> HttpResponse:
        return await self._endpoint.send(b"POST", POST + self._mirrored(request), body)

    def _mirrored(self, message: Request | Notification) -> bytes:
        """The lines that mirror a message, whose version is its own word and not ours."""
        version = envelope_version(message.params) or MODERN_VERSION
        names = self._names.get(_tool(message.params)) if message.method == "tools/call" else None
        lines = modern.request_headers(message.method, message.params, names)
        return lines.replace(MODERN_VERSION.encode(), mirror.encode_value(version).encode(), 1)

    async def _answer(self, response: HttpResponse, request: Request) -> None:
        if is_events(response):
            async for event in self._endpoint.events(response):
                if event.data:
                    await self._pass_on(event.data, request)
                if event.data and answers(event.data, request.id):
                    return
            raise Unreachable("The connection ended before the answer came.", "Try again.")
        body = await self._endpoint.body(response)
        if response.status == 200 and answers(body, request.id):
            await self._pass_on(body, request)
        else:
            await self._refuse(request, response, body)

    async def _refuse(self, request: Request, response: HttpResponse, body: bytes) -> None:
        await self._emit(rpc_error_for(body, request.id) or refused(request.id, response.status, body))

    async def _pass_on(self, message: bytes, request: Request) -> None:
        if request.method == "tools/list":
            self._note_tools(message)
        await self._emit(message)

    async def _learn(self, call: Request) -> None:
        """Look for the called tool in tools/list, asked with the call's own `_meta`."""
        cursor = b""
        for _ in range(_PAGES):
            params = b'{"_meta":%b%b}' % (bytes(call.params["_meta"]), cursor)
            request = Request(b'"gatehouse-tools"', "tools/list", json.fields(params))
            response = await self._send(jsonrpc.request(request.id, request.method, params), request)
            try:
                more = self._note_tools(await self._first_answer(response, request.id))
            finally:
                response.abort()
            if more is None or _tool(call.params) in self._names:
                return
            cursor = b',"cursor":%b' % json.dump(more)

    async def _first_answer(self, response: HttpResponse, id_: bytes) -> bytes:
        if not is_events(response):
            return await self._endpoint.body(response)
        async for event in self._endpoint.events(response):
            if answers(event.data, id_):
                return event.data
        return b""

    def _note_tools(self, message: bytes) -> str | None:
        """Remember the header maps of a page of tools; the cursor of the next one."""
        result = opened(message).get("result")
        page: Any = json.load(result) if result is not None else {}
        if not isinstance(page, dict):
            return None
        tools: Any = cast("dict[str, Any]", page).get("tools")
        for tool in cast("list[Any]", tools) if isinstance(tools, list) else []:
            self._note_tool(tool)
        more: Any = cast("dict[str, Any]", page).get("nextCursor")
        return more if isinstance(more, str) else None

    def _note_tool(self, tool: Any) -> None:
        fields = cast("dict[str, Any]", tool) if isinstance(tool, dict) else {}
        try:
            self._names[str(fields.get("name"))] = mirror.header_map(fields.get("inputSchema"))
        except ValueError:
            self._names.pop(str(fields.get("name")), None)


def _is_mismatch(body: bytes) -> bool:
    error = opened(body).get("error")
    return error is not None and jsonrpc.read_error(error).code == HEADER_MISMATCH


def _tool(params: Fields) -> str:
    return json.text(params.get("name")) or ""

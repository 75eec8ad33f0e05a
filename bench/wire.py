"""What the load generator sends and expects: requests as bytes with their ids left open, and the judging of answers."""

from __future__ import annotations

import json
from typing import Any

import msgspec

MODERN, LEGACY = "2026-07-28", "2025-11-25"
_CLIENT = {"name": "bench", "version": "1"}
_PREFIX = "io.modelcontextprotocol/"
_PADDING = "y" * 150
_ID = 987654321
"""Stands where an id goes; every id has as many digits, so that the length of a request is known beforehand."""
FIRST_ID = 100_000_000


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. `tool` is the name to call, `upstream_tool` what the upstream must have been asked for."""

    port: int
    path: str
    authorization: str = ""
    era: str = "modern"
    work: str = "call"
    """call, list, stream, or hold (open sessions and streams, and be quiet)."""
    tool: str = ""
    upstream_tool: str = ""
    size: int = 0
    """Bytes of padding that the result must have at least."""
    count: int = 0
    """Tools that a list must have; events that a stream must have."""
    connections: int = 1
    warm: float = 0.2
    seconds: float = 1.0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds. Every one of the `calls` was verified; `wrong` tells of the first that was not as it must be."""

    calls: int
    seconds: float
    p50: float
    p99: float
    wrong: str = ""


class Response(msgspec.Struct):
    id: int
    result: msgspec.Raw


class Page(msgspec.Struct):
    tools: list[msgspec.Raw]
    nextCursor: str = ""


class Progress(msgspec.Struct):
    params: dict[str, int]


_response = msgspec.json.Decoder(Response)
_page = msgspec.json.Decoder(Page)
_progress = msgspec.json.Decoder(Progress)


def call_template(job: Job, session: bytes) -> bytes:
    """A tools/call, with `%d` where its id goes: in the envelope and in the key that the result must repeat."""
    params: dict[str, Any] = {"name": job.tool, "arguments": {"key": f"k{_ID}", "text": _PADDING}}
    if job.work == "stream":
        params["_meta"] = {"progressToken": _ID}
    return _template(job, "tools/call", params, session)


def list_request(job: Job, session: bytes, id_: int, cursor: str) -> bytes:
    """A tools/list of the page at `cursor`; the first page where it is empty."""
    return _template(job, "tools/list", {"cursor": cursor} if cursor else {}, session).replace(b"%d", b"%d" % id_)


def list_template(job: Job, session: bytes) -> bytes:
    return _template(job, "tools/list", {}, session)


def initialize(job: Job) -> bytes:
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": _CLIENT}
    return request(job, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})


def initialized(job: Job, session: bytes) -> bytes:
    return request(job, {"jsonrpc": "2.0", "method": "notifications/initialized"}, _of_session(session))


def get_stream(job: Job, session: bytes) -> bytes:
    lines = ["accept: text/event-stream", *_of_session(session), *_authorization(job)]
    return _head(f"GET {job.path} HTTP/1.1", job, lines) + b"\r\n"


def _template(job: Job, method: str, params: dict[str, Any], session: bytes) -> bytes:
    lines = _of_session(session)
    if job.era == "modern":
        meta = {
            _PREFIX + "protocolVersion": MODERN,
            _PREFIX + "clientInfo": _CLIENT,
            _PREFIX + "clientCapabilities": {},
        }
        params = {**params, "_meta": meta | params.get("_meta", {})}
        lines = [f"mcp-protocol-version: {MODERN}", f"mcp-method: {method}"]
        lines += [f"mcp-name: {job.tool}"] if method == "tools/call" else []
    whole = request(job, {"jsonrpc": "2.0", "id": _ID, "method": method, "params": params}, lines)
    return whole.replace(b"%d" % _ID, b"%d")


def request(job: Job, message: dict[str, Any], more: list[str] | None = None) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    lines = ["content-type: application/json", "accept: application/json, text/event-stream", *(more or [])]
    lines += [*_authorization(job), f"content-length: {len(body)}"]
    return _head(f"POST {job.path} HTTP/1.1", job, lines) + b"\r\n" + body


def _head(first: str, job: Job, lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in (first, f"host: 127.0.0.1:{job.port}", *lines)).encode()


def _authorization(job: Job) -> list[str]:
    return [f"authorization: {job.authorization}"] if job.authorization else []


def _of_session(session: bytes) -> list[str]:
    return [f"mcp-protocol-version: {LEGACY}", f"mcp-session-id: {session.decode()}"] if session else []


class WrongAnswer(Exception):
    """An answer that is not what it must be; says how."""


def check_call(job: Job, id_: int, body: bytes) -> None:
    """The id, the tool that the upstream was asked for, the key and the length."""
    answer = _read(id_, body)
    marker = b'"%b k%d ' % (job.upstream_tool.encode(), id_)
    if marker not in answer:
        raise WrongAnswer(f"the result does not repeat {marker!r}: {answer[:200]!r}")
    if len(answer) < job.size:
        raise WrongAnswer(f"the result has {len(answer)} bytes instead of {job.size} or more")


def check_page(id_: int, body: bytes) -> tuple[int, str]:
    """How many tools a page has, and the cursor of the next one."""
    page = _page.decode(_read(id_, body))
    return len(page.tools), page.nextCursor


def check_stream(job: Job, id_: int, body: bytes) -> None:
    """As many notifications of progress as there must be, in order, with the client's own token, then the result."""
    messages = [line[6:] for line in dechunk(body).split(b"\n") if line.startswith(b"data: ")]
    numbers = [_progress.decode(message).params for message in messages[:-1]]
    if [each["progress"] for each in numbers] != list(range(1, job.count + 1)):
        raise WrongAnswer(f"{len(numbers)} events came instead of {job.count}, or out of order")
    if any(each["progressToken"] != id_ for each in numbers):
        raise WrongAnswer("an event has the token of another request")
    check_call(job, id_, messages[-1])


def dechunk(body: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end], 16)
        if not size:
            return b"".join(pieces)
        pieces.append(body[end + 2 : end + 2 + size])
        at = end + 2 + size + 2


def _read(id_: int, body: bytes) -> bytes:
    try:
        answer = _response.decode(body)
    except msgspec.DecodeError as error:
        raise WrongAnswer(f"{error}: {body[:200]!r}") from None
    if answer.id != id_:
        raise WrongAnswer(f"the answer to {id_} has the id {answer.id}")
    return bytes(answer.result)

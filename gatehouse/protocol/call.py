"""The vocabulary of the relay: a `Call` goes in; `Event`s come out, and exactly one `Result` or `Failure` ends it.

What an upstream does, what a hook sees, what telemetry records and what a face renders are all said in these words.
Params and results are opened one level (`Fields`) and never deeper: values stay the bytes that were sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from gatehouse.kit.json import EMPTY, Fields, Raw

MODERN_VERSION = "2026-07-28"
LEGACY_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")


class Era(StrEnum):
    LEGACY = "legacy"
    MODERN = "modern"


class Client(msgspec.Struct, frozen=True):
    """Who speaks MCP to us: what it told in `initialize` (legacy) or tells in each request (modern)."""

    era: Era
    version: str
    capabilities: Raw = EMPTY
    info: Raw | None = None


class Call(msgspec.Struct, frozen=True):
    """One request from a client that reaches an upstream.

    `params` has no `_meta`; `meta` has the client's `_meta` without the keys that belong to the hop
    (protocolVersion, clientInfo, clientCapabilities, logLevel, progressToken).
    """

    method: str
    params: Fields
    client: Client
    principal: str
    """Id of the principal, for share modes and sealing."""
    session: str | None = None
    """Id of the client's legacy session; None where it has none."""
    meta: Fields = {}
    progress_token: Raw | None = None
    log_level: str | None = None
    """Modern: the request's logLevel. Legacy: what `logging/setLevel` said last in the session."""
    raw_meta: Raw | None = None
    """Of a modern call, the whole `_meta` as it was sent, where nothing of it needs to be changed on the way."""
    headers: tuple[tuple[str, str], ...] = ()
    """`traceparent` and the like, to be passed on; never credentials."""
    id: bytes = b""
    """The request's own, as JSON; empty where no client made it."""
    size: int = 0
    """Bytes of the message that it came in; 0 where it came in none."""


class Progress(msgspec.Struct, frozen=True):
    """`params` of notifications/progress, without its token: each hop has its own."""

    params: Fields


class Log(msgspec.Struct, frozen=True):
    """`params` of notifications/message."""

    params: Raw


class Answer(msgspec.Struct, frozen=True):
    """What a client says to an `Ask`: a result, or a JSON-RPC error object; one of them is None."""

    result: Raw | None = None
    error: Raw | None = None


class Ask(msgspec.Struct, frozen=True):
    """A question back to the client, in the course of a call: elicitation, sampling or roots.

    Whoever takes the Ask calls `reply` once, and may do so long after `emit` has returned.
    """

    method: str
    params: Raw
    reply: Callable[[Answer], Awaitable[None]]


class Notice(msgspec.Struct, frozen=True):
    """Any other notification that belongs to the call, as it came."""

    method: str
    params: Raw


class Result(msgspec.Struct, frozen=True):
    """The `result` object, opened one level. A tool that ran and failed is a Result with `isError`."""

    fields: Fields
    size: int = 0
    """Bytes of the message that it came in; 0 where it came in none."""


class Failure(msgspec.Struct, frozen=True):
    """A JSON-RPC error. `own` where it is ours (the upstream is down) and not the upstream's word."""

    code: int
    message: str
    data: Raw | None = None
    own: bool = False


Event = Progress | Log | Ask | Notice
Outcome = Result | Failure
Emit = Callable[[Event], Awaitable[None]]
"""Takes what comes before the end; waits while the client reads slowly."""

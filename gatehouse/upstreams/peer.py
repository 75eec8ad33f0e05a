"""One MCP server at the other end of a wire, in one era: what every transport comes down to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from gatehouse.kit import json
from gatehouse.kit.errors import UpstreamFailed
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.call import Answer, Ask, Emit, Event, Failure, Log, Notice, Outcome, Progress, Result
from gatehouse.protocol.errors import METHOD_NOT_FOUND
from gatehouse.protocol.headers import HeaderMap
from gatehouse.protocol.jsonrpc import ErrorObject
from gatehouse.protocol.methods import LIST_CHANGED


class Outgoing(msgspec.Struct, frozen=True):
    """One request to a peer. `params` has its `_meta` already, but for the progress token, which is the peer's to make."""

    method: str
    params: Fields
    wants_progress: bool = False
    names: HeaderMap | None = None
    """Which arguments are mirrored in headers, of a tool that says so."""
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float | None = 300.0
    """Seconds without a sign of life; None where silence is what is expected."""


class SessionGone(Exception):
    """The upstream no longer knows the session: nothing was done, and a new handshake is needed."""


class WrongEra(Exception):
    """The upstream answers as a server of the other era would: nothing was done."""


class ListsChanged(msgspec.Struct, frozen=True):
    """The upstream says that a list of its own changed: `tools`, `prompts` or `resources`."""

    list: str


class ResourceUpdated(msgspec.Struct, frozen=True):
    uri: str
    params: Raw


Stray = Ask | Log | Notice | ListsChanged | ResourceUpdated
"""What a peer says outside of any request of ours."""
TakeStray = Callable[[Stray], Awaitable[None]]


class Peer(Protocol):
    async def request(self, outgoing: Outgoing, emit: Emit) -> Outcome:
        """Ask and wait; raises `UpstreamDown`, `UpstreamFailed`, `TimedOut`, `SessionGone` or `WrongEra`."""
        ...

    async def notify(self, method: str, params: bytes = b"{}") -> None: ...

    async def close(self) -> None: ...

    @property
    def alive(self) -> bool: ...


class Incoming(msgspec.Struct):
    """A message from a peer, its result opened one level."""

    id: bytes | None = None
    method: str | None = None
    params: Raw = json.EMPTY
    result: Fields | None = None
    error: ErrorObject | None = None


class _Wire(msgspec.Struct):
    id: Raw | UnsetType = UNSET
    method: str | None = None
    params: Raw | UnsetType = UNSET
    result: Fields | None = None
    error: ErrorObject | None = None


_decode = msgspec.json.Decoder(_Wire).decode


def read_incoming(data: bytes) -> Incoming:
    """Read what a peer said; raises `UpstreamFailed` for what is not a JSON-RPC message."""
    try:
        json.check_text(data)
        wire = _decode(data)
    except (msgspec.DecodeError, json.BadJson, RecursionError) as error:
        raise UpstreamFailed(f"The upstream answered with something that is not JSON-RPC: {error}") from None
    id_ = None if isinstance(wire.id, UnsetType) else bytes(wire.id)
    params = json.EMPTY if isinstance(wire.params, UnsetType) else wire.params
    return Incoming(id_, wire.method, params, wire.result, wire.error)


def outcome_of(message: Incoming) -> Outcome:
    """The end that a response brings; raises `UpstreamFailed` for one that has neither result nor error."""
    if message.error is not None:
        return failure_of(message.error)
    if message.result is None:
        raise UpstreamFailed("The upstream answered with neither a result nor an error")
    return Result(message.result)


def failure_of(error: ErrorObject) -> Failure:
    return Failure(error.code, error.message, None if isinstance(error.data, UnsetType) else error.data)


def event_of(message: Incoming, reply: Callable[[Answer], Awaitable[None]]) -> Event | ListsChanged | ResourceUpdated:
    """What a notification, or a request from the server, means."""
    method, params = message.method or "", message.params
    if message.id is not None:
        return Ask(method, params, reply)
    if method in LIST_CHANGED:
        return ListsChanged(LIST_CHANGED[method])
    if method == "notifications/message":
        return Log(params)
    if method == "notifications/progress":
        return Progress({key: value for key, value in json.fields(params).items() if key != "progressToken"})
    if method == "notifications/resources/updated":
        return ResourceUpdated(json.text(json.fields(params).get("uri")) or "", params)
    return Notice(method, params)


def with_token(params: Fields, token: bytes) -> Fields:
    """The params, asking for progress under our own token."""
    meta = json.fields(params["_meta"]) if "_meta" in params else {}
    return {**params, "_meta": json.raw({**meta, "progressToken": Raw(token)})}


PING_ANSWER = Answer(result=json.EMPTY)
NOT_HERE = Answer(error=json.raw({"code": METHOD_NOT_FOUND, "message": "Nobody is there to answer this"}))


async def ignore(event: Event) -> None:
    """An `Emit` for a request whose events nobody waits for; a question is answered with a no."""
    if isinstance(event, Ask):
        await event.reply(NOT_HERE)

"""One MCP server at the other end of a wire, in one era: what every transport comes down to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from gatehouse.kit import json
from gatehouse.kit.errors import UpstreamFailed, UpstreamLocked
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.call import Answer, Ask, Emit, Event, Failure, Log, Notice, Outcome, Progress, Result
from gatehouse.protocol.errors import METHOD_NOT_FOUND
from gatehouse.protocol.headers import HeaderMap
from gatehouse.protocol.jsonrpc import ErrorObject
from gatehouse.protocol.methods import LIST_CHANGED

_SIGN_IN = "Set or renew its credential, with a token or header that it takes; signing in there with OAuth is not possible yet."


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


class SignInNeeded(UpstreamLocked):
    """It answered 401, or 403 with a challenge: who calls has to be signed in there, or what was shown is not good."""

    def __init__(self, status: int = 401) -> None:
        super().__init__(f"The upstream wants credentials (HTTP {status}).", _SIGN_IN)


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
    size: int = 0
    """Bytes of all of it."""


class _Wire(msgspec.Struct):
    id: Raw | UnsetType = UNSET
    method: str | None = None
    params: Raw = json.EMPTY
    result: Fields | None = None
    error: ErrorObject | None = None


class _Id(msgspec.Struct):
    id: Raw | UnsetType = UNSET
    method: Raw | UnsetType = UNSET


_decode = msgspec.json.Decoder(_Wire).decode
_decode_id = msgspec.json.Decoder(_Id).decode
_decode_batch = msgspec.json.Decoder(list[Raw]).decode


def read_incoming(data: bytes) -> Incoming:
    """Read what a peer said; raises `UpstreamFailed` for what is not a JSON-RPC message."""
    try:
        json.check_text(data)
        wire = _decode(data)
    except (msgspec.DecodeError, json.BadJson, RecursionError) as error:
        raise UpstreamFailed(f"The upstream answered with something that is not JSON-RPC: {error}") from None
    params = json.EMPTY if wire.params == json.NULL else wire.params
    if bytes(params)[:1] != b"{":
        raise UpstreamFailed("The upstream sent a message whose params are not an object")
    return Incoming(_plain_id(wire.id), wire.method, params, wire.result, wire.error, len(data))


def split_batch(data: bytes) -> list[bytes]:
    """The messages of an array, which 2025-03-26 allows; anything else is one message."""
    if not data.startswith(b"["):
        return [data]
    try:
        return [bytes(message) for message in _decode_batch(data)]
    except (msgspec.DecodeError, RecursionError):
        return [data]


def id_of_answer(data: bytes) -> bytes | None:
    """The id of a response that is not good for anything else."""
    try:
        wire = _decode_id(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    return _plain_id(wire.id) if isinstance(wire.method, UnsetType) else None


def _plain_id(id_: Raw | UnsetType) -> bytes | None:
    return None if isinstance(id_, UnsetType) else bytes(id_)


def answers(message: Incoming, id_: bytes) -> bool:
    """Whether a response is to our request `id_`. An error may lack the id, where the peer could not read it."""
    return message.id in (id_, b'"%b"' % id_) or (message.error is not None and message.id in (None, b"null"))


def outcome_of(message: Incoming) -> Outcome:
    """The end that a response brings; raises `UpstreamFailed` for one that has neither result nor error."""
    if message.error is not None:
        return failure_of(message.error)
    if message.result is None:
        raise UpstreamFailed("The upstream answered with neither a result nor an error")
    return Result(message.result, message.size)


def failure_of(error: ErrorObject) -> Failure:
    return Failure(error.code, error.message, None if isinstance(error.data, UnsetType) else error.data)


def event_of(message: Incoming, reply: Callable[[Answer], Awaitable[None]]) -> Event | ListsChanged | ResourceUpdated:
    """What a notification, or a request from the server, means; raises `UpstreamFailed`."""
    try:
        return _event_of(message, reply)
    except json.BadJson as error:
        raise UpstreamFailed(f"The upstream sent a {message.method} that can't be read: {error}") from None


def _event_of(message: Incoming, reply: Callable[[Answer], Awaitable[None]]) -> Event | ListsChanged | ResourceUpdated:
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


CANCELLED = "notifications/cancelled"
"""From an upstream: it no longer wants the answer to a question, or ends a subscription. The ids are of this hop."""
ANSWER_PATIENCE = 3600.0
"""Seconds for which a request may be silent while a question of its own waits for people."""
NEVER_CANCELLED = frozenset({"initialize", "server/discover"})
"""2025-11-25 basic/lifecycle: a handshake is not cancelled; and what asks for the era must not confuse the other one."""
PING_ANSWER = Answer(result=json.EMPTY)
NOT_HERE = Answer(error=json.raw({"code": METHOD_NOT_FOUND, "message": "Nobody is there to answer this"}))


async def ignore(event: Event) -> None:
    """An `Emit` for a request whose events nobody waits for; a question is answered with a no."""
    if isinstance(event, Ask):
        await event.reply(NOT_HERE)


async def nobody(stray: Stray) -> None:
    """A `TakeStray` for a peer that nobody listens to; a question is answered with a no."""
    if isinstance(stray, Ask):
        await stray.reply(NOT_HERE)

"""JSON-RPC 2.0 messages: opened one level on the way in, spliced together on the way out."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec import UNSET, UnsetType

from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.errors import INVALID_REQUEST, PARSE_ERROR


class Request(msgspec.Struct, frozen=True):
    """`id` is the bytes of a string or an integer; `size` the bytes of the whole message."""

    id: bytes
    method: str
    params: Fields
    size: int = 0


class Notification(msgspec.Struct, frozen=True):
    method: str
    params: Fields


class Response(msgspec.Struct, frozen=True):
    """One of `result` and `error` is there."""

    id: bytes
    result: Raw | None = None
    error: Raw | None = None


class Batch(msgspec.Struct, frozen=True):
    """An array of messages, which only 2025-03-26 has; not yet read."""

    items: list[Raw]


class Malformed(msgspec.Struct, frozen=True):
    """Not a message; `id` is the request's where it could be read, else `null`."""

    code: int
    message: str
    id: bytes = b"null"


Message = Request | Notification | Response | Batch | Malformed


class ErrorObject(msgspec.Struct, frozen=True):
    code: int
    message: str = ""
    data: Raw | UnsetType = UNSET


class _Envelope(msgspec.Struct):
    jsonrpc: str = ""
    id: Raw | UnsetType = UNSET
    method: str | None = None
    params: Fields | None = None
    result: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


class _LooseEnvelope(msgspec.Struct):
    id: Raw | UnsetType = UNSET


_decode = msgspec.json.Decoder(_Envelope).decode
_decode_id = msgspec.json.Decoder(_LooseEnvelope).decode
_decode_batch = msgspec.json.Decoder(list[Raw]).decode
_decode_error = msgspec.json.Decoder(ErrorObject).decode
_ID_START = frozenset(b'"-0123456789')


def read(body: bytes) -> Message:
    """Read one message; never raises."""
    try:
        json.check_text(body)
        envelope = _decode(body)
        id_ = envelope.id
        if envelope.method is not None and not isinstance(id_, UnsetType) and envelope.jsonrpc == "2.0":
            # Most messages are requests, and most of their ids are plain numbers.
            number = bytes(id_)
            if number.isdigit() and envelope.params is not None:
                return Request(number, envelope.method, envelope.params, len(body))
        return _classify(envelope, len(body))
    except msgspec.ValidationError as error:
        return _mistyped(body, str(error))
    except RecursionError:
        return Malformed(PARSE_ERROR, "Parse error: nested too deeply")
    except (msgspec.DecodeError, json.BadJson) as error:
        return Malformed(PARSE_ERROR, f"Parse error: {error}")


def _classify(envelope: _Envelope, size: int) -> Message:
    id_ = _bytes(envelope.id)
    if envelope.jsonrpc != "2.0":
        return Malformed(INVALID_REQUEST, 'Invalid request: "jsonrpc" must be "2.0"', _echo(id_))
    if id_ is not None and not _good_id(id_):
        return Malformed(INVALID_REQUEST, 'Invalid request: "id" must be a string or an integer')
    if envelope.method is not None:
        params = envelope.params if envelope.params is not None else {}
        return Notification(envelope.method, params) if id_ is None else Request(id_, envelope.method, params, size)
    result = None if isinstance(envelope.result, UnsetType) else envelope.result
    error = None if isinstance(envelope.error, UnsetType) else envelope.error
    if id_ is not None and (result is None) != (error is None):
        return Response(id_, result, error)
    return Malformed(INVALID_REQUEST, "Invalid request: neither a request, a notification nor a response", _echo(id_))


def _mistyped(body: bytes, reason: str) -> Message:
    if body.lstrip()[:1] == b"[":
        try:
            return Batch(_decode_batch(body))
        except RecursionError:
            return Malformed(PARSE_ERROR, "Parse error: nested too deeply")
        except msgspec.DecodeError as error:
            return Malformed(PARSE_ERROR, f"Parse error: {error}")
    try:
        envelope = _decode_id(body)
    except (msgspec.DecodeError, RecursionError):
        return Malformed(INVALID_REQUEST, f"Invalid request: {reason}")
    return Malformed(INVALID_REQUEST, f"Invalid request: {reason}", _echo(_bytes(envelope.id)))


def _bytes(id_: Raw | UnsetType) -> bytes | None:
    return None if isinstance(id_, UnsetType) else bytes(id_)


def _good_id(id_: bytes) -> bool:
    return id_[0] in _ID_START and not (id_[0] != 34 and (b"." in id_ or b"e" in id_ or b"E" in id_))


def _echo(id_: bytes | None) -> bytes:
    return id_ if id_ is not None and _good_id(id_) else b"null"


# Joined, not formatted: `%` grows its buffer as it goes, which for 256 KB costs thirty times as much.


def request(id_: bytes, method: str, params: bytes) -> bytes:
    return b"".join((b'{"jsonrpc":"2.0","id":', id_, b',"method":', _quoted(method), b',"params":', params, b"}"))


def notification(method: str, params: bytes = b"{}") -> bytes:
    return b"".join((b'{"jsonrpc":"2.0","method":', _quoted(method), b',"params":', params, b"}"))


@lru_cache(maxsize=256)
def _quoted(method: str) -> bytes:
    return json.dump(method)


def result(id_: bytes, value: bytes) -> bytes:
    return b"".join((b'{"jsonrpc":"2.0","id":', id_, b',"result":', value, b"}"))


def error(id_: bytes, code: int, message: str, data: Raw | None = None) -> bytes:
    extra = b"" if data is None else b',"data":%b' % bytes(data)
    return b'{"jsonrpc":"2.0","id":%b,"error":{"code":%d,"message":%b%b}}' % (id_, code, json.dump(message), extra)


def error_object(id_: bytes, value: bytes | Raw) -> bytes:
    """A response with an error object as it came."""
    return b"".join((b'{"jsonrpc":"2.0","id":', id_, b',"error":', bytes(value), b"}"))


def read_error(value: Raw) -> ErrorObject:
    """The error object of a peer; what can't be read becomes a code and words of our own."""
    try:
        return _decode_error(value)
    except (msgspec.DecodeError, RecursionError):
        return ErrorObject(INVALID_REQUEST, "The peer answered with an error that is not a JSON-RPC error object")

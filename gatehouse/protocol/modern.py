"""The modern era, 2026-07-28: each request says who asks and what it can do; nothing is remembered. No I/O.

Reading a client's request (the ladder of basic/index "Per-request protocol fields" and basic/transports), and writing
what an upstream gets and what a client gets back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import msgspec

from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol import headers as mirror
from gatehouse.protocol.call import LEGACY_VERSIONS, MODERN_VERSION, Client, Era
from gatehouse.protocol.errors import HEADER_MISMATCH, INVALID_PARAMS, METHOD_NOT_FOUND, UNSUPPORTED_VERSION
from gatehouse.protocol.jsonrpc import Request
from gatehouse.protocol.methods import METHODS, Method

PREFIX = "io.modelcontextprotocol/"
VERSION_KEY = PREFIX + "protocolVersion"
CAPABILITIES_KEY = PREFIX + "clientCapabilities"
INFO_KEY = PREFIX + "clientInfo"
LOG_LEVEL_KEY = PREFIX + "logLevel"
SERVER_INFO_KEY = PREFIX + "serverInfo"
SUBSCRIPTION_KEY = PREFIX + "subscriptionId"
TASKS_EXTENSION = PREFIX + "tasks"

VERSION_HEADER = b"mcp-protocol-version"
METHOD_HEADER = b"mcp-method"
NAME_HEADER = b"mcp-name"
ROUTING_HEADERS = frozenset({VERSION_HEADER, METHOD_HEADER, NAME_HEADER})

_VERSION = MODERN_VERSION.encode()
_SHORT_META = 4096
"""Bytes of a `_meta` that is worth remembering."""
_OF_THE_HOP = re.compile(rb"io\.modelcontextprotocol/(?:tasks|serverInfo|subscriptionId)|\\u")
_QUOTED_VERSION = Raw(b'"%b"' % _VERSION)
_STRING, _OBJECT = frozenset({b'"'}), frozenset({b"{"})
_TYPES = {
    VERSION_KEY: _STRING,
    CAPABILITIES_KEY: _OBJECT,
    INFO_KEY: _OBJECT,
    LOG_LEVEL_KEY: _STRING,
    "progressToken": frozenset(bytes([byte]) for byte in b'"-0123456789'),
}
"""What the value of each key begins with."""
_PLAIN_NAME = re.compile(rb"[!-\[\]-~]([ -\[\]-~]*[!-\[\]-~])?")
"""Printable, without a backslash: the same bytes in a header as between the quotes of JSON."""
COMPLETE = Raw(b'"complete"')
INPUT_REQUIRED = Raw(b'"input_required"')


class Envelope(msgspec.Struct, frozen=True):
    """What a request's `_meta` says. Shared between requests that say the same: not to be changed."""

    version: Raw
    client: Client
    meta: Fields
    """The rest of it, without the keys that belong to the hop."""
    progress_token: Raw | None
    log_level: str | None
    raw: Raw
    """As it was sent."""
    passes: bool
    """Whether an upstream of this era may be sent it as it is: nothing in it belongs to this hop.

    Progress tokens are made anew, as two clients may use the same; extensions are left out that Gatehouse can't carry.
    """


class Inbound(msgspec.Struct, frozen=True):
    """A modern request that may be answered. `params` has lost its `_meta`."""

    id: bytes
    name: str
    method: Method
    params: Fields
    envelope: Envelope


class Rejection(msgspec.Struct, frozen=True):
    """A request that must not be answered: the error to give instead."""

    id: bytes
    code: int
    message: str
    data: Raw | None = None


def is_modern(headers: Mapping[bytes, bytes], params: Fields | None) -> bool:
    """Whether a request is of this era: by its version header, or without one by its envelope.

    A version that nobody knows counts as modern, since only this era has a way to say what is supported.
    """
    version = headers.get(VERSION_HEADER)
    if version == _VERSION:
        return True
    if version is not None:
        return version.strip(b" \t").decode("latin-1") not in LEGACY_VERSIONS
    meta = params.get("_meta") if params else None
    return meta is not None and VERSION_KEY.encode() in bytes(meta) and _has_version(meta)


def _has_version(meta: Raw) -> bool:
    try:
        return VERSION_KEY in json.fields(meta)
    except json.BadJson:
        return False


def read(request: Request, headers: Mapping[bytes, bytes], repeated: frozenset[bytes]) -> Inbound | Rejection:
    """The ladder: duplicates, envelope, header against body, version, method. `repeated`: names sent more than once."""
    twice = ROUTING_HEADERS & repeated if repeated else None
    if twice:
        return _mismatch(request.id, f"{min(twice).decode()} was sent more than once")
    raw = bytes(request.params.pop("_meta", json.NULL))
    # Clients say the same about themselves in each request, but for what is unique to it.
    judge = _judge if len(raw) > _SHORT_META or b"progressToken" in raw or b"trace" in raw else _judged
    verdict = judge(raw, request.method, headers.get(VERSION_HEADER), headers.get(METHOD_HEADER))
    if verdict.refusal is not None:
        return _rejection(request.id, verdict.refusal)
    problem = _name_problem(request, headers)
    if problem:
        return _mismatch(request.id, problem)
    if verdict.method is None or verdict.envelope is None:
        return _rejection(request.id, verdict.late_refusal or _UNKNOWN)
    return Inbound(request.id, request.method, verdict.method, request.params, verdict.envelope)


class _Refusal(msgspec.Struct, frozen=True):
    code: int
    message: str
    data: Raw | None = None


class _Verdict(msgspec.Struct, frozen=True):
    """What can be told of a request without its name: all is well, or an error before or after the name is looked at."""

    envelope: Envelope | None = None
    method: Method | None = None
    refusal: _Refusal | None = None
    late_refusal: _Refusal | None = None


_UNKNOWN = _Refusal(METHOD_NOT_FOUND, "Method not found")


def _judge(raw: bytes, name: str, version: bytes | None, method: bytes | None) -> _Verdict:
    """`version` and `method` are the headers."""
    try:
        meta = _open(Raw(raw))
        envelope = _envelope(meta, Raw(raw))
    except ValueError as error:
        return _Verdict(refusal=_Refusal(INVALID_PARAMS, f"Invalid params: {error}"))
    if _unquote(envelope.version) != _stripped(version):
        words = f'Header mismatch: MCP-Protocol-Version does not match _meta["{VERSION_KEY}"]'
        return _Verdict(refusal=_Refusal(HEADER_MISMATCH, words))
    if _stripped(method) != name.encode():
        return _Verdict(refusal=_Refusal(HEADER_MISMATCH, f"Header mismatch: Mcp-Method does not match '{name}'"))
    if envelope.version != _QUOTED_VERSION:
        rejected = unsupported(b"", envelope.version)
        return _Verdict(late_refusal=_Refusal(rejected.code, rejected.message, rejected.data))
    if name not in METHODS[Era.MODERN]:
        return _Verdict(late_refusal=_Refusal(METHOD_NOT_FOUND, f"Method not found: {name}"))
    return _Verdict(envelope, METHODS[Era.MODERN][name])


_judged = lru_cache(maxsize=2048)(_judge)


def _open(raw: Raw) -> Fields:
    """Open a request's `_meta`; raises `ValueError` for one that lacks what every request needs."""
    if raw == json.NULL:
        raise ValueError("_meta is missing; every request carries its protocolVersion and clientCapabilities there")
    meta = json.fields(raw)
    for key in (VERSION_KEY, CAPABILITIES_KEY):
        if key not in meta:
            raise ValueError(f'_meta["{key}"] is missing')
    for key, openings in _TYPES.items():
        if key in meta and bytes(meta[key])[:1] not in openings:
            raise ValueError(f'_meta["{key}"] is of the wrong type')
    return meta


def _envelope(meta: Fields, raw: Raw) -> Envelope:
    version = meta.pop(VERSION_KEY)
    client = Client(Era.MODERN, MODERN_VERSION, meta.pop(CAPABILITIES_KEY), meta.pop(INFO_KEY, None))
    level, token = meta.pop(LOG_LEVEL_KEY, None), meta.pop("progressToken", None)
    for key in (SERVER_INFO_KEY, SUBSCRIPTION_KEY):
        meta.pop(key, None)
    passes = token is None and _OF_THE_HOP.search(bytes(raw)) is None
    return Envelope(version, client, meta, token, json.text(level) if level is not None else None, raw, passes)


def _rejection(id_: bytes, refusal: _Refusal) -> Rejection:
    return Rejection(id_, refusal.code, refusal.message, refusal.data)


def _name_problem(request: Request, headers: Mapping[bytes, bytes]) -> str | None:
    key = mirror.NAME_PARAM.get(request.method)
    if key is None:
        return None
    sent, expected = headers.get(NAME_HEADER), request.params.get(key)
    if sent is None:
        return "Mcp-Name is missing" if expected is not None else None
    if expected is None or not _mirrors(sent.strip(b" \t"), expected):
        return f"Mcp-Name does not match params.{key}"
    return None


def _mirrors(sent: bytes, expected: Raw) -> bool:
    """Whether a header value stands for a string of the body. Nearly every name is plain, and needs no decoding."""
    if bytes(expected) == b'"%b"' % sent and _PLAIN_NAME.fullmatch(sent) and not sent.startswith(b"=?"):
        return True
    text = json.text(expected)
    return text is not None and text == mirror.decode_value(sent)


def _stripped(value: bytes | None) -> bytes | None:
    """A header value; the space around it is not part of it (RFC 9110 5.5), though the parser leaves it there."""
    return value.strip(b" \t") if value is not None else None


def _unquote(value: Raw) -> bytes:
    return bytes(value)[1:-1]


def _mismatch(id_: bytes, words: str) -> Rejection:
    return Rejection(id_, HEADER_MISMATCH, f"Header mismatch: {words}")


def unsupported(id_: bytes, version: Raw, supported: list[str] | None = None) -> Rejection:
    data = json.raw({"supported": supported or [MODERN_VERSION, *LEGACY_VERSIONS[:3]], "requested": version})
    return Rejection(id_, UNSUPPORTED_VERSION, f"Unsupported protocol version: {json.text(version)}", data)


def param_problem(
    names: mirror.HeaderMap, params: Fields, headers: Mapping[bytes, bytes], repeated: frozenset[bytes] = frozenset()
) -> str | None:
    """What is wrong with the `Mcp-Param-*` headers of a tools/call, or None. `repeated`: names sent more than once."""
    twice = next((name for name in sorted(repeated) if name.startswith(b"mcp-param-")), None)
    if twice is not None:
        return f"{twice.decode('latin-1')} is given more than once"
    sent = {
        name.decode("latin-1"): value.strip(b" \t") for name, value in headers.items() if name.startswith(b"mcp-param-")
    }
    return mirror.param_mismatch(names, _arguments(params), sent)


def _arguments(params: Fields) -> dict[str, Any]:
    value: Any = json.load(params["arguments"]) if "arguments" in params else {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def request_headers(method: str, params: Fields, names: mirror.HeaderMap | None = None) -> bytes:
    """The header lines that mirror a request to a modern upstream."""
    key = mirror.NAME_PARAM.get(method)
    lines = _routing_lines(method, bytes(params.get(key, b"null")) if key else b"null")
    if not names:
        return lines
    mirrored = mirror.param_headers(names, _arguments(params))
    return lines + b"".join(b"%b: %b\r\n" % (name.encode(), text.encode()) for name, text in mirrored)


@lru_cache(maxsize=4096)
def _routing_lines(method: str, name: bytes) -> bytes:
    """`name` is JSON. A few names make up nearly all calls."""
    lines = b"mcp-protocol-version: %b\r\nmcp-method: %b\r\n" % (_VERSION, method.encode())
    value = json.text(Raw(name))
    return lines if value is None else lines + b"mcp-name: %b\r\n" % mirror.encode_value(value).encode()


def request_meta(client: Client, meta: Fields, log_level: str | None, token: bytes | None) -> Fields:
    """The `_meta` of a request to a modern upstream: what the client sent, and the fields of this hop."""
    stamped = dict(meta)
    stamped[VERSION_KEY] = _QUOTED_VERSION
    stamped[CAPABILITIES_KEY] = client.capabilities
    if client.info is not None:
        stamped[INFO_KEY] = client.info
    if log_level is not None:
        stamped[LOG_LEVEL_KEY] = json.raw(log_level)
    if token is not None:
        stamped["progressToken"] = Raw(token)
    return stamped


def relayed_capabilities(capabilities: Raw) -> Raw:
    """What a client can do, less the extensions that Gatehouse can't carry."""
    if TASKS_EXTENSION.encode() not in bytes(capabilities):
        return capabilities
    fields = json.fields(capabilities)
    declared = fields.pop("extensions", json.EMPTY)
    extensions = json.fields(declared) if bytes(declared)[:1] == b"{" else {}
    extensions.pop(TASKS_EXTENSION, None)
    if extensions:
        fields["extensions"] = json.raw(extensions)
    return json.raw(fields)


def with_server_info(result: Fields, server_info: Raw) -> None:
    """Say in a result's `_meta` who answered: the virtual server, not what is behind it."""
    result["_meta"] = _with_server_info(bytes(result.get("_meta", b"{}")), bytes(server_info))


@lru_cache(maxsize=1024)
def _with_server_info(meta: bytes, server_info: bytes) -> Raw:
    """The `_meta` of most results says no more than who gave it, so that few make up nearly all."""
    # What is no object says nothing; a client would refuse the whole result for it.
    opened = json.fields(meta) if meta[:1] == b"{" else {}
    return json.raw({**opened, SERVER_INFO_KEY: Raw(server_info)})

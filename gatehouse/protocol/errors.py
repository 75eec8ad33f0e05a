"""JSON-RPC and MCP error codes, and the HTTP status that goes with each in each era."""

from __future__ import annotations

from gatehouse.kit.errors import (
    Forbidden,
    GatewayError,
    Invalid,
    NotFound,
    RateLimited,
    TimedOut,
    TooLarge,
    Unauthenticated,
    UpstreamDown,
    UpstreamFailed,
    UpstreamLocked,
)
from gatehouse.protocol.call import Era

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
MISSING_CLIENT_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022
LEGACY_RESOURCE_NOT_FOUND = -32002
LEGACY_URL_ELICITATION_REQUIRED = -32042
MODERN_CODES = frozenset({HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_VERSION})
"""Codes that only a modern server gives: seen in an answer, they tell its era."""

# 2026-07-28 basic/transports "Streamable HTTP": what is wrong with the request is 4xx, what went wrong in it is 200.
_MODERN_STATUS = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    MISSING_CLIENT_CAPABILITY: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
_LEGACY_STATUS = {PARSE_ERROR: 400, INVALID_REQUEST: 400}

# Codes of our own lie outside -32768..-32000, which JSON-RPC reserves.
_CODES: dict[type[GatewayError], int] = {
    Invalid: INVALID_PARAMS,
    NotFound: INVALID_PARAMS,
    Unauthenticated: -31401,
    Forbidden: -31403,
    TooLarge: -31413,
    RateLimited: -31429,
    UpstreamLocked: -31511,
    UpstreamFailed: -31502,
    UpstreamDown: -31503,
    TimedOut: -31504,
}


def http_status(code: int, era: Era) -> int:
    """The HTTP status of an answer with this error code."""
    return (_MODERN_STATUS if era is Era.MODERN else _LEGACY_STATUS).get(code, 200)


def rpc_code(error: GatewayError) -> int:
    """The JSON-RPC code of an error of ours."""
    return next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), INTERNAL_ERROR)

"""From the era of an upstream to the era of a client. No I/O.

Same era: what comes in goes out, but for what belongs to the hop. Across: the shape that the client's era asks for.
"""

from __future__ import annotations

from gatehouse.kit import json
from gatehouse.kit.json import Raw
from gatehouse.protocol import jsonrpc, legacy, modern
from gatehouse.protocol.call import Client, Era, Failure, Log, Notice, Outcome, Progress, Result
from gatehouse.protocol.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    LEGACY_RESOURCE_NOT_FOUND,
    METHOD_NOT_FOUND,
    MODERN_CODES,
)
from gatehouse.protocol.methods import METHODS

_MODERN = Era.MODERN
_METHODS = METHODS[_MODERN]
_NOT_CACHED = Raw(b"0")
_PRIVATE = Raw(b'"private"')
_MODERN_ONLY = ("resultType", "ttlMs", "cacheScope")
LEGACY_ONLY = frozenset({"resources/subscribe", "resources/unsubscribe"})


def for_client(outcome: Outcome, client: Client, method: str, server_info: Raw) -> Outcome:
    """What a client gets of what an upstream gave, whichever era that was of. May change the outcome's fields in place."""
    if isinstance(outcome, Failure):
        return _failure_for_modern(outcome) if client.era is _MODERN else _failure_for_legacy(outcome, method)
    return _to_modern(outcome, method, server_info) if client.era is _MODERN else _to_legacy(outcome)


def _to_modern(result: Result, method: str, server_info: Raw) -> Result:
    fields = result.fields
    if "resultType" not in fields:
        fields["resultType"] = modern.COMPLETE
    if _METHODS[method].cacheable and fields["resultType"] == modern.COMPLETE:
        fields.setdefault("ttlMs", _NOT_CACHED)
        fields.setdefault("cacheScope", _PRIVATE)
    modern.with_server_info(fields, server_info)
    return result


def _to_legacy(result: Result) -> Outcome:
    fields = result.fields
    kind = fields.get("resultType", modern.COMPLETE)
    if kind == modern.INPUT_REQUIRED:
        return Failure(
            INTERNAL_ERROR, "The upstream asks for input in a way that this client's protocol version lacks", own=True
        )
    if kind != modern.COMPLETE:
        return Failure(INTERNAL_ERROR, "The upstream gave a kind of result that this client's version lacks", own=True)
    for key in _MODERN_ONLY:
        fields.pop(key, None)
    # Up to 2025-11-25 it is an object; anything else the text says as well (2026-07-28 server/tools).
    if bytes(fields.get("structuredContent", json.EMPTY))[:1] != b"{":
        del fields["structuredContent"]
    return result


def _failure_for_modern(failure: Failure) -> Failure:
    """2026-07-28 basic/index "Error codes": no -32002, no -32042, and of -32020..-32099 only those it defines."""
    if failure.code == LEGACY_RESOURCE_NOT_FOUND:
        return Failure(INVALID_PARAMS, failure.message, failure.data, failure.own)
    if -32099 <= failure.code <= -32020 and failure.code not in MODERN_CODES:
        return Failure(INTERNAL_ERROR, failure.message, failure.data, failure.own)
    return failure


def _failure_for_legacy(failure: Failure, method: str) -> Failure:
    """2025-11-25 server/resources "Error handling": a resource that is not there has a code of its own."""
    if method == "resources/read" and failure.code == INVALID_PARAMS and _names_uri(failure.data):
        return Failure(LEGACY_RESOURCE_NOT_FOUND, failure.message, failure.data, failure.own)
    return failure


def _names_uri(data: Raw | None) -> bool:
    return data is not None and bytes(data)[:1] == b"{" and "uri" in json.fields(data)


def client_for(upstream_era: Era, client: Client) -> Client:
    """The client as an upstream gets to know it.

    Of the other era it is shown with no capabilities: what it could be asked would not reach it.
    """
    if client.era is not upstream_era:
        version = modern.MODERN_VERSION if upstream_era is Era.MODERN else legacy.LATEST
        return Client(upstream_era, version, json.EMPTY, client.info)
    if upstream_era is Era.MODERN:
        return Client(client.era, client.version, modern.relayed_capabilities(client.capabilities), client.info)
    return client


def unsupported(method: str, upstream_era: Era) -> Failure | None:
    """Why a method can't be carried to an upstream of this era, or None."""
    if upstream_era is Era.MODERN and method in LEGACY_ONLY:
        return Failure(METHOD_NOT_FOUND, f"Method not found: the upstream has no {method}", own=True)
    return None


def message_of(event: Progress | Log | Notice, token: Raw | None) -> bytes | None:
    """An event as a notification to the client; None for progress that it did not ask for."""
    if isinstance(event, Progress):
        if token is None:
            return None
        return jsonrpc.notification("notifications/progress", json.dump({"progressToken": token, **event.params}))
    if isinstance(event, Log):
        return jsonrpc.notification("notifications/message", bytes(event.params))
    return jsonrpc.notification(event.method, bytes(event.params))


def log_level(event: Log) -> str:
    return json.text(json.fields(event.params).get("level")) or ""


def response(id_: bytes, outcome: Outcome) -> bytes:
    """The end of a call as a JSON-RPC response."""
    if isinstance(outcome, Failure):
        return jsonrpc.error(id_, outcome.code, outcome.message, outcome.data)
    return jsonrpc.result(id_, json.dump(outcome.fields))

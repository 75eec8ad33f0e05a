"""Calls made through the API: straight to the upstream of a capability, past any virtual server."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gatehouse.api.problems import CallFailed
from gatehouse.api.routing import Asked
from gatehouse.catalog.model import Capability, Kind
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.kit.json import Fields, Raw, dump
from gatehouse.protocol.call import Failure
from gatehouse.protocol.errors import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    LEGACY_RESOURCE_NOT_FOUND,
    METHOD_NOT_FOUND,
)

_STATUS = {INVALID_PARAMS: 400, INVALID_REQUEST: 400, LEGACY_RESOURCE_NOT_FOUND: 404, METHOD_NOT_FOUND: 404}
_OWN_CODES = range(-31599, -31399)
"""Our own failures: -31000 less an HTTP status (`protocol/errors`)."""


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """What a tool or prompt is called with."""

    arguments: Fields = {}


class ReadInput(Struct, frozen=True, forbid_unknown_fields=True):
    """Which resource to read."""

    uri: Annotated[str, Meta(description="For a template: the uri made from it. Left out for a resource")] | None = None


async def call(asked: Asked[None, Arguments], kind: Kind) -> Raw:
    """The CallToolResult or GetPromptResult as it came; a tool that ran and failed is a result with `isError`."""
    capability = await asked.context.catalog.capability(asked.ref, (kind,))
    return await _outcome(asked, capability, dump({"arguments": asked.body.arguments}))


async def read(asked: Asked[None, ReadInput]) -> Raw:
    """The ReadResourceResult as it came."""
    capability = await asked.context.catalog.capability(asked.ref, (Kind.RESOURCE, Kind.TEMPLATE))
    return await _outcome(asked, capability, msgspec.json.encode({"uri": _uri(capability, asked.body.uri)}))


def _uri(capability: Capability, uri: str | None) -> str:
    if capability.kind is Kind.RESOURCE:
        if uri not in {None, capability.key}:
            raise Invalid("This resource has another uri.", f"Leave 'uri' out, or send '{capability.key}'.")
        return capability.key
    if not uri:
        raise Invalid("A template needs the uri to read.", f"Send 'uri', made from '{capability.key}'.")
    return uri


async def _outcome(
    asked: Asked[None, Arguments] | Asked[None, ReadInput], capability: Capability, params: bytes
) -> Raw:
    if capability.gone_at is not None:
        raise Conflict(f"The upstream no longer offers '{capability.key}'.", "Refresh the upstream to look again.")
    if not capability.enabled:
        raise Conflict(f"'{capability.key}' is switched off.", 'Switch it on with PATCH {"enabled": true}.')
    outcome = await asked.context.operations.call(asked.principal, capability, params)
    if isinstance(outcome, Failure):
        raise CallFailed(_status(outcome), outcome.message, outcome.code, outcome.data)
    return Raw(dump(outcome.fields))


def _status(failure: Failure) -> int:
    if failure.own and failure.code in _OWN_CODES:
        return -failure.code - 31000
    return _STATUS.get(failure.code, 502)

"""What `connect` says to its client where the gateway gave no answer of its own."""

from __future__ import annotations

import msgspec

from gatehouse.kit.errors import Forbidden, GatewayError, NotFound, Unauthenticated, UpstreamDown, UpstreamFailed
from gatehouse.protocol import jsonrpc
from gatehouse.protocol.errors import rpc_code

_WORDS: dict[int, tuple[type[GatewayError], str]] = {
    401: (
        Unauthenticated,
        "Gatehouse does not take the token. Set GATEHOUSE_TOKEN to one that is good for this server.",
    ),
    403: (Forbidden, "The token is not for this server. Make one with `gatehouse token create NAME --server SERVER`."),
    404: (NotFound, "There is no such server here. `gatehouse server list` shows those that there are."),
}


class _Told(msgspec.Struct, frozen=True):
    """A problem document, as far as it is read."""

    detail: str = ""
    hint: str = ""


def unreachable(id_: bytes, error: GatewayError) -> bytes:
    return jsonrpc.error(id_, rpc_code(UpstreamDown("")), str(error))


def refused(id_: bytes, status: int, body: bytes) -> bytes:
    """An error for an HTTP status that came without a JSON-RPC error."""
    kind, words = _WORDS.get(status, (UpstreamFailed, f"The server answered with HTTP {status} and no MCP message."))
    try:
        told = msgspec.json.decode(body, type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = _Told()
    return jsonrpc.error(id_, rpc_code(kind("")), f"{told.detail} {told.hint}".strip() or words)

"""The legacy era, up to 2025-11-25: a handshake, then a session. No I/O."""

from __future__ import annotations

from gatehouse.kit import json
from gatehouse.kit.json import Fields
from gatehouse.protocol.call import LEGACY_VERSIONS, Client, Era

LATEST = LEGACY_VERSIONS[0]
OLDEST_OVER_STREAMABLE_HTTP = "2025-03-26"
SESSION_HEADER = b"mcp-session-id"
LAST_EVENT_HEADER = b"last-event-id"
BATCH_VERSION = "2025-03-26"
"""The one version that has JSON-RPC batches."""
POLLING_VERSION = "2025-11-25"
"""From here on a stream opens with a priming event, so that a client can come back to it."""
ASKS = frozenset({"elicitation/create", "sampling/createMessage", "roots/list"})
ASK_CAPABILITY = {"elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots"}


def read_initialize(params: Fields) -> Client:
    """The client that shakes hands; its version is the one to speak. Raises `ValueError`."""
    version = json.text(params.get("protocolVersion"))
    if version is None:
        raise ValueError("params.protocolVersion is missing")
    capabilities = params.get("capabilities", json.EMPTY)
    json.fields(capabilities)
    return Client(Era.LEGACY, negotiate(version), capabilities, params.get("clientInfo"))


def negotiate(version: str) -> str:
    """The version to answer with: what was asked for where it is known, else the latest (lifecycle "Version negotiation")."""
    return version if version in LEGACY_VERSIONS else LATEST


def initialize_params(client: Client, version: str) -> bytes:
    """What Gatehouse says to a legacy upstream on behalf of a client."""
    return json.dump(
        {"protocolVersion": version, "capabilities": client.capabilities, "clientInfo": client.info or json.EMPTY}
    )


def can_answer(client: Client, method: str) -> bool:
    """Whether a client said in its handshake that it answers this question."""
    return ASK_CAPABILITY.get(method, "") in json.fields(client.capabilities)

"""An HTTP/1.1 client for the hot path: pooled connections, streamed answers, one deadline sweep; no word of MCP."""

from gatehouse.upstreams.http.client import HttpClient
from gatehouse.upstreams.http.errors import (
    BadResponse,
    BodyTooLarge,
    ConnectionLost,
    HttpError,
    NotConnected,
    ResponseTimedOut,
)
from gatehouse.upstreams.http.origin import Origin
from gatehouse.upstreams.http.response import HttpResponse

__all__ = [
    "BadResponse",
    "BodyTooLarge",
    "ConnectionLost",
    "HttpClient",
    "HttpError",
    "HttpResponse",
    "NotConnected",
    "Origin",
    "ResponseTimedOut",
]

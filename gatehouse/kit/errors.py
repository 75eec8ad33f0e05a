"""The errors that a caller may see. Each face renders them once: JSON-RPC, problem+json, SSE, CLI.

GatewayError
 |- Invalid 400        |- TooLarge 413
 |- Unauthenticated 401|- RateLimited 429
 |- Forbidden 403      |- UpstreamFailed 502
 |- NotFound 404       |- UpstreamDown 503
 |- Conflict 409       |- TimedOut 504
"""

from __future__ import annotations


class GatewayError(Exception):
    """`message` says what was wrong; `hint` what to do next. Both are shown to strangers: no secrets, no internals."""

    http_status = 500
    title = "Internal error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class Invalid(GatewayError):
    http_status = 400
    title = "Invalid request"


class Unauthenticated(GatewayError):
    http_status = 401
    title = "Not signed in"


class Forbidden(GatewayError):
    http_status = 403
    title = "Not allowed"


class NotFound(GatewayError):
    http_status = 404
    title = "Not found"


class Conflict(GatewayError):
    http_status = 409
    title = "Conflict"


class TooLarge(GatewayError):
    http_status = 413
    title = "Too large"


class RateLimited(GatewayError):
    """`retry_after`: seconds, after which the same may be let in."""

    http_status = 429
    title = "Too many requests"

    def __init__(self, message: str, hint: str = "", retry_after: int = 1) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class UpstreamFailed(GatewayError):
    """The upstream answered, but not with anything that can be passed on."""

    http_status = 502
    title = "Upstream failed"


class UpstreamLocked(UpstreamFailed):
    """The upstream wants to be signed in to."""


class UpstreamDown(GatewayError):
    """The upstream could not be reached, or went away before it answered."""

    http_status = 503
    title = "Upstream down"


class TimedOut(GatewayError):
    http_status = 504
    title = "Timed out"

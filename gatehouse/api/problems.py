"""Errors as RFC 9457 problem documents: what was wrong, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from gatehouse.kit.errors import Forbidden, GatewayError, Invalid, RateLimited, Unauthenticated

MEDIA_TYPE = "application/problem+json"
REALM = 'Bearer realm="gatehouse"'


class FieldError(msgspec.Struct, frozen=True):
    """One field or parameter that can't be used."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    """What to do next."""
    errors: tuple[FieldError, ...] = ()
    rpc_code: int | None = None
    """The JSON-RPC error code, where an upstream answered with one."""
    rpc_data: msgspec.Raw | None = None
    request_id: str = ""
    """Of what failed inside: the lines of the log that say why have it, too."""


class InvalidFields(Invalid):
    """A body or a query string, with the fields in it that are wrong."""

    def __init__(self, message: str, errors: Sequence[FieldError], hint: str = "") -> None:
        super().__init__(message, hint)
        self.errors = tuple(errors)


class InvalidToken(Unauthenticated):
    """A token was sent, and is not, or no longer, good."""


class LacksPermission(Forbidden):
    """The token is good, and not for this action."""

    def __init__(self, message: str, action: str) -> None:
        super().__init__(message, f"Use a token with permission {action}, or ask for a role that has it.")
        self.action = action


class UnsupportedMediaType(GatewayError):
    http_status = 415
    title = "Unsupported media type"


class MethodNotAllowed(GatewayError):
    http_status = 405
    title = "Method not allowed"


class CallFailed(GatewayError):
    """What an upstream was asked for ended in a JSON-RPC error."""

    title = "Call failed"

    def __init__(self, status: int, message: str, code: int, data: msgspec.Raw | None) -> None:
        super().__init__(message)
        self.http_status = status
        self.code = code
        self.data = data


def failure_response(error: GatewayError, request_id: str | None) -> Response:
    """For what the caller can't help, and who runs Gatehouse has to find in the log."""
    return problem_response(error, request_id=request_id or "")


def problem_response(
    error: GatewayError, headers: Mapping[str, str] | None = None, *, request_id: str = ""
) -> Response:
    failed = error if isinstance(error, CallFailed) else None
    problem = Problem(
        type=f"urn:gatehouse:problem:{_kebab(type(error).__name__)}",
        title=error.title,
        status=error.http_status,
        detail=error.message,
        hint=error.hint,
        errors=error.errors if isinstance(error, InvalidFields) else (),
        rpc_code=failed.code if failed else None,
        rpc_data=failed.data if failed else None,
        request_id=request_id,
    )
    all_headers = {"cache-control": "no-store", **_challenge(error), **_patience(error), **(headers or {})}
    return Response(msgspec.json.encode(problem), error.http_status, all_headers, MEDIA_TYPE)


def _challenge(error: GatewayError) -> dict[str, str]:
    """RFC 6750 section 3: no error code where no token was sent."""
    if isinstance(error, LacksPermission):
        return {"www-authenticate": f'{REALM}, error="insufficient_scope", scope="{error.action}"'}
    if isinstance(error, InvalidToken):
        return {"www-authenticate": f'{REALM}, error="invalid_token"'}
    return {"www-authenticate": REALM} if isinstance(error, Unauthenticated) else {}


def _patience(error: GatewayError) -> dict[str, str]:
    return {"retry-after": str(error.retry_after)} if isinstance(error, RateLimited) else {}


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()

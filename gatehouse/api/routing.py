"""The one way into the API: every route is an `Endpoint` with an action, and goes through `_answer`.

Authenticate, ask policy, decode, handle, encode: handlers see typed values, and raise `GatewayError`s.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatehouse.access import policy
from gatehouse.access.model import ANONYMOUS, Principal, Resource
from gatehouse.api.actions import Action
from gatehouse.api.context import ApiContext
from gatehouse.api.decoding import check_media_type, decode_body, decode_query, read_body, refuse_secrets
from gatehouse.api.problems import InvalidToken, LacksPermission, MethodNotAllowed, problem_response
from gatehouse.kit.errors import GatewayError, NotFound, Unauthenticated

logger = logging.getLogger(__name__)
Query = TypeVar("Query")
Body = TypeVar("Body")
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Asked(Generic[Query, Body]):
    """One request that was let in. `ref` is the `{id}` of the path: an id or a slug."""

    context: ApiContext
    principal: Principal
    public_url: str
    ref: str
    query: Query
    body: Body


def _nothing_further(_body: Any) -> Iterable[Action]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route. `query`, `body` and `answer` are the types that its handler is annotated with; NoneType: none."""

    method: str
    path: str
    action: Action
    summary: str
    handler: Callable[[Asked[Any, Any]], Awaitable[Any]]
    query: Any
    body: Any
    answer: Any
    status: int
    changes: bool
    """Whether it writes to the registry, so that the answer waits until this worker sees what was written."""
    further: Callable[[Any], Iterable[Action]]
    """Actions that a body asks for besides `action`."""


def endpoint(
    route: str,
    action: Action,
    handler: Callable[[Asked[Any, Any]], Awaitable[Any]],
    summary: str,
    *,
    changes: bool | None = None,
    further: Callable[[Any], Iterable[Action]] = _nothing_further,
) -> Endpoint:
    """Declare a route, as in `endpoint("GET /tools", ...)`; what it takes and gives is read off the handler's annotations."""
    method, _, path = route.partition(" ")
    hints = get_type_hints(handler)
    answer = hints.pop("return")
    (asked,) = hints.values()
    query, body = get_args(asked)
    return Endpoint(
        method=method,
        path=path,
        action=action,
        summary=summary,
        handler=handler,
        query=query,
        body=body,
        answer=answer,
        status=_status(method, path, answer),
        changes=method != "GET" if changes is None else changes,
        further=further,
    )


def routes(context: ApiContext, endpoints: Iterable[Endpoint]) -> list[Route]:
    by_path: dict[str, dict[str, Endpoint]] = {}
    for declared in endpoints:
        by_path.setdefault(declared.path, {})[declared.method] = declared
    return [Route(path, _Methods(context, methods)) for path, methods in by_path.items()]


async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    error = NotFound("There is nothing at this path.", "The paths are listed in /api/v1/openapi.json.")
    await problem_response(error)(scope, receive, send)


class _Methods:
    """The endpoints of one path, as an ASGI application."""

    def __init__(self, context: ApiContext, methods: dict[str, Endpoint]) -> None:
        self._context = context
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        method = "GET" if request.method == "HEAD" else request.method
        found = self._methods.get(method)
        response = await _respond(self._context, found, request) if found else self._refuse(request.method)
        await response(scope, receive, send)

    def _refuse(self, method: str) -> Response:
        allowed = ", ".join(sorted(self._methods))
        error = MethodNotAllowed(f"{method} is not possible here.", f"Use {allowed}.")
        return problem_response(error, {"allow": allowed})


async def _respond(context: ApiContext, declared: Endpoint, request: Request) -> Response:
    try:
        return await _answer(context, declared, request)
    except GatewayError as error:
        return problem_response(error)
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception:
        logger.exception("%s %s failed", declared.method, declared.path)
        return problem_response(GatewayError("Gatehouse failed at this request.", "Its log says why."))


async def _answer(context: ApiContext, declared: Endpoint, request: Request) -> Response:
    refuse_secrets(request.query_params)
    ref = str(request.path_params.get("id", ""))
    principal = _authenticate(context, declared, request)
    _authorise(context, principal, declared.action, ref)
    if "\x00" in ref:
        raise NotFound("No id or slug holds a NUL character.")
    query = _query(declared, request)
    body = await _body(context, declared, request)
    for action in declared.further(body):
        _authorise(context, principal, action, ref)
    answer = await declared.handler(Asked(context, principal, context.public_url(request), ref, query, body))
    if declared.changes:
        await context.settle()
    return _encode(declared, request, answer)


def _authenticate(context: ApiContext, declared: Endpoint, request: Request) -> Principal:
    if declared.action is Action.PUBLIC:
        return ANONYMOUS
    authorization = request.headers.get("authorization")
    if not authorization:
        raise Unauthenticated("This needs a token.", "Send the header `Authorization: Bearer TOKEN`.")
    principal = context.identify(authorization.encode("latin-1"))
    if principal is None or principal.kind == "anonymous":
        raise InvalidToken("The token is not known here, or was revoked.", "Check it, or make a new one.")
    if principal.expires_at is not None and context.clock.now() >= principal.expires_at:
        raise InvalidToken(f"Token '{principal.name}' has expired.", "Make a new one.")
    return principal


def _authorise(context: ApiContext, principal: Principal, action: Action, ref: str) -> None:
    if action is Action.PUBLIC:
        return
    resource = Resource(action.value.partition(".")[0], ref or None)
    decision = policy.allows(principal, action.value, resource, context.clock.now())
    if not decision.allowed:
        raise LacksPermission(f"Not allowed: {decision.reason}.", action.value)


def _query(declared: Endpoint, request: Request) -> Any:
    kind = Nothing if declared.query is type(None) else declared.query
    return decode_query(request.query_params.multi_items(), kind)


async def _body(context: ApiContext, declared: Endpoint, request: Request) -> Any:
    if declared.method in {"GET", "DELETE"}:
        return None
    data = await read_body(request, context.body_bytes)
    if data:
        check_media_type(request.headers.get("content-type"))
    kind = Nothing if declared.body is type(None) else declared.body
    return decode_body(data, kind, storable=declared.changes)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where no parameter, or no field, is taken."""


def _encode(declared: Endpoint, request: Request, answer: Any) -> Response:
    headers = {"cache-control": "no-store"}
    if declared.status == 204:
        return Response(status_code=204, headers=headers)
    if declared.status == 201:
        headers["location"] = f"{request.url.path.rstrip('/')}/{answer.id}"
    return Response(_encoder.encode(answer), declared.status, headers, "application/json")


def _status(method: str, path: str, answer: Any) -> int:
    if answer is type(None):
        return 204
    return 201 if method == "POST" and "{" not in path else 200

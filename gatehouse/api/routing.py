"""The one way into the API: every route is an `Endpoint` with an action, and goes through `_answer`.

Authenticate, ask policy, decode, handle, encode: handlers see typed values, and raise `GatewayError`s.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatehouse.access.model import ANONYMOUS, Circumstances, Principal, Resource
from gatehouse.access.policy import USE
from gatehouse.api import csv
from gatehouse.api.actions import Action
from gatehouse.api.auditing import Auditing
from gatehouse.api.context import ApiContext, Caller
from gatehouse.api.decoding import check_media_type, decode_body, decode_query, read_body, refuse_secrets
from gatehouse.api.fields import is_id
from gatehouse.api.permission import demand, demand_at
from gatehouse.api.problems import InvalidToken, LacksPermission, MethodNotAllowed, failure_response, problem_response
from gatehouse.api.request_ids import current_id, tell_principal
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
    at: Circumstances
    session: str | None = None
    """The id of the console session."""
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """All of the path, by name."""
    cookies: list[str] = field(default_factory=list[str])
    """Values of Set-Cookie that go with the answer, if it is not an error."""
    request: Request | None = None
    """As it came, for ways in that look at more of it."""

    def may(self, action: str, resource: Resource, ref: str | None = None) -> None:
        """Raises `LacksPermission`; or `NotFound`, where the caller may not even see it."""
        demand(self.principal, action, resource, self.at, ref)


class Redirect(msgspec.Struct, frozen=True):
    """An answer that sends a browser elsewhere."""

    url: str


@dataclass(frozen=True, slots=True)
class Lines:
    """An answer of any length, line by line, each a JSON document."""

    chunks: AsyncIterator[bytes]
    media_type: str = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Live(Lines):
    """The same without an end; as Server-Sent Events where its media type says so."""


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
    shape: Any = None
    """What an answer looks like that is passed on as it came."""
    table: bool = False
    """Whether it is also told as CSV."""


def endpoint(  # noqa: PLR0913 - each parameter is a fact about the route
    route: str,
    action: Action,
    handler: Callable[[Asked[Any, Any]], Awaitable[Any]],
    summary: str,
    *,
    changes: bool | None = None,
    status: int | None = None,
    further: Callable[[Any], Iterable[Action]] = _nothing_further,
    shape: Any = None,
    table: bool = False,
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
        status=status or _status(method, path, answer),
        changes=method != "GET" if changes is None else changes,
        further=further,
        shape=shape,
        table=table,
    )


def routes(context: ApiContext, endpoints: Iterable[Endpoint]) -> list[Route]:
    known = list(endpoints)
    auditing = Auditing(context.audit, known)
    by_path: dict[str, dict[str, Endpoint]] = {}
    for declared in known:
        by_path.setdefault(declared.path, {})[declared.method] = declared
    return [Route(path, _Methods(context, auditing, methods)) for path, methods in by_path.items()]


async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    error = NotFound("There is nothing at this path.", "The paths are listed in /api/v1/openapi.json.")
    await problem_response(error)(scope, receive, send)


class _Methods:
    """The endpoints of one path, as an ASGI application."""

    def __init__(self, context: ApiContext, auditing: Auditing, methods: dict[str, Endpoint]) -> None:
        self._context = context
        self._auditing = auditing
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        method = "GET" if request.method == "HEAD" else request.method
        found = self._methods.get(method)
        response = await self._respond(found, request) if found else self._refuse(request.method)
        await response(scope, receive, send)

    def _refuse(self, method: str) -> Response:
        allowed = ", ".join(sorted(self._methods))
        error = MethodNotAllowed(f"{method} is not possible here.", f"Use {allowed}.")
        return problem_response(error, {"allow": allowed})

    async def _respond(self, declared: Endpoint, request: Request) -> Response:
        try:
            return await _answer(self._context, self._auditing, declared, request)
        except GatewayError as error:
            return problem_response(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            logger.exception("%s %s failed", declared.method, declared.path)
            return failure_response(
                GatewayError("Gatehouse failed at this request.", "Its log says why."), current_id()
            )


async def _answer(context: ApiContext, auditing: Auditing, declared: Endpoint, request: Request) -> Response:
    # The id of a token is no secret, and things are looked for by it.
    refuse_secrets(
        name for name, value in request.query_params.multi_items() if not is_id(value) and value not in _WORDS
    )
    params = {name: str(value) for name, value in request.path_params.items()}
    if "\x00" in "".join(params.values()):
        raise NotFound("No id or slug holds a NUL character.")
    caller = await _authenticate(context, auditing, declared, request)
    tell_principal(caller.principal.id)
    try:
        asked = await _asked(context, caller, declared, request, params)
    except GatewayError as error:
        auditing.refused(declared, caller, params.get("id", ""), error)
        raise
    answer = await auditing.run(declared, asked)
    if declared.changes:
        await context.settle()
    return _with_cookies(_encode(declared, request, answer), asked.cookies)


async def _asked(
    context: ApiContext, caller: Caller, declared: Endpoint, request: Request, params: dict[str, str]
) -> Asked[Any, Any]:
    """The request, once policy has let it in."""
    ref, at = params.get("id", ""), Circumstances(context.clock.now(), caller.address)
    await _authorise(context, caller, declared, ref, at)
    query = _query(declared, request)
    body = await _body(context, declared, request)
    for action in declared.further(body):
        await demand_at(context, caller.principal, action.value, ref, at)
    url = context.public_url(request)
    return Asked(context, caller.principal, url, ref, query, body, at, caller.session, params, request=request)


async def _authenticate(context: ApiContext, auditing: Auditing, declared: Endpoint, request: Request) -> Caller:
    stranger = Caller(ANONYMOUS, context.address(request))
    if declared.action is Action.PUBLIC:
        return stranger
    try:
        caller = await context.identify(request)
    except Unauthenticated as error:
        auditing.refused(declared, stranger, "", error)
        raise InvalidToken(error.message, error.hint) from None
    except GatewayError as error:
        auditing.refused(declared, stranger, "", error)
        raise
    if caller.principal.kind == "anonymous":
        raise Unauthenticated("This needs a token.", "Send the header `Authorization: Bearer TOKEN`, or sign in.")
    return caller


async def _authorise(context: ApiContext, caller: Caller, declared: Endpoint, ref: str, at: Circumstances) -> None:
    if declared.action is Action.PUBLIC:
        return
    if declared.action is Action.SIGNED_IN:
        _check_is_for_api(caller.principal)
    else:
        await demand_at(context, caller.principal, declared.action.value, ref, at)
    context.spend(caller.principal, declared.action in _CALLS)


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


def _check_is_for_api(principal: Principal) -> None:
    if not principal.permissions:
        raise LacksPermission(f"Not allowed: '{principal.name}' was made for servers, and not for this API.", USE)


_WORDS = frozenset({"none", "optional", "key", "oauth"})
"""No secrets, whatever they are called by: what the list of the registry is filtered by is `auth`."""
_CALLS = frozenset({Action.TOOL_CALL, Action.PROMPT_GET, Action.RESOURCE_FETCH, Action.AGENT_CALL})


def _with_cookies(response: Response, cookies: Iterable[str]) -> Response:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response


def _encode(declared: Endpoint, request: Request, answer: Any) -> Response:
    headers = {"cache-control": "no-store"}
    if isinstance(answer, Redirect):
        return Response(status_code=303, headers={**headers, "location": answer.url})
    if isinstance(answer, Lines):
        return StreamingResponse(answer.chunks, 200, headers, answer.media_type)
    if declared.status == 204:
        return Response(status_code=204, headers=headers)
    if declared.status == 201:
        headers["location"] = f"{request.url.path.rstrip('/')}/{answer.id}"
    if declared.table:
        headers["vary"] = "accept"
        if csv.is_wanted(request.headers.get("accept", "")):
            return Response(csv.table(answer), declared.status, headers, csv.MEDIA_TYPE)
    return Response(_encoder.encode(answer), declared.status, headers, "application/json")


def _status(method: str, path: str, answer: Any) -> int:
    if answer is type(None):
        return 204
    if answer is Redirect:
        return 303
    return 201 if method == "POST" and "{" not in path else 200

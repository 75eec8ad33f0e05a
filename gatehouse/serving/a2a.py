"""The face of A2A: agents' cards, rewritten to lead here, and the JSON-RPC endpoint behind them.

Answers pass as they come, but for the ids of tasks; a slow reader slows down the agent. A client that goes away from a
stream leaves the agent's task alone, as A2A has it: it can come back to it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatehouse.access.model import Principal
from gatehouse.access.policy import CALL
from gatehouse.catalog.model import Upstream
from gatehouse.kit.errors import Forbidden, GatewayError, TooLarge
from gatehouse.protocol import a2a, bridge, jsonrpc, sse
from gatehouse.protocol.a2a import METHODS, Operation
from gatehouse.protocol.call import Failure, Outcome, Result
from gatehouse.protocol.errors import INTERNAL_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, rpc_code
from gatehouse.relay.agents import Agents, Answers, Asking
from gatehouse.serving.answers import KeepAlive
from gatehouse.serving.entrance import Entrance
from gatehouse.serving.http import (
    JSON_HEADERS,
    STREAM_HEADERS,
    BodyTooLarge,
    ClientGone,
    Exchange,
    HttpRequest,
    read_body,
    read_headers,
    run_asgi,
)
from gatehouse.serving.mcp_modern import trace

log = logging.getLogger("gatehouse.serving")
_CARD, _ENDPOINT = "/agents/{ref}/.well-known/agent-card.json", "/agents/{ref}/a2a"
_PRIVATE = ((b"cache-control", b"private, max-age=60"),)
_LONGEST_CLIENT = 100
_ON_THE_WAY = frozenset(a2a.EXTENSION_HEADERS)
PublicUrl = Callable[[Request], str]
Serve = Callable[["Visit"], Awaitable[None]]


class Visit:
    """One request: to the agent `ref`, at a gateway whose address is `url`."""

    __slots__ = ("exchange", "ref", "request", "url")

    def __init__(self, ref: str, url: str, request: HttpRequest, exchange: Exchange) -> None:
        self.ref = ref
        self.url = url
        self.request = request
        self.exchange = exchange


class A2aFace:
    def __init__(self, agents: Agents, entrance: Entrance, keep_alive: KeepAlive, public_url: PublicUrl) -> None:
        self._agents = agents
        self._entrance = entrance
        self._keep_alive = keep_alive
        self._public_url = public_url
        self._open: set[Answers] = set()

    def stop(self) -> None:
        """End the streams: the gateway shuts down."""
        for answers in tuple(self._open):
            answers.abort()

    def routes(self, limit: int) -> list[Route]:
        """To be mounted at the root. `limit` is the largest body of a request, in bytes."""
        return [
            Route(_CARD, _Way(self._guarded(self._card), self._public_url, limit)),
            Route(_ENDPOINT, _Way(self._guarded(self._endpoint), self._public_url, limit)),
        ]

    def _guarded(self, serve: Serve) -> Serve:
        """Whatever goes wrong inside is answered, logged, and harms nobody else."""

        async def guarded(visit: Visit) -> None:
            try:
                if not self._turned_away(visit):
                    await serve(visit)
            except Exception as error:
                self._fail(error, visit)
            finally:
                visit.exchange.settle()

        return guarded

    def _turned_away(self, visit: Visit) -> bool:
        guard, request = self._entrance.guard, visit.request
        refused = guard.refusal(request)
        if refused is not None:
            visit.exchange.reply(403, JSON_HEADERS, jsonrpc.error(b"null", rpc_code(Forbidden("")), refused))
        elif request.method == "OPTIONS":
            visit.exchange.reply(204, guard.preflight(request), b"")
        return refused is not None or request.method == "OPTIONS"

    async def _card(self, visit: Visit) -> None:
        if visit.request.method not in ("GET", "HEAD"):
            return self._not_allowed(visit, "GET")
        _, agent = await self._enter(visit)
        shown = await self._agents.card(agent, endpoint_of(visit.url, agent))
        visit.exchange.reply(200, JSON_HEADERS + _PRIVATE + self._cors(visit), shown)
        return None

    async def _endpoint(self, visit: Visit) -> None:
        if visit.request.method != "POST":
            return self._not_allowed(visit, "POST")
        principal, agent = await self._enter(visit)
        message = jsonrpc.read(visit.request.body)
        if not isinstance(message, jsonrpc.Request):
            return self._malformed(visit, message)
        self._entrance.door.spend_on_api(principal, call=True)
        refused = _unfit(message.method, visit.request)
        if refused is not None:
            return self._reply(visit, message.id, refused)
        return await self._ask(visit, principal, agent, message)

    async def _ask(self, visit: Visit, principal: Principal, agent: Upstream, message: jsonrpc.Request) -> None:
        visit.exchange.cancel_when_gone()
        answer = await self._agents.ask(principal, agent, _asking(message, visit.request))
        if isinstance(answer, Answers):
            return await self._stream(visit, message.id, answer)
        if METHODS[message.method].operation is Operation.CARD and isinstance(answer, Result):
            answer = await self._agents.extended_card(agent, answer, endpoint_of(visit.url, agent))
        return self._reply(visit, message.id, answer)

    async def _stream(self, visit: Visit, id_: bytes, answers: Answers) -> None:
        exchange = visit.exchange
        self._open.add(answers)
        try:
            await exchange.start(200, STREAM_HEADERS + self._cors(visit))
            with self._keep_alive.open(exchange):
                while (outcome := await answers.next()) is not None:
                    await exchange.write(sse.encode_event(bridge.response(id_, outcome), event=None))
            await exchange.end()
        finally:
            self._open.discard(answers)
            answers.close()

    async def _enter(self, visit: Visit) -> tuple[Principal, Upstream]:
        principal, agent = await self._agents.enter(visit.ref, visit.request.headers.get(b"authorization"))
        if principal.limited:
            self._entrance.door.admit(principal, self._entrance.address(visit.request))
        return principal, agent

    def _reply(self, visit: Visit, id_: bytes, outcome: Outcome) -> None:
        """JSON-RPC's errors are answers, with status 200."""
        visit.exchange.reply(200, JSON_HEADERS + self._cors(visit), bridge.response(id_, outcome))

    def _malformed(self, visit: Visit, message: jsonrpc.Message) -> None:
        if isinstance(message, jsonrpc.Malformed):
            return self._reply(visit, message.id, Failure(message.code, message.message))
        words = "Invalid request: one request of JSON-RPC is expected"
        return self._reply(visit, b"null", Failure(INVALID_REQUEST, words))

    def _not_allowed(self, visit: Visit, allowed: str) -> None:
        words = f"{visit.request.method} is not for this address; use {allowed}"
        headers = (*JSON_HEADERS, *self._cors(visit), (b"allow", allowed.encode()))
        visit.exchange.reply(405, headers, jsonrpc.error(b"null", INVALID_REQUEST, words))

    def _fail(self, error: Exception, visit: Visit) -> None:
        if visit.exchange.started or isinstance(error, ClientGone):
            if not isinstance(error, ClientGone):
                log.error("A stream of A2A failed inside", exc_info=error)
            return
        headers = JSON_HEADERS + self._cors(visit)
        if isinstance(error, GatewayError):
            self._entrance.note(error, visit.request, CALL)
            headers += self._entrance.challenge(error, visit.request, CALL)
            visit.exchange.reply(error.http_status, headers, jsonrpc.error(b"null", rpc_code(error), str(error)))
        else:
            log.error("A request of A2A failed inside", exc_info=error)
            visit.exchange.reply(500, headers, jsonrpc.error(b"null", INTERNAL_ERROR, "Internal error"))

    def _cors(self, visit: Visit) -> tuple[tuple[bytes, bytes], ...]:
        return self._entrance.guard.cors(visit.request)


class _Way:
    """From ASGI to a visit. An object and not a function: of that, Starlette would expect a response."""

    def __init__(self, serve: Serve, public_url: PublicUrl, limit: int) -> None:
        self._serve = serve
        self._public_url = public_url
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        too_large = False
        try:
            body = await read_body(scope, receive, self._limit)
        except BodyTooLarge:
            body, too_large = b"", True
        if body is None:
            return
        headers, repeated = read_headers(list(scope["headers"]))
        client = scope.get("client")
        request = HttpRequest(
            scope["method"], scope["path"], scope["query_string"], headers, body, repeated, scope["raw_path"], None,
            client[0] if client else None,
        )  # fmt: skip
        url = self._public_url(Request(scope))

        def handle(request: HttpRequest, exchange: Exchange) -> Awaitable[None]:
            visit = Visit(scope["path_params"]["ref"], url, request, exchange)
            return self._refuse_size(visit) if too_large else self._serve(visit)

        await run_asgi(handle, request, receive, send)  # pyright: ignore[reportArgumentType]

    async def _refuse_size(self, visit: Visit) -> None:
        words = f"The request is larger than {self._limit} bytes; see the setting limits.body_bytes"
        headers = (*JSON_HEADERS, (b"connection", b"close"))
        visit.exchange.reply(413, headers, jsonrpc.error(b"null", rpc_code(TooLarge("")), words))


def endpoint_of(url: str, agent: Upstream) -> str:
    """Where an agent is called through the gateway at `url`."""
    return f"{url}/agents/{agent.name}/a2a"


def _unfit(method: str, request: HttpRequest) -> Failure | None:
    """Why a request is not one to be carried, or None."""
    known = METHODS.get(method)
    said = request.headers.get(a2a.VERSION_HEADER, b"").decode("latin-1")
    if said and not said.startswith(("1.", "0.2", "0.3")):
        words = f"A2A {said[:20]} is not spoken here; 1.0 and 0.3 are"
        return Failure(a2a.VERSION_NOT_SUPPORTED, words, own=True)
    if known is None:
        return Failure(METHOD_NOT_FOUND, f"Method not found: {method[:100]}", own=True)
    if known.operation is Operation.PUSH:
        words = "Push notifications do not go through Gatehouse; stream, or ask for the task again"
        return Failure(a2a.PUSH_NOT_SUPPORTED, words, own=True)
    return None


def _asking(message: jsonrpc.Request, request: HttpRequest) -> Asking:
    known = METHODS[message.method]
    extensions = tuple(
        (name.decode(), request.headers[name].decode("latin-1")) for name in _ON_THE_WAY & request.headers.keys()
    )
    headers = (*trace(request), *extensions)
    return Asking(message.method, known.operation, known.version, message.params, headers, _client(request))


def _client(request: HttpRequest) -> tuple[str, str]:
    """A2A's clients give themselves no name; their HTTP client does."""
    product = request.headers.get(b"user-agent", b"").decode("latin-1").partition(" ")[0][:_LONGEST_CLIENT]
    name, _, version = product.partition("/")
    return name, version

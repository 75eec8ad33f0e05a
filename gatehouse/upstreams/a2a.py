"""An upstream that is an A2A agent: its card is what it offers, each of its skills a tool, and it is asked by JSON-RPC.

Whatever goes through here, from MCP clients and from A2A clients, has its task ids tied to the principal.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import msgspec

from gatehouse import __version__
from gatehouse.catalog.model import Detected, Kind, Offer, Offered, Skipped, Transport, Upstream
from gatehouse.catalog.naming import legal, numbered
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, Invalid, TimedOut, UpstreamFailed
from gatehouse.kit.ids import random_handle
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol import a2a, jsonrpc
from gatehouse.protocol.a2a import Card, Operation
from gatehouse.protocol.a2a_content import Conversation, Part, ToolArguments, error_result, new_message, tool_definition
from gatehouse.protocol.a2a_ids import Ids, NotCarried, NotTheirs, inward, outward
from gatehouse.protocol.call import Call, Emit, Era, Failure, Outcome, Progress, Result
from gatehouse.protocol.errors import INVALID_PARAMS, METHOD_NOT_FOUND, rpc_code
from gatehouse.protocol.headers import HeaderMap
from gatehouse.protocol.sse import SseEvent, SseParser
from gatehouse.upstreams.address import Address
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.flights import Flights
from gatehouse.upstreams.http import HttpResponse, Origin
from gatehouse.upstreams.peer import outcome_of, read_incoming
from gatehouse.upstreams.wires import credential_headers, header_lines

LARGEST_CARD = 1024 * 1024
"""Bytes."""
FIRST_LOOK, LAST_LOOK = 0.5, 5.0
"""Shortest and longest seconds between two questions how a task is."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - a name that cards have, not bound to
_ID = b"1"
_GET_HEADERS = b"accept: application/json\r\n"
_POST_HEADERS = b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
_CAPABILITIES = b'{"tools":{}}'
_decode_arguments = msgspec.json.Decoder(ToolArguments).decode


class AgentRequest(msgspec.Struct, frozen=True):
    """One request to an agent. `params` have ids as the principal knows them; `headers` are passed on as they are."""

    operation: Operation
    version: str
    params: Fields
    principal: str
    headers: tuple[tuple[str, str], ...] = ()


class AgentStream:
    """Answers one by one, until None. To be closed by whoever leaves early."""

    def __init__(self, address: Address, response: HttpResponse, ids: Ids, quiet: float) -> None:
        """`quiet`: seconds without any byte, after which it is given up."""
        self._address = address
        self._response = response
        self._ids = ids
        self._quiet = quiet
        self._parser = SseParser(address.max_event)
        self._events: list[SseEvent] = []

    async def next(self) -> Outcome | None:
        """Raises `UpstreamDown`, `UpstreamFailed` or `TimedOut`."""
        while not self._events:
            events = await self._address.events(self._response, self._parser, self._quiet)
            if events is None:
                return None
            self._events = [one for one in events if one.data]
        return _shown(_outcome(self._events.pop(0).data), self._ids)

    def close(self) -> None:
        self._response.abort()


class A2aLink:
    """See `UpstreamLink`. `ask` is the way of everything; `send` uses it to answer a call of a tool."""

    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        self._upstream = upstream
        self._reach = reach
        self._card: Card | None = _known_card(upstream)
        self._body = upstream.detected.server_info if upstream.detected is not None else b"{}"
        self._addresses: dict[str, Address] = {}
        self._looks: Flights[str, Card] = Flights(reach.tasks, "look at agent")

    async def discover(self) -> Offer:
        limit = self._reach.patience.discover
        try:
            async with asyncio.timeout(limit):
                body = await self._fetch()
        except TimeoutError:
            raise TimedOut(f"The agent did not show its card within {limit:g} seconds") from None
        card = self._read(body)
        self._card, self._body = card, body
        self._addresses.clear()
        return _offer(card, body)

    async def send(self, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        if call.method != "tools/call":
            return Failure(METHOD_NOT_FOUND, f"Method not found: an agent has no {call.method}", own=True)
        try:
            return Result(await self._use(call, emit))
        except GatewayError as error:
            return Failure(rpc_code(error), f"{self._upstream.name}: {error.message}", own=True)
        except json.BadJson as error:
            return Failure(INVALID_PARAMS, f"Invalid params: {error}", own=True)

    async def ask(self, request: AgentRequest) -> Outcome | AgentStream:
        """Carry one request; raises `UpstreamDown`, `UpstreamFailed`, `TimedOut` or `Invalid`, and `json.BadJson`."""
        card = await self.card()
        interface = card.interface(request.version)
        if interface is None:
            has = " and ".join(card.versions)
            words = f"This agent does not speak A2A {request.version}; it speaks {has}"
            return Failure(a2a.VERSION_NOT_SUPPORTED, words, own=True)
        ids = Ids(self._reach.task_key, self._upstream.id, request.principal)
        try:
            params = inward(ids, request.operation, request.params)
        except NotTheirs:
            return Failure(a2a.TASK_NOT_FOUND, "Task not found", own=True)
        except NotCarried as error:
            return Failure(a2a.UNSUPPORTED_OPERATION, str(error), own=True)
        if interface.tenant:
            params["tenant"] = json.raw(interface.tenant)
        address = self._address(interface.url)
        response = await self._post(address, request, params)
        if response.status == 200 and response.content_type == b"text/event-stream":
            return AgentStream(address, response, ids, self._patience)
        outcome = await self._answer(address, response)
        if request.operation is Operation.LIST and isinstance(outcome, Result):
            outcome = Result(_of_context(outcome.fields, json.text(params["contextId"])))
        return _shown(outcome, ids)

    async def card(self) -> Card:
        """As it was seen last; it is fetched where it never was."""
        return self._card or await self._looks.join("", self._look)

    async def shown_card(self, url: str) -> bytes:
        """Its card with our address `url` in it; see `protocol.a2a.shown_card`."""
        card = await self.card()
        return a2a.shown_card(self._body, url, card.versions)

    async def probe(self) -> bool:
        await self._fetch()
        return True

    async def watch(self) -> None:
        """An agent does not tell when its card changes: that is found by looking again."""
        await asyncio.Event().wait()

    async def listen(self, wanted: Raw, emit: Emit) -> None:
        await self.watch()

    async def notify_session(self, session: str, method: str) -> None: ...

    async def end_session(self, session: str) -> None: ...

    async def sweep(self) -> None: ...

    async def close(self) -> None: ...

    async def _look(self) -> Card:
        await self.discover()
        assert self._card is not None  # noqa: S101 - `discover` has set it, or raised
        return self._card

    # The card.

    async def _fetch(self) -> bytes:
        """The card, from the first of the places where one can be."""
        for url in _places(self._upstream.url or ""):
            response = await self._address(url).send(b"GET", _GET_HEADERS, timeout=self._reach.patience.discover)
            if response.status == 200:
                return await self._address(url).body(response)
            response.release()
            if response.status in (401, 403):
                raise UpstreamFailed(f"The agent answers {response.status}: it wants another credential")
        raise UpstreamFailed(
            f"No agent card is at {self._upstream.url}, nor where cards mostly are ({', '.join(a2a.CARD_PATHS)})"
        )

    def _read(self, body: bytes) -> Card:
        if len(body) > LARGEST_CARD:
            raise UpstreamFailed(f"The agent's card is longer than {LARGEST_CARD} bytes")
        try:
            card = a2a.read_card(body)
        except a2a.BadCard as error:
            raise UpstreamFailed(f"What answers is not an A2A agent: {error}") from None
        if not card.interfaces:
            has = ", ".join(card.others) or "nothing"
            raise UpstreamFailed(f"The agent offers {has}; Gatehouse speaks JSON-RPC of A2A 1.0 and 0.3")
        for interface in card.interfaces:
            self._check_place(interface.url)
        return card

    def _check_place(self, url: str) -> None:
        """The credential was given for the place that was registered, and Gatehouse calls no other for somebody's card."""
        try:
            origin, _ = Origin.from_url(url)
        except Invalid as error:
            raise UpstreamFailed(f"The address in the agent's card can't be used: {error.message}") from None
        registered, _ = Origin.from_url(self._upstream.url or "")
        if _place(origin) != _place(registered):
            raise UpstreamFailed(
                f"The agent's card says that the agent is at {origin}, and not at {registered}, where the card is; "
                f"register it there, or mend its card"
            )

    # Requests.

    def _address(self, url: str) -> Address:
        """Raises `UpstreamFailed` for a credential that can't be sent, and `Invalid` for what is no URL."""
        known = self._addresses.get(url)
        if known is None:
            credential = credential_headers(self._reach.credential(self._upstream))
            lines = b"user-agent: gatehouse/%b\r\n" % __version__.encode() + header_lines(credential)
            known = self._addresses[url] = Address(self._reach.http, self._here(url), lines, self._reach.largest)
        return known

    def _here(self, url: str) -> str:
        """A card that names the machine it is on by another name of it is taken at the name that was registered."""
        parts, registered = urlsplit(url), urlsplit(self._upstream.url or "")
        return parts._replace(netloc=registered.netloc).geturl() if parts.hostname in _LOOPBACK else url

    @property
    def _patience(self) -> float:
        return self._upstream.timeout or self._reach.patience.call

    async def _post(self, address: Address, request: AgentRequest, params: Fields) -> HttpResponse:
        body = jsonrpc.request(_ID, a2a.method_name(request.version, request.operation), json.dump(params))
        lines = _POST_HEADERS + header_lines(dict(request.headers))
        if request.version != a2a.V03:
            lines += b"a2a-version: %b\r\n" % request.version.encode()
        return await address.send(b"POST", lines, body, timeout=self._patience)

    async def _answer(self, address: Address, response: HttpResponse) -> Outcome:
        body = await address.body(response)
        try:
            return _outcome(body)
        except UpstreamFailed:
            if response.status in (401, 403):
                raise UpstreamFailed(f"The agent answers {response.status}: it wants another credential") from None
            if response.status != 200:
                raise UpstreamFailed(f"The agent answers {response.status}, and nothing that is A2A") from None
            raise

    # Tools.

    async def _use(self, call: Call, emit: Emit) -> Fields:
        try:
            arguments = _decode_arguments(call.params.get("arguments", json.EMPTY))
        except (msgspec.DecodeError, RecursionError) as error:
            return error_result(f"The arguments are not what this tool takes: {error}")
        card = await self.card()
        name = json.text(call.params.get("name")) or ""
        skill = next((id_ for id_, given in tool_names(card).items() if given == name), None)
        if skill is None:
            return error_result(f"The agent no longer has the skill behind '{name[:100]}'.")
        talk = _Talk(self, card, call, emit)
        try:
            return await talk.hold(_request_of(card, arguments, skill))
        except asyncio.CancelledError:
            if talk.far.task and not talk.far.settled:
                self._reach.tasks.spawn(talk.cancel(), "cancel an agent's task")
            raise

    async def await_end(self, far: Conversation, look: AgentRequest) -> str | None:
        """Ask for a task until it has settled, or time is up; the agent's words where it refuses to tell."""
        now = asyncio.get_running_loop().time
        until, pause = now() + self._patience, FIRST_LOOK
        while not far.settled and now() < until:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_LOOK)
            outcome = await self.ask(look)
            if isinstance(outcome, Failure):
                return outcome.message
            if isinstance(outcome, Result):
                _taken(far, outcome.fields)
        return None


class _Talk:
    """One call of a tool: a message to the agent, and what comes of it."""

    def __init__(self, link: A2aLink, card: Card, call: Call, emit: Emit) -> None:
        self.far = Conversation()
        self._link = link
        self._card = card
        self._call = call
        self._emit = emit
        self._told = 0

    async def hold(self, params: Fields) -> Fields:
        """Streaming where the agent can: then its task is known at once, can be told of, and cancelled."""
        answer = await self._link.ask(
            self._request(Operation.STREAM if self._card.streaming else Operation.SEND, params)
        )
        refused = await self._read(answer)
        if refused is None and not self.far.settled and not self.far.task:
            raise UpstreamFailed("The agent's answer ended before it said anything")
        if refused is None and not self.far.settled:
            look = self._request(Operation.GET, {"id": json.raw(self.far.task)})
            refused = await self._link.await_end(self.far, look)
        return self.far.as_result() if refused is None else error_result(f"The agent answers: {refused}")

    async def cancel(self) -> None:
        answer = await self._link.ask(self._request(Operation.CANCEL, {"id": json.raw(self.far.task)}))
        if isinstance(answer, AgentStream):
            answer.close()

    async def _read(self, answer: Outcome | AgentStream) -> str | None:
        """Take in all that comes; the agent's words where it refuses."""
        if not isinstance(answer, AgentStream):
            return await self._take(answer)
        try:
            while not self.far.settled and (outcome := await answer.next()) is not None:
                refused = await self._take(outcome)
                if refused is not None:
                    return refused
        finally:
            answer.close()
        return None

    async def _take(self, outcome: Outcome) -> str | None:
        if isinstance(outcome, Failure):
            return outcome.message
        words = _taken(self.far, outcome.fields)
        if words is not None and not self.far.settled:
            self._told += 1
            await self._emit(Progress({"progress": json.raw(self._told), "message": json.raw(words)}))
        return None

    def _request(self, operation: Operation, params: Fields) -> AgentRequest:
        version = self._card.versions[0]
        return AgentRequest(operation, version, params, self._call.principal, self._call.headers)


def _taken(far: Conversation, fields: Fields) -> str | None:
    """`Conversation.take`; raises `UpstreamFailed` for what can't be read."""
    try:
        return far.take(fields)
    except json.BadJson as error:
        raise UpstreamFailed(f"The agent's answer can't be read: {error}") from None


def _request_of(card: Card, arguments: ToolArguments, skill: str) -> Fields:
    parts = [Part(text=arguments.message)]
    if not isinstance(arguments.data, msgspec.UnsetType) and bytes(arguments.data) != b"null":
        parts.append(Part(data=arguments.data))
    old = card.versions[0] == a2a.V03
    message = new_message(card.versions[0], random_handle(16), parts, arguments.taskId, arguments.contextId)
    # A2A has no way to name a skill; this is for agents that look for it.
    message["metadata"] = json.raw({"skillId": skill})
    params = {"message": json.raw(message)}
    return {**params, "configuration": json.raw({"blocking": True})} if old and not card.streaming else params


def tool_names(card: Card) -> dict[str, str]:
    """The name of the tool that each skill is, by the skill's id."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for skill in card.skills:
        if skill.id not in names:
            names[skill.id] = numbered(legal(skill.id), taken)
            taken.add(names[skill.id])
    return names


def _offer(card: Card, body: bytes) -> Offer:
    names = tool_names(card)
    first = {skill.id: skill for skill in reversed(card.skills)}
    items = tuple(Offered(Kind.TOOL, name, tool_definition(name, first[id_])) for id_, name in names.items())
    seen: set[str] = set()
    doubled = [skill.id for skill in card.skills if skill.id in seen or seen.add(skill.id)]
    skipped = tuple(Skipped(Kind.TOOL, id_[:200], "another skill has the same id") for id_ in doubled)
    detected = Detected(
        Transport.HTTP,
        Era.MODERN,
        card.versions[0],
        stateful=False,
        capabilities=_CAPABILITIES,
        server_info=body,
        instructions=card.description or None,
    )
    return Offer(detected, items, skipped)


def _known_card(upstream: Upstream) -> Card | None:
    try:
        return a2a.read_card(upstream.detected.server_info) if upstream.detected is not None else None
    except a2a.BadCard:
        return None


def _places(url: str) -> list[str]:
    """Where the card of an agent can be: at the URL itself, beneath it, or at the root of its machine."""
    parts = urlsplit(url)
    if parts.path.endswith(".json"):
        return [url]
    beneath = parts.path.rstrip("/")
    bare = parts._replace(query="", fragment="")
    paths = [f"{beneath}{path}" for path in a2a.CARD_PATHS] + list(a2a.CARD_PATHS)
    return [bare._replace(path=path).geturl() for path in dict.fromkeys(paths)]


def _place(origin: Origin) -> tuple[str, str, int]:
    host = "localhost" if origin.host in _LOOPBACK else origin.host
    return origin.scheme, host, origin.port


def _outcome(body: bytes) -> Outcome:
    """Raises `UpstreamFailed` for what is no JSON-RPC response with an object in it."""
    return outcome_of(read_incoming(body))


def _shown(outcome: Outcome, ids: Ids) -> Outcome:
    """With the ids that the principal is to know; raises `UpstreamFailed` where they can't be found."""
    if isinstance(outcome, Failure):
        return outcome
    try:
        return Result(outward(ids, outcome.fields))
    except json.BadJson as error:
        raise UpstreamFailed(f"The agent's answer can't be read: {error}") from None


def _of_context(fields: Fields, context: str | None) -> Fields:
    """Not every agent minds what it is asked for, and the tasks of others must not be shown."""
    try:
        tasks = msgspec.json.decode(fields.get("tasks", b"[]"), type=list[Fields])
    except (msgspec.DecodeError, RecursionError) as error:
        raise UpstreamFailed(f"The agent's list of tasks can't be read: {error}") from None
    kept = [task for task in tasks if json.text(task.get("contextId")) == context]
    return {**{name: value for name, value in fields.items() if name != "totalSize"}, "tasks": json.raw(kept)}

"""One request to an A2A agent, from a client of A2A or the API: who may, what it becomes, and what is recorded of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from gatehouse.access.model import ANONYMOUS, Decision, Principal, Resource
from gatehouse.access.policy import CALL, entitled
from gatehouse.catalog.model import AGENT, Upstream
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Forbidden, GatewayError, NotFound, Unauthenticated, UpstreamFailed
from gatehouse.kit.json import Fields
from gatehouse.protocol.a2a import Card, Operation, shown_card, state_of
from gatehouse.protocol.call import Failure, Outcome, Result
from gatehouse.protocol.errors import INVALID_PARAMS, rpc_code
from gatehouse.relay.current import Current
from gatehouse.relay.door import Door
from gatehouse.relay.noting import CallIds
from gatehouse.telemetry.record import ERROR_LENGTH, CallRecord
from gatehouse.telemetry.record import Outcome as Ended
from gatehouse.upstreams.a2a import AgentRequest, AgentStream
from gatehouse.upstreams.pool import Pool

Note = Callable[[CallRecord], None]
_FAILED = frozenset({"failed", "rejected"})
_TIMED_OUT = -31504
_OURS = range(-31599, -31399)


class Asking(msgspec.Struct, frozen=True):
    """What a client wants of an agent: the method as it wrote it, its params, and headers to be passed on.

    `client` is the name and version that it gives itself.
    """

    method: str
    operation: Operation
    version: str
    params: Fields
    headers: tuple[tuple[str, str], ...] = ()
    client: tuple[str, str] = ("", "")


class Agents:
    """Of one worker. Ids of tasks go out, and come back, tied to the principal: see `protocol.a2a_ids`."""

    def __init__(self, current: Current, door: Door, pool: Pool, clock: Clock, note: Note) -> None:
        """`note` is told of each request that an agent got, or was refused; it must neither block nor raise."""
        self._current = current
        self._door = door
        self._pool = pool
        self._clock = clock
        self._note = note
        self._ids = CallIds()

    async def enter(self, ref: str, authorization: bytes | None) -> tuple[Principal, Upstream]:
        """To the agent `ref` (id or name); raises `Unauthenticated`, `Forbidden` or `NotFound`.

        What another moment or address can change is still to be asked, with `Door.admit`.
        """
        principal = ANONYMOUS if authorization is None else await self._door.greet(authorization)
        agent = self.find(ref)
        decision = self.may_call(principal, ref, agent)
        if principal is ANONYMOUS:
            raise Unauthenticated("Not signed in: agents need a token.", "Send 'Authorization: Bearer TOKEN'.")
        if agent is None or not decision.allowed:
            raise _refusal(principal, decision, ref)
        return principal, agent

    def may_call(self, principal: Principal, ref: str, agent: Upstream | None) -> Decision:
        """Conditions aside. Of an agent that is not there (None): what would be said of one that anybody may see."""
        resource = Resource("agent", ref) if agent is None else resource_of(agent)
        return entitled(principal, CALL, resource, self._clock.now())

    def find(self, ref: str) -> Upstream | None:
        """By id or name; None for one that is switched off too."""
        upstreams = self._current.snapshot.upstreams
        found = upstreams.get(ref) or next((one for one in upstreams.values() if one.name == ref), None)
        return found if found is not None and found.kind == AGENT and found.enabled else None

    def callable_by(self, principal: Principal) -> list[Upstream]:
        """In the order of their names."""
        agents = [one for one in self._current.snapshot.upstreams.values() if one.kind == AGENT and one.enabled]
        usable = [one for one in agents if self.may_call(principal, one.id, one).allowed]
        return sorted(usable, key=lambda one: one.name)

    async def read_card(self, agent: Upstream) -> Card:
        """What it says of itself; raises what reaching it raises, where it was never reached before."""
        return await self._pool.agent(agent).card()

    async def card(self, agent: Upstream, url: str) -> bytes:
        """Its card as clients are to see it, with `url` as its address; raises what reaching it raises."""
        return await self._pool.agent(agent).shown_card(url)

    async def extended_card(self, agent: Upstream, answer: Result, url: str) -> Outcome:
        """The same of the card that an agent shows to those who have signed in."""
        card = await self._pool.agent(agent).card()
        try:
            return Result(json.fields(shown_card(json.dump(answer.fields), url, card.versions)))
        except (json.BadJson, msgspec.DecodeError):
            return Failure(rpc_code(UpstreamFailed("")), "The agent's extended card can't be read", own=True)

    async def ask(self, principal: Principal, agent: Upstream, asking: Asking) -> Outcome | Answers:
        """Carry one request. Never raises for what an agent does, or is asked that it can't be."""
        course = _Course(principal, agent, asking, time.perf_counter())
        request = AgentRequest(asking.operation, asking.version, asking.params, principal.id, asking.headers)
        try:
            answer = await self._pool.agent(agent).ask(request)
        except GatewayError as error:
            answer = Failure(rpc_code(error), error.message, own=True)
        except json.BadJson as error:
            answer = Failure(INVALID_PARAMS, f"Invalid params: {error}", own=True)
        except asyncio.CancelledError:
            self._tell(course, "cancelled", "cancelled")
            raise
        if isinstance(answer, AgentStream):
            return Answers(answer, lambda last, size: self._ended(course, last, size))
        self._ended(course, answer, _size(answer))
        return answer

    def _ended(self, course: _Course, outcome: Outcome | None, size: int) -> None:
        """`outcome` None: the client left a stream before its end."""
        if outcome is None:
            return self._tell(course, "cancelled", "cancelled", size=size)
        if isinstance(outcome, Failure):
            return self._tell(course, *_failed(outcome), outcome.message, size)
        failed = state_of(outcome.fields) in _FAILED
        self._tell(course, "tool_error" if failed else "ok", "tool_error" if failed else "", size=size)

    def _tell(self, course: _Course, outcome: Ended, error_class: str, error: str = "", size: int = 0) -> None:
        took, now = (time.perf_counter() - course.started) * 1000, self._clock.now()
        principal, agent, asking = course.principal, course.agent, course.asking
        record = CallRecord(
            id=self._ids.next(now),
            at=now - took / 1000,
            outcome=outcome,
            principal=principal.id,
            principal_kind=principal.kind,
            principal_name=principal.name,
            user=principal.user or "",
            client=asking.client[0],
            client_version=asking.client[1],
            server=agent.id,
            server_name=agent.name,
            name=agent.name,
            upstream=agent.id,
            upstream_name=agent.name,
            original=agent.name,
            method=asking.method,
            total_ms=took,
            upstream_ms=0.0 if outcome == "refused" else took,
            bytes_in=sum(map(len, asking.params.values())),
            bytes_out=size,
            tokens=size // 4,
            error_class=error_class,
            error=error[:ERROR_LENGTH],
        )
        self._note(record)


class Answers:
    """What comes on a stream, one by one. Whoever has it closes it, so that its end is known."""

    def __init__(self, stream: AgentStream, ended: Callable[[Outcome | None, int], None]) -> None:
        self._stream = stream
        self._ended = ended
        self._last: Outcome | None = None
        self._size = 0
        self._over = False

    async def next(self) -> Outcome | None:
        """None at the end. A stream that breaks ends in a `Failure` of our own."""
        if self._over:
            return None
        try:
            outcome = await self._stream.next()
        except GatewayError as error:
            outcome = Failure(rpc_code(error), error.message, own=True)
        self._over = outcome is None or isinstance(outcome, Failure)
        if outcome is not None:
            self._last = outcome
            self._size += _size(outcome)
        return outcome

    def abort(self) -> None:
        """Let it end: whoever reads it gets a `Failure`."""
        self._stream.close()

    def close(self) -> None:
        self._stream.close()
        self._ended(self._last if self._over else None, self._size)


class _Course(msgspec.Struct, frozen=True):
    principal: Principal
    agent: Upstream
    asking: Asking
    started: float


def resource_of(agent: Upstream) -> Resource:
    return Resource("agent", agent.id, agent.placement, agent.name)


def _failed(failure: Failure) -> tuple[Ended, str]:
    if not failure.own:
        return "protocol_error", f"rpc {failure.code}"
    if failure.code == _TIMED_OUT:
        return "timed_out", "timed_out"
    return ("protocol_error", "upstream_failed") if failure.code in _OURS else ("refused", f"rpc {failure.code}")


def _refusal(principal: Principal, decision: Decision, ref: str) -> GatewayError:
    """An agent that the caller may not see is as one that does not exist."""
    if decision.allowed or decision.steps[-1].about == "visibility":
        return NotFound(f"There is no agent '{ref[:100]}'.", "See `gatehouse agent list`.")
    if principal.kind == "client" and decision.steps[-1].about == "scope":
        return Unauthenticated(f"Not signed in: {decision.reason}.", "Get an access token for this gateway.")
    return Forbidden(f"Not allowed: {decision.reason}.", "Ask for a token that has this agent.")


def _size(outcome: Outcome) -> int:
    return len(outcome.message) if isinstance(outcome, Failure) else sum(map(len, outcome.fields.values()))

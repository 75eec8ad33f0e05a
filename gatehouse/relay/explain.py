"""Why somebody may, or may not, use a server or a tool in it: the door's own questions, and then the snapshot's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gatehouse.access.model import Circumstances, Principal, Resource, Step
from gatehouse.access.policy import USE, conditions_hold, entitled
from gatehouse.catalog.model import Binding, Capability, Kind, Server
from gatehouse.kit.clock import Clock
from gatehouse.relay.agents import Agents
from gatehouse.relay.current import Current
from gatehouse.relay.door import Door

TOOL_CALL = "tool.call"


@dataclass(frozen=True, slots=True)
class Trace:
    """`steps` in the order in which they are asked; the first that did not pass is the last."""

    steps: tuple[Step, ...]

    @property
    def allowed(self) -> bool:
        return self.steps[-1].passed

    @property
    def reason(self) -> str:
        return self.steps[-1].words


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody would do. Without a `server`: at `/mcp`; with `api`: call the `tool` through the API.

    `address` is where from, as far as that is to be asked (`at_address`).
    """

    server: str | None = None
    tool: str | None = None
    address: str | None = None
    at_address: bool = False
    api: bool = False
    agent: str | None = None
    """Instead of a server: to call this agent."""


@dataclass(frozen=True, slots=True)
class Reachable:
    """A server that somebody may use, and what it shows: advertised names, uris for resources."""

    id: str
    slug: str
    name: str
    tools: tuple[str, ...]
    prompts: tuple[str, ...]
    resources: tuple[str, ...]


class Explainer:
    def __init__(self, door: Door, current: Current, clock: Clock, agents: Agents | None = None) -> None:
        """Without `agents`, of agents nothing is told but that there are none."""
        self._agents = agents
        self._door = door
        self._current = current
        self._clock = clock

    def explain(self, principal: Principal, question: Question) -> Trace:
        steps: list[Step] = []
        for step in self._steps(principal, question):
            steps.append(step)
            if not step.passed:
                break
        return Trace(tuple(steps))

    def reach(self, principal: Principal) -> list[Reachable]:
        """Every server that the principal may use, and what it finds there."""
        found: list[Reachable] = []
        for server in sorted(self._current.snapshot.servers.values(), key=lambda one: one.slug):
            offering = self._current.server(server.id)
            if offering is not None and self._door.may_use(principal, server).allowed:
                view = offering.view
                names = {kind: tuple(item.name for item in view.listing(kind)) for kind in Kind}
                resources = names[Kind.RESOURCE] + names[Kind.TEMPLATE]
                found.append(
                    Reachable(server.id, server.slug, server.name, names[Kind.TOOL], names[Kind.PROMPT], resources)
                )
        return found

    def _steps(self, principal: Principal, question: Question) -> Iterator[Step]:
        if question.at_address:
            # Whether the token is good is asked below.
            held = conditions_hold(principal, Circumstances(self._clock.now(), question.address))
            yield from (step for step in held.steps if step.about != "token")
        if question.agent is not None:
            yield from self._agent(principal, question.agent)
        elif question.api:
            yield from self._through_api(principal, question.tool)
        elif question.server is None:
            yield from self._everywhere(principal, question.tool)
        else:
            yield from self._in_server(principal, question.server, question.tool)
        limit = self._door.limit(principal)
        if limit is not None:
            yield limit

    def _in_server(self, principal: Principal, ref: str, tool: str | None) -> Iterator[Step]:
        known = self._current.snapshot.find(ref)
        if known is None:
            yield Step("server", False, f"there is no server '{ref[:100]}'")
            return
        yield from self._door.may_use(principal, known).steps
        yield Step("server", known.enabled, f"server '{known.slug}' is switched {'on' if known.enabled else 'off'}")
        if tool is not None:
            yield from self._tool(known, tool)

    def _agent(self, principal: Principal, ref: str) -> Iterator[Step]:
        known = self._agents.find(ref) if self._agents is not None else None
        if self._agents is None or known is None:
            yield Step("agent", False, f"there is no agent '{ref[:100]}' that is switched on")
            return
        yield from self._agents.may_call(principal, ref, known).steps

    def reach_agents(self, principal: Principal) -> list[tuple[str, str]]:
        """Id and name of every agent that the principal may call."""
        return [] if self._agents is None else [(one.id, one.name) for one in self._agents.callable_by(principal)]

    def _through_api(self, principal: Principal, ref: str | None) -> Iterator[Step]:
        now, snapshot = self._clock.now(), self._current.snapshot
        if ref is None:
            yield from entitled(principal, TOOL_CALL, Resource("tool"), now).steps
            return
        one = snapshot.tool(ref)
        if one is None:
            yield Step("tool", False, f"there is no tool '{ref[:100]}'")
            return
        yield from entitled(principal, TOOL_CALL, Resource("tool", one.id, snapshot.placement(one), one.key), now).steps
        yield Step("enabled", one.enabled, f"the tool is switched {'on' if one.enabled else 'off'}")
        yield self._offered(one)

    def _everywhere(self, principal: Principal, tool: str | None) -> Iterator[Step]:
        decision = entitled(principal, USE, Resource("server"), self._clock.now())
        yield from decision.steps
        if not decision.allowed:
            return
        offering = self._door.everything(principal)
        yield Step("server", True, "/mcp has all that the principal may use")
        if tool is not None:
            found = offering.view.resolve_tool(tool) is not None
            words = "is there" if found else "is not there, or not for this principal: at /mcp names are UPSTREAM_NAME"
            yield Step("binding", found, f"tool '{tool[:100]}' {words}")

    def _tool(self, server: Server, name: str) -> Iterator[Step]:
        snapshot = self._current.snapshot
        pairs = [(one, snapshot.capability(one.capability_id)) for one in snapshot.bindings(server.id)]
        bound = [(one, found) for one, found in pairs if found is not None and found.kind is Kind.TOOL]
        offering = self._current.server(server.id)
        target = offering.view.resolve_tool(name) if offering is not None else None
        chosen = next(
            ((one, found) for one, found in bound if target is not None and one.id == target.binding_id), None
        )
        chosen = chosen or next(((one, found) for one, found in bound if name in (one.name, *one.aliases)), None)
        if chosen is None:
            yield Step("binding", False, f"no tool '{name[:100]}' is bound in server '{server.slug}'")
            return
        yield Step("binding", True, f"tool '{chosen[0].name}' is bound in server '{server.slug}'")
        yield from self._usable(server, *chosen)
        first = target is not None
        words = "nothing else has" if first else "something else comes first that has"
        yield Step("name", first, f"{words} its name in this server")

    def _usable(self, server: Server, binding: Binding, capability: Capability) -> Iterator[Step]:
        snapshot = self._current.snapshot
        upstream = snapshot.upstreams.get(capability.upstream_id)
        on = binding.enabled and capability.enabled and upstream is not None and upstream.enabled
        off = "the binding" if not binding.enabled else "the tool" if not capability.enabled else "the upstream"
        yield Step("enabled", on, "binding, tool and upstream are switched on" if on else f"{off} is switched off")
        yield self._offered(capability)
        shown = snapshot.hosts(server.placement).sees(snapshot.placement(capability))
        words = "may show it" if shown else "may not show it: its team, or its owner, may not use it"
        yield Step("shown", shown, f"server '{server.slug}' {words}")

    def _offered(self, capability: Capability) -> Step:
        gone = capability.gone_at is not None
        upstream = self._current.snapshot.upstreams.get(capability.upstream_id)
        name = upstream.name if upstream is not None else "its upstream"
        return Step("offered", not gone, f"upstream '{name}' {'no longer offers it' if gone else 'offers it'}")

"""Links to upstreams in maintenance: as ever, but that no call goes there until it is over."""

from __future__ import annotations

from gatehouse.catalog.model import Upstream
from gatehouse.catalog.statuses import maintenance_words
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import UpstreamDown
from gatehouse.protocol.call import Call, Emit, Failure, Outcome
from gatehouse.protocol.errors import rpc_code
from gatehouse.protocol.headers import HeaderMap
from gatehouse.upstreams.a2a import A2aLink, AgentRequest, AgentStream
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.mcp import McpLink


class Pause:
    def __init__(self, upstream: Upstream, clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock

    @property
    def failure(self) -> Failure | None:
        """What a call is answered with; None once it is over."""
        if self._clock.now() >= (self._upstream.maintenance_until or 0.0):
            return None
        words = f"{self._upstream.name} is {maintenance_words(self._upstream)}. Try again after that."
        return Failure(rpc_code(UpstreamDown("")), words, own=True)


class PausedMcpLink(McpLink):
    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        super().__init__(upstream, reach)
        self._pause = Pause(upstream, reach.clock)

    async def send(self, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        return self._pause.failure or await super().send(call, names, emit)


class PausedA2aLink(A2aLink):
    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        super().__init__(upstream, reach)
        self._pause = Pause(upstream, reach.clock)

    async def send(self, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        return self._pause.failure or await super().send(call, names, emit)

    async def ask(self, request: AgentRequest) -> Outcome | AgentStream:
        return self._pause.failure or await super().ask(request)

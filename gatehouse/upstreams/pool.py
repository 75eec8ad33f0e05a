"""The links of one worker to its upstreams: made when first needed, made anew when how to reach one changes."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

import anyio

from gatehouse.catalog.model import AGENT, LOCAL, Offer, Upstream
from gatehouse.protocol.bridge import LEGACY_ONLY
from gatehouse.protocol.call import Call, Emit, Failure, Outcome
from gatehouse.protocol.errors import METHOD_NOT_FOUND
from gatehouse.protocol.headers import HeaderMap
from gatehouse.upstreams.a2a import A2aLink
from gatehouse.upstreams.base import Outlet, Reach
from gatehouse.upstreams.following import Following, tells_of_resources
from gatehouse.upstreams.local import LocalLink
from gatehouse.upstreams.mcp import McpLink
from gatehouse.upstreams.paused import PausedA2aLink, PausedMcpLink
from gatehouse.upstreams.trial import Rehearsal, Trial

KINDS = {"mcp": McpLink, AGENT: A2aLink, LOCAL: LocalLink}
"""A kind of upstream is one line here."""
PAUSED = {"mcp": PausedMcpLink, AGENT: PausedA2aLink}
"""The same, in maintenance."""
Link = McpLink | A2aLink | LocalLink


class Pool:
    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._links: dict[str, tuple[int, Link]] = {}
        self._upstreams: dict[str, Upstream] = {}
        self._following = Following(reach.tasks, reach.outlets, self._listener)

    def link(self, upstream: Upstream) -> Link:
        known = self._links.get(upstream.id)
        if known is not None and known[0] == upstream.config_revision:
            return known[1]
        if known is not None:
            self._reach.tasks.spawn(known[1].close(), f"close link to {upstream.name}")
        kinds = KINDS if upstream.maintenance_until is None else PAUSED
        link: Link = kinds[upstream.kind](upstream, self._reach)
        self._links[upstream.id] = (upstream.config_revision, link)
        return link

    def agent(self, upstream: Upstream) -> A2aLink:
        """The link to an upstream that is an agent."""
        link = self.link(upstream)
        assert isinstance(link, A2aLink)  # noqa: S101 - whoever asks has looked at its kind
        return link

    async def trial(self, upstream: Upstream, seconds: float) -> Offer:
        """Ask one that is not stored what it offers, and end what was opened for it; raises as `discover` does.

        `seconds`: how long that may take, since what runs a package may have to fetch it first.
        """
        patience = replace(self._reach.patience, discover=seconds, probe=max(self._reach.patience.probe, seconds / 4))
        link = KINDS[upstream.kind](upstream, replace(self._reach, patience=patience, outlets={}))
        try:
            return await link.discover()
        finally:
            await link.close()

    async def rehearse(self, upstream: Upstream, seconds: float) -> Trial:
        """Try an MCP server that is not stored, a stage at a time; never raises for what it does."""
        # A server of before the modern era may hang on the modern question, and needs time for its own.
        patience = replace(self._reach.patience, discover=seconds, probe=min(self._reach.patience.probe, seconds / 3))
        return await Rehearsal(upstream, replace(self._reach, patience=patience, outlets={})).run(seconds)

    def send(self, upstream: Upstream, call: Call, names: HeaderMap | None, emit: Emit) -> Coroutine[Any, Any, Outcome]:
        """Carry a call to an upstream; see `UpstreamLink.send`."""
        if call.method in LEGACY_ONLY:
            return self._subscribe(upstream, call, emit)
        return self.link(upstream).send(call, names, emit)

    async def _subscribe(self, upstream: Upstream, call: Call, emit: Emit) -> Outcome:
        """As the upstream's own era has it, where that has a word for it."""
        outcome = await self.link(upstream).send(call, None, emit)
        lacking = isinstance(outcome, Failure) and outcome.own and outcome.code == METHOD_NOT_FOUND
        if not lacking or not tells_of_resources(upstream):
            return outcome
        self._upstreams.setdefault(upstream.id, upstream)
        return await self._following.settle(upstream.id, call)

    def _listener(self, upstream_id: str) -> McpLink | LocalLink | None:
        """The link to an upstream as it is reached now."""
        upstream = self._upstreams.get(upstream_id)
        if upstream is None or not upstream.enabled:
            return None
        link = self.link(upstream)
        return None if isinstance(link, A2aLink) else link

    def keep(self, upstreams: Mapping[str, Upstream]) -> None:
        """Close the links to upstreams that are gone, disabled or reached in another way now."""
        self._upstreams = dict(upstreams)
        for id_, (revision, link) in tuple(self._links.items()):
            upstream = upstreams.get(id_)
            if upstream is None or not upstream.enabled or upstream.config_revision != revision:
                del self._links[id_]
                self._reach.tasks.spawn(link.close(), "close link")
                if not isinstance(link, LocalLink):
                    self._following.renew(id_)

    def log(self, upstream_id: str) -> list[str]:
        """The last lines that a stdio upstream wrote to its stderr, in this worker."""
        known = self._links.get(upstream_id)
        return list(known[1].wires.stderr.lines()) if known is not None and isinstance(known[1], McpLink) else []

    def attach(self, session: str, outlet: Outlet) -> None:
        """A client's legacy session, for what upstreams say outside of its calls."""
        self._reach.outlets[session] = outlet

    async def end_session(self, session: str) -> None:
        self._reach.outlets.pop(session, None)
        self._following.forget(session)
        for _, link in tuple(self._links.values()):
            await link.end_session(session)

    async def notify_session(self, session: str, method: str) -> None:
        for _, link in tuple(self._links.values()):
            await link.notify_session(session, method)

    async def roots_changed(self) -> None:
        """Tell the sessions that were offered roots of Gatehouse's own."""
        for _, link in tuple(self._links.values()):
            if isinstance(link, McpLink):
                await link.roots_changed()

    async def sweep(self) -> None:
        for _, link in tuple(self._links.values()):
            await link.sweep()

    async def close(self) -> None:
        links = [link for _, link in self._links.values()]
        self._links.clear()
        async with anyio.create_task_group() as group:
            for link in links:
                group.start_soon(link.close)

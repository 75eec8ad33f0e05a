"""The port that every kind of upstream implements, and what it is given to work with."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gatehouse.catalog.model import Offer, Upstream
from gatehouse.catalog.own.service import Own
from gatehouse.catalog.roots import Roots
from gatehouse.kit.clock import Clock
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.call import Call, Emit, Event, Outcome
from gatehouse.protocol.headers import HeaderMap
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.stdio import Launcher


class UpstreamLink(Protocol):
    """One configured upstream, as this worker reaches it."""

    async def discover(self) -> Offer:
        """Ask for everything, all pages; raises `UpstreamDown`, `UpstreamFailed` or `TimedOut`."""
        ...

    async def send(self, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        """Carry one call. Never raises for what an upstream does: a peer that is down is a `Failure` of our own.

        `names` are the arguments to mirror in headers. A cancelled caller cancels the upstream's work, in the way that
        its era says.
        """
        ...

    async def probe(self) -> bool:
        """Ask for a sign of life, as cheaply as can be; False where that would have to start something first.

        Raises what a peer raises.
        """
        ...

    async def watch(self) -> None:
        """Stay until cancelled, and say so when the upstream tells that its lists changed."""
        ...

    async def end_session(self, session: str) -> None:
        """A client's legacy session is over: so is what was opened for it alone."""
        ...

    async def sweep(self) -> None:
        """End what nobody used for a while."""
        ...

    async def close(self) -> None:
        """End sessions and processes."""
        ...


class Outlet(Protocol):
    """A client's session, for what an upstream says outside of any call."""

    async def deliver(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, without a sign of life in a call, to discover, until something unused ends, and for the
    answer to the question whether an upstream is of the modern era."""

    connect: float = 10.0
    call: float = 300.0
    discover: float = 30.0
    idle: float = 300.0
    probe: float = 10.0


@dataclass(frozen=True, slots=True)
class Reach:
    """What a worker's links share."""

    http: HttpClient
    tasks: Tasks
    clock: Clock
    launcher: Launcher
    credential: Callable[[Upstream], Mapping[str, Any] | None]
    env: Callable[[Upstream], Mapping[str, str]]
    changed: Callable[[str, frozenset[str]], Awaitable[None]]
    """Told (upstream id, lists) when an upstream says that its `tools`, `prompts` or `resources` changed."""
    patience: Patience = Patience()
    largest: int = 64 * 1024 * 1024
    """Bytes of one message."""
    outlets: dict[str, Outlet] = field(default_factory=dict[str, Outlet])
    """Legacy client sessions of this worker by id."""
    own: Own | None = None
    """What Gatehouse itself offers."""
    roots: Roots | None = None
    """What upstreams are told where their client has no roots of its own."""
    task_key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    """Ties ids of agents' tasks to principals; the same for all workers."""

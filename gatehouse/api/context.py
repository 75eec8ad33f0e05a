"""What the API needs from the rest of the house, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request

if TYPE_CHECKING:
    # Named in annotations alone; what the worker needs of this module is small.
    from gatehouse.access.audit.trail import Audit
    from gatehouse.access.directory import Directory
    from gatehouse.access.model import Principal
    from gatehouse.access.people.service import People
    from gatehouse.access.sign_in.service import SignIn
    from gatehouse.access.single_sign_on.service import SingleSignOn
    from gatehouse.access.tokens.service import Tokens
    from gatehouse.access.tokens.usage import Usage
    from gatehouse.api.configured import SettingsView
    from gatehouse.api.visitors import Visitors
    from gatehouse.catalog.model import Capability, Offer, Transport, Upstream
    from gatehouse.catalog.own.service import Own
    from gatehouse.catalog.registry.service import Registry
    from gatehouse.catalog.roots import Roots
    from gatehouse.catalog.search.service import Search
    from gatehouse.catalog.service import Catalog
    from gatehouse.catalog.similar.finder import Finder
    from gatehouse.catalog.tags import Tags
    from gatehouse.catalog.verdicts import Verdicts
    from gatehouse.kit.clock import Clock
    from gatehouse.protocol.call import Era, Outcome
    from gatehouse.relay.agents import Agents
    from gatehouse.relay.explain import Explainer
    from gatehouse.store.transfer.service import Transfer
    from gatehouse.telemetry.events import Events
    from gatehouse.telemetry.figures import Figures
    from gatehouse.telemetry.logs.levels import LogLevels
    from gatehouse.telemetry.report import Machine
    from gatehouse.telemetry.signals_store import SignalStore
    from gatehouse.upstreams.trial import Trial


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, from where, and in which console session (None: with a token)."""

    principal: Principal
    address: str | None = None
    session: str | None = None


Identify = Callable[[Request], Awaitable[Caller]]
"""Who sends this; a principal of kind `anonymous` where nobody says. Raises `Unauthenticated`, `Forbidden`, `RateLimited`."""


class CheckReport(Protocol):
    """Whether an upstream answers just now."""

    @property
    def ok(self) -> bool: ...

    @property
    def error(self) -> str | None: ...

    @property
    def milliseconds(self) -> float: ...

    @property
    def era(self) -> Era | None: ...

    @property
    def transport(self) -> Transport | None: ...


class TrialReport(Protocol):
    """What an upstream that is not stored yet answered."""

    @property
    def offer(self) -> Offer | None: ...

    @property
    def error(self) -> str | None: ...

    @property
    def sign_in(self) -> bool: ...


class Operations(Protocol):
    """What the API asks of the relay: the work that reaches upstreams."""

    async def refresh(self, upstream_id: str) -> None:
        """Discover now and store what was found. Never raises for an upstream that is down: its record says so."""
        ...

    async def check(self, upstream_id: str) -> CheckReport:
        """See whether it answers, without storing what it offers."""
        ...

    async def trial(self, upstream: Upstream) -> TrialReport:
        """Shake hands with an upstream that is not stored, and see what it offers."""
        ...

    async def rehearse(self, upstream: Upstream) -> Trial:
        """The same, a stage at a time, for somebody who waits; only for MCP servers."""
        ...

    def log(self, upstream_id: str) -> list[str]:
        """The last lines that a stdio upstream wrote to stderr, oldest first; empty for the others."""
        ...

    async def call(self, principal: Principal, capability: Capability, params: bytes) -> Outcome:
        """Call a tool, get a prompt or read a resource, straight from its upstream.

        `params` is a JSON object: `arguments` for tools and prompts (the name is filled in from `capability`),
        `uri` for resources and templates.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext:
    catalog: Catalog
    own: Own
    tags: Tags
    roots: Roots
    registry: Registry
    search: Search
    similar: Finder
    verdicts: Verdicts
    tokens: Tokens
    people: People
    sign_in: SignIn
    single_sign_on: SingleSignOn
    visitors: Visitors
    usage: Usage
    audit: Audit
    operations: Operations
    settle: Callable[[], Awaitable[None]]
    """Returns once this worker sees what was just written."""
    identify: Identify
    address: Callable[[Request], str | None]
    """Where a request comes from, behind proxies that are trusted too."""
    spend: Callable[[Principal, bool], None]
    """Counts a request, and with True a call; raises `RateLimited`."""
    explainer: Explainer
    directory: Callable[[], Directory]
    """Users and teams as this worker knows them now."""
    clock: Clock
    log_levels: LogLevels
    public_url: Callable[[Request], str]
    """The address that clients use, without a slash at the end."""
    anonymous_allowed: bool
    """Whether servers may be opened to everybody: on loopback, or where the setting says so."""
    version: str
    alone_here: bool = False
    """Whether nothing but this machine can reach Gatehouse, as far as its settings say."""
    configured: SettingsView | None = None
    """What it was set up with."""
    sign_on_ways: Callable[[], Iterable[tuple[str, str]]] = tuple
    """Slug and name of each provider that people can sign in with."""
    figures: Figures | None = None
    """None: calls are not recorded."""
    transfer: Transfer | None = None
    """None: nothing is exported or imported here."""
    agents: Agents | None = None
    """None: agents can't be called here."""
    events: Events | None = None
    """None: nothing is told of what happens."""
    signals: SignalStore | None = None
    """What the workers hear of upstreams; None: nobody watches over them."""
    machine: Callable[[], Awaitable[Machine]] | None = None
    """How the workers of this machine are; None: they don't watch themselves."""
    stopping: Callable[[], bool] = bool
    """Whether open streams are to end."""
    body_bytes: int = 10 * 1024 * 1024
    """Largest request body."""

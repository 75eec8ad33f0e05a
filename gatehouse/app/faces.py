"""The faces of one worker, put together from the relay up, and the one handler that all MCP requests go to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatehouse.access.tokens.strangers import Strangers
from gatehouse.app.tracing import build_relay
from gatehouse.kit.clock import Clock
from gatehouse.kit.net import Proxies
from gatehouse.kit.tasks import Tasks
from gatehouse.relay.current import Current
from gatehouse.relay.door import Counts, Door, Guests, Limits
from gatehouse.relay.listening import Listening
from gatehouse.relay.noting import Notes, Take
from gatehouse.relay.rounds import Rounds
from gatehouse.relay.sessions import Peers, Records, Sessions
from gatehouse.relay.subscriptions import Subscriptions
from gatehouse.serving.answers import KeepAlive
from gatehouse.serving.entrance import Challenge, Entrance, Noted
from gatehouse.serving.forward import Forwarder
from gatehouse.serving.guard import LOOPBACK, Guard
from gatehouse.serving.mcp_http import McpHttp
from gatehouse.serving.mcp_legacy import LegacyFace, LegacyParts
from gatehouse.serving.mcp_modern import ModernFace
from gatehouse.serving.mcp_sse import SseFace
from gatehouse.settings import Settings
from gatehouse.store.secrets import Secrets
from gatehouse.telemetry.intake import Intake
from gatehouse.telemetry.metrics import Meter, ToolMeter
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.pool import Pool

if TYPE_CHECKING:
    from gatehouse.relay.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Reception:
    """What stands behind the door: who is counted and limited, whose tokens are taken, who is told of refusals."""

    strangers: Strangers
    limits: Limits
    counts: Counts
    noted: Noted
    challenged: Challenge


@dataclass(frozen=True, slots=True)
class Base:
    """What the faces stand on."""

    settings: Settings
    clock: Clock
    tasks: Tasks
    http: HttpClient
    secrets: Secrets
    current: Current
    pool: Pool
    records: Records
    peers: Peers
    instance: str
    reception: Reception
    intake: Intake
    take: Take
    """The intake's, and whatever else is told of each call."""
    tracing: Tracing | None = None


@dataclass(frozen=True, slots=True)
class Faces:
    mcp: McpHttp
    door: Door
    sessions: Sessions
    listening: Listening
    keep_alive: KeepAlive
    meter: Meter
    notes: Notes
    entrance: Entrance


def build_faces(base: Base) -> Faces:
    settings = base.settings
    meter = ToolMeter() if settings.metrics.tool_label else Meter()
    keep_alive, subscriptions = KeepAlive(base.clock), Subscriptions()
    base.current.subscribe(subscriptions.changed)
    reception = base.reception
    door = Door(
        base.current,
        base.clock,
        Guests(anonymous_allowed(settings), reception.strangers, reception.limits, reception.counts),
    )
    notes = Notes(base.take)
    base.intake.tell(meter.hear)
    relay = build_relay(base.pool, Rounds(base.secrets, base.clock), meter, notes, base.tracing)
    sessions = Sessions(base.pool, base.records, base.peers, base.tasks, base.clock, base.instance)
    sessions.idle, sessions.most = settings.timeouts.session_idle, settings.limits.sessions
    forwarder = Forwarder(base.http, base.secrets.derive("forward").hex().encode())
    parts = LegacyParts(relay, door, sessions, subscriptions, keep_alive, forwarder, base.tasks)
    legacy = LegacyFace(parts)
    listening = Listening(door, base.pool, subscriptions)
    modern = ModernFace(relay, listening, keep_alive, base.clock)
    entrance = Entrance(
        build_guard(settings), door, Proxies(settings.trusted_proxies), reception.noted, reception.challenged
    )
    mcp = McpHttp(entrance, forwarder, modern, legacy, SseFace(parts, legacy))
    meter.gauge("gatehouse_sessions", "Legacy client sessions", lambda: len(sessions))
    meter.gauge("gatehouse_followers", "Clients that are told of changes", lambda: len(subscriptions))
    meter.gauge("gatehouse_calls_waiting", "Calls that wait for their upstream", lambda: len(keep_alive))
    meter.gauge("gatehouse_tasks", "Tasks of all event loops", lambda: len(asyncio.all_tasks()))
    meter.gauge("gatehouse_streams", "Open streams that tell clients of changes", lambda: keep_alive.streams)
    return Faces(mcp, door, sessions, listening, keep_alive, meter, notes, entrance)


def on_loopback(settings: Settings) -> bool:
    return settings.host in LOOPBACK


def alone_here(settings: Settings) -> bool:
    """Whether only this machine can reach it, and no other name for it is told to anybody."""
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    return on_loopback(settings) and (public is None or public in LOOPBACK)


def anonymous_allowed(settings: Settings) -> bool:
    """Servers open to everybody are for the own machine, unless the setting says otherwise out loud."""
    return settings.allow_anonymous or on_loopback(settings)


def build_guard(settings: Settings) -> Guard:
    named = {name.lower() for name in settings.allowed_hosts}
    origins = set(settings.allowed_origins)
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        host = parts.hostname or ""
        named.add(f"[{host}]" if ":" in host else host)
        origins.add(f"{parts.scheme}://{parts.netloc}".lower())
    hosts = frozenset(named | LOOPBACK) if named or on_loopback(settings) else None
    return Guard(hosts, frozenset(origins))

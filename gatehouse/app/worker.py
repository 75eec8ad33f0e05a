"""One worker: its database, its snapshot, its links to upstreams and its faces, from start to stop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from gatehouse import __version__
from gatehouse.access.keyring import Keyring
from gatehouse.access.model import ANONYMOUS, Resource
from gatehouse.access.policy import allows
from gatehouse.access.tokens import Tokens
from gatehouse.api.actions import Action
from gatehouse.api.build import build_api
from gatehouse.api.context import ApiContext
from gatehouse.app.faces import Base, Faces, anonymous_allowed, build_faces
from gatehouse.app.internal import InternalListener
from gatehouse.app.repeating import every
from gatehouse.catalog.service import Catalog
from gatehouse.catalog.snapshot import SnapshotLoader
from gatehouse.kit.clock import SystemClock
from gatehouse.kit.errors import GatewayError, Unauthenticated
from gatehouse.kit.tasks import Tasks
from gatehouse.relay.current import Current
from gatehouse.relay.operations import Operations
from gatehouse.relay.refresh import Refresher, Watch, WatchParts
from gatehouse.serving.answers import SILENCE
from gatehouse.serving.asgi import Front
from gatehouse.serving.health import health_routes
from gatehouse.serving.http import Exchange, HttpRequest, Work
from gatehouse.settings import Settings, Timeouts
from gatehouse.store.bus import RevisionWatcher
from gatehouse.store.database import Database
from gatehouse.store.instances import Instances, Leases, SessionRecords
from gatehouse.store.secrets import Secrets, check_key, load_key
from gatehouse.upstreams.base import Patience, Reach
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.pool import Pool
from gatehouse.upstreams.stdio import Launcher

HEARTBEAT = 1.0
"""Seconds."""
AfterStart = Callable[["Worker"], Coroutine[Any, Any, None]]


class Worker:
    """An ASGI app with its lifespan. `handle` is the way of MCP requests past ASGI."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.tasks = Tasks()
        self.database = Database(settings.database_url)
        self.secrets = Secrets(load_key(settings.data_dir, settings.key))
        self.catalog = Catalog(self.database, self.secrets, self.clock)
        self.tokens = Tokens(self.database, self.clock)
        self.instances = Instances(self.database, self.clock)
        self.leases = Leases(self.database, self.clock)
        self.records = SessionRecords(self.database)
        self.watcher = RevisionWatcher(self.database, settings.poll_interval)
        self._internal = InternalListener(self, settings.internal_host)
        self._on_start: list[AfterStart] = []
        self._opened = False

    def on_start(self, work: AfterStart) -> None:
        """Do this once the worker has started, beside its other work."""
        self._on_start.append(work)

    async def open(self) -> None:
        """The database alone, for what is to be done before the worker starts. The second time nothing happens."""
        if not self._opened:
            await self.database.open()
            await check_key(self.database, self.secrets)
            self._opened = True

    async def start(self) -> None:
        await self.open()
        self._loader = SnapshotLoader(self.database)
        self.http = HttpClient(
            connect_timeout=self.settings.timeouts.connect, body_limit=self.settings.limits.result_bytes
        )
        self._launcher = Launcher(self.settings.limits.stdio_processes)
        snapshot, keyring = await self._loader.load(), await Keyring.load(self.database)
        self.current = Current(snapshot, keyring, self.secrets, self.settings.limits.page_size)
        self.pool = Pool(self._reach())
        self.refresher = Refresher(self.catalog, self.pool, self.tasks)
        self.faces: Faces = build_faces(
            Base(
                self.settings, self.clock, self.tasks, self.http, self.secrets, self.current, self.pool,
                self.records, self.instances, self.instances.id,
            )
        )  # fmt: skip
        self.front = self._front()
        self.watcher.subscribe(self._changed)
        await self.watcher.settle()
        await self.instances.join(await self._internal.start())
        self._spawn()

    def _reach(self) -> Reach:
        limits, timeouts = self.settings.limits, self.settings.timeouts
        return Reach(
            http=self.http,
            tasks=self.tasks,
            clock=self.clock,
            launcher=self._launcher,
            credential=self.catalog.open_credential,
            env=self.catalog.open_env,
            changed=self._told,
            patience=Patience(timeouts.connect, timeouts.call, timeouts.discover, timeouts.upstream_idle),
            largest=limits.result_bytes,
        )

    async def _told(self, upstream_id: str, lists: frozenset[str]) -> None:
        await self.refresher.told(upstream_id, lists)

    async def _changed(self, revision: int) -> None:
        snapshot, keyring = await self._loader.load(), await Keyring.load(self.database)
        self.pool.keep(snapshot.upstreams)
        await self.current.replace(snapshot, keyring)

    def _spawn(self) -> None:
        parts = WatchParts(self.refresher, self.pool, self.current, self.leases, self.tasks, self.clock)
        watch = Watch(parts, self.settings.refresh_interval)
        self.tasks.spawn(self.watcher.run(), "watch for changes")
        self.tasks.spawn(watch.run(self.instances.id), "watch upstreams")
        self.tasks.spawn(every(HEARTBEAT, self.instances.heartbeat), "heartbeat")
        pause = sweep_pause(self.settings.timeouts)
        # Each on its own, so that none waits for a slow client, a stubborn process or the database of another.
        for sweep in (self.faces.keep_alive.sweep, self.faces.sessions.sweep, self.pool.sweep, self._purge):
            self.tasks.spawn(every(pause, sweep), "sweep")
        for work in self._on_start:
            self.tasks.spawn(work(self), "after start")

    async def _purge(self) -> None:
        await self.records.purge(self.clock.now())

    def _front(self) -> Front:
        api = build_api(
            ApiContext(
                catalog=self.catalog,
                tokens=self.tokens,
                operations=Operations(self.catalog, self.refresher, self.pool, self.clock),
                settle=self.watcher.settle,
                identify=self._identify,
                clock=self.clock,
                public_url=self._public_url,
                anonymous_allowed=anonymous_allowed(self.settings),
                version=__version__,
                body_bytes=self.settings.limits.body_bytes,
            )
        )
        routes: list[BaseRoute] = [*health_routes(self.faces.meter, self._not_ready, self._may_see_metrics), api]
        return Front(self.handle, self.settings.limits.body_bytes, routes, not_found)

    def _identify(self, authorization: bytes) -> Any:
        try:
            principal = self.faces.door.identify(authorization)
        except Unauthenticated:
            return None
        return None if principal is ANONYMOUS else principal

    def _public_url(self, request: Request) -> str:
        return self.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")

    async def _not_ready(self) -> str | None:
        try:
            await self.database.revision()
        except GatewayError as error:
            return str(error)
        return None

    def _may_see_metrics(self, authorization: bytes | None) -> bool:
        try:
            principal = self.faces.door.identify(authorization)
        except Unauthenticated:
            return False
        return allows(principal, Action.METRICS_READ, Resource("metrics"), self.clock.now()).allowed

    def handle(self, request: HttpRequest, exchange: Exchange) -> Work | None:
        return self.faces.mcp.handle(request, exchange)

    def drain(self) -> None:
        """End the streams that would otherwise keep the server from shutting down."""
        self.faces.sessions.stop()
        self.faces.listening.stop()

    async def stop(self) -> None:
        await self._internal.stop()
        with contextlib.suppress(GatewayError):
            await self.instances.leave()
        await self.pool.close()
        await self.tasks.cancel_all()
        await self._launcher.close()
        await self.http.close()
        await self.database.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self.front(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except GatewayError as error:
            await self.database.close()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def sweep_pause(timeouts: Timeouts) -> float:
    """Seconds between sweeps: often enough to send signs of life, and to end what is idle about when it should."""
    return max(0.5, min(SILENCE, timeouts.session_idle / 2, timeouts.upstream_idle / 2))


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    words = {
        "type": "about:blank",
        "title": "Not found",
        "status": 404,
        "detail": f"There is nothing at {scope['path']}.",
    }
    await JSONResponse(words, 404, media_type="application/problem+json")(scope, receive, send)

"""One worker: its database, its snapshot, its links to upstreams and its faces, from start to stop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gatehouse import __version__
from gatehouse.access.audit.trail import Audit
from gatehouse.access.methods import Method, Methods
from gatehouse.access.methods.known_people import KnownPeople
from gatehouse.access.methods.token import TokenMethod
from gatehouse.access.model import Circumstances, Principal, Resource
from gatehouse.access.people.service import People
from gatehouse.access.policy import allows
from gatehouse.access.single_sign_on.service import SingleSignOn
from gatehouse.access.tokens.keyring import KeyringLoader
from gatehouse.access.tokens.limits import Limiter
from gatehouse.access.tokens.service import Tokens
from gatehouse.access.tokens.usage import Usage
from gatehouse.api.actions import Action
from gatehouse.api.late import late_api
from gatehouse.api.visitors import Visitors
from gatehouse.app.agents import build_agents, build_face
from gatehouse.app.callers import Callers
from gatehouse.app.events import WorkerEvents
from gatehouse.app.faces import Base, Faces, Reception, alone_here, anonymous_allowed, build_faces
from gatehouse.app.health import Hearing
from gatehouse.app.internal import InternalListener
from gatehouse.app.logs import Requests, build_levels
from gatehouse.app.recording import Losses, build_recorder
from gatehouse.app.registry import build_registry, registry_face, run_registry
from gatehouse.app.repeating import every
from gatehouse.app.sign_on import own_addresses, own_urls
from gatehouse.app.tracing import end_tracing, start_tracing
from gatehouse.app.watching import Seen, Watching
from gatehouse.app.ways_in import build_sign_in, ways_of_people
from gatehouse.catalog.estate import Estate
from gatehouse.catalog.own.service import Own
from gatehouse.catalog.roots import Roots
from gatehouse.catalog.service import Catalog
from gatehouse.catalog.snapshot import SnapshotLoader
from gatehouse.console.mount import console_routes
from gatehouse.kit.clock import SystemClock
from gatehouse.kit.errors import GatewayError, Unauthenticated
from gatehouse.kit.net import Proxies
from gatehouse.kit.tasks import Tasks
from gatehouse.relay.current import Current
from gatehouse.relay.operations import Operations
from gatehouse.relay.refresh import Refresher, Watch, WatchParts
from gatehouse.serving.answers import SILENCE
from gatehouse.serving.asgi import Front
from gatehouse.serving.health import health_routes
from gatehouse.serving.http import Exchange, HttpRequest, Work
from gatehouse.serving.well_known import WellKnown
from gatehouse.settings import Origins, Settings, Timeouts
from gatehouse.store.bus import RevisionWatcher
from gatehouse.store.database import Database
from gatehouse.store.instances import Instances, Leases, SessionRecords
from gatehouse.store.secrets import Secrets, check_key, load_key
from gatehouse.telemetry.figures import Figures
from gatehouse.upstreams.base import Patience, Reach
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.pool import Pool
from gatehouse.upstreams.stdio import Launcher

HEARTBEAT = FLUSH = 1.0
PRUNING = 600.0
RECORDING, ROLLING = 0.8, 60.0
"""Seconds."""
AfterStart = Callable[["Worker"], Coroutine[Any, Any, None]]


class Worker:
    """An ASGI app with its lifespan. `handle` is the way of MCP requests past ASGI."""

    def __init__(self, settings: Settings, origins: Origins | None = None) -> None:
        self.settings = settings
        self._origins = origins or Origins()
        self.clock = SystemClock()
        self.tasks = Tasks()
        self.database = Database(settings.database_url)
        self.secrets = Secrets(load_key(settings.data_dir, settings.key))
        self.registry = build_registry(settings, self.database, self.secrets, self.clock)
        self.tokens = Tokens(self.database, self.clock)
        self.events = WorkerEvents(self.database, self.tokens, self.clock, settings.retention.events)
        self.catalog = Catalog(self.database, self.secrets, self.clock, self.events.report)
        self.own = Own(self.database, self.clock, self.events.report)
        self.roots = Roots(self.database, self.clock)
        self.people = People(self.database, self.clock, Estate())
        self.sign_in = build_sign_in(settings, self.database, self.clock, self.secrets, self.people)
        addresses = own_addresses(settings, self._server_id)
        self.single_sign_on = SingleSignOn(self.database, self.secrets, self.clock, addresses)
        self.single_sign_on.strangers.take(self.sign_in.passes.issuer)
        issued = self.single_sign_on.access_tokens
        named = bool(settings.public_url)
        self.well_known = WellKnown(issued, self._public_url, own_urls(settings)[0], named)
        self.usage = Usage(self.database, self.clock)
        self.limiter = Limiter(self.usage, self.clock)
        self.audit = Audit(self.database, self.secrets, self.clock, settings.retention.audit)
        self.recorder = build_recorder(settings, self.database, self.clock)
        self.health = Hearing(self.recorder.intake, self.database)
        self.losses = Losses(settings.data_dir, self.recorder, self.events.events, self.clock)
        self.figures = Figures(self.database, self.clock)
        self.instances = Instances(self.database, self.clock)
        self.watching = Watching(self.instances.id, self.clock, self.database)
        self.leases = Leases(self.database, self.clock)
        self.records = SessionRecords(self.database)
        self.watcher = RevisionWatcher(self.database, settings.poll_interval)
        self._internal = InternalListener(self, settings.internal_host)
        self._proxies = Proxies(settings.trusted_proxies)
        self.requests = Requests(settings.log.requests, lambda: self.faces.door, self._proxies)
        self.log_levels = build_levels(settings, self.database, self.clock)
        self.visitors = Visitors(self._proxies, settings.public_url)
        self._on_start: list[AfterStart] = []
        self._opened = False
        self._stopping = False

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
        self._keyrings = KeyringLoader(self.database)
        keyring, snapshot = await self._keyrings.load(), await self._loader.load()
        await self.single_sign_on.reload()
        await self.roots.reload()
        await self.limiter.start()
        self.current = Current(snapshot, keyring, self.secrets, self.settings.limits.page_size)
        self.events.know(self.current)
        self.pool = Pool(self._reach())
        self.refresher = Refresher(self.catalog, self.pool, self.tasks)
        self._tracing = start_tracing(self.settings, self.instances.id)
        self.faces: Faces = build_faces(
            Base(
                self.settings, self.clock, self.tasks, self.http, self.secrets, self.current, self.pool,
                self.records, self.instances, self.instances.id, self._reception(), self.recorder.intake,
                self.requests.taking(self.recorder.intake.take), self._tracing,
            )
        )  # fmt: skip
        await self.losses.begin(self.instances.id)
        await self.watching.begin(Seen(self.faces.meter, self.recorder, self.http, self._launcher, self.current))
        self.agents = build_agents(self.current, self.faces, self.pool, self.clock, self.recorder.intake.note)
        self.a2a = build_face(self.agents, self.faces, self._public_url)
        self.front = self._front()
        self.watcher.subscribe(self._changed)
        self.watcher.subscribe(self.log_levels.reload)
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
            task_key=self.secrets.derive("agent.tasks"),
            own=self.own,
            roots=self.roots,
        )

    async def _told(self, upstream_id: str, lists: frozenset[str]) -> None:
        await self.refresher.told(upstream_id, lists)

    async def _changed(self, revision: int) -> None:
        keyring, snapshot = await self._keyrings.load(), await self._loader.load()
        await self.single_sign_on.reload()
        self.pool.keep(snapshot.upstreams)
        await self.current.replace(snapshot, keyring)
        self.own.turn()
        if await self.roots.reload():
            await self.pool.roots_changed()

    def _spawn(self) -> None:
        parts = WatchParts(self.refresher, self.pool, self.current, self.leases, self.tasks, self.clock)
        watch = Watch(parts, self.settings.refresh_interval)
        interval = self.settings.health.interval
        keeper = self.health.keeper(parts, watch, self.catalog, self.figures, self.instances.id, interval)
        self.tasks.spawn(every(FLUSH, keeper.tend), "watch over upstreams")
        self.tasks.spawn(self.watcher.run(), "watch for changes")
        self.tasks.spawn(watch.run(self.instances.id), "watch upstreams")
        self.tasks.spawn(every(HEARTBEAT, self.instances.heartbeat), "heartbeat")
        self.tasks.spawn(every(FLUSH, self.audit.flush), "write the audit")
        self.tasks.spawn(every(FLUSH, self.limiter.share), "write and read the use of tokens")
        self.tasks.spawn(every(PRUNING, self._prune), "prune the audit")
        self.tasks.spawn(every(RECORDING, self.recorder.flush), "write the calls")
        self.tasks.spawn(every(ROLLING, self._roll), "roll up the calls")
        self.tasks.spawn(every(RECORDING, self.events.flush), "write the events")
        self.tasks.spawn(every(RECORDING, self.requests.flush), "write the log of requests")
        self.tasks.spawn(every(FLUSH, self.log_levels.lapse), "let levels of the log lapse")
        run_registry(self.registry, self.leases, self.tasks, lambda: self.instances.id)
        pause = sweep_pause(self.settings.timeouts)
        # Each on its own, so that none waits for a slow client, a stubborn process or the database of another.
        for sweep in (self.faces.keep_alive.sweep, self.faces.sessions.sweep, self.pool.sweep, self._purge):
            self.tasks.spawn(every(pause, sweep), "sweep")
        for task in self.watching.tasks():
            self.tasks.spawn(task, "watch itself")
        for work in self._on_start:
            self.tasks.spawn(work(self), "after start")

    async def _roll(self) -> None:
        await self.losses.look()
        await self.recorder.prune(self.clock.now())

    async def _purge(self) -> None:
        await self.records.purge(self.clock.now())

    async def _prune(self) -> None:
        await self.audit.prune(self.clock.now())
        await self.events.events.prune(self.clock.now())
        await self.sign_in.purge()

    def _front(self) -> Front:
        callers = Callers(Methods(self._ways_in()), self.faces.door, self.visitors)
        routes: list[BaseRoute] = [
            *health_routes(self.watching.exposition, self._not_ready, self._may_see_metrics),
            late_api(lambda: self._api(callers)),
        ]
        routes += console_routes(urlsplit(self.settings.public_url).path.rstrip("/"))
        routes += registry_face(self.current, self.faces.door, callers, self._public_url)
        routes += self.a2a.routes(self.settings.limits.body_bytes)
        routes += self.well_known.routes()
        return Front(self.handle, self.settings.limits.body_bytes, routes, not_found)

    def _api(self, callers: Callers) -> ASGIApp:
        # All of it is for the API alone, whose modules are imported when it is first asked for.
        from gatehouse.access.tagged import TAGGED  # noqa: PLC0415
        from gatehouse.api.build import build_api  # noqa: PLC0415
        from gatehouse.api.context import ApiContext  # noqa: PLC0415
        from gatehouse.app.configured import configured  # noqa: PLC0415
        from gatehouse.app.search import build_search  # noqa: PLC0415
        from gatehouse.app.transfer import Basis, build_transfer  # noqa: PLC0415
        from gatehouse.catalog.similar.finder import Finder  # noqa: PLC0415
        from gatehouse.catalog.tags import Tags  # noqa: PLC0415
        from gatehouse.catalog.verdicts import Verdicts  # noqa: PLC0415
        from gatehouse.relay.explain import Explainer  # noqa: PLC0415

        basis = Basis(self.database, self.secrets, self.clock)
        return build_api(
            ApiContext(
                catalog=self.catalog,
                own=self.own,
                tags=Tags(self.database, TAGGED),
                roots=self.roots,
                registry=self.registry,
                search=build_search(self.current, self.registry.entries),
                similar=Finder(lambda: self.current.snapshot),
                verdicts=Verdicts(self.database, self.clock),
                tokens=self.tokens,
                people=self.people,
                sign_in=self.sign_in,
                single_sign_on=self.single_sign_on,
                sign_on_ways=self.single_sign_on.ways,
                visitors=self.visitors,
                usage=self.usage,
                audit=self.audit,
                operations=self._operations(),
                settle=self.watcher.settle,
                identify=self.events.refusals.watching(callers.identify, callers.address),
                address=callers.address,
                spend=self.events.refusals.spending(self.faces.door.spend_on_api),
                explainer=Explainer(self.faces.door, self.current, self.clock, self.agents),
                agents=self.agents,
                directory=lambda: self.current.keyring.directory,
                clock=self.clock,
                public_url=self._public_url,
                anonymous_allowed=anonymous_allowed(self.settings),
                alone_here=alone_here(self.settings),
                configured=configured(self.settings, self._origins, self.database.backend),
                version=__version__,
                body_bytes=self.settings.limits.body_bytes,
                figures=self.figures,
                events=self.events.events,
                signals=self.health.store,
                machine=self.watching.machine,
                log_levels=self.log_levels,
                transfer=build_transfer(basis, self.catalog, self.single_sign_on.providers, self.events.report),
                stopping=lambda: self._stopping,
            )
        ).app

    def _ways_in(self) -> list[Method]:
        """In the order in which they are asked."""
        known = KnownPeople(lambda: self.current.keyring.directory, self.watcher.settle)
        return [TokenMethod(self._bearer), *ways_of_people(self.settings, self.sign_in, known, self._proxies)]

    async def _bearer(self, authorization: bytes) -> Principal | None:
        return await self.faces.door.greet(authorization)

    def _operations(self) -> Operations:
        faces = self.faces
        return Operations(self.catalog, self.refresher, self.pool, self.clock, faces.notes)

    def _reception(self) -> Reception:
        strangers, challenge = self.single_sign_on.strangers, self.well_known.challenge
        return Reception(strangers, self.limiter, self.usage, self.events.noted(self.audit), challenge)

    def _server_id(self, ref: str) -> str | None:
        view = self.current.snapshot.server(ref)
        return None if view is None else view.server.id

    def _public_url(self, request: Request) -> str:
        scheme = "https" if self.visitors.shown(request).secure else "http"
        return (self.settings.public_url or str(request.base_url.replace(scheme=scheme))).rstrip("/")

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
        return allows(principal, Action.METRICS_READ, Resource("metrics"), Circumstances(self.clock.now())).allowed

    def handle(self, request: HttpRequest, exchange: Exchange) -> Work | None:
        return self.faces.mcp.handle(request, exchange)

    def drain(self) -> None:
        """End the streams that would otherwise keep the server from shutting down."""
        self._stopping = True
        self.faces.sessions.stop()
        self.faces.listening.stop()
        self.a2a.stop()

    async def stop(self) -> None:
        await self._internal.stop()
        with contextlib.suppress(GatewayError):
            await self.instances.leave()
        await self.pool.close()
        await self.tasks.cancel_all()
        with contextlib.suppress(GatewayError):
            await self.audit.flush(everything=True)
        with contextlib.suppress(GatewayError):
            await self.usage.flush()
        with contextlib.suppress(GatewayError):
            await self.recorder.flush()
        self.losses.end()
        with contextlib.suppress(GatewayError):
            await self.events.flush(everything=True)
        await self.requests.flush()
        await end_tracing(self._tracing)
        await self.watching.end()
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

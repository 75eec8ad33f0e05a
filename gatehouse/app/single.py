"""One upstream behind the faces, without a store: what `expose` runs. Sessions live and die with the process."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import replace

import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatehouse import __version__
from gatehouse.access.tokens.keyring import Keyring
from gatehouse.access.tokens.strangers import no_strangers
from gatehouse.app.faces import Base, Faces, Reception, build_faces
from gatehouse.app.repeating import every
from gatehouse.app.watching import alone
from gatehouse.app.worker import not_found, sweep_pause
from gatehouse.catalog.model import Binding, Capability, Offer, Server, Status, Upstream
from gatehouse.catalog.snapshot import CatalogSnapshot
from gatehouse.kit import json
from gatehouse.kit.clock import SystemClock
from gatehouse.kit.errors import GatewayError
from gatehouse.kit.tasks import Tasks
from gatehouse.relay.current import Current
from gatehouse.relay.door import Unlimited
from gatehouse.serving.asgi import Front
from gatehouse.serving.entrance import bare_challenge, nobody_notes
from gatehouse.serving.fast import Ways, fast_protocol
from gatehouse.serving.health import health_routes
from gatehouse.serving.http import Exchange, HttpRequest, Work
from gatehouse.settings import Settings
from gatehouse.store.instances import SessionRecord
from gatehouse.store.secrets import KEY_BYTES, Secrets
from gatehouse.telemetry.intake import Intake
from gatehouse.upstreams.base import Patience, Reach
from gatehouse.upstreams.http import HttpClient
from gatehouse.upstreams.pool import Pool
from gatehouse.upstreams.stdio import Launcher

log = logging.getLogger("gatehouse")
NAME = "exposed"
_WELCOME = f"""Gatehouse {__version__}

  /mcp                         the one server that is exposed here
  /sse                         the same, for clients that still speak HTTP+SSE
  /healthz  /readyz  /metrics
"""


class SingleConfig(uvicorn.Config):
    def __init__(self, command: tuple[str, ...], host: str, url: str, env: Mapping[str, str]) -> None:
        settings = Settings(host=host)
        super().__init__(
            "",
            workers=1,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(settings.timeouts.shutdown),
        )
        self._single = Single(command, settings, url, env)

    def load(self) -> None:
        single = self._single
        self.app = single
        self.http = fast_protocol(Ways(single.handle, single.settings.limits.body_bytes, single.drain))
        super().load()


class Single:
    """An ASGI app. `/mcp` and `/sse` are the one server; it is open to everybody, so `host` should be loopback."""

    def __init__(self, command: tuple[str, ...], settings: Settings, url: str, env: Mapping[str, str]) -> None:
        self.settings = settings
        self._url = url
        self._env = env
        self._upstream = Upstream(id=NAME, name=NAME, command=command[0], args=command[1:])

    async def start(self) -> None:
        clock, tasks, http, launcher = SystemClock(), Tasks(), HttpClient(), Launcher()
        self._tasks, self._http, self._launcher = tasks, http, launcher
        self._reach = Reach(
            http=http,
            tasks=tasks,
            clock=clock,
            launcher=launcher,
            credential=lambda upstream: None,
            env=lambda upstream: self._env,
            changed=self._changed,
            patience=Patience(),
        )
        self._pool = Pool(self._reach)
        secrets = Secrets(os.urandom(KEY_BYTES))
        snapshot = await self._look()
        self._current = Current(snapshot, Keyring({}), secrets, self.settings.limits.page_size)
        unlimited = Unlimited()
        reception = Reception(no_strangers(), unlimited, unlimited, nobody_notes, bare_challenge)
        intake = Intake()
        base = Base(
            self.settings,
            clock,
            tasks,
            http,
            secrets,
            self._current,
            self._pool,
            NoRecords(),
            NoPeers(),
            NAME,
            reception,
            intake,
            intake.take,
        )
        self.faces: Faces = build_faces(base)
        self.faces.door.everything_is(NAME)
        routes = health_routes(alone(self.faces.meter, intake), self._ready, lambda authorization: True)
        routes.append(Route("/", _welcome))
        self._front = Front(self.handle, self.settings.limits.body_bytes, list(routes), not_found)
        pause = sweep_pause(self.settings.timeouts)
        for sweep in (self.faces.keep_alive.sweep, self.faces.sessions.sweep, self._pool.sweep):
            tasks.spawn(every(pause, sweep), "sweep")
        print(
            f"{self._upstream.command} is served at {self._url}/mcp, and at {self._url}/sse for older clients",
            flush=True,
        )

    async def _look(self) -> CatalogSnapshot:
        offer = await self._pool.link(self._upstream).discover()
        upstream = replace(self._upstream, detected=offer.detected, status=Status.OK)
        capabilities, bindings = _as_they_are(offer)
        server = Server(
            id=NAME, slug=NAME, name=_name(offer), instructions=offer.detected.instructions, access="anonymous"
        )
        return CatalogSnapshot.build(1, [upstream], capabilities, [server], bindings)

    async def _changed(self, upstream_id: str, lists: frozenset[str]) -> None:
        try:
            snapshot = await self._look()
        except GatewayError as error:
            log.warning("It says that what it offers has changed, and can't be asked for it: %s", error)
            return
        await self._current.replace(snapshot, self._current.keyring)

    async def _ready(self) -> str | None:
        return None

    def handle(self, request: HttpRequest, exchange: Exchange) -> Work | None:
        return self.faces.mcp.handle(request, exchange)

    def drain(self) -> None:
        self.faces.sessions.stop()
        self.faces.listening.stop()

    async def stop(self) -> None:
        await self._pool.close()
        await self._tasks.cancel_all()
        await self._launcher.close()
        await self._http.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._front(scope, receive, send)
        elif scope["type"] == "lifespan":
            await receive()
            try:
                await self.start()
            except GatewayError as error:
                await self.stop()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.stop()
            await send({"type": "lifespan.shutdown.complete"})


async def _welcome(request: Request) -> Response:
    return PlainTextResponse(_WELCOME)


def _as_they_are(offer: Offer) -> tuple[list[Capability], list[Binding]]:
    """Everything that is offered, under its own name."""
    capabilities: list[Capability] = []
    bindings: list[Binding] = []
    for position, item in enumerate(offer.items):
        id_ = f"{item.kind}:{item.key}"
        capabilities.append(Capability(id_, NAME, item.kind, item.key, item.definition))
        bindings.append(Binding(id_, NAME, id_, item.key, position))
    return capabilities, bindings


def _name(offer: Offer) -> str:
    info = json.fields(offer.detected.server_info)
    return json.text(info.get("title")) or json.text(info.get("name")) or NAME


class NoRecords:
    """Nobody else could carry on with a session."""

    async def save(self, record: SessionRecord) -> None: ...

    async def load(self, session_id: str) -> SessionRecord | None:
        return None

    async def delete(self, session_id: str) -> None: ...

    async def take(self, session_id: str, from_owner: str, to_owner: str) -> bool:
        return False


class NoPeers:
    async def address_of(self, instance_id: str) -> str | None:
        return None

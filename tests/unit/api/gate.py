"""The whole API over a real database, with an administrator's token."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request

from gatehouse.access.audit.trail import Audit
from gatehouse.access.directory import Directory
from gatehouse.access.model import ANONYMOUS
from gatehouse.access.people.service import People
from gatehouse.access.sign_in.service import Rules, SignIn
from gatehouse.access.single_sign_on.access_tokens import Addresses
from gatehouse.access.single_sign_on.service import SingleSignOn
from gatehouse.access.tagged import TAGGED
from gatehouse.access.tokens.keyring import KeyringLoader
from gatehouse.access.tokens.service import Tokens
from gatehouse.access.tokens.strangers import Strangers
from gatehouse.access.tokens.usage import Usage
from gatehouse.api.build import build_api
from gatehouse.api.context import ApiContext, Caller
from gatehouse.api.visitors import Visitors
from gatehouse.app.configured import configured
from gatehouse.app.events import WorkerEvents
from gatehouse.app.transfer import Basis, build_transfer
from gatehouse.catalog.estate import Estate
from gatehouse.catalog.model import Kind, Skipped
from gatehouse.catalog.own.service import Own
from gatehouse.catalog.registry.service import Registry
from gatehouse.catalog.roots import Roots
from gatehouse.catalog.search.offered import CatalogSource
from gatehouse.catalog.search.service import Search
from gatehouse.catalog.service import Catalog
from gatehouse.catalog.similar.finder import Finder
from gatehouse.catalog.snapshot import SnapshotLoader
from gatehouse.catalog.tags import Tags
from gatehouse.catalog.verdicts import Verdicts
from gatehouse.kit.net import Proxies
from gatehouse.kit.tasks import Tasks
from gatehouse.relay.current import Current
from gatehouse.relay.door import Door, Guests, Unlimited
from gatehouse.relay.explain import Explainer
from gatehouse.settings import Origins, Settings
from gatehouse.store.database import Database
from gatehouse.store.instances import Leases
from gatehouse.store.secrets import Secrets
from gatehouse.store.transfer.service import Transfer
from gatehouse.telemetry.figures import Figures
from gatehouse.telemetry.logs.levels import LogLevels
from gatehouse.telemetry.metrics import Meter
from gatehouse.telemetry.report import Machine, report
from gatehouse.telemetry.signals_store import SignalStore
from tests.support.clocks import HandClock
from tests.support.operations import OfferedOperations, an_offer, offered

URL = "https://gate.test"
WEATHER = an_offer(
    offered(Kind.TOOL, b'{"name":"forecast","title":"Forecast","description":"Tell","inputSchema":{"type":"object"}}'),
    offered(Kind.TOOL, b'{"name":"alert","inputSchema":{}}', "has no schema"),
    offered(Kind.PROMPT, b'{"name":"brief"}'),
    offered(Kind.RESOURCE, b'{"uri":"file:///a","name":"a"}'),
    offered(Kind.TEMPLATE, b'{"uriTemplate":"city://{name}","name":"city"}'),
    skipped=[Skipped(Kind.TOOL, "broken", "has no name")],
)

CARD = (
    b'{"name":"Helper","version":"1","capabilities":{"streaming":true},"supportedInterfaces":[{"url":"https://helper.test'
    b'/a2a","protocolBinding":"JSONRPC","protocolVersion":"1.0"}],"skills":[{"id":"help","name":"Help","tags":[]}]}'
)
HELPER = an_offer(offered(Kind.TOOL, b'{"name":"help","inputSchema":{"type":"object"}}'), info=CARD)


@dataclass(slots=True)
class Gate:
    """As the composition root does it: `settle` reads anew what the worker knows."""

    database: Database
    clock: HandClock
    catalog: Catalog
    tokens: Tokens
    operations: OfferedOperations
    current: Current
    door: Door
    keyrings: KeyringLoader
    snapshots: SnapshotLoader
    strangers: Strangers
    anonymous_allowed: bool = True
    settled: int = 0
    tasks: Tasks = field(default_factory=Tasks)
    admin: str = ""
    client: httpx.AsyncClient = field(init=False)
    audit: Audit = field(init=False)
    people: People = field(init=False)
    events: WorkerEvents = field(init=False)
    single_sign_on: SingleSignOn = field(init=False)
    registry: Registry = field(init=False)
    log_levels: LogLevels = field(init=False)

    def __post_init__(self) -> None:
        self.audit = Audit(self.database, Secrets(bytes(32)), self.clock)
        self.log_levels = LogLevels(self.database, self.clock, {"*": "info"})
        self.people = People(self.database, self.clock, Estate())
        self.registry = Registry(self.database, Secrets(bytes(32)), self.clock)
        self.registry.sync_with(Leases(self.database, self.clock), self.tasks, lambda: "this worker")
        here = Addresses(lambda: [URL], lambda ref: None)
        self.single_sign_on = SingleSignOn(self.database, Secrets(bytes(32)), self.clock, here)

    @property
    def context(self) -> ApiContext:
        return ApiContext(
            catalog=self.catalog,
            own=Own(self.database, self.clock, self.events.report),
            tags=Tags(self.database, TAGGED),
            roots=Roots(self.database, self.clock),
            registry=self.registry,
            search=Search([CatalogSource(lambda: self.current.snapshot)]),
            similar=Finder(lambda: self.current.snapshot),
            verdicts=Verdicts(self.database, self.clock),
            tokens=self.tokens,
            people=self.people,
            sign_in=SignIn(self.database, self.clock, Secrets(bytes(32)), self.people, Rules(public_url=URL)),
            single_sign_on=self.single_sign_on,
            sign_on_ways=self.single_sign_on.ways,
            visitors=Visitors(Proxies(), URL),
            usage=Usage(self.database, self.clock),
            audit=self.audit,
            figures=Figures(self.database, self.clock),
            events=self.events.events,
            signals=SignalStore(self.database),
            operations=self.operations,
            settle=self.settle,
            identify=self.events.refusals.watching(self.identify, lambda request: "192.0.2.1"),
            address=lambda request: "192.0.2.1",
            spend=lambda principal, call: None,
            explainer=Explainer(self.door, self.current, self.clock),
            directory=self.directory,
            clock=self.clock,
            log_levels=self.log_levels,
            transfer=self.transfer,
            machine=self.machine,
            public_url=lambda request: URL,
            anonymous_allowed=self.anonymous_allowed,
            configured=configured(Settings(), Origins(), "sqlite"),
            version="1.2.3",
            body_bytes=100_000,
        )

    @property
    def transfer(self) -> Transfer:
        basis = Basis(self.database, Secrets(bytes(32)), self.clock)
        return build_transfer(basis, self.catalog, self.single_sign_on.providers, self.events.report)

    async def settle(self) -> None:
        self.settled += 1
        await self.single_sign_on.reload()
        await self.current.replace(await self.snapshots.load(), await self.keyrings.load())

    async def identify(self, request: Request) -> Caller:
        authorization = request.headers.get("authorization")
        principal = self.door.identify(authorization.encode("latin-1")) if authorization else ANONYMOUS
        return Caller(principal, "192.0.2.1")

    async def machine(self) -> Machine:
        return Machine("sqlite", "ins_1", (report(Meter(), "ins_1", self.clock.now()),))

    def directory(self) -> Directory:
        return self.current.keyring.directory

    async def create(self, path: str, **body: Any) -> dict[str, Any]:
        response = await self.client.post(path, json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def get(self, path: str, **query: str | int) -> Any:
        response = await self.client.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    async def send(self, method: str, path: str, body: Any = None, token: str = "") -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return await self.client.request(method, path, json=body, headers=headers)

    async def weather(self) -> dict[str, Any]:
        """An upstream that offers something of each kind."""
        self.operations.offers["weather"] = WEATHER
        return await self.create("/upstreams", name="weather", url="https://weather.test/mcp")

    async def token(self, *permissions: str, expires_in: str | None = None) -> str:
        """The plain text of a new token."""
        body: dict[str, Any] = {"name": "some token", "permissions": permissions}
        made = await self.create("/tokens", **body, **({"expires_in": expires_in} if expires_in else {}))
        return str(made["token"])


@asynccontextmanager
async def opened_gate(database: Database, anonymous_allowed: bool = True) -> AsyncGenerator[Gate]:
    clock, secrets = HandClock(), Secrets(bytes(32))
    tokens = Tokens(database, clock)
    events = WorkerEvents(database, tokens, clock, 30)
    catalog = Catalog(database, secrets, clock, events.report)
    keyrings, snapshots = KeyringLoader(database), SnapshotLoader(database)
    current = Current(await snapshots.load(), await keyrings.load(), secrets, 1000)
    strangers = Strangers()
    door = Door(current, clock, Guests(True, strangers, Unlimited(), Unlimited()))
    gate = Gate(
        database, clock, catalog, tokens, OfferedOperations(catalog), current, door, keyrings, snapshots,
        strangers, anonymous_allowed,
    )  # fmt: skip
    gate.events = events
    gate.events.know(current)
    gate.admin = await tokens.ensure_admin() or ""
    await gate.settle()
    app = Starlette(routes=[build_api(gate.context)])
    transport = httpx.ASGITransport(app)
    headers = {"authorization": f"Bearer {gate.admin}"}
    async with httpx.AsyncClient(transport=transport, base_url=f"{URL}/api/v1", headers=headers) as client:
        gate.client = client
        yield gate
        await gate.tasks.cancel_all()


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer that has to be one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == status
    assert found["type"].startswith("urn:gatehouse:problem:")
    assert found["title"] and found["detail"]
    return found

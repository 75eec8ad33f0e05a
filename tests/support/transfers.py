"""Gateways to export from and to import into: a database with the services of the composition root."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatehouse.access.directory import SYSTEM_GRANT
from gatehouse.access.model import ALL, Principal
from gatehouse.access.people.custom_roles import NewRole
from gatehouse.access.people.model import BY_HAND, GivenRole
from gatehouse.access.people.role_repository import add_grant
from gatehouse.access.people.service import People
from gatehouse.access.people.users import NewUser
from gatehouse.access.single_sign_on.access_tokens import Addresses
from gatehouse.access.single_sign_on.model import Mapping, NewProvider
from gatehouse.access.single_sign_on.service import SingleSignOn
from gatehouse.access.tables import MEMBERS, TEAMS
from gatehouse.app.transfer import Basis, build_transfer
from gatehouse.catalog.estate import Estate
from gatehouse.catalog.model import Detected, Kind, Offer, Offered, Transport
from gatehouse.catalog.own.model import Argument, Author, Message, PromptDocument, ResourceDocument, TextContent
from gatehouse.catalog.own.service import NewOwn, Own, Signed
from gatehouse.catalog.requests import CapabilityChanges, NewServer, NewUpstream, UpstreamChanges, WantedBinding
from gatehouse.catalog.roots import Roots
from gatehouse.catalog.service import Catalog
from gatehouse.kit import json
from gatehouse.kit.ids import new_id
from gatehouse.protocol.call import Era
from gatehouse.store.database import PEOPLE, Database
from gatehouse.store.placement import Placement, Visibility
from gatehouse.store.secrets import Secrets
from gatehouse.store.transfer.service import Incoming, Transfer, Wanted
from tests.support.clocks import HandClock
from tests.support.databases import fresh_database

SYSTEM = Principal("system", "system", "system", permissions=frozenset({ALL}), grants=(SYSTEM_GRANT,))
PLANTED = ("planted-token", "planted-password", "planted-header", "planted-environment", "planted-client-secret")
"""The secrets of `fill`."""
DETECTED = Detected(Transport.HTTP, Era.MODERN, "2026-07-28", stateful=False)
ODD = b'{"name":"sp\\u00e4t/\xf0\x9f\x8c\xa7","inputSchema":{"type":"object","maximum":12345678901234567890123456789,"x":1.0e5},"title":"\xe6\x99\x82"}'
"""A definition that a careless reader would change: big integers, exponents, escapes, unknown keys."""


@dataclass(slots=True)
class Side:
    """One gateway's registry."""

    database: Database
    key: bytes
    clock: HandClock = field(default_factory=HandClock)
    happened: list[Any] = field(default_factory=list[Any])
    catalog: Catalog = field(init=False)
    people: People = field(init=False)
    single_sign_on: SingleSignOn = field(init=False)
    transfer: Transfer = field(init=False)

    def __post_init__(self) -> None:
        secrets = Secrets(self.key)
        self.catalog = Catalog(self.database, secrets, self.clock)
        self.people = People(self.database, self.clock, Estate())
        here = Addresses(lambda: ["http://here.test"], lambda ref: None)
        self.single_sign_on = SingleSignOn(self.database, secrets, self.clock, here)
        basis = Basis(self.database, secrets, self.clock)
        providers = self.single_sign_on.providers
        self.transfer = build_transfer(basis, self.catalog, providers, self.happened.append)

    async def export(self, **wanted: Any) -> dict[str, Any]:
        return json.load(await self.exported(**wanted))

    async def exported(self, **wanted: Any) -> bytes:
        wanted.setdefault("personal", True)
        return await self.transfer.export(Wanted(**wanted), "ann")

    async def take(self, document: bytes | dict[str, Any], **more: Any) -> Any:
        """The plan of an import that succeeded."""
        data = document if isinstance(document, bytes) else json.dump(document)
        return await self.transfer.import_(Incoming(content=json.fields(data), **more))


@asynccontextmanager
async def side(directory: Path, backend: str = "sqlite", key: bytes = b"k" * 32) -> AsyncGenerator[Side]:
    async with fresh_database(backend, directory) as database:
        yield Side(database, key)


def document(**sections: Any) -> dict[str, Any]:
    return {"gatehouse": "export", "version": 1, **sections}


async def fill(one: Side) -> None:
    """Something of everything, with what is hard about each."""
    await _people(one)
    await _upstreams(one)
    await _capabilities(one)
    await _own(one)
    await _servers(one)


async def _people(one: Side) -> None:
    ann = await one.people.users.add(NewUser(email="ann@example.com", name="Ann Ä", password="a hash", tags=("lab",)))
    bob = await one.people.users.add(NewUser(email="bob@example.com", name="Bob", origin="invitation"))
    await one.people.roles.create(SYSTEM, NewRole(name="looker", permissions=("server.read", "tool.read")))
    team = {"id": "tea_red", "slug": "red", "name": "Röd", "description": "d", "visibility": "public"}
    rule = Mapping(value="staff", team="tea_red", role="looker", scope="tea_red")
    provider = await one.single_sign_on.providers.create(
        NewProvider(
            name="Works", issuer="https://id.example.com", client_id="g", client_secret=PLANTED[4],
            scopes=["openid"], mappings=[rule],
        )
    )  # fmt: skip
    async with one.database.write() as connection:
        await one.database.count_up(connection, PEOPLE)
        await connection.execute(TEAMS.insert().values(**team, created_at=1.0, updated_at=1.0))
        for user, role, origin in ((ann, "owner", BY_HAND), (bob, "member", provider.id)):
            row = {"team_id": "tea_red", "user_id": user.id, "role": role, "origin": origin, "created_at": 1.0}
            await connection.execute(MEMBERS.insert().values(row))
        for user, role, scope in ((ann, "admin", ALL), (bob, "looker", "tea_red")):
            given = GivenRole(new_id("grt"), user.id, user.email, role, scope, None, BY_HAND, 1.0)
            await add_grant(connection, given)


async def _upstreams(one: Side) -> None:
    ann = (await one.people.users.get("ann@example.com")).id
    create = one.catalog.create_upstream
    await create(
        NewUpstream(
            name="weather", url="https://weather.test/mcp", credential={"type": "bearer", "token": PLANTED[0]},
            description="Wetter ☔", tags=("b", "a"), owner=ann, team="tea_red", visibility=Visibility.TEAM, timeout=12.5,
        )
    )  # fmt: skip
    basic = {"type": "basic", "username": "ann", "password": PLANTED[1]}
    await create(NewUpstream(name="basic", url="https://basic.test/mcp", credential=basic, enabled=False))
    headers = {"type": "headers", "headers": {"X-Key": PLANTED[2], "X-More": "möre"}}
    await create(
        NewUpstream(name="headers", url="https://headers.test/sse", transport=Transport.SSE, credential=headers)
    )
    await create(
        NewUpstream(
            name="files", command="npx", args=("-y", "files ü"), cwd="/srv", env={"KEY": PLANTED[3], "EMPTY": ""},
            owner=ann, visibility=Visibility.PRIVATE,
        )
    )  # fmt: skip
    await create(NewUpstream(name="helper", kind="a2a", url="https://helper.test"))


async def _capabilities(one: Side) -> None:
    weather = await one.catalog.upstream("weather")
    items = (
        Offered(Kind.TOOL, "spät/🌧", ODD, ("odd name",)),
        Offered(Kind.TOOL, "forecast", b'{ "name" : "forecast", "inputSchema": {} }'),
        Offered(Kind.TOOL, "gone", b'{"name":"gone"}'),
        Offered(Kind.PROMPT, "forecast", b'{"name":"forecast"}'),
        Offered(Kind.RESOURCE, "file:///a/b", b'{"uri":"file:///a/b","name":"b"}'),
        Offered(Kind.TEMPLATE, "city://{name}", b'{"uriTemplate":"city://{name}","name":"city"}'),
    )
    await one.catalog.record_offer(weather.id, Offer(DETECTED, items))
    await one.catalog.record_offer(weather.id, Offer(DETECTED, tuple(i for i in items if i.key != "gone")))
    changes = CapabilityChanges(
        title="Título",
        description="",
        annotations=b'{"readOnlyHint":true,"n":1.50}',
        tags=("z", "y"),
        enabled=False,
        placement=Placement(None, "tea_red", Visibility.TEAM),
    )
    await one.catalog.change_capability("weather_forecast", (Kind.TOOL,), changes)


async def _own(one: Side) -> None:
    own, signed = Own(one.database, one.clock), Signed(Author("usr_ann", "Ann"))
    text = Message(role="user", content=TextContent(text="Grüße an {{name}}"))
    prompt = PromptDocument(title="Greet", arguments=(Argument(name="name", required=True),), messages=(text,))
    await own.create(NewOwn(kind=Kind.PROMPT, key="greet", document=prompt, tags=("p",), placement=Placement()), signed)
    picture = ResourceDocument(name="picture", mime_type="image/png")
    await own.create(
        NewOwn(kind=Kind.RESOURCE, key="own://picture", document=picture, blob=b"\x89PNG\x00", placement=Placement()),
        signed,
    )
    roots = Roots(one.database, one.clock)
    await roots.create("file:///srv/work", "work", ("weather", "files"))
    await roots.create("file:///srv/all", "", None)


async def _servers(one: Side) -> None:
    known = {(c.kind, c.key): c.id for c in (await one.catalog.capabilities()).items}
    server = await one.catalog.create_server(
        NewServer(name="Täglich", slug="daily", instructions="Sei nett.", tags=("t",), team="tea_red")
    )
    wanted = [
        WantedBinding(capability=known[Kind.TOOL, "gone"], name="old_one", enabled=False),
        WantedBinding(capability=known[Kind.TOOL, "forecast"], name="f", title="F", aliases=("forecast", "fc")),
        WantedBinding(capability=known[Kind.RESOURCE, "file:///a/b"], description="B"),
        WantedBinding(capability=known[Kind.PROMPT, "forecast"]),
    ]
    await one.catalog.set_bindings(server.id, wanted)
    await one.catalog.create_server(NewServer(name="Empty", access="anonymous", enabled=False, era="modern"))


async def changed_weather(one: Side) -> None:
    """So that its upstream is not what it was."""
    await one.catalog.change_upstream("weather", UpstreamChanges(tags=("a", "c"), description="other"))

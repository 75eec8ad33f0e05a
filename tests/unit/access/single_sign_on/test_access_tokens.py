"""OAuth access tokens of an issuer: which are taken, for which servers, and what their bearers may do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gatehouse.access.directory import SYSTEM_GRANT, Directory, read_directory
from gatehouse.access.model import Circumstances, Principal, Resource
from gatehouse.access.people.service import People
from gatehouse.access.people.teams import NewTeam
from gatehouse.access.people.users import NewUser, UserChanges
from gatehouse.access.policy import USE, allows
from gatehouse.access.single_sign_on.access_tokens import Addresses, TokenClaims
from gatehouse.access.single_sign_on.arrivals import Arrivals
from gatehouse.access.single_sign_on.claims import Account
from gatehouse.access.single_sign_on.flow import IssuerDown
from gatehouse.access.single_sign_on.model import Mapping, NewProvider, ProviderChange
from gatehouse.access.single_sign_on.service import SingleSignOn
from gatehouse.catalog.estate import Estate
from gatehouse.kit.errors import Unauthenticated
from gatehouse.store.database import Database
from gatehouse.store.placement import Placement
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock
from tests.support.issuer import Issuer, new_key, sign, unsigned, with_public_key_as_secret

pytestmark = pytest.mark.anyio
URL = "https://gate.test"
DESK, SHOP = f"{URL}/servers/desk/mcp", f"{URL}/servers/shop/mcp"
SYSTEM = Principal("system", "system", "system", permissions=frozenset({"*"}), grants=(SYSTEM_GRANT,))
SERVERS = {"desk": "srv_desk", "srv_desk": "srv_desk", "shop": "srv_shop"}


@dataclass(slots=True)
class Resourceful:
    """A gateway that takes access tokens of one issuer."""

    database: Database
    clock: HandClock
    issuer: Issuer
    single_sign_on: SingleSignOn
    people: People

    async def add_provider(self, **fields: Any) -> None:
        usual: dict[str, Any] = {"name": "Works", "issuer": self.issuer.issuer, "use_for": ["access_tokens"]}
        await self.single_sign_on.providers.create(NewProvider(**{**usual, **fields}))
        await self.single_sign_on.reload()

    async def change_provider(self, **fields: Any) -> None:
        await self.single_sign_on.providers.change("works", ProviderChange(**fields))
        await self.single_sign_on.reload()

    async def verify(self, token: str) -> TokenClaims:
        return await self.single_sign_on.access_tokens.verify(token)

    async def bearer(self, audience: str | list[str] = DESK, **claims: Any) -> Principal:
        verified = await self.verify(self.issuer.access_token(audience, **claims))
        return self.single_sign_on.access_tokens.principal(verified, await self.directory())

    async def directory(self) -> Directory:
        async with self.database.read() as connection:
            return await read_directory(connection)

    def may(self, principal: Principal, action: str, resource: Resource) -> bool:
        return allows(principal, action, resource, Circumstances(self.clock.now())).allowed


@pytest.fixture
async def house(sqlite: Database) -> AsyncIterator[Resourceful]:
    clock = HandClock()
    single_sign_on = SingleSignOn(sqlite, Secrets(bytes(32)), clock, Addresses(lambda: [URL], SERVERS.get))
    with Issuer(clock) as issuer:
        yield Resourceful(sqlite, clock, issuer, single_sign_on, People(sqlite, clock, Estate()))


def server(name: str) -> Resource:
    return Resource("server", SERVERS[name], Placement(), name)


def signing(make: Callable[[Issuer], Any]) -> Callable[[Issuer], None]:
    def spoil(issuer: Issuer) -> None:
        issuer.behaviour.sign = make(issuer)

    return spoil


def another_key(issuer: Issuer) -> Any:
    other = new_key("RS256")
    return lambda header, claims: sign(header, claims, other)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "http://127.0.0.1:1"}, "issuer is not known"),
        ({"iss": None}, "issuer is not known"),
        ({"iss": ["x"]}, "issuer is not known"),
        ({"aud": "https://else.example/mcp"}, "made for something else"),
        ({"aud": None}, "made for something else"),
        ({"aud": []}, "made for something else"),
        ({"aud": 7}, "made for something else"),
        ({"aud": f"{URL}.evil.example/servers/desk/mcp"}, "made for something else"),
        ({"aud": f"{URL}/servers/nowhere/mcp"}, "made for something else"),
        ({"aud": f"{URL}/servers/desk/mcp/../../shop/mcp"}, "made for something else"),
        ({"aud": f"{URL}/api/v1"}, "made for something else"),
        ({"aud": "desk"}, "made for something else"),
        ({"exp": 1_800_000_000 - 61}, "has expired"),
        ({"exp": None}, "times are not good"),
        ({"exp": True}, "times are not good"),
        ({"exp": "tomorrow"}, "times are not good"),
        ({"nbf": 1_800_000_000 + 61}, "times are not good"),
        ({"iat": 1_800_000_000 + 61}, "times are not good"),
        ({"sub": None, "client_id": None}, "whose it is"),
        ({"sub": "a\0b", "client_id": None}, "whose it is"),
        ({"typ": "ID"}, "no access token"),
        ({"typ": "Refresh"}, "no access token"),
        ({"cnf": {"jkt": "x"}}, "bound to a key"),
    ],
)
async def test_a_token_that_is_not_for_us_opens_nothing(house: Resourceful, claims: dict[str, Any], why: str) -> None:
    await house.add_provider()
    with pytest.raises(Unauthenticated, match=why):
        await house.verify(house.issuer.access_token(**{"audience": DESK, **claims}))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (signing(lambda issuer: unsigned), "algorithm"),
        (signing(with_public_key_as_secret), "algorithm"),
        (signing(another_key), "none of the issuer's keys"),
        (lambda issuer: issuer.behaviour.header.update(typ="logout+jwt"), "no access token"),
        (lambda issuer: issuer.behaviour.header.update(typ="dpop+jwt"), "no access token"),
        (lambda issuer: issuer.behaviour.header.update(crit=["x"], x=1), "not known here"),
    ],
)
async def test_a_token_that_is_signed_otherwise_opens_nothing(
    house: Resourceful, spoil: Callable[[Issuer], None], why: str
) -> None:
    await house.add_provider()
    spoil(house.issuer)
    with pytest.raises(Unauthenticated, match=why):
        await house.verify(house.issuer.access_token(DESK))


async def test_an_id_token_is_no_access_token(house: Resourceful) -> None:
    await house.add_provider(audiences=["gatehouse"])
    with pytest.raises(Unauthenticated, match="no access token"):
        await house.verify(house.issuer.id_token("nonce", "access"))


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "e30.e30.", "x" * 20_000])
async def test_what_is_no_jwt_opens_nothing(house: Resourceful, token: str) -> None:
    await house.add_provider()
    with pytest.raises(Unauthenticated):
        await house.verify(token)


async def test_nobody_is_asked_on_the_word_of_a_token(house: Resourceful) -> None:
    await house.add_provider()
    with Issuer(house.clock) as stranger, pytest.raises(Unauthenticated):
        await house.verify(stranger.access_token(DESK))
    assert stranger.asked == house.issuer.asked == []


async def test_clocks_may_differ_as_far_as_was_said_and_no_further(house: Resourceful) -> None:
    await house.add_provider(clock_skew=30)
    ended = {"exp": 1_800_000_000 - 29}
    verified = await house.verify(house.issuer.access_token(DESK, **ended, nbf=1_800_000_000 + 30))
    assert verified.expires_at == 1_800_000_001
    await house.change_provider(clock_skew=0)
    with pytest.raises(Unauthenticated, match="expired"):
        await house.verify(house.issuer.access_token(DESK, **ended))


async def test_keys_rotate_and_old_ones_end(house: Resourceful) -> None:
    await house.add_provider()
    old = house.issuer.access_token(DESK)
    await house.verify(old)
    house.issuer.rotate()
    house.clock.time += 31
    await house.verify(house.issuer.access_token(DESK))
    with pytest.raises(Unauthenticated):
        await house.verify(old)


async def test_an_issuer_that_is_down_does_not_make_a_token_bad(house: Resourceful) -> None:
    await house.add_provider()
    house.issuer.behaviour.statuses["/jwks"] = 500
    with pytest.raises(IssuerDown):
        await house.verify(house.issuer.access_token(DESK))


@pytest.mark.parametrize(
    ("audience", "servers"),
    [
        (DESK, {"srv_desk"}),
        (f"{URL}/servers/srv_desk/mcp", {"srv_desk"}),
        (f"{URL}/servers/desk/sse", {"srv_desk"}),
        (f"{URL}/servers/desk", {"srv_desk"}),
        (f"{DESK}/", {"srv_desk"}),
        ([DESK, "https://else.example"], {"srv_desk"}),
        ([DESK, SHOP], {"srv_desk", "srv_shop"}),
        ([DESK, f"{URL}/servers/nowhere/mcp"], {"srv_desk"}),
        (URL, None),
        (f"{URL}/", None),
        (f"{URL}/mcp", None),
        ([DESK, URL], None),
        ("api://gatehouse", None),
    ],
)
async def test_a_token_opens_the_servers_that_it_was_made_for(
    house: Resourceful, audience: str | list[str], servers: set[str] | None
) -> None:
    await house.add_provider(audiences=["api://gatehouse"], mappings=[Mapping(value="*", claim="sub", role="member")])
    principal = await house.bearer(audience)
    assert principal.servers == (None if servers is None else frozenset(servers))
    for name in ("desk", "shop"):
        expected = servers is None or SERVERS[name] in servers
        assert house.may(principal, USE, server(name)) is expected
    assert not house.may(principal, "upstream.read", Resource("upstream", placement=Placement()))


@pytest.mark.parametrize(
    ("claims", "permissions"),
    [
        ({"scope": "mcp"}, {USE}),
        ({"scope": "openid mcp:use email"}, {USE}),
        ({"scope": ["mcp", "mcp:upstream.read"]}, {USE, "upstream.read"}),
        ({"scope": None, "scp": "mcp:server.*"}, {"server.*"}),
        ({"scope": None, "scp": ["mcp"]}, {USE}),
        ({"scope": "openid profile mcp:nonsense mcpx mcp:"}, set()),
        ({"scope": None}, set()),
        ({"scope": 7}, set()),
    ],
)
async def test_scopes_say_what_a_token_is_for(
    house: Resourceful, claims: dict[str, Any], permissions: set[str]
) -> None:
    await house.add_provider(mappings=[Mapping(value="*", claim="sub", role="admin")])
    principal = await house.bearer(**claims)
    assert principal.permissions == permissions
    assert house.may(principal, USE, server("desk")) is bool({USE, "server.*"} & permissions)


async def test_scopes_can_have_other_names(house: Resourceful) -> None:
    mapped = {"tools.run": [USE], "tools.admin": ["server.*", "upstream.*"], "*": ["tool.read"]}
    await house.add_provider(scopes_to_permissions=mapped)
    tokens = house.single_sign_on.access_tokens
    assert (await house.bearer(scope="mcp")).permissions == {"tool.read"}
    assert (await house.bearer(scope="tools.run x")).permissions == {USE, "tool.read"}
    assert tokens.scopes() == ["tools.run", "tools.admin"]
    await house.change_provider(scopes_to_permissions={"*": [USE]})
    assert (await house.bearer(scope=None)).permissions == {USE}
    assert tokens.scopes() == []
    await house.change_provider(scopes_to_permissions={})
    assert (tokens.scopes(), tokens.issuers()) == (["mcp:use"], [house.issuer.issuer])


async def test_entra_names_scopes_in_its_own_way(house: Resourceful) -> None:
    await house.add_provider(preset="entra")
    assert (await house.bearer(scope=None, scp="mcp", roles=["mcp:tool.read"])).permissions == {USE, "tool.read"}


async def test_a_bearer_may_do_no_more_than_the_user(house: Resourceful) -> None:
    await house.add_provider()
    team = await house.people.teams.create(NewTeam(name="Crew"), None)
    user = await house.people.users.add(NewUser(email="ada@example.com", name="Ada"))
    mine = Resource("server", "srv_desk", Placement(user.id, None), "desk")
    of_team = Resource("server", "srv_desk", Placement(None, team.id), "desk")
    principal = await house.bearer(email="Ada@example.com", email_verified=True, scope="mcp mcp:server.*")
    assert (principal.user, principal.kind, principal.name) == (user.id, "client", "ada@example.com by some-agent")
    assert house.may(principal, "server.write", mine)
    assert not house.may(principal, "server.write", of_team)
    assert not house.may(principal, "token.write", Resource("token", placement=Placement(user.id, None)))


@pytest.mark.parametrize(
    ("fields", "claims"),
    [
        ({}, {"email": "ada@example.com"}),
        ({}, {"email": "ada@example.com", "email_verified": False}),
        ({"allowed_domains": ["example.org"]}, {"email": "ada@example.com", "email_verified": True}),
        ({}, {"preferred_username": "ada@example.com", "email_verified": True}),
    ],
)
async def test_an_address_that_is_not_vouched_for_makes_nobody_a_user(
    house: Resourceful, fields: dict[str, Any], claims: dict[str, Any]
) -> None:
    await house.add_provider(**fields)
    await house.people.users.add(NewUser(email="ada@example.com", name="Ada"))
    principal = await house.bearer(**claims)
    assert (principal.user, principal.grants) == (None, ())


async def test_who_has_signed_in_is_known_by_the_account(house: Resourceful) -> None:
    await house.add_provider(use_for=["sign_in", "access_tokens"], client_id="gatehouse")
    (provider,) = house.single_sign_on.providers.current
    account = Account(house.issuer.issuer, "ada-1", house.issuer.account)
    user = await Arrivals(house.database, house.clock).arrive(provider, account)
    principal = await house.bearer()
    assert (principal.user, principal.disabled) == (user, None)
    await house.people.users.change(SYSTEM, user, UserChanges(active=False))
    principal = await house.bearer()
    assert principal.disabled == "user 'ada@example.com' is switched off"
    assert not house.may(principal, USE, server("desk"))


async def test_a_user_who_is_no_more_takes_the_token_along(house: Resourceful) -> None:
    await house.add_provider(mappings=[Mapping(value="*", claim="sub", role="admin")])
    (provider,) = house.single_sign_on.providers.current
    account = Account(house.issuer.issuer, "ada-1", house.issuer.account)
    await Arrivals(house.database, house.clock).arrive(provider, account)
    claims = await house.verify(house.issuer.access_token(DESK))
    gone = house.single_sign_on.access_tokens.principal(claims, Directory())
    assert gone.disabled is not None
    assert not house.may(gone, USE, server("desk"))


async def test_who_is_no_user_has_what_the_mappings_give(house: Resourceful) -> None:
    team = await house.people.teams.create(NewTeam(name="Crew"), None)
    mappings = [
        Mapping(value="crew", team="crew"),
        Mapping(value="robots", claim="kind", role="viewer"),
        Mapping(value="x", team="nowhere"),
        Mapping(value="crew", role="no-such-role"),
    ]
    await house.add_provider(mappings=mappings)
    principal = await house.bearer(groups=["crew", "x"], kind="robots", sub=None, scope="mcp")
    assert {(grant.role, grant.scope) for grant in principal.grants} == {("member", team.id), ("viewer", "*")}
    assert house.may(principal, USE, Resource("server", "srv_desk", Placement(None, team.id), "desk"))
    assert principal.name == "some-agent"


async def test_every_token_of_somebody_is_the_same_principal(house: Resourceful) -> None:
    await house.add_provider()
    first, later = await house.bearer(jti="1"), await house.bearer(jti="2", exp=1_800_000_100)
    other = await house.bearer(client_id="another-agent")
    assert first.id == later.id != other.id
    assert len(first.id) <= 40 and (first.expires_at, later.expires_at) == (1_800_000_360, 1_800_000_160)


async def test_of_two_providers_of_one_issuer_the_audience_decides(house: Resourceful) -> None:
    await house.add_provider(name="First", audiences=["one"], scopes_to_permissions={"*": ["tool.read"]})
    await house.add_provider(name="Second", audiences=["two"], scopes_to_permissions={"*": ["server.read"]})
    assert (await house.bearer("one")).permissions == {"tool.read"}
    assert (await house.bearer("two")).permissions == {"server.read"}


async def test_without_a_provider_no_stranger_is_expected(house: Resourceful) -> None:
    tokens = house.single_sign_on.access_tokens
    assert (tokens.expected(), tokens.issuers(), tokens.scopes()) == (False, [], [])
    await house.add_provider()
    assert tokens.expected()
    await house.change_provider(enabled=False)
    assert not tokens.expected()


async def test_a_token_that_was_taken_is_looked_at_again_when_a_provider_changes(house: Resourceful) -> None:
    await house.add_provider()
    strangers, directory = house.single_sign_on.strangers, await house.directory()
    token = house.issuer.access_token(DESK).encode()
    assert strangers.possible(token)
    await strangers.introduce(token, directory)
    assert strangers.known(token, directory, house.clock.now()) is not None
    assert strangers.known(token, directory, house.clock.now() + 361) is None
    await house.change_provider(name="Renamed")
    assert strangers.known(token, directory, house.clock.now()) is None

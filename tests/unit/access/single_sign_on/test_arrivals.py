"""Who comes from a provider, on every kind of database: made once, linked once, and given what the mappings say."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from gatehouse.access.directory import KnownUser, read_directory
from gatehouse.access.model import Grant
from gatehouse.access.people.service import People
from gatehouse.access.people.teams import NewTeam
from gatehouse.access.people.users import NewUser
from gatehouse.access.single_sign_on.arrivals import Arrivals
from gatehouse.access.single_sign_on.claims import Account
from gatehouse.access.single_sign_on.flow import SignOnFailed
from gatehouse.access.single_sign_on.model import Mapping, NewProvider, Provider
from gatehouse.access.single_sign_on.providers import Providers
from gatehouse.access.tokens.service import NewToken, Tokens
from gatehouse.catalog.estate import Estate
from gatehouse.kit.errors import NotFound
from gatehouse.store.database import PEOPLE, Database
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
ISSUER = "https://id.example.com"


async def added(database: Database, **fields: Any) -> Provider:
    usual: dict[str, Any] = {"name": "Works", "issuer": ISSUER, "client_id": "gatehouse", "client_secret": "s3cret"}
    return await Providers(database, Secrets(bytes(32)), HandClock()).create(NewProvider(**{**usual, **fields}))


def account(subject: str = "1", **claims: Any) -> Account:
    usual = {"email": "ada@example.com", "email_verified": True, "name": "Ada"}
    return Account(ISSUER, subject, {**usual, **claims})


async def users(database: Database) -> list[KnownUser]:
    async with database.read() as connection:
        return list((await read_directory(connection)).users.values())


async def grants(database: Database, user: str) -> set[tuple[str, str]]:
    async with database.read() as connection:
        held: tuple[Grant, ...] = (await read_directory(connection)).grants_of(user)
    return {(grant.role, grant.scope_name or grant.scope) for grant in held}


async def people_counter(database: Database) -> int:
    async with database.read() as connection:
        return await database.counter(connection, PEOPLE)


async def test_of_several_first_arrivals_one_makes_the_user(database: Database) -> None:
    provider, found = await added(database), set[str]()

    async def arrive() -> None:
        found.add(await Arrivals(database, HandClock()).arrive(provider, account()))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(arrive)
    (user,) = await users(database)
    assert found == {user.id}


async def test_two_accounts_with_one_address_are_one_user(database: Database) -> None:
    provider, arrivals = await added(database), Arrivals(database, HandClock())
    first, second = await arrivals.arrive(provider, account("1")), await arrivals.arrive(provider, account("2"))
    assert first == second
    assert await arrivals.user_of(ISSUER, "1") == await arrivals.user_of(ISSUER, "2") == first
    assert await arrivals.user_of(ISSUER, "3") is await arrivals.user_of("https://else.example", "1") is None


async def test_subjects_that_differ_in_case_are_different_people(database: Database) -> None:
    provider, arrivals = await added(database), Arrivals(database, HandClock())
    upper = await arrivals.arrive(provider, account("A", email="a@example.com"))
    lower = await arrivals.arrive(provider, account("a", email="b@example.com"))
    assert upper != lower


async def test_mapped_teams_and_roles_are_kept_in_step(database: Database) -> None:
    people = People(database, HandClock(), Estate())
    for name in ("Crew", "Shop"):
        await people.teams.create(NewTeam(name=name), None)
    mappings = [
        Mapping(value="crew", team="crew"),
        Mapping(value="lead", team="crew", team_role="owner"),
        Mapping(value="crew", role="editor", scope="shop"),
        Mapping(value="boss", role="admin"),
        Mapping(value="crew", role="no-such-role"),
        Mapping(value="crew", team="no-such-team"),
    ]
    provider, arrivals = await added(database, mappings=mappings), Arrivals(database, HandClock())
    expected: list[tuple[list[str], set[tuple[str, str]]]] = [
        (["crew"], {("member", "Crew"), ("editor", "Shop")}),
        (["crew", "lead", "boss"], {("admin", "Crew"), ("editor", "Shop"), ("admin", "*")}),
        (["lead"], {("admin", "Crew")}),
        ([], set()),
    ]
    for groups, given in expected:
        user = await arrivals.arrive(provider, account(groups=groups))
        assert await grants(database, user) == given


async def test_who_comes_as_before_changes_nothing(database: Database) -> None:
    provider = await added(database, mappings=[Mapping(value="boss", role="admin")])
    arrivals = Arrivals(database, HandClock())
    await arrivals.arrive(provider, account(groups=["boss"]))
    before = await people_counter(database), await database.revision()
    await arrivals.arrive(provider, account(groups=["boss"]))
    assert (await people_counter(database), await database.revision()) == before
    await arrivals.arrive(provider, account())
    assert await people_counter(database) > before[0]


async def test_who_is_not_let_in_leaves_nothing_behind(database: Database) -> None:
    provider = await added(database, allowed_domains=["example.com"])
    before = await database.revision()
    for claims in ({"email": "ada@evil.com"}, {"email_verified": False}, {"email": None}):
        with pytest.raises(SignOnFailed):
            await Arrivals(database, HandClock()).arrive(provider, account(**claims))
    assert (await users(database), await database.revision()) == ([], before)


async def test_a_provider_that_goes_takes_back_what_it_gave(database: Database) -> None:
    await People(database, HandClock(), Estate()).teams.create(NewTeam(name="Crew"), None)
    mappings = [Mapping(value="crew", team="crew"), Mapping(value="crew", role="admin")]
    first = await added(database, mappings=mappings)
    other = await added(database, name="Other", issuer="https://other.example", mappings=[mappings[1]])
    arrivals, providers = Arrivals(database, HandClock()), Providers(database, Secrets(bytes(32)), HandClock())
    user = await arrivals.arrive(first, account(groups=["crew"]))
    await arrivals.arrive(other, Account("https://other.example", "9", account(groups=["crew"]).claims))
    assert await grants(database, user) == {("member", "Crew"), ("admin", "*")}
    await providers.delete(first.slug)
    assert await grants(database, user) == set()
    with pytest.raises(NotFound):
        await providers.delete(first.slug)
    assert [user.email for user in await users(database)] == ["ada@example.com"]


async def test_who_made_an_account_with_somebody_elses_address_is_put_out_when_they_come(database: Database) -> None:
    """An invitation that names no address lets whoever holds it choose one, and nobody has vouched for it."""
    provider, clock = await added(database), HandClock()
    people = People(database, clock, Estate())
    squatter = NewUser(email="ada@example.com", name="Ada", password="a hash", origin="invitation")
    user = await people.users.add(squatter)
    token, _ = await Tokens(database, clock).create(NewToken(name="door", permissions=("*",), owner=user.id))
    arrivals = Arrivals(database, clock)
    assert await arrivals.arrive(provider, account("1")) == user.id
    assert not (await people.users.get(user.id)).has_password
    assert (await Tokens(database, clock).get(token.id)).revoked_at is not None
    later, _ = await Tokens(database, clock).create(NewToken(name="hers", permissions=("*",), owner=user.id))
    await arrivals.arrive(provider, account("2"))
    assert (await Tokens(database, clock).get(later.id)).revoked_at is None

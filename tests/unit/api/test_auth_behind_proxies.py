"""Signing in behind proxies, and by the word of one that signs people in itself: who is believed, and who is not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gatehouse.settings import Settings, SignIn
from tests.unit.api.browsers import PASSWORD, PLAIN, SECURE, House, opened_house
from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio
PROXIED = Settings(
    trusted_proxies=("10.0.0.0/24",), sign_in=SignIn(proxy_header="X-Forwarded-Email", proxy_creates_users=True)
)


@pytest.fixture
async def house(gate: Gate) -> AsyncIterator[House]:
    async with opened_house(gate) as opened:
        yield opened


@pytest.fixture
async def proxied(gate: Gate) -> AsyncIterator[House]:
    async with opened_house(gate, PROXIED) as opened:
        yield opened


async def test_https_is_believed_of_a_trusted_proxy_alone(gate: Gate) -> None:
    async with opened_house(gate, Settings(trusted_proxies=("10.0.0.5",))) as house:
        await house.set_up()
        body = {"email": "ada@example.com", "password": PASSWORD}
        for address, secure in (("10.0.0.5", True), ("192.0.2.1", False)):
            browser = await house.browser(address)
            headers = {"x-forwarded-proto": "https", "origin": "https://gate.test" if secure else house.url}
            answered = await browser.send("POST", "/auth/login", body, headers=headers)
            assert answered.status_code == 200, answered.text
            assert browser.cookie.startswith(SECURE if secure else PLAIN)


async def test_a_forged_address_makes_nobody_somebody_else(house: House) -> None:
    await house.set_up()
    thief = await house.browser("203.0.113.66")
    body = {"email": "ada@example.com", "password": "wrong password"}
    statuses = [
        (await thief.send("POST", "/auth/login", body, headers={"x-forwarded-for": f"192.0.2.{number}"})).status_code
        for number in range(7)
    ]
    assert statuses == [401] * 5 + [429] * 2


async def test_behind_a_trusted_proxy_people_are_told_apart(proxied: House) -> None:
    await proxied.set_up()
    proxy = await proxied.browser("10.0.0.9")
    body = {"email": "ada@example.com", "password": "wrong password"}
    statuses = [
        (await proxy.send("POST", "/auth/login", body, headers={"x-forwarded-for": f"1.1.1.1, 198.51.{number}.1"}))
        for number in range(7)
    ]
    assert [one.status_code for one in statuses] == [401] * 7


async def test_whom_a_proxy_names_is_refused_where_they_are_switched_off(proxied: House) -> None:
    admin = await proxied.set_up()
    made = await admin.send("POST", "/users", {"email": "bob@example.com", "name": "Bob"})
    await admin.send("PATCH", f"/users/{made.json()['id']}", {"active": False})
    proxy = await proxied.browser("10.0.0.9")
    told = problem(await proxy.send("GET", "/auth/session", headers={"x-forwarded-email": "bob@example.com"}), 403)
    assert "switched off" in told["detail"]


async def test_a_proxy_names_who_is_signed_in(proxied: House) -> None:
    await proxied.set_up()
    proxy = await proxied.browser("10.0.0.9")
    headers = {"x-forwarded-email": "ADA@example.com"}
    here = (await proxy.send("GET", "/auth/session", headers=headers)).json()
    assert (here["name"], here["session"]) == ("ada@example.com", None)
    problem(await proxy.send("POST", "/servers", {"name": "Desk"}, headers=headers), 403)
    proxy.csrf = here["csrf_token"]
    assert (await proxy.send("POST", "/servers", {"name": "Desk"}, headers=headers)).status_code == 201
    evil = {**headers, "origin": "https://evil.example"}
    problem(await proxy.send("POST", "/servers", {"name": "Other"}, headers=evil), 403)


@pytest.mark.parametrize("address", ["192.0.2.1", "127.0.0.1", "10.0.1.9"])
async def test_the_header_from_anybody_else_is_as_if_it_were_not_sent(proxied: House, address: str) -> None:
    await proxied.set_up()
    stranger = await proxied.browser(address)
    headers = {"x-forwarded-email": "ada@example.com", "x-forwarded-for": "10.0.0.9"}
    problem(await stranger.send("GET", "/auth/session", headers=headers), 401)
    await stranger.log_in()
    assert (await stranger.send("GET", "/auth/session", headers=headers)).json()["session"]


async def test_without_the_setting_the_header_says_nothing(gate: Gate) -> None:
    async with opened_house(gate, Settings(trusted_proxies=("10.0.0.0/24",))) as house:
        await house.set_up()
        proxy = await house.browser("10.0.0.9")
        problem(await proxy.send("GET", "/auth/session", headers={"x-forwarded-email": "ada@example.com"}), 401)


async def test_whom_nobody_knows_is_made_where_that_is_wanted(proxied: House) -> None:
    proxy = await proxied.browser("10.0.0.9")
    headers = {"x-forwarded-email": "new@example.com"}
    here = (await proxy.send("GET", "/auth/session", headers=headers)).json()
    assert (here["user"]["email"], here["user"]["name"], here["grants"]) == ("new@example.com", "new", [])
    again = (await proxy.send("GET", "/auth/session", headers=headers)).json()
    assert again["id"] == here["id"]
    problem(await proxy.send("GET", "/users", headers=headers), 403)


async def test_whom_nobody_knows_is_refused_where_that_is_not_wanted(gate: Gate) -> None:
    settings = Settings(trusted_proxies=("10.0.0.9",), sign_in=SignIn(proxy_header="X-Forwarded-Email"))
    async with opened_house(gate, settings) as house:
        proxy = await house.browser("10.0.0.9")
        told = problem(await proxy.send("GET", "/auth/session", headers={"x-forwarded-email": "new@example.com"}), 403)
        assert "new@example.com" in told["detail"]


@pytest.mark.parametrize("named", ["ada@example.com, eve@example.com", "ada", "a" * 300 + "@example.com", "@"])
async def test_what_is_not_one_address_names_nobody(proxied: House, named: str) -> None:
    proxy = await proxied.browser("10.0.0.9")
    problem(await proxy.send("GET", "/auth/session", headers={"x-forwarded-email": named}), 403)


async def test_a_header_that_was_sent_twice_names_nobody(proxied: House) -> None:
    """One of them may be the caller's own, which the proxy let through."""
    await proxied.set_up()
    proxy = await proxied.browser("10.0.0.9")
    twice = [("x-forwarded-email", "ada@example.com"), ("x-forwarded-email", "eve@example.com")]
    problem(await proxy.client.get("/auth/session", headers=twice), 403)


async def test_what_a_proxy_says_goes_before_a_cookie_from_some_time_ago(proxied: House) -> None:
    await proxied.set_up()
    proxy = await (await proxied.browser("10.0.0.9")).log_in()
    assert (await proxy.send("GET", "/auth/session")).json()["name"] == "ada@example.com"
    headers = {"x-forwarded-email": "bob@example.com"}
    assert (await proxy.send("GET", "/auth/session", headers=headers)).json()["name"] == "bob@example.com"

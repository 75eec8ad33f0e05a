"""Browsers that are led astray: states that come twice, late or to another, and links that would lead elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.browser import start_path
from tests.unit.api.gate import URL, Gate, problem
from tests.unit.api.single_sign_on import SESSION, SLUG, House, error_of, opened_house

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(gate: Gate) -> AsyncIterator[House]:
    async with opened_house(gate) as opened:
        yield opened


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a b",
        "/a\nb",
        "/\t/evil.example",
        "evil.example",
        "javascript:alert(1)",
        "",
        "/" + "a" * 1000,
        "/\u2215evil",
    ],
)
async def test_the_way_on_leads_nowhere_else(house: House, after: str) -> None:
    await house.add_provider()
    problem(await house.browser.get(start_path(SLUG, after)), 400)


async def test_a_sign_in_is_finished_once(house: House) -> None:
    await house.add_provider()
    back = await house.browser.until_callback(start_path(SLUG))
    cookies = dict(house.browser.http.cookies)
    assert error_of(await house.browser.get(back)) is None
    again = house.other_browser()
    again.http.cookies.update(cookies)
    assert error_of(await again.get(back)) == "state"
    await again.close()


async def test_a_state_that_was_written_otherwise_is_still_the_same_state(house: House) -> None:
    """The last character of base64 can be another one and mean the same bytes."""
    await house.add_provider()
    back = httpx.URL(await house.browser.until_callback(start_path(SLUG)))
    cookies = dict(house.browser.http.cookies)
    assert error_of(await house.browser.get(str(back))) is None
    state = back.params["state"]
    again = house.other_browser()
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        again.http.cookies.update(cookies)
        assert error_of(await again.get(str(back.copy_set_param("state", state[:-1] + last)))) == "state"
    await again.close()


async def test_what_one_browser_has_begun_no_other_finishes(house: House) -> None:
    await house.add_provider()
    back = await house.browser.until_callback(start_path(SLUG))
    victim = house.other_browser()
    assert error_of(await victim.get(back)) == "state"
    await victim.until_callback(start_path(SLUG))
    assert error_of(await victim.get(back)) == "state"
    assert SESSION not in victim.http.cookies
    await victim.close()
    assert error_of(await house.browser.get(back)) is None


async def test_two_sign_ins_of_one_browser_do_not_disturb_each_other(house: House) -> None:
    await house.add_provider()
    first = await house.browser.until_callback(start_path(SLUG))
    second = await house.browser.until_callback(start_path(SLUG))
    assert error_of(await house.browser.get(first)) is None
    assert error_of(await house.browser.get(second)) is None


async def test_a_sign_in_that_took_too_long_is_not_finished(house: House) -> None:
    await house.add_provider()
    back = await house.browser.until_callback(start_path(SLUG))
    house.gate.clock.time += 601
    assert error_of(await house.browser.get(back)) == "state"


async def test_what_was_begun_with_one_provider_is_not_finished_with_another(house: House) -> None:
    await house.add_provider()
    back = await house.browser.until_callback(start_path(SLUG))
    other = {"name": "Other", "slug": "other", "issuer": house.issuer.issuer, "client_id": house.issuer.client_id}
    await house.gate.create("/providers", **other)
    assert error_of(await house.browser.get(back.replace(f"/{SLUG}/", "/other/"))) == "state"


async def test_whatever_the_host_header_says_the_provider_sends_back_to_us(house: House) -> None:
    await house.add_provider()
    answer = await house.browser.http.get(f"{URL}{start_path(SLUG)}", headers={"host": "evil.example"})
    assert httpx.URL(answer.headers["location"]).params["redirect_uri"].startswith(f"{URL}/")


@pytest.mark.parametrize("extra", ["redirect_uri=https://evil.example", "scope=admin", "client_id=x", "state=x"])
async def test_a_link_can_not_change_what_the_provider_is_asked(house: House, extra: str) -> None:
    await house.add_provider()
    problem(await house.browser.get(f"{start_path(SLUG)}&{extra}"), 400)


@pytest.mark.parametrize("change", [{"enabled": False}, {"use_for": ["access_tokens"]}])
async def test_a_provider_that_is_not_for_signing_in_is_as_good_as_none(house: House, change: dict[str, Any]) -> None:
    await house.add_provider()
    back = await house.browser.until_callback(start_path(SLUG))
    await house.gate.send("PATCH", f"/providers/{SLUG}", change)
    unknown = problem(await house.browser.get(start_path("nobody")), 404)["detail"]
    for path in (start_path(SLUG), back):
        assert problem(await house.browser.get(path), 404)["detail"] == unknown.replace("nobody", SLUG)
    assert (await house.gate.get("/auth/methods"))["providers"] == []


async def test_who_comes_can_see_which_providers_there_are(house: House) -> None:
    await house.add_provider()
    start = f"/api/v1/auth/oidc/{SLUG}/start"
    assert (await house.gate.get("/auth/methods"))["providers"] == [{"slug": SLUG, "name": "The Works", "start": start}]


async def test_a_session_that_was_there_before_is_not_the_one_that_is_signed_in(house: House) -> None:
    await house.add_provider()
    await house.sign_in()
    before = house.browser.http.cookies[SESSION]
    await house.sign_in()
    assert house.browser.http.cookies[SESSION] != before
    chosen = house.other_browser()
    chosen.http.cookies.set(SESSION, "chosen-by-somebody-else", httpx.URL(URL).host)
    assert error_of(await chosen.go(start_path(SLUG))) is None
    assert "chosen-by-somebody-else" not in [cookie.value for cookie in chosen.http.cookies.jar]
    await chosen.close()


async def test_cookies_are_for_this_host_alone_and_for_no_script(house: House) -> None:
    await house.add_provider()
    begun = await house.browser.get(start_path(SLUG))
    (cookie,) = begun.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-gatehouse-sign-on-")
    assert cookie.endswith("; Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=600")
    ended = await house.browser.go(begun.headers["location"])
    session, gone = ended.headers.get_list("set-cookie")
    assert session.startswith(f"{SESSION}=") and "; Secure; HttpOnly; SameSite=Lax; Path=/" in session
    assert gone.endswith("Max-Age=0") and gone.startswith(cookie.partition("=")[0])

"""Signing in at an identity provider, in a browser: there and back, and what is said where it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import Visit, visit
from tests.support.gateway import Gateway
from tests.support.oidc_provider import OidcProvider, oidc_provider

pytestmark = pytest.mark.anyio
MIRA = {"sub": "mira-1", "email": "mira@example.com", "email_verified": True, "name": "Mira Lind"}


@pytest.fixture(scope="module")
async def provider(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OidcProvider]:
    """A real one, which lets in whoever comes; Gatehouse takes people of example.com alone."""
    redirect = f"{gateway.url}/api/v1/auth/oidc/works/callback"
    async with oidc_provider(tmp_path_factory.mktemp("provider"), redirect) as running:
        body = {"name": "Works", "slug": "works", "preset": "generic", "allowed_domains": ["example.com"]}
        keys = {"issuer": running.issuer, "client_id": running.client_id, "client_secret": running.client_secret}
        await gateway.expect(201, "POST", "/providers", body | keys)
        yield running


async def start(visitor: Visit) -> None:
    page = visitor.page
    await page.goto(f"{visitor.base}/console/tools?q=clock")
    await page.get_by_role("link", name="Continue with Works").click()


async def test_who_signs_in_there_is_back_on_the_page_they_wanted(
    chromium: Browser, gateway: Gateway, provider: OidcProvider
) -> None:
    await provider.set_account(**MIRA)
    async with visit(chromium, gateway, email="") as visitor:
        visitor.expect(401, "/auth/session")
        await start(visitor)
        await expect(visitor.page).to_have_url(f"{visitor.base}/console/tools?q=clock")
        await visitor.settle()
        await expect(visitor.page.get_by_text("mira@example.com")).to_be_visible()
        await visitor.check()
    assert "mira@example.com" in {one["email"] for one in await gateway.items("/users")}


async def test_who_is_of_another_domain_hears_why_they_stay_outside(
    chromium: Browser, gateway: Gateway, provider: OidcProvider
) -> None:
    await provider.set_account(**MIRA | {"sub": "eve-1", "email": "eve@elsewhere.example"})
    async with visit(chromium, gateway, email="") as visitor:
        visitor.expect(401, "/auth/session")
        await start(visitor)
        await expect(visitor.page.get_by_text("not of a domain")).to_be_visible()
        await expect(visitor.page.get_by_role("link", name="Continue with Works")).to_be_visible()
        await visitor.check()
    assert "eve@elsewhere.example" not in {one["email"] for one in await gateway.items("/users")}


async def test_the_test_button_says_whether_the_provider_answers(
    gateway: Gateway, provider: OidcProvider, visitor: Visit
) -> None:
    page = visitor.page
    await visitor.go("/sign-on")
    await page.get_by_role("button", name="Test").click()
    await expect(page.get_by_text("Everything that can be tried from here is good")).to_be_visible()
    await expect(page.get_by_text(f"{provider.issuer} describes itself.")).to_be_visible()
    await visitor.check()

"""What becomes of registry entries after the first installation: requests that somebody approves, and newer versions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.console import PASSWORD, Visit, set_up, visit
from tests.support.everything.running import everything
from tests.support.gateway import Gateway, Launch
from tests.support.processes import until_true
from tests.support.registry_server import RegistryServer, server_json

pytestmark = pytest.mark.anyio
PARCELS = "com.example/parcels"
ASKING = "rosa@example.com"


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """One where people have to ask before they install."""
    launch = Launch(environment={"GATEHOUSE_REGISTRY__APPROVAL": "true"})
    async with Gateway(tmp_path_factory.mktemp("console") / "data", launch) as running:
        await set_up(running)
        person = {"email": ASKING, "name": "Rosa Duarte", "password": PASSWORD}
        user = await running.expect(201, "POST", "/users", person)
        await running.expect(201, "POST", "/grants", {"user": user["id"], "role": "editor", "scope": "*"})
        yield running


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    directory: Path = tmp_path_factory.mktemp("everything")
    async with everything(directory) as running:
        yield running


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as running:
        yield running


def parcels(url: str, version: str, *headers: str) -> dict[str, object]:
    asked = [{"name": name, "description": "Any will do", "isRequired": True} for name in headers]
    remotes = [{"type": "streamable-http", "url": url, "headers": asked}]
    return server_json(PARCELS, version, title="Parcels", remotes=remotes)


async def sync(gateway: Gateway) -> None:
    await gateway.expect(200, "POST", "/registry/sources/peer/sync", {"whole": True})

    async def done() -> bool:
        return not (await gateway.expect(200, "GET", "/registry/sources/peer"))["syncing"]

    await until_true(done, 20)


async def test_who_may_not_install_asks_and_an_administrator_approves(
    chromium: Browser, gateway: Gateway, visitor: Visit, registry: RegistryServer, url: str
) -> None:
    registry.publish(parcels(url, "1.0.0"))
    await gateway.expect(201, "POST", "/registry/sources", {"name": "peer", "url": registry.url})
    await sync(gateway)
    async with visit(chromium, gateway, email=ASKING) as asking:
        await asking.go("/registry?q=parcels")
        await asking.page.get_by_role("link", name="Parcels").first.click()
        await asking.page.get_by_label("Name here").fill("post")
        await asking.page.get_by_label("Why you want it").fill("To follow what was sent")
        await asking.page.get_by_role("button", name="Install", exact=True).click()
        await expect(asking.page.get_by_text("Asked for: somebody has to approve it")).to_be_visible()
        await asking.check()
    assert "post" not in {one["name"] for one in await gateway.items("/upstreams")}
    page = visitor.page
    await visitor.go("/registry")
    await expect(page.get_by_text(ASKING)).to_be_visible()
    await expect(page.get_by_text("To follow what was sent")).to_be_visible()
    await visitor.check()
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("Approved and installed")).to_be_visible()
    assert (await gateway.expect(200, "GET", "/upstreams/post"))["status"] == "ok"


async def test_a_newer_version_is_shown_with_what_it_changes_before_it_is_taken(
    gateway: Gateway, visitor: Visit, registry: RegistryServer, url: str
) -> None:
    registry.publish(parcels(url, "1.1.0", "X-Depot"), "2026-02-01T00:00:00Z")
    await sync(gateway)
    page = visitor.page
    await visitor.go("/registry")
    await page.get_by_role("link", name="post 1.0.0 → 1.1.0").click()
    await expect(page.get_by_text("A newer version is in the registry")).to_be_visible()
    await page.get_by_role("button", name="Update to 1.1.0").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("What changes")).to_be_visible()
    await visitor.check()
    await dialog.get_by_label("X-Depot").fill("north")
    await dialog.get_by_role("button", name="Update to 1.1.0").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_text("A newer version is in the registry")).to_be_hidden()
    assert (await gateway.expect(200, "GET", "/registry/updates"))["items"] == []

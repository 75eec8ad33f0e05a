"""The marks of bundled entries, as they are served."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from gatehouse.serving.registry_icons import icon_route

pytestmark = pytest.mark.anyio


async def asked(path: str, method: str = "GET") -> httpx.Response:
    app = Starlette(routes=[icon_route()])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gate.test") as client:
        return await client.request(method, path)


async def test_an_icon_is_a_picture_that_may_be_kept_and_can_do_nothing() -> None:
    answer = await asked("/registry/icons/github.svg")
    assert answer.status_code == 200 and answer.content.startswith(b"<svg ")
    headers = answer.headers
    assert (headers["content-type"], headers["cache-control"]) == ("image/svg+xml", "public, max-age=86400")
    assert headers["content-security-policy"].startswith("default-src 'none'") and "sandbox" in str(headers)
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing.svg", "github.png", "..%2F..%2FREADME.svg", "../cloud.json", ".svg"])
async def test_there_is_nothing_else_to_be_had(name: str) -> None:
    assert (await asked(f"/registry/icons/{name}")).status_code == 404


async def test_an_icon_is_only_read() -> None:
    assert (await asked("/registry/icons/github.svg", "POST")).status_code == 405

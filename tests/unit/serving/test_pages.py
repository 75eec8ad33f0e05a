"""The pages for people: nothing on them comes from elsewhere, and nothing secret goes anywhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest
from starlette.applications import Starlette

from gatehouse.serving.pages import page_routes

pytestmark = pytest.mark.anyio
PAGES = ("/setup", "/invite", "/sign-in")
PARTS = ("/pages/page.css", "/pages/page.js")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=page_routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gate.test") as opened:
        yield opened


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("path", (*PAGES, *PARTS))
async def test_everything_comes_with_a_strict_policy(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
        "base-uri": "'none'",
    }
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_needs_nothing_from_elsewhere_and_has_nothing_inline(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code == 200 and response.headers["content-type"] == "text/html; charset=utf-8"
    tags = Reader(response.text).tags
    for tag, attributes in tags:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert f"/{attributes[name]}" in PARTS if name in attributes else True
        assert tag != "script" or "src" in attributes
    assert {f"/{attributes[name]}" for _, attributes in tags for name in ("src", "href") if name in attributes} == {
        *PARTS
    }


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_can_be_used_by_everybody(client: httpx.AsyncClient, path: str) -> None:
    text = (await client.get(path)).text
    tags = Reader(text).tags
    assert ("html", {"lang": "en"}) in tags and re.search(r"<title>[^<]+</title>", text)
    assert any(a.get("name") == "viewport" for _, a in tags) and any(a.get("role") == "alert" for _, a in tags)
    assert text.count("<input") == text.count("<label")
    assert all(a.get("autocomplete") for tag, a in tags if tag == "input")
    assert all(a.get("method") == "post" for tag, a in tags if tag == "form"), "else a password would be in a URL"


@pytest.mark.parametrize("path", PARTS)
async def test_the_parts_say_what_they_are(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    kind = "text/css" if path.endswith("css") else "text/javascript"
    assert response.status_code == 200 and response.headers["content-type"] == f"{kind}; charset=utf-8"


async def test_the_script_makes_no_html_of_what_it_is_told(client: httpx.AsyncClient) -> None:
    script = (await client.get("/pages/page.js")).text
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|localStorage", script
    )
    assert not re.search(r"https?://", script)


async def test_nothing_else_is_served(client: httpx.AsyncClient) -> None:
    for path in (
        "/pages/",
        "/pages/setup.html",
        "/pages/../pages.py",
        "/pages/%2e%2e/pages.py",
        "/setup/",
        "/setup.html",
    ):
        assert (await client.get(path)).status_code in (404, 307), path
    assert (await client.post("/setup")).status_code == 405

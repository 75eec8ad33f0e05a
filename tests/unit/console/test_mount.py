"""The page for people and its parts: what is served where, what it may do in a browser, and what is sent only once."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.routing import Router

from gatehouse.console.mount import BASE, STATIC, console_routes

pytestmark = pytest.mark.anyio
PAGES = ("/", "/console", "/console/", "/console/servers/desk?tab=names", "/setup", "/invite", "/sign-in")
HTML = f'<!doctype html><html lang="en"><head>{BASE}<title>Gatehouse</title></head></html>'
SCRIPT = "export const words = 'the same words again and again';\n" * 100
SOURCE = Path(__file__).parents[3] / "console" / "index.html"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """As the build leaves it."""
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text(HTML)
    (tmp_path / "static" / "favicon.svg").write_text("<svg/>")
    (tmp_path / "static" / "assets" / "index-B3f_a1-x.js").write_text(SCRIPT)
    (tmp_path / "static" / "assets" / "inter-a1b2c3d4.woff2").write_bytes(b"wOF2" * 1000)
    (tmp_path / "secret.js").write_text("not for everybody")
    return tmp_path / "static"


@asynccontextmanager
async def opened(static: Path, base: str = "") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Router(console_routes(base, static), redirect_slashes=False))
    plain = {"accept-encoding": "identity"}
    async with httpx.AsyncClient(transport=transport, base_url="http://gate.test", headers=plain) as client:
        yield client


@pytest.fixture
async def client(static: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(static) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_a_checkout_that_was_never_built_says_how_to_build_it(tmp_path: Path, path: str) -> None:
    async with opened(tmp_path) as client:
        answer = await client.get(path)
        assert answer.status_code == 503 and "./run console" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        (tmp_path / "index.html").write_text(HTML)
        assert (await client.get(path)).text == HTML


@pytest.mark.parametrize(
    "path",
    [
        "/console/assets/",
        "/console/assets/index-00000000.js",
        "/console/assets/.hidden",
        "/console/assets/%2e%2e/index.html",
        "/console/assets/..%2f..%2fsecret.js",
        "/console/assets/../../secret.js",
        "/console/assets/nul%00.js",
        "/setup/",
        "/setup.html",
        "/pages/page.js",
    ],
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(httpx.URL("http://gate.test/").copy_with(raw_path=path.encode()))
    assert answer.status_code == 404 and "not for everybody" not in answer.text


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_can_be_sent_to_a_page(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path)).status_code == 405


@pytest.mark.parametrize("path", PAGES)
async def test_every_address_of_the_console_is_the_one_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["etag"]


@pytest.mark.parametrize("path", ("/", "/sign-in", "/console/assets/index-B3f_a1-x.js", "/console/favicon.svg"))
async def test_everything_comes_with_a_strict_policy(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "font-src": "'self'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
        "base-uri": "'self'",
        "manifest-src": "'self'",
    }
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["x-frame-options"] == "DENY"


async def test_a_part_that_is_named_by_what_it_holds_is_kept_for_a_year(client: httpx.AsyncClient) -> None:
    script = await client.get("/console/assets/index-B3f_a1-x.js")
    assert (script.status_code, script.text) == (200, SCRIPT)
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    icon = await client.get("/console/favicon.svg")
    assert icon.headers["content-type"] == "image/svg+xml" and icon.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=much", False),
        ("identity", False),
        ("", False),
    ],
)
async def test_it_is_compressed_for_who_takes_that(client: httpx.AsyncClient, accepted: str, packed: bool) -> None:
    answer = await client.get("/console/assets/index-B3f_a1-x.js", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert answer.headers["vary"] == "accept-encoding" and answer.text == SCRIPT
    sent = int(answer.headers["content-length"])
    assert sent == len(gzip.compress(SCRIPT.encode(), mtime=0)) if packed else sent == len(SCRIPT)


async def test_a_font_is_not_compressed_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/console/assets/inter-a1b2c3d4.woff2", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-type"] == "font/woff2" and "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ("/", "/console/assets/index-B3f_a1-x.js"))
async def test_what_a_browser_has_already_is_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    plain = await client.get(path)
    tag = plain.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await client.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag and again.headers["cache-control"] == plain.headers["cache-control"]
    assert (await client.get(path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_what_is_compressed_is_not_mistaken_for_what_is_not(client: httpx.AsyncClient) -> None:
    path = "/console/assets/index-B3f_a1-x.js"
    plain = (await client.get(path)).headers["etag"]
    packed = await client.get(path, headers={"accept-encoding": "gzip", "if-none-match": plain})
    assert packed.status_code == 200 and packed.headers["etag"] != plain


@pytest.mark.parametrize("path", ("/", "/console/tools", "/console/assets/index-B3f_a1-x.js", "/console/favicon.svg"))
async def test_its_head_can_be_asked_for(client: httpx.AsyncClient, path: str) -> None:
    whole, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content)) and head.headers["etag"] == whole.headers["etag"]


async def test_a_page_that_was_built_anew_is_sent_anew(client: httpx.AsyncClient, static: Path) -> None:
    before = (await client.get("/")).headers["etag"]
    (static / "index.html").write_text(HTML.replace("Gatehouse", "Gatehouse, built anew"))
    os.utime(static / "index.html", (1, 1))
    after = await client.get("/", headers={"if-none-match": before})
    assert after.status_code == 200 and "built anew" in after.text


async def test_under_a_path_everything_in_the_page_is_beneath_it(static: Path) -> None:
    async with opened(static, '/tools/gate"house') as client:
        text = (await client.get("/sign-in")).text
    assert re.findall(r"<base [^>]*>", text) == ['<base href="/tools/gate&quot;house/console/" />']


def test_the_page_has_the_base_that_is_replaced() -> None:
    for page in (SOURCE, STATIC / "index.html"):
        assert BASE in page.read_text(), page

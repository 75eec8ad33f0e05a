"""What a client learns that was refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from gatehouse.serving.well_known import PREFIX, WellKnown, challenge, metadata_url

pytestmark = pytest.mark.anyio


class Issued:
    def __init__(self, issuers: Sequence[str] = (), scopes: Sequence[str] = ()) -> None:
        self._issuers, self._scopes = issuers, scopes

    def issuers(self) -> Sequence[str]:
        return self._issuers

    def scopes(self) -> Sequence[str]:
        return self._scopes


WITH_ISSUER = Issued(["https://id.example.com"], ["mcp:use"])


async def asked(
    path: str, issued: Issued = WITH_ISSUER, public_url: str = "https://gate.test", method: str = "GET"
) -> httpx.Response:
    app = Starlette(routes=WellKnown(issued, lambda request: public_url, "https://gate.test").routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://inside.test") as client:
        return await client.request(method, path)


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("", ""),
        ("/mcp", "/mcp"),
        ("/sse", "/sse"),
        ("/servers/desk/mcp", "/servers/desk/mcp"),
        ("/servers/desk/sse", "/servers/desk/sse"),
        ("/servers/no-such-server/mcp", "/servers/no-such-server/mcp"),
        ("/servers/srv_01hx/mcp/", "/servers/srv_01hx/mcp"),
    ],
)
async def test_a_resource_describes_itself_whether_it_exists_or_not(path: str, resource: str) -> None:
    answer = await asked(PREFIX + path)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == {
        "resource": f"https://gate.test{resource}",
        "resource_name": "Gatehouse",
        "bearer_methods_supported": ["header"],
        "authorization_servers": ["https://id.example.com"],
        "scopes_supported": ["mcp:use"],
    }


@pytest.mark.parametrize(
    "path",
    ["/api/v1", "/servers/desk", "/servers//mcp", "/servers/a/b/mcp", "/servers/%22/mcp", "/servers/x/mcp/y", "mcp"],
)
async def test_what_is_no_resource_is_not_there(path: str) -> None:
    assert (await asked(PREFIX + path)).status_code == 404


async def test_where_nobody_elses_tokens_are_taken_no_issuer_is_named() -> None:
    document = (await asked(f"{PREFIX}/mcp", Issued())).json()
    assert document == {
        "resource": "https://gate.test/mcp",
        "resource_name": "Gatehouse",
        "bearer_methods_supported": ["header"],
    }


async def test_pages_of_others_may_read_it() -> None:
    answer = await asked(f"{PREFIX}/mcp", method="OPTIONS")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert (await asked(f"{PREFIX}/mcp", method="POST")).status_code == 405


async def test_a_gateway_below_a_path_is_described_as_it_is_known() -> None:
    below = "https://gate.test/tools"
    answer = await asked(f"{PREFIX}/tools/servers/desk/mcp", public_url=below)
    assert answer.json()["resource"] == f"{below}/servers/desk/mcp"
    assert metadata_url(below, "/servers/desk/mcp") == f"https://gate.test{PREFIX}/tools/servers/desk/mcp"


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/servers/desk/mcp", "/servers/desk/mcp"),
        ("/servers/desk/messages", "/servers/desk/sse"),
        ("/mcp", "/mcp"),
        ("/api/v1/tokens", ""),
        ('/servers/a"b/mcp', ""),
        ("/servers/a\r\nx: y/mcp", ""),
        ("", ""),
    ],
)
def test_a_challenge_leads_to_the_document_of_what_was_asked_for(path: str, document: str) -> None:
    assert (
        challenge("https://gate.test", path)
        == f'Bearer resource_metadata="https://gate.test{PREFIX}{document}"'.encode()
    )


@pytest.mark.parametrize(
    ("issued", "given", "told"),
    [
        (WITH_ISSUER, (None, None), 'scope="mcp:use", '),
        (WITH_ISSUER, ("invalid_token", None), 'error="invalid_token", scope="mcp:use", '),
        (WITH_ISSUER, ("insufficient_scope", "other"), 'error="insufficient_scope", scope="mcp:use", '),
        (Issued(), ("insufficient_scope", "mcp:use"), 'error="insufficient_scope", scope="mcp:use", '),
        (Issued(), ("invalid_token", None), 'error="invalid_token", '),
    ],
)
def test_a_challenge_says_what_is_missing(issued: Any, given: tuple[str | None, str | None], told: str) -> None:
    known = WellKnown(issued, lambda request: "", "https://gate.test/")
    metadata = f'resource_metadata="https://gate.test{PREFIX}/mcp"'
    assert known.challenge("/mcp", *given) == f"Bearer {told}{metadata}".encode()


def test_a_description_can_not_break_out_of_its_quotes() -> None:
    words = challenge("https://gate.test", "/mcp", "invalid_token", None, 'a "b"\r\nx: é').decode()
    assert "error_description=\"a 'b'''x: '\"" in words


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("localhost:4444", "http://localhost:4444"),
        ("[::1]:4444", "http://[::1]:4444"),
        (None, "http://127.0.0.1:4444"),
        ('evil"x', "http://127.0.0.1:4444"),
        ("a@evil.example", "http://127.0.0.1:4444"),
        ("evil.example/x", "http://127.0.0.1:4444"),
    ],
)
def test_where_no_public_url_is_set_a_client_is_led_to_the_address_that_it_uses(host: str | None, base: str) -> None:
    here = WellKnown(Issued(), lambda request: "", "http://127.0.0.1:4444", named=False)
    assert here.challenge("/mcp", host=host) == f'Bearer resource_metadata="{base}{PREFIX}/mcp"'.encode()
    named = WellKnown(Issued(), lambda request: "", "https://gate.test")
    assert named.challenge("/mcp", host=host) == challenge("https://gate.test", "/mcp")

"""Single sign-on and access tokens with a gateway that runs: by oidc-provider, a real one, and by a scripted issuer."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import anyio
import httpx
import pytest

from tests.support.browser import Browser, start_path
from tests.support.everything.running import everything
from tests.support.front import peer
from tests.support.gateway import Gateway
from tests.support.issuer import Issuer
from tests.support.oidc_provider import OidcProvider, oidc_provider
from tests.support.program import ROOT, clean_environment

pytestmark = pytest.mark.anyio
ADA = {"sub": "ada-1", "email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}
MAPPINGS = [{"value": "makers", "team": "makers"}, {"value": "leads", "team": "makers", "team_role": "owner"}]
TOOL = "test_simple_text"


class Provider(Protocol):
    issuer: str
    client_id: str
    client_secret: str

    async def set_account(self, **claims: Any) -> None: ...

    async def rotate(self) -> None: ...


class Scripted:
    """The scripted issuer with the handles of the real provider."""

    def __init__(self, issuer: Issuer) -> None:
        self.script = issuer
        self.issuer, self.client_id, self.client_secret = issuer.issuer, issuer.client_id, issuer.client_secret

    async def set_account(self, **claims: Any) -> None:
        self.script.account = claims

    async def rotate(self) -> None:
        self.script.rotate()


@dataclass(slots=True)
class House:
    gateway: Gateway
    real: OidcProvider
    scripted: Scripted
    stack: AsyncExitStack

    def provider(self, slug: str) -> Provider:
        return self.real if slug == "real" else self.scripted

    async def sign_in(self, slug: str) -> Browser:
        """A browser that has been sent there and back; fails where it was not let in."""
        browser = self.browser()
        answer = await browser.go(start_path(slug, "/servers?q=1"))
        assert (answer.status_code, answer.headers.get("location")) == (303, "/servers?q=1"), answer.text
        return browser

    def browser(self) -> Browser:
        opened = Browser(self.gateway.url)
        self.stack.push_async_callback(opened.close)
        return opened

    async def run(self, *arguments: str, stdin: str = "") -> tuple[int, str]:
        """A command's exit status, and what it said."""
        mine = {"GATEHOUSE_URL": self.gateway.url, "GATEHOUSE_DATA": str(self.gateway.data)}
        with anyio.fail_after(60):
            done = await anyio.run_process(
                [sys.executable, "-m", "gatehouse", *arguments],
                cwd=ROOT,
                env=clean_environment() | mine,
                input=stdin.encode(),
                check=False,
            )
        return done.returncode, (done.stdout + done.stderr).decode()

    def url(self, server: str) -> str:
        return f"{self.gateway.url}/servers/{server}/mcp"


async def furnish(gateway: Gateway, url: str) -> None:
    await gateway.add_upstream("box", url=url)
    for name in ("Desk", "Shop"):
        await gateway.create_server(name, ["box"])
    await gateway.expect(201, "POST", "/teams", {"name": "makers"})


async def add_providers(house: House) -> None:
    for slug in ("real", "scripted"):
        provider = house.provider(slug)
        await provider.set_account(**ADA, groups=["makers"])
        body = {
            "name": slug.title(),
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "client_secret": provider.client_secret,
            "scopes": ["openid", "profile", "email", "groups"],
            "use_for": ["sign_in", "access_tokens"],
            "mappings": [*MAPPINGS, {"claim": "client_id", "value": "robot", "role": "member"}],
        }
        await house.gateway.expect(201, "POST", "/providers", body)


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    directory: Path = tmp_path_factory.mktemp("sign-on")
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(everything(directory))
        gateway = await stack.enter_async_context(Gateway(directory / "data"))
        issuer = stack.enter_context(Issuer())
        callback = f"{gateway.url}/api/v1/auth/oidc/real/callback"
        real = await stack.enter_async_context(oidc_provider(directory, callback))
        opened = House(gateway, real, Scripted(issuer), stack)
        await furnish(gateway, url)
        await add_providers(opened)
        yield opened


@pytest.mark.parametrize("slug", ["real", "scripted"])
async def test_people_sign_in_and_their_groups_are_kept_in_step(house: House, slug: str) -> None:
    provider, gateway = house.provider(slug), house.gateway
    report = await gateway.expect(200, "POST", f"/providers/{slug}/test", {})
    assert [(stage["name"], stage["passed"]) for stage in report["stages"]] == [
        ("discovery", True), ("keys", True), ("endpoints", True), ("client", True),
    ]  # fmt: skip
    email = f"{slug}@example.com"
    for groups, role in ((["makers"], "member"), (["makers", "leads"], "owner"), ([], None)):
        await provider.set_account(**{**ADA, "sub": f"{slug}-1", "email": email}, groups=groups)
        browser = await house.sign_in(slug)
        session = (await browser.get("/api/v1/auth/session")).json()
        assert (session["kind"], session["name"]) == ("user", email)
        members = await gateway.items("/teams/makers/members")
        assert [one["role"] for one in members if one["email"] == email] == ([] if role is None else [role])


@pytest.mark.parametrize("slug", ["real", "scripted"])
async def test_a_provider_may_change_its_keys(house: House, slug: str) -> None:
    await house.sign_in(slug)
    await house.provider(slug).rotate()
    await house.sign_in(slug)


@pytest.mark.parametrize("slug", ["real", "scripted"])
async def test_what_comes_back_twice_or_to_another_browser_is_not_let_in(house: House, slug: str) -> None:
    browser, victim = house.browser(), house.browser()
    back = await browser.until_callback(start_path(slug))
    refused = await victim.get(back)
    assert refused.headers["location"] == "/sign-in?error=state"
    assert "gatehouse-session" not in victim.http.cookies
    assert (await browser.get(back)).headers["location"] == "/servers"
    again = await browser.get(back)
    assert again.headers["location"] == "/sign-in?error=state"


async def test_a_provider_that_knows_us_by_another_address_does_not_send_there(house: House) -> None:
    """The real one compares the redirect_uri; ours is built of our own address, whatever a request says of it."""
    browser = house.browser()
    answer = await browser.get(start_path("real"))
    address = httpx.URL(answer.headers["location"])
    assert address.params["redirect_uri"] == f"{house.gateway.url}/api/v1/auth/oidc/real/callback"
    elsewhere = await browser.get(str(address.copy_set_param("redirect_uri", "https://evil.example/callback")))
    assert elsewhere.status_code == 400


async def test_an_mcp_client_finds_its_way_from_the_refusal_to_the_tools(house: House) -> None:
    await house.real.set_account(**ADA, groups=[])
    await house.sign_in("real")
    async with peer(house.gateway, "desk", "") as client:
        refused = await client.ask_for("tools/list")
        assert refused.status_code == 401
        challenge = refused.headers["www-authenticate"]
        (metadata,) = re.findall(r'resource_metadata="([^"]+)"', challenge)
        document = (await client.http.get(metadata)).json()
        assert document["resource"] == house.url("desk")
        assert house.real.issuer in document["authorization_servers"]
        (scope,) = document["scopes_supported"]
        assert f'scope="{scope}"' in challenge
        client.token = await house.real.agents_token(document["resource"], f"openid {scope}")
        tools = (await client.ask("tools/list"))["result"]["tools"]
        assert TOOL in [tool["name"] for tool in tools]
        assert "result" in await client.ask("tools/call", {"name": TOOL, "arguments": {}})
        assert (await client.initialize()).status_code == 200
        assert "result" in await client.call(TOOL)


async def test_a_token_opens_the_server_that_it_was_made_for_and_no_other(house: House) -> None:
    robot = await house.real.robots_token(house.url("desk"), "mcp:use")
    async with peer(house.gateway, "desk", robot) as desk, peer(house.gateway, "shop", robot) as shop:
        assert "result" in await desk.ask("tools/list")
        assert (await shop.ask_for("tools/list")).status_code in (401, 403)
        assert (await shop.initialize()).status_code in (401, 403)
    assert (await house.gateway.api("GET", "/servers", token=robot)).status_code in (401, 403)


async def test_a_token_for_the_whole_gateway_opens_all_and_the_api_as_far_as_its_scopes_go(house: House) -> None:
    robot = await house.real.robots_token(house.gateway.url, "mcp mcp:upstream.read")
    for server in ("desk", "shop", ""):
        async with peer(house.gateway, server, robot) as client:
            assert "result" in await client.ask("tools/list")
    assert (await house.gateway.api("GET", "/upstreams", token=robot)).status_code == 200
    assert (await house.gateway.api("GET", "/tokens", token=robot)).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:1"},
        {"aud": "https://else.example"},
        {"exp": 1},
        {"scope": ""},
        {"sub": "nobody-known", "client_id": "stranger"},
    ],
    ids=["issuer", "audience", "expired", "scope", "stranger"],
)
async def test_a_token_that_is_not_good_opens_nothing(house: House, claims: dict[str, Any]) -> None:
    await house.gateway.expect(200, "PATCH", "/servers/desk", {"visibility": "public"})
    usual: dict[str, Any] = {"audience": house.url("desk"), "client_id": "robot", "sub": "robot"}
    good = house.scripted.script.access_token(**usual)
    bad = house.scripted.script.access_token(**{**usual, **claims})
    async with peer(house.gateway, "desk", good) as client:
        assert "result" in await client.ask("tools/list")
    if claims.get("client_id") == "stranger":
        await make_private(house)
    async with peer(house.gateway, "desk", bad) as client:
        for answer in (await client.ask_for("tools/list"), await client.initialize()):
            assert answer.status_code in (401, 403, 404)
            assert "result" not in answer.text


async def make_private(house: House) -> None:
    """A public server is for everybody who is somebody; one of a team is for its members."""
    await house.gateway.expect(200, "PATCH", "/servers/desk", {"team": "makers", "visibility": "team"})


async def test_switching_a_user_off_ends_their_tokens_at_once(house: House) -> None:
    await house.gateway.expect(200, "PATCH", "/servers/desk", {"team": None, "visibility": "public"})
    await house.real.set_account(**{**ADA, "sub": "eve-1", "email": "eve@example.com"}, groups=[])
    await house.sign_in("real")
    token = await house.real.agents_token(house.url("desk"))
    async with peer(house.gateway, "desk", token) as client:
        assert "result" in await client.ask("tools/list")
        await house.gateway.expect(200, "PATCH", "/users/eve@example.com", {"active": False})
        assert (await client.ask_for("tools/list")).status_code in (401, 403)


async def test_providers_are_looked_after_at_the_command_line(house: House) -> None:
    code, said = await house.run(
        "provider", "add", "Command Line", "--issuer", house.real.issuer, "--client-id", "gatehouse", "--secret",
        "--team", "cn=crew,dc=acme=makers:owner", "--role", "bosses=admin", "--domain", "example.com",
        stdin=f"{house.real.client_secret}\n",
    )  # fmt: skip
    assert code == 0 and f"{house.gateway.url}/api/v1/auth/oidc/command-line/callback" in said
    code, said = await house.run("provider", "show", "command-line")
    assert code == 0 and house.real.client_secret not in said
    for words in ("cn=crew,dc=acme", "owner of makers", "admin on all", "example.com", "given"):
        assert words in said
    code, said = await house.run("provider", "test", "command-line")
    assert code == 0 and said.count(" ok ") == 4
    code, said = await house.run("provider", "list", "--json")
    assert "command-line" in [one["slug"] for one in json.loads(said)["items"]]
    await house.gateway.expect(200, "PATCH", "/providers/command-line", {"client_secret": "another"})
    code, said = await house.run("provider", "test", "command-line")
    assert code == 1 and "does not take the client_id" in said
    assert await house.run("provider", "remove", "command-line") == (0, "Removed 'command-line'.\n")
    assert (await house.run("provider", "show", "command-line"))[0] == 1
    assert (await house.run("provider", "add", "X", "--team", "makers"))[0] == 2
    assert house.real.client_secret not in house.gateway.log

"""People at a running gateway: two workers with nothing in front, and one behind a proxy that signs people in itself."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import pytest

from tests.support.gateway import Gateway, Launch, free_port
from tests.support.processes import until
from tests.support.program import PAUSE, Program

pytestmark = pytest.mark.anyio
PASSWORD = "lovely analytical engine"
NEW = "another analytical engine"
EMAIL = "ada@example.com"
LINK = re.compile(r"^  set-up       (http\S+/setup#(\S+))$", re.MULTILINE)
LOGIN = {"email": EMAIL, "password": PASSWORD}


@dataclass(slots=True)
class Set:
    """A gateway that somebody has set up."""

    gateway: Gateway
    code: str

    async def send(
        self, method: str, path: str, json: object = None, cookie: str = "", **headers: str
    ) -> httpx.Response:
        """On a connection of its own, so that any worker may have it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookie:
            named["cookie"] = cookie
        async with httpx.AsyncClient(base_url=f"{self.gateway.url}/api/v1", timeout=30, headers=named) as client:
            return await client.request(method, path, **({} if json is None else {"json": json}))

    async def log_in(self, **headers: str) -> tuple[str, str]:
        """The cookie and the CSRF token."""
        response = await self.send("POST", "/auth/login", LOGIN, **headers)
        assert response.status_code == 200, response.text
        return response.headers["set-cookie"].partition(";")[0], response.json()["csrf_token"]


async def set_up(gateway: Gateway) -> Set:
    (link,) = LINK.findall(gateway.log)
    house = Set(gateway, link[1])
    body = {"code": house.code, "email": EMAIL, "name": "Ada", "password": PASSWORD}
    made = await house.send("POST", "/auth/setup", body)
    assert made.status_code == 200, made.text
    return house


@pytest.fixture(scope="module")
async def alone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Set]:
    environment = {"GATEHOUSE_LOG_LEVEL": "debug", "GATEHOUSE_SIGN_IN__PROXY_HEADER": "X-Forwarded-Email"}
    async with Gateway(
        tmp_path_factory.mktemp("alone") / "data", Launch(workers=2, environment=environment)
    ) as gateway:
        yield await set_up(gateway)


@pytest.fixture(scope="module")
async def behind(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Set]:
    """What comes from this machine comes from its proxy."""
    environment = {
        "GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/24",
        "GATEHOUSE_SIGN_IN__PROXY_HEADER": "X-Forwarded-Email",
        "GATEHOUSE_SIGN_IN__PROXY_CREATES_USERS": "true",
    }
    async with Gateway(tmp_path_factory.mktemp("behind") / "data", Launch(environment=environment)) as gateway:
        yield await set_up(gateway)


async def addresses(house: Set, cookie: str) -> set[str]:
    listed = await house.send("GET", "/auth/sessions", cookie=cookie)
    return {one["address"] for one in listed.json()["items"]}


async def status_once_known(house: Set, **headers: str) -> int:
    """The other worker hears of a new token within half a second."""
    with anyio.fail_after(10):
        while (status := (await house.send("GET", "/servers", **headers)).status_code) == 401:  # noqa: ASYNC110 - it is another process
            await anyio.sleep(PAUSE)
    return status


async def test_who_was_set_up_is_known_to_every_worker_at_once(alone: Set) -> None:
    cookie, _ = await alone.log_in()
    for _ in range(8):
        answered = await alone.send("GET", "/auth/session", cookie=cookie)
        assert answered.status_code == 200, answered.text


async def test_the_code_is_of_no_use_any_more(alone: Set) -> None:
    body = {"code": alone.code, "email": "eve@example.com", "name": "Eve", "password": PASSWORD}
    assert (await alone.send("POST", "/auth/setup", body)).status_code == 409


async def test_an_ended_session_is_refused_at_once_by_every_worker(alone: Set) -> None:
    for _ in range(4):
        cookie, _ = await alone.log_in()
        mine, csrf = await alone.log_in()
        session = (await alone.send("GET", "/auth/session", cookie=cookie)).json()["session"]
        ended = await alone.send("DELETE", f"/auth/sessions/{session}", cookie=mine, x_csrf_token=csrf)
        assert ended.status_code == 204, ended.text
        for _ in range(4):
            assert (await alone.send("GET", "/auth/session", cookie=cookie)).status_code == 401


async def test_over_http_the_cookie_is_not_for_https(alone: Set) -> None:
    response = await alone.send("POST", "/auth/login", LOGIN, x_forwarded_proto="https")
    (cookie,) = response.headers.get_list("set-cookie")
    assert re.fullmatch(r"gatehouse-session=[\w-]{43}; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000", cookie)


async def test_over_the_https_of_a_trusted_proxy_the_cookie_is_for_this_host_alone(behind: Set) -> None:
    response = await behind.send("POST", "/auth/login", LOGIN, x_forwarded_proto="https")
    (cookie,) = response.headers.get_list("set-cookie")
    assert re.fullmatch(r"__Host-gatehouse=[\w-]{43}; Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000", cookie)
    pair = cookie.partition(";")[0]
    assert (await behind.send("GET", "/auth/session", cookie=pair, x_forwarded_proto="https")).status_code == 200
    assert (await behind.send("GET", "/auth/session", cookie=pair)).status_code == 401
    headers = {"x-forwarded-proto": "https", "host": "tools.example.com"}
    made = await behind.gateway.expect(200, "POST", f"/users/{EMAIL}/reset", headers=headers)
    assert made["link"].startswith("https://tools.example.com/invite#")


async def test_a_forged_address_is_not_believed(alone: Set) -> None:
    cookie, _ = await alone.log_in(x_forwarded_for="192.0.2.77", forwarded="for=192.0.2.78", x_real_ip="192.0.2.79")
    assert await addresses(alone, cookie) == {"127.0.0.1"}


async def test_a_trusted_proxys_word_is_believed_and_what_stands_before_it_is_not(behind: Set) -> None:
    cookie, _ = await behind.log_in(x_forwarded_for="192.0.2.77, 198.51.100.7, 10.0.0.3")
    found = await addresses(behind, cookie)
    assert "198.51.100.7" in found and "192.0.2.77" not in found


async def test_a_forged_address_opens_nothing_to_a_token_that_is_for_certain_ones(alone: Set, behind: Set) -> None:
    for house, status in ((alone, 403), (behind, 200)):
        body = {"name": "agent", "permissions": ["server.read"], "allowed_ips": ["192.0.2.0/24"]}
        made = await house.gateway.expect(201, "POST", "/tokens", body)
        headers = {"authorization": f"Bearer {made['token']}", "x_forwarded_for": "192.0.2.1"}
        assert await status_once_known(house, **headers) == status
        assert await status_once_known(house, authorization=headers["authorization"]) == 403


async def test_a_forged_name_is_not_believed(alone: Set) -> None:
    for name in ("X-Forwarded-Email", "x-forwarded-email", "X_FORWARDED_EMAIL"):
        answered = await alone.gateway.api("GET", "/auth/session", headers={"authorization": "", name: EMAIL})
        assert answered.status_code == 401, answered.text


async def test_a_trusted_proxy_names_people_and_makes_new_ones(behind: Set) -> None:
    for email in (EMAIL, "new@example.com"):
        here = (await behind.send("GET", "/auth/session", x_forwarded_email=email)).json()
        assert (here["name"], here["session"]) == (email, None)
    refused = await behind.send("POST", "/servers", {"name": "Desk"}, x_forwarded_email=EMAIL)
    assert refused.status_code == 403 and "x-csrf-token" in refused.text


async def test_pages_of_others_change_nothing(alone: Set) -> None:
    cookie, csrf = await alone.log_in()
    for headers in ({}, {"x_csrf_token": "wrong"}, {"x_csrf_token": csrf, "origin": "https://evil.example"}):
        assert (await alone.send("POST", "/servers", {"name": "Desk"}, cookie=cookie, **headers)).status_code == 403
    own = {"x_csrf_token": csrf, "origin": alone.gateway.url}
    assert (await alone.send("POST", "/servers", {"name": "Desk"}, cookie=cookie, **own)).status_code == 201


async def test_a_cookie_is_no_way_into_the_mcp_fronts(alone: Set) -> None:
    """A browser sends it by itself, and MCP clients have no CSRF token."""
    cookie, csrf = await alone.log_in()
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    async with httpx.AsyncClient(headers={"cookie": cookie, "x-csrf-token": csrf}) as client:
        answered = await client.post(f"{alone.gateway.url}/mcp", json=body)
    assert answered.status_code == 401


async def test_the_pages_are_there(alone: Set) -> None:
    async with httpx.AsyncClient(base_url=alone.gateway.url) as client:
        for path in ("/", "/console/servers", "/setup", "/invite", "/sign-in", "/console/favicon.svg"):
            answered = await client.get(path)
            assert answered.status_code == 200 and "content-security-policy" in answered.headers
        parts = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', (await client.get("/sign-in")).text)
        assert parts, "the page is built"
        for part in parts:
            assert (await client.get(f"/console/{part}")).status_code == 200


async def test_under_a_path_the_pages_are_beneath_it(tmp_path: Path) -> None:
    environment = {"GATEHOUSE_PUBLIC_URL": "https://tools.example.com/gate/"}
    async with Gateway(tmp_path / "data", Launch(environment=environment)) as gateway:
        assert "https://tools.example.com/gate/setup#" in gateway.log
        async with httpx.AsyncClient(base_url=gateway.url) as client:
            assert '<base href="/gate/console/" />' in (await client.get("/setup")).text


async def test_a_restart_keeps_sessions_and_prints_no_link(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "data")
    async with gateway:
        house = await set_up(gateway)
        cookie, csrf = await house.log_in()
    async with gateway:
        assert len(LINK.findall(gateway.log)) == 1, "that of the first start"
        assert (await house.send("GET", "/auth/session", cookie=cookie)).status_code == 200
        assert (await house.send("POST", "/auth/logout", cookie=cookie, x_csrf_token=csrf)).status_code == 204


async def test_each_start_without_a_user_prints_another_link(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "data")
    codes: list[str] = []
    for _ in range(2):
        async with gateway:
            codes.append(LINK.findall(gateway.log)[-1][1])
            house = Set(gateway, codes[0])
            if len(codes) == 2:
                body = {"code": codes[0], "email": EMAIL, "name": "Ada", "password": PASSWORD}
                assert (await house.send("POST", "/auth/setup", body)).status_code == 403
                made = await house.send("POST", "/auth/setup", {**body, "code": codes[1]})
                assert made.status_code == 200
    assert len(set(codes)) == 2


async def test_what_is_no_network_keeps_it_from_starting_and_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gatehouse", "up", "--no-browser", "--data", str(tmp_path / "data")]
    environment = {"GATEHOUSE_TRUSTED_PROXIES": "10.0.0.1,proxy.example.com"}
    program = Program([*command, "--port", str(free_port())], tmp_path / "log", environment)
    try:
        await until(lambda: program.has_ended)
    finally:
        await program.stop()
    assert program.log.startswith("Error: ") and "'proxy.example.com'" in program.log
    assert "Traceback" not in program.log


async def test_neither_passwords_nor_codes_nor_cookies_are_in_the_log(alone: Set) -> None:
    """Last of all, when everything has been tried; at the level that tells most."""
    cookie, csrf = await alone.log_in()
    wrong = {"email": EMAIL, "password": "a wrong password that is wrong"}
    assert (await alone.send("POST", "/auth/login", wrong)).status_code == 401
    changed = await alone.send(
        "POST", "/auth/password", {"current": PASSWORD, "new": NEW}, cookie=cookie, x_csrf_token=csrf
    )
    assert changed.status_code == 200, changed.text
    made = await alone.gateway.expect(200, "POST", f"/users/{EMAIL}/reset")
    await alone.send("POST", "/auth/invitation/accept", {"code": made["code"], "password": PASSWORD})
    invited = await alone.gateway.expect(201, "POST", "/invitations", {"email": "bob@example.com"})
    await alone.send("POST", "/auth/invitation", {"code": invited["code"]})
    await alone.send("POST", "/auth/invitation", {"code": invited["code"], "more": True})
    log = LINK.sub("", alone.gateway.log)
    handles = [cookie.partition("=")[2], changed.headers["set-cookie"].partition(";")[0].partition("=")[2]]
    for secret in (PASSWORD, NEW, wrong["password"], alone.code, made["code"], invited["code"], csrf, *handles):
        assert secret not in log
    audit = (await alone.gateway.api("GET", "/audit", params={"limit": "500"})).text
    for secret in (PASSWORD, NEW, wrong["password"], alone.code, made["code"], invited["code"], csrf, *handles):
        assert secret not in audit

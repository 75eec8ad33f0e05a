"""Browsers at the API: each keeps its cookies, and comes from an address of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import httpx
from starlette.applications import Starlette

from gatehouse.access.methods import Methods
from gatehouse.access.methods.known_people import KnownPeople
from gatehouse.access.methods.token import TokenMethod
from gatehouse.access.sign_in.service import Rules, SignIn
from gatehouse.api.build import build_api
from gatehouse.api.visitors import Visitors
from gatehouse.app.callers import Callers
from gatehouse.app.ways_in import ways_of_people
from gatehouse.kit.net import Proxies
from gatehouse.settings import Settings
from gatehouse.store.secrets import Secrets
from tests.unit.api.gate import Gate

PASSWORD = "lovely analytical engine"
SECURE = "__Host-gatehouse"
PLAIN = "gatehouse-session"


@dataclass(slots=True)
class Browser:
    """Sends the cookie and the CSRF token that it was given last, as our pages do."""

    client: httpx.AsyncClient
    url: str
    cookie: str = ""
    csrf: str = ""
    set_cookies: list[str] = field(default_factory=list[str])
    """Of the last answer."""

    async def send(
        self, method: str, path: str, json: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        own = {"cookie": self.cookie, "x-csrf-token": self.csrf, "origin": self.url}
        kept = {name: value for name, value in {**own, **(headers or {})}.items() if value}
        response = await self.client.request(method, path, json=json, headers=kept)
        self.set_cookies = response.headers.get_list("set-cookie")
        for one in self.set_cookies:
            self.cookie = one.partition(";")[0]
        return response

    async def log_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> Self:
        response = await self.send("POST", "/auth/login", {"email": email, "password": password})
        assert response.status_code == 200, response.text
        self.csrf = response.json()["csrf_token"]
        return self

    async def is_in(self) -> bool:
        return (await self.send("GET", "/auth/session")).status_code == 200


@dataclass(slots=True)
class House:
    """The API of a gate, with every way in that the settings want."""

    gate: Gate
    sign_in: SignIn
    app: Starlette
    url: str
    stack: AsyncExitStack

    async def browser(self, address: str = "192.0.2.1", scheme: str = "") -> Browser:
        """`scheme`: other than that of the house."""
        transport = httpx.ASGITransport(self.app, client=(address, 50_000))
        url = self.url if not scheme else f"{scheme}://{self.url.partition('://')[2]}"
        client = await self.stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=f"{url}/api/v1"))
        return Browser(client, url)

    async def set_up(self, email: str = "ada@example.com") -> Browser:
        """The administrator's browser, signed in."""
        browser = await self.browser()
        code = await self.sign_in.setup.prepare()
        body = {"code": code, "email": email, "name": "Ada", "password": PASSWORD}
        response = await browser.send("POST", "/auth/setup", body)
        assert response.status_code == 200, response.text
        browser.csrf = response.json()["csrf_token"]
        return browser


@asynccontextmanager
async def opened_house(gate: Gate, settings: Settings | None = None, url: str = "") -> AsyncGenerator[House]:
    """`url`: as browsers call it, where that is not the public one."""
    wanted, secrets = settings or Settings(), Secrets(bytes(32))
    proxies = Proxies(wanted.trusted_proxies)
    rules = Rules(
        wanted.sign_in.passwords, wanted.sign_in.session_idle, wanted.sign_in.session_lifetime, wanted.public_url
    )
    sign_in = SignIn(gate.database, gate.clock, secrets, gate.people, rules)
    known = KnownPeople(gate.directory, gate.settle)
    ways = [TokenMethod(gate.door.greet), *ways_of_people(wanted, sign_in, known, proxies)]
    visitors = Visitors(proxies, wanted.public_url)
    callers = Callers(Methods(ways), gate.door, visitors)
    context = replace(
        gate.context, sign_in=sign_in, visitors=visitors, identify=callers.identify, address=callers.address
    )
    async with AsyncExitStack() as stack:
        app = Starlette(routes=[build_api(context)])
        yield House(gate, sign_in, app, url or wanted.public_url or "http://gate.test", stack)

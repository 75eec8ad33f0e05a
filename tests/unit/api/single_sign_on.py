"""The API with an identity provider beside it, and a browser before it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from gatehouse.api.build import build_api
from tests.support.browser import Browser, start_path
from tests.support.issuer import Issuer
from tests.unit.api.gate import URL, Gate

SLUG = "works"
SESSION = "__Host-gatehouse"


@dataclass(slots=True)
class House:
    gate: Gate
    issuer: Issuer
    browser: Browser

    async def add_provider(self, **fields: Any) -> dict[str, Any]:
        """The issuer as a provider; None leaves a field out."""
        usual = {
            "name": "The Works",
            "slug": SLUG,
            "issuer": self.issuer.issuer,
            "client_id": self.issuer.client_id,
            "client_secret": self.issuer.client_secret,
        }
        return await self.gate.create("/providers", **usual, **fields)

    async def sign_in(self, after: str = "/servers") -> httpx.Response:
        """The answer that sends the browser to a page in the end."""
        return await self.browser.go(start_path(SLUG, after))

    async def emails(self) -> set[str]:
        """Of all users."""
        return {one["email"] for one in (await self.gate.get("/users"))["items"]}

    async def user(self, email: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.gate.get(f"/users/{email}")
        return found

    async def teams_of(self, email: str) -> dict[str, str]:
        """Roles by the slugs of teams."""
        teams = (await self.gate.get("/teams"))["items"]
        found: dict[str, str] = {}
        for team in teams:
            for one in (await self.gate.get(f"/teams/{team['id']}/members"))["items"]:
                if one["email"] == email:
                    found[team["slug"]] = one["role"]
        return found

    async def roles_of(self, email: str) -> set[tuple[str, str]]:
        """Each a role and a scope."""
        granted = (await self.gate.get("/grants", user=(await self.user(email))["id"]))["items"]
        return {(one["role"], one["scope"]) for one in granted}

    def other_browser(self) -> Browser:
        return Browser(URL, Starlette(routes=[build_api(self.gate.context)]))


@asynccontextmanager
async def opened_house(gate: Gate) -> AsyncGenerator[House]:
    browser = Browser(URL, Starlette(routes=[build_api(gate.context)]))
    with Issuer(gate.clock) as issuer:
        yield House(gate, issuer, browser)
    await browser.close()


def error_of(answer: httpx.Response) -> str | None:
    """The word for why somebody was not let in."""
    assert answer.status_code == 303, answer.text
    location = httpx.URL(answer.headers["location"])
    return location.params["error"] if location.path == "/sign-in" else None

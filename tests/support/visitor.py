"""A person in a browser: signs in with a password, and does with a cookie what others do with a token."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from tests.support.gateway import Gateway

PASSWORD = "correct horse battery staple"


class Visitor:
    """`async with Visitor(gateway, "ann@example.com") as ann:` signs in."""

    def __init__(self, gateway: Gateway, email: str, password: str = PASSWORD) -> None:
        self.http = httpx.AsyncClient(base_url=f"{gateway.url}/api/v1", timeout=60)
        self.email = email
        self.csrf = ""
        self._password = password

    async def __aenter__(self) -> Self:
        signed_in = await self.http.post("/auth/login", json={"email": self.email, "password": self._password})
        assert signed_in.status_code == 200, signed_in.text
        self.csrf = signed_in.json()["csrf_token"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def send(self, method: str, path: str, json: object = None) -> httpx.Response:
        content: dict[str, Any] = {} if json is None else {"json": json}
        return await self.http.request(method, path, headers={"x-csrf-token": self.csrf}, **content)

    async def expect(self, status: int, method: str, path: str, json: object = None) -> Any:
        response = await self.send(method, path, json)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None


async def add_user(gateway: Gateway, name: str) -> str:
    """The id of a new user, `{name}@example.com`, who signs in with `PASSWORD`."""
    body = {"email": f"{name}@example.com", "name": name.title(), "password": PASSWORD}
    made = await gateway.expect(201, "POST", "/users", body)
    return made["id"]

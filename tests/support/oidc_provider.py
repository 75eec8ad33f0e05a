"""oidc-provider from npm, running: a real OpenID provider, with the same handles as the scripted one."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.support.environments import SUPPORT, node
from tests.support.program import Program

SCRIPT = SUPPORT / "node" / "oidc_provider.mjs"
AGENT_REDIRECT = "http://127.0.0.1/agent"
_MOST = 10


class OidcProvider:
    """Whoever comes is signed in at once, as the account that was set last."""

    client_id, client_secret = "gatehouse", "s3cret:with/odd&chars+"

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    async def set_account(self, **claims: Any) -> None:
        await self._control("account", claims)

    async def rotate(self) -> None:
        """Keys, and whoever was signed in: it starts anew."""
        await self._control("rotate", {})

    async def robots_token(self, resource: str, scope: str = "mcp") -> str:
        """An access token of a program, for a resource."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
        return await self._token(form, ("robot", "robot-secret-robot-secret"))

    async def agents_token(self, resource: str, scope: str = "openid mcp") -> str:
        """An access token that somebody gets for their agent, as MCP clients do: a code, PKCE and a resource."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": "agent",
            "response_type": "code",
            "redirect_uri": AGENT_REDIRECT,
            "scope": scope,
            "resource": resource,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        code = await self._code(f"{self.issuer}/auth?{urlencode(asked)}")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": AGENT_REDIRECT, "client_id": "agent"}
        return await self._token({**form, "code_verifier": verifier, "resource": resource})

    async def _code(self, address: str) -> str:
        async with httpx.AsyncClient(timeout=30) as browser:
            for _ in range(_MOST):
                answer = await browser.get(address)
                address = str(httpx.URL(address).join(answer.headers["location"]))
                if address.startswith(AGENT_REDIRECT):
                    return httpx.URL(address).params["code"]
        raise AssertionError(f"no code came: {address}")

    async def _token(self, form: dict[str, str], client: tuple[str, str] | None = None) -> str:
        async with httpx.AsyncClient(timeout=30, auth=client) as http:
            answer = await http.post(f"{self.issuer}/token", data=form)
            assert answer.status_code == 200, answer.text
            token: str = answer.json()["access_token"]
            return token

    async def _control(self, what: str, body: dict[str, Any]) -> None:
        async with httpx.AsyncClient(timeout=30) as http:
            answer = await http.post(f"{self.issuer}/control/{what}", json=body)
            assert answer.status_code == 204, answer.text


@asynccontextmanager
async def oidc_provider(directory: Path, redirect_uri: str) -> AsyncGenerator[OidcProvider]:
    """`redirect_uri`: the one address that its client `gatehouse` may name."""
    runtime = node()
    command = [runtime.binary, str(SCRIPT), str(runtime.modules), redirect_uri]
    program = Program(command, directory / "oidc-provider.log", piped=True)
    try:
        yield OidcProvider((await program.first_line()).strip())
    finally:
        await program.stop()

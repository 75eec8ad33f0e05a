"""A browser, as far as a sign-in by a provider needs one: it follows where it is sent, and keeps its cookies."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import httpx
from starlette.types import ASGIApp

_MOST = 20


class Browser:
    """`home` is the gateway's URL; with `app` it is not called over the network."""

    def __init__(self, home: str, app: ASGIApp | None = None) -> None:
        self.home = home
        mounts = {} if app is None else {home: httpx.ASGITransport(app)}
        self.http = httpx.AsyncClient(mounts=mounts, timeout=30)

    async def close(self) -> None:
        await self.http.aclose()

    async def get(self, address: str) -> httpx.Response:
        """A path of the gateway's, or a URL; where it sends to is not followed."""
        return await self.http.get(urljoin(self.home, address))

    async def go(self, address: str) -> httpx.Response:
        """The last answer before the gateway is left alone again: the first that sends to a page of its own, or nowhere."""
        answer = await self.get(address)
        for _ in range(_MOST):
            target = _target(answer)
            if target is None or self._is_page(target):
                return answer
            answer = await self.get(target)
        raise AssertionError(f"sent on and on, at last to {_target(answer)}")

    async def until_callback(self, address: str) -> str:
        """The URL by which a provider sends back, not yet followed."""
        answer = await self.get(address)
        for _ in range(_MOST):
            target = _target(answer)
            assert target is not None, f"{answer.status_code} {answer.text}"
            if target.startswith(self.home) and urlsplit(target).path.endswith("/callback"):
                return target
            answer = await self.get(target)
        raise AssertionError("no provider sent back")

    def _is_page(self, target: str) -> bool:
        return target.startswith(self.home) and not urlsplit(target).path.startswith("/api/")


def start_path(slug: str, after: str = "/servers") -> str:
    return str(httpx.URL(f"/api/v1/auth/oidc/{slug}/start", params={"next": after}))


def _target(answer: httpx.Response) -> str | None:
    location = answer.headers.get("location")
    return None if location is None else urljoin(str(answer.url), location)

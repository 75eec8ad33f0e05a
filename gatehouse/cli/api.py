"""The JSON API, as the commands use it: bytes in, bytes out, problems as errors."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from gatehouse.cli.address import Address, find_gateway
from gatehouse.cli.errors import Refused, Unreachable
from gatehouse.kit import json
from gatehouse.kit.errors import TimedOut
from gatehouse.kit.json import Raw

TIMEOUT = httpx.Timeout(120.0, connect=5.0)
PAGE = 500
Kind = TypeVar("Kind")


class Problem(msgspec.Struct, frozen=True):
    title: str = ""
    detail: str = ""
    hint: str = ""


class Listing(msgspec.Struct, frozen=True):
    items: list[Raw]
    next: str | None = None


class Api:
    """Closed by the `with` that it is used in."""

    def __init__(self, address: Address | None = None) -> None:
        self.address = address or find_gateway()
        # A proxy for the way out is not the way to this machine.
        self._client = httpx.Client(
            base_url=f"{self.address.url}/api/v1",
            headers=bearer(self.address.token),
            timeout=TIMEOUT,
            trust_env=not self.address.on_loopback,
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: str | int) -> bytes:
        return self._send("GET", path, query)

    def post(self, path: str, body: Any = None, **query: str | int) -> bytes:
        return self._send("POST", path, query, body)

    def patch(self, path: str, body: Any) -> bytes:
        return self._send("PATCH", path, {}, body)

    def put(self, path: str, body: Any) -> bytes:
        return self._send("PUT", path, {}, body)

    def delete(self, path: str, **query: str | int) -> None:
        self._send("DELETE", path, query)

    def items(self, path: str, **query: str | int) -> list[Raw]:
        """Everything in a list, page by page."""
        found: list[Raw] = []
        cursor: str | None = None
        while True:
            page = json_as(self.get(path, limit=PAGE, **query, **({"cursor": cursor} if cursor else {})), Listing)
            found += page.items
            cursor = page.next
            if not cursor:
                return found

    def _send(self, method: str, path: str, query: dict[str, str | int], body: Any = None) -> bytes:
        content = json.dump(body) if body is not None else None
        headers = {"content-type": "application/json"} if content else {}
        with told(self.address):
            response = self._client.request(method, path, params=query, content=content, headers=headers)
        if response.content and "json" not in response.headers.get("content-type", ""):
            raise _stranger(self.address, response.status_code)
        if response.is_error:
            raise refusal(response.status_code, response.content)
        return response.content


def segment(ref: str) -> str:
    """An id or a name as one segment of a path."""
    return quote(ref, safe="")


def bearer(token: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}


def json_as(body: bytes | Raw, kind: type[Kind]) -> Kind:
    """Read what the gateway said; raises `Refused` where it is not what was meant."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(
            f"The gateway's answer can't be read: {error}.", "Are `gatehouse` here and there the same version?"
        ) from None


@contextmanager
def told(address: Address) -> Generator[None]:
    """Turn what a connection can do to us into errors of our own."""
    try:
        yield
    except httpx.ConnectError as error:
        raise Unreachable(
            f"No gateway answers at {address.url} ({_reason(error)}).",
            "Start one with `gatehouse up`, or set GATEHOUSE_URL to where it is.",
        ) from None
    except httpx.TimeoutException:
        raise TimedOut(
            f"The gateway at {address.url} took too long.", "Try again, or run `gatehouse doctor`."
        ) from None
    except httpx.HTTPError as error:
        raise Unreachable(
            f"The connection to {address.url} broke: {error}.", "Try again, or run `gatehouse doctor`."
        ) from None


def refusal(status: int, content: bytes) -> Refused:
    """A problem document (RFC 9457) as an error; whatever else came, by its status."""
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = Problem()
    message = problem.detail or problem.title or f"The gateway answered with HTTP {status}."
    return Refused(message, problem.hint or _HINTS.get(status, ""), status)


def _reason(error: httpx.ConnectError) -> str:
    return str(error).partition("] ")[2] or str(error) or "no connection"


def _stranger(address: Address, status: int) -> Unreachable:
    return Unreachable(
        f"What answers at {address.url} (HTTP {status}) is not Gatehouse.", "Set GATEHOUSE_URL to where the gateway is."
    )


_HINTS = {
    401: "Set GATEHOUSE_TOKEN to a token of this gateway, or GATEHOUSE_DATA to its data directory.",
    403: "Use a token that may do this.",
    404: "Look at what there is: `gatehouse upstream list`, `gatehouse server list`.",
}

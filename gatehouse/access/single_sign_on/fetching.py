"""HTTP with an issuer: small answers, soon, and from nowhere but where they were asked for.

It is imported when a provider is first used, since an HTTP client costs memory and a good part of the start.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import anyio
import httpx
import msgspec
from anyio import to_thread

from gatehouse.access.single_sign_on.checks import on_loopback

PATIENCE = 10.0
"""Seconds for all of an answer."""
LARGEST = 1024 * 1024
"""Bytes of an answer."""
_REDIRECTS = 3
_object = msgspec.json.Decoder(dict[str, Any])
_anything = msgspec.json.Decoder(Any)


class FetchFailed(Exception):
    """What came, or did not, in words that may stand in a log and before an administrator."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes

    def json(self) -> Any:
        """Raises `FetchFailed`."""
        try:
            return _anything.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise FetchFailed("the answer is not JSON") from None

    def object(self) -> dict[str, Any]:
        """Raises `FetchFailed`."""
        try:
            return _object.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise FetchFailed("the answer is not a JSON object") from None


def usable(url: object, issuer: str) -> str:
    """An endpoint that an issuer names; raises `FetchFailed` for one that may not be called for it.

    An issuer elsewhere does not send us to this machine, nor to anything without TLS.
    """
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not parts.hostname or parts.scheme not in ("https", "http"):
        raise FetchFailed("the issuer names an endpoint that is no URL")
    local = on_loopback(str(url))
    if (parts.scheme == "http" and not local) or (local and not on_loopback(issuer)):
        raise FetchFailed(
            f"the issuer names an endpoint at {parts.scheme}://{parts.netloc}, which is not called for it"
        )
    return str(url)


async def get(url: str, bearer: str | None = None, accept: str = "application/json") -> Reply:
    """Raises `FetchFailed`. Redirects are followed within the origin, and never with a token."""
    headers = {"accept": accept} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
    for _ in range(_REDIRECTS + 1):
        reply, location = await _send("GET", url, headers, None)
        if location is None:
            return reply
        target = urljoin(url, location)
        if bearer or urlsplit(target)[:2] != urlsplit(url)[:2]:
            raise FetchFailed(f"{_place(url)} sends elsewhere")
        url = target
    raise FetchFailed(f"{_place(url)} sends on and on")


async def post(url: str, form: str, headers: Mapping[str, str]) -> Reply:
    """Send a form, already encoded; raises `FetchFailed`, for a redirect too."""
    content = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    reply, location = await _send("POST", url, {**content, **headers}, form.encode())
    if location is not None:
        raise FetchFailed(f"{_place(url)} sends elsewhere")
    return reply


async def _send(method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> tuple[Reply, str | None]:
    """The reply, and where it points to, if it is a redirect."""
    try:
        with anyio.fail_after(PATIENCE):
            # Not compressed, so that a small answer can't become a large one.
            async with (
                await _client(url) as client,
                client.stream(
                    method, url, headers={"accept-encoding": "identity", **headers}, content=content
                ) as response,
            ):
                return Reply(response.status_code, await _body(response)), _location(response)
    except TimeoutError:
        raise FetchFailed(f"{_place(url)} did not answer within {PATIENCE:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise FetchFailed(f"{_place(url)} can't be reached: {_reason(error)}") from None


async def _body(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchFailed("the answer is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise FetchFailed(f"the answer is larger than {LARGEST} bytes")
    return bytes(body)


def _location(response: httpx.Response) -> str | None:
    return response.headers.get("location") if 300 <= response.status_code < 400 else None


async def _client(url: str) -> httpx.AsyncClient:
    # A proxy for the way out is not the way to this machine.
    context = await to_thread.run_sync(_tls_context)
    return httpx.AsyncClient(verify=context, trust_env=not on_loopback(url), timeout=PATIENCE, follow_redirects=False)


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """With the authorities that this machine trusts, a company's own among them."""
    return ssl.create_default_context()


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]

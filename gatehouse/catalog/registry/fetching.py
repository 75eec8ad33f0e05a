"""HTTP with a registry: one page at a time, of bounded size and time, and from nowhere but where it was asked for.

Imported when a source is first read, since an HTTP client costs memory and a good part of the start.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

import anyio
import httpx
from anyio import to_thread

from gatehouse.kit.errors import UpstreamFailed

PATIENCE = 30.0
"""Seconds for one page."""
LARGEST = 16 * 1024 * 1024
"""Bytes of one page."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Pages:
    """Closed by the `async with` that it is used in; one connection serves all pages of a run."""

    def __init__(self, url: str, token: str | None) -> None:
        self._base = url.rstrip("/")
        self._headers = {"accept": "application/json", "accept-encoding": "identity"}
        self._headers |= {"authorization": f"Bearer {token}"} if token else {}
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Pages:
        context = await to_thread.run_sync(_tls_context)
        # A proxy for the way out is not the way to this machine.
        local = (urlsplit(self._base).hostname or "") in _LOOPBACK
        self._client = httpx.AsyncClient(verify=context, trust_env=not local, timeout=PATIENCE)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def page(self, query: Mapping[str, str]) -> bytes:
        """Raises `UpstreamFailed`, in words that an administrator may read."""
        if self._client is None:
            raise RuntimeError("It is not open.")
        try:
            with anyio.fail_after(PATIENCE):
                url = f"{self._base}/servers"
                async with self._client.stream("GET", url, params=dict(query), headers=self._headers) as response:
                    return await _body(response)
        except TimeoutError:
            raise UpstreamFailed(f"The registry did not answer within {PATIENCE:g} seconds.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            words = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise UpstreamFailed(f"The registry can't be reached: {words}.") from None


async def _body(response: httpx.Response) -> bytes:
    if response.status_code in (401, 403):
        raise UpstreamFailed(f"The registry wants a token (HTTP {response.status_code}).", "Give the source one.")
    if response.status_code != 200:
        raise UpstreamFailed(f"The registry answered HTTP {response.status_code}.", "Is the URL that of its API?")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UpstreamFailed("The registry's answer is compressed, which was not asked for.")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise UpstreamFailed(f"A page of the registry is larger than {LARGEST} bytes.")
    return bytes(body)


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """With the authorities that this machine trusts, a company's own among them."""
    return ssl.create_default_context()

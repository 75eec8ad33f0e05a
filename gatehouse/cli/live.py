"""What the API tells as it comes, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from gatehouse.cli.address import find_gateway
from gatehouse.cli.api import TIMEOUT, bearer, refusal, told


def live_lines(path: str, query: dict[str, str | int], body: Any = None) -> Iterator[str]:
    """Until the gateway ends it; raises `Refused` and `Unreachable`. With a `body` it is a POST."""
    sent: dict[str, Any] = {} if body is None else {"json": body}
    address = find_gateway()
    with (
        told(address),
        httpx.Client(headers=bearer(address.token), timeout=TIMEOUT, trust_env=not address.on_loopback) as client,
        client.stream("POST" if sent else "GET", f"{address.url}/api/v1{path}", params=query, **sent) as response,
    ):
        if response.is_error:
            raise refusal(response.status_code, response.read())
        yield from (text for text in response.iter_lines() if text.strip())

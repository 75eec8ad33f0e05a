"""The port of a duplex stream: what a peer over stdio or over HTTP+SSE is reached by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Channel(Protocol):
    """A duplex stream of JSON-RPC messages with one peer; it is opened once and, when it has ended, replaced."""

    async def open(self, on_message: Callable[[bytes], None], on_close: Callable[[str], None]) -> None:
        """Raises `UpstreamDown` or `UpstreamFailed` with what failed.

        `on_close` is told once, in words, when the stream ends by itself or by the peer; not when we closed it.
        """
        ...

    async def send(self, message: bytes) -> None:
        """Send one message. Waits, up to a limit, while the peer reads slowly; raises `UpstreamDown` if it can't be sent."""
        ...

    async def close(self) -> None:
        """End the stream and what belongs to it. May be called again."""
        ...

    @property
    def alive(self) -> bool: ...

"""The gateway that these tests share, and how they get a place in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.clients.drivers import Target
from tests.support.gateway import Gateway


@dataclass(frozen=True, slots=True)
class House:
    gateway: Gateway
    directory: Path

    async def open(self, upstream: str) -> Target:
        """A virtual server of its own for what this upstream offers, and a token for it."""
        server = await self.gateway.create_server(upstream, [upstream])
        token = await self.gateway.create_token(upstream, [server["id"]])
        return Target(self.gateway.url, server["id"], token)

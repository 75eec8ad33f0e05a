"""What needs large libraries, built when a provider is first used: who has none pays for none of them.

Together they take about ten megabytes and a tenth of a second.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from anyio import Lock, to_thread

from gatehouse.access.single_sign_on.model import Provider, Stage
from gatehouse.kit.clock import Clock
from gatehouse.store.secrets import Secret

if TYPE_CHECKING:
    from gatehouse.access.single_sign_on.jwks import Issuers
    from gatehouse.access.single_sign_on.oidc_client import OidcClient


class Libraries:
    """Of one worker, so that what was learned of an issuer is learned once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._issuers: Issuers | None = None
        self._client: OidcClient | None = None
        self._lock = Lock()

    async def issuers(self) -> Issuers:
        async with self._lock:
            built = self._issuers
            if built is None:
                module = await _imported("gatehouse.access.single_sign_on.jwks")
                built = self._issuers = module.Issuers(self._clock)
        return built

    async def client(self) -> OidcClient:
        issuers = await self.issuers()
        async with self._lock:
            built = self._client
            if built is None:
                module = await _imported("gatehouse.access.single_sign_on.oidc_client")
                built = self._client = module.OidcClient(issuers, self._clock)
        return built

    async def examine(self, provider: Provider, secret: Secret | None) -> list[Stage]:
        """What can be seen of a provider, stage by stage."""
        client = await self.client()
        module = await _imported("gatehouse.access.single_sign_on.report")
        return await module.examine(provider, secret, client)


async def _imported(name: str) -> ModuleType:
    """In a thread, since other requests don't wait for it."""
    return await to_thread.run_sync(import_module, name)

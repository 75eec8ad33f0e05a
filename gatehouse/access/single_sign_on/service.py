"""All that has to do with identity providers, put together: one for each worker."""

from __future__ import annotations

from gatehouse.access.methods.oidc import Services, SignOn
from gatehouse.access.single_sign_on.access_tokens import AccessTokens, Addresses
from gatehouse.access.single_sign_on.arrivals import Arrivals
from gatehouse.access.single_sign_on.libraries import Libraries
from gatehouse.access.single_sign_on.providers import Providers
from gatehouse.access.tokens.strangers import Issuer, Strangers
from gatehouse.kit.clock import Clock
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets


class SingleSignOn:
    """`reload` before use, and whenever the registry has changed."""

    def __init__(self, database: Database, secrets: Secrets, clock: Clock, addresses: Addresses) -> None:
        self.providers = Providers(database, secrets, clock)
        self.libraries = Libraries(clock)
        arrivals = Arrivals(database, clock)
        self.sign_on = SignOn(Services(self.providers, self.libraries, arrivals), database, secrets, clock)
        self.access_tokens = AccessTokens(self.providers, self.libraries, arrivals, addresses, clock)
        tokens = self.access_tokens
        self.strangers = Strangers(Issuer(tokens.possible, tokens.verify, tokens.principal))

    async def reload(self) -> None:
        """Know the providers as they are now. Tokens that were taken are looked at again where any has changed."""
        if await self.providers.reload():
            self.strangers.forget()

    def ways(self) -> list[tuple[str, str]]:
        """Slug and name of each provider that people can sign in with."""
        return [(one.slug, one.name) for one in self.providers.for_sign_in()]

"""Sign-in by a provider: the browser is sent there with a state that only it can bring back, once, within minutes.

All that has to be remembered meanwhile is sealed in that state. It is bound to the browser by a cookie, so that nobody
can make another person finish a sign-in that they have begun.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec

from gatehouse.access.single_sign_on import repository
from gatehouse.access.single_sign_on.arrivals import Arrivals
from gatehouse.access.single_sign_on.claims import Account
from gatehouse.access.single_sign_on.flow import Errand, IssuerDown, SignOnFailed
from gatehouse.access.single_sign_on.libraries import Libraries
from gatehouse.access.single_sign_on.model import Provider
from gatehouse.access.single_sign_on.providers import Providers
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid, NotFound
from gatehouse.kit.ids import random_handle
from gatehouse.store.database import Database
from gatehouse.store.secrets import SealBroken, Secrets

PATIENCE = 600
"""Seconds that somebody has for signing in."""
_PURPOSE = "oidc-state"
_COOKIE, _PLAIN_COOKIE = "__Host-gatehouse-sign-on", "gatehouse-sign-on"
_LONGEST_NEXT = 1000
_LONGEST_STATE = 4000
_log = logging.getLogger("gatehouse")


class _State(msgspec.Struct, frozen=True):
    provider: str
    nonce: str
    verifier: str
    redirect_uri: str
    next: str
    issued_at: float
    browser: str
    """Digest of the cookie."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser is to go, and the Set-Cookie that it is to take along."""

    url: str = field(repr=False)
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a browser brings back: the parameters of its request, and its cookies."""

    code: str | None = field(default=None, repr=False)
    state: str | None = field(default=None, repr=False)
    iss: str | None = None
    error: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    user_id: str
    provider: Provider
    next: str
    cookie: str
    """The Set-Cookie that takes the one of the beginning away."""


@dataclass(frozen=True, slots=True)
class Services:
    providers: Providers
    libraries: Libraries
    arrivals: Arrivals


class SignOn:
    def __init__(self, services: Services, database: Database, secrets: Secrets, clock: Clock) -> None:
        self._services = services
        self._database = database
        self._secrets = secrets
        self._clock = clock

    async def begin(self, slug: str, redirect_uri: str, after: str, secure: bool) -> Begun:
        """Raises `NotFound`, `Invalid` for an `after` that is no path of ours, or `SignOnFailed`."""
        provider = self._provider(slug)
        handle = random_handle(24)
        state = _State(
            provider=provider.id,
            nonce=random_handle(24),
            verifier=random_handle(48),
            redirect_uri=redirect_uri,
            next=local_path(after),
            issued_at=self._clock.now(),
            browser=_digest(handle),
        )
        sealed = self._secrets.seal_text(_PURPOSE, msgspec.json.encode(state))
        client = await self._services.libraries.client()
        try:
            url = await client.address(provider, _errand(sealed, state))
        except IssuerDown as error:
            raise _failed(provider, SignOnFailed("provider", str(error))) from None
        except SignOnFailed as error:
            raise _failed(provider, error) from None
        return Begun(url, _cookie(state.browser, handle, secure, PATIENCE))

    async def finish(self, slug: str, returned: Returned, secure: bool) -> Finished:
        """Who it is that comes back; raises `NotFound`, or `SignOnFailed` for who may not come in."""
        provider = self._provider(slug)
        try:
            state = self._opened(provider, returned, secure)
            await self._use(state)
            account = await self._account(provider, state, returned)
            user_id = await self._services.arrivals.arrive(provider, account)
        except IssuerDown as error:
            raise _failed(provider, SignOnFailed("provider", str(error))) from None
        except SignOnFailed as error:
            raise _failed(provider, error) from None
        return Finished(user_id, provider, state.next, _cookie(state.browser, "", secure, 0))

    def _provider(self, slug: str) -> Provider:
        found = next((one for one in self._services.providers.for_sign_in() if one.slug == slug), None)
        if found is None:
            raise NotFound(f"Nobody signs in here by '{slug[:100]}'.", "See GET /api/v1/auth/methods.")
        return found

    def _opened(self, provider: Provider, returned: Returned, secure: bool) -> _State:
        """Raises `SignOnFailed` unless this browser has begun this sign-in, lately."""
        try:
            opened = self._secrets.open_text(_PURPOSE, (returned.state or "")[:_LONGEST_STATE])
            state = msgspec.json.decode(opened, type=_State)
        except (SealBroken, msgspec.DecodeError):
            raise SignOnFailed("state", "the state is not one of ours") from None
        if state.provider != provider.id:
            raise SignOnFailed("state", "the state was made for another provider")
        if self._clock.now() > state.issued_at + PATIENCE:
            raise SignOnFailed("state", "the sign-in took too long")
        handle = returned.cookies.get(_cookie_name(state.browser, secure), "")
        if not hmac.compare_digest(_digest(handle), state.browser):
            raise SignOnFailed("state", "the sign-in was begun by another browser")
        return state

    async def _use(self, state: _State) -> None:
        """Raises `SignOnFailed` where the state has been used before."""
        now = self._clock.now()
        try:
            async with self._database.write(bump=False) as connection:
                await repository.use_once(connection, _digest(state.nonce), state.issued_at + PATIENCE, now)
        except Conflict:
            raise SignOnFailed("state", "the state has been used before") from None

    async def _account(self, provider: Provider, state: _State, returned: Returned) -> Account:
        client = await self._services.libraries.client()
        # Before the code is redeemed, and before anything else of the answer is believed (RFC 9207).
        expected = (await client.metadata(provider)).names_itself
        if returned.iss != provider.issuer and (expected or returned.iss is not None):
            raise SignOnFailed("provider", "the answer is from another issuer, or does not say from which")
        if returned.error is not None or returned.code is None:
            raise SignOnFailed("denied", "the provider answered with an error instead of a code")
        secret = self._services.providers.secret_of(provider)
        return await client.account(provider, secret, _errand(returned.state or "", state), returned.code)


def local_path(path: str) -> str:
    """A path on this host, as it came; raises `Invalid` for what would lead elsewhere."""
    parts = urlsplit(path) if path.startswith("/") and len(path) <= _LONGEST_NEXT else None
    clean = path.isascii() and path.isprintable() and not set(path) & set("\\ ")
    if parts is None or not clean or path.startswith("//") or parts.scheme or parts.netloc:
        raise Invalid("'next' is not a path of this host.", "Write it as in /servers.")
    return path


def _errand(sealed: str, state: _State) -> Errand:
    return Errand(redirect_uri=state.redirect_uri, state=sealed, nonce=state.nonce, verifier=state.verifier)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _cookie_name(browser: str, secure: bool) -> str:
    """One for each sign-in, so that two that are under way don't disturb each other."""
    return f"{_COOKIE if secure else _PLAIN_COOKIE}-{browser[:16]}"


def _cookie(browser: str, handle: str, secure: bool, seconds: int) -> str:
    """A value of Set-Cookie. Lax, since the browser brings it along from the provider's page."""
    flags = "Secure; HttpOnly; SameSite=Lax" if secure else "HttpOnly; SameSite=Lax"
    return f"{_cookie_name(browser, secure)}={handle}; {flags}; Path=/; Max-Age={seconds}"


def _failed(provider: Provider, error: SignOnFailed) -> SignOnFailed:
    _log.warning("A sign-in by provider '%s' did not succeed: %s", provider.slug, error.reason)
    return error

"""What issuers publish: where their endpoints are, and their keys. Cached, fetched anew when needed, kept while they are down.

It is imported when a provider is first used.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import anyio
from joserfc.jwk import Key

from gatehouse.access.single_sign_on import fetching, jose
from gatehouse.access.single_sign_on.fetching import FetchFailed
from gatehouse.access.single_sign_on.flow import IssuerDown, NotGood
from gatehouse.access.single_sign_on.jose import Signed
from gatehouse.kit.clock import Clock

METADATA_AGE = 3600.0
KEYS_AGE = 600.0
"""Seconds after which keys are fetched anew, so that one that was withdrawn is not good for ever."""
PAUSE = 30.0
"""Seconds between two fetches of one issuer's keys, however many unknown ones are named."""
RETRY = 5.0
"""Seconds after which what failed at first is tried again."""
_log = logging.getLogger("gatehouse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Of OpenID Connect Discovery, or RFC 8414. An endpoint that it does not have is empty."""

    issuer: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    userinfo_endpoint: str = ""
    jwks_uri: str = ""
    token_auth_methods: tuple[str, ...] = ("client_secret_basic",)
    names_itself: bool = False
    """Whether its answers say who it is (RFC 9207)."""


@dataclass(slots=True)
class _Known:
    metadata: Metadata | None = None
    look_again_at: float = -math.inf
    keys: tuple[Key, ...] = ()
    keys_good_until: float = -math.inf
    may_ask_again_at: float = -math.inf
    """For a key that is not known."""
    lock: anyio.Lock = field(default_factory=anyio.Lock)


class Issuers:
    """Of one worker."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def metadata(self, issuer: str) -> Metadata:
        """Raises `IssuerDown`."""
        known = self._of(issuer)
        async with known.lock:
            return await self._metadata(issuer, known)

    async def verified(self, issuer: str, token: str) -> Signed:
        """What `issuer` has signed; raises `NotGood`, or `IssuerDown` where its keys are not known."""
        known = self._of(issuer)
        jose.header_of(token)
        if self._clock.monotonic() >= known.keys_good_until:
            await self._renew(issuer, known, known.keys)
        try:
            return jose.verify(token, known.keys)
        except NotGood:
            # It may be by a key that is newer than those we know, or that took the name of an old one.
            if not await self._renew(issuer, known, known.keys, unknown=True):
                raise
        return jose.verify(token, known.keys)

    def issuer_of(self, token: str) -> object:
        """The issuer that a token names, which it may have no right to; raises `NotGood`."""
        return jose.claims_unverified(token).get("iss")

    def check_times(self, signed: Signed, skew: int) -> float:
        """When it ends, seconds since the epoch; raises `NotGood` where it has, or has not begun."""
        jose.check_times(signed.claims, self._clock.now(), skew)
        return float(signed.claims["exp"]) + skew

    def _of(self, issuer: str) -> _Known:
        return self._known.setdefault(issuer, _Known())

    async def _metadata(self, issuer: str, known: _Known) -> Metadata:
        now = self._clock.monotonic()
        if now >= known.look_again_at:
            try:
                known.metadata, known.look_again_at = await discover(issuer), now + METADATA_AGE
            except FetchFailed as error:
                known.look_again_at = now + RETRY
                _log.warning("The issuer %s can't be discovered: %s", issuer, error)
        if known.metadata is None:
            raise IssuerDown("The identity provider can't be asked just now.", "Try again soon.")
        return known.metadata

    async def _renew(self, issuer: str, known: _Known, seen: Sequence[Key], unknown: bool = False) -> bool:
        """Whether there are other keys than those that were `seen`; raises `IssuerDown` where there are none at all."""
        async with known.lock:
            now = self._clock.monotonic()
            allowed_at = known.may_ask_again_at if unknown else known.keys_good_until
            if known.keys is seen and now >= allowed_at:
                known.may_ask_again_at = now + PAUSE if unknown else known.may_ask_again_at
                await self._fetch_keys(issuer, known, now)
        if not known.keys:
            raise IssuerDown("The keys of the token's issuer can't be fetched just now.", "Try again soon.")
        return known.keys is not seen

    async def _fetch_keys(self, issuer: str, known: _Known, now: float) -> None:
        """What was known is kept where there is nothing new."""
        try:
            known.keys, known.keys_good_until = await fetch_keys(await self._metadata(issuer, known)), now + KEYS_AGE
        except FetchFailed as error:
            known.keys_good_until = now + RETRY
            _log.warning("The keys of the issuer %s can't be fetched: %s", issuer, error)


async def discover(issuer: str) -> Metadata:
    """Raises `FetchFailed`, saying what is wrong with the first of the places where it may stand."""
    failures: list[FetchFailed] = []
    for url in discovery_urls(issuer):
        try:
            reply = await fetching.get(url)
            if reply.status != 200:
                raise FetchFailed(f"{url} answers with status {reply.status}")
            document = reply.object()
        except FetchFailed as error:
            failures.append(error)
            continue
        return read_metadata(issuer, document)
    raise failures[0]


def discovery_urls(issuer: str) -> list[str]:
    """OpenID Connect's first, since it is what most have; then RFC 8414's, which puts the path behind."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    behind = [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
    ]
    return list(dict.fromkeys([f"{origin}{path}/.well-known/openid-configuration", *behind]))


def read_metadata(issuer: str, document: dict[str, Any]) -> Metadata:
    """Raises `FetchFailed`."""
    if document.get("issuer") != issuer:
        raise FetchFailed(f"the issuer names itself '{str(document.get('issuer'))[:200]}'")
    names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    endpoints = {name: fetching.usable(document[name], issuer) for name in names if document.get(name)}
    methods = document.get("token_endpoint_auth_methods_supported")
    return Metadata(
        issuer=issuer,
        token_auth_methods=tuple(map(str, cast("list[Any]", methods)))
        if isinstance(methods, list)
        else ("client_secret_basic",),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        **endpoints,
    )


async def fetch_keys(metadata: Metadata) -> tuple[Key, ...]:
    """Raises `FetchFailed`; an issuer without a key that can be used has failed, too."""
    if not metadata.jwks_uri:
        raise FetchFailed("the issuer does not say where its keys are")
    reply = await fetching.get(metadata.jwks_uri, accept="application/jwk-set+json, application/json")
    if reply.status != 200:
        raise FetchFailed(f"{metadata.jwks_uri} answers with status {reply.status}")
    keys = jose.read_keys(reply.object())
    if not keys:
        raise FetchFailed("the issuer has no key that signatures can be checked with")
    return keys

"""The code flow with a provider: where to send a browser, and what the code that it comes back with is good for.

It is imported when somebody first signs in by a provider, for the sake of the libraries that it needs.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast
from urllib.parse import quote_plus

from joserfc.errors import JoseError

from gatehouse.access.single_sign_on import fetching
from gatehouse.access.single_sign_on.claims import Account, lacks_claims
from gatehouse.access.single_sign_on.fetching import FetchFailed, Reply
from gatehouse.access.single_sign_on.flow import Errand, NotGood, SignOnFailed
from gatehouse.access.single_sign_on.jwks import Issuers, Metadata
from gatehouse.access.single_sign_on.model import Provider
from gatehouse.access.single_sign_on.presets import GITHUB_API
from gatehouse.kit.clock import Clock
from gatehouse.store.secrets import Secret

# Authlib has no types, so its functions are taken by name, at this one place.
_prepare_grant_uri: Any = import_module("authlib.oauth2.rfc6749.parameters").prepare_grant_uri
_prepare_token_request: Any = import_module("authlib.oauth2.rfc6749.parameters").prepare_token_request
_code_challenge: Any = import_module("authlib.oauth2.rfc7636").create_s256_code_challenge
_CodeIDToken: Any = import_module("authlib.oidc.core").CodeIDToken
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class _Tokens:
    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)


class OidcClient:
    def __init__(self, issuers: Issuers, clock: Clock) -> None:
        self._issuers = issuers
        self._clock = clock

    async def metadata(self, provider: Provider) -> Metadata:
        """Raises `IssuerDown`."""
        if provider.known_as.discovery:
            return await self._issuers.metadata(provider.issuer)
        return Metadata(
            issuer=provider.issuer,
            authorization_endpoint=f"{provider.issuer}/authorize",
            token_endpoint=f"{provider.issuer}/access_token",
            token_auth_methods=("client_secret_post",),
        )

    async def address(self, provider: Provider, errand: Errand) -> str:
        """Where the browser is to go; raises `IssuerDown`, or `SignOnFailed`."""
        metadata = await self.metadata(provider)
        if not metadata.authorization_endpoint or not metadata.token_endpoint:
            raise SignOnFailed("provider", "the issuer has no endpoints for signing in")
        nonce = {"nonce": errand.nonce} if provider.known_as.discovery else {}
        return str(
            _prepare_grant_uri(
                metadata.authorization_endpoint,
                client_id=provider.client_id,
                response_type="code",
                redirect_uri=errand.redirect_uri,
                scope=" ".join(provider.options.scopes),
                state=errand.state,
                code_challenge=_code_challenge(errand.verifier),
                code_challenge_method="S256",
                **nonce,
            )
        )

    async def account(self, provider: Provider, secret: Secret | None, errand: Errand, code: str) -> Account:
        """Who has come back with this code; raises `SignOnFailed`, or `IssuerDown`."""
        try:
            tokens = await self._redeem(provider, secret, errand, code)
            if provider.known_as.discovery:
                return await self._openid_account(provider, errand, tokens)
            return await github_account(provider, tokens.access_token)
        except (FetchFailed, NotGood) as error:
            raise SignOnFailed("provider", str(error)) from None

    async def _redeem(self, provider: Provider, secret: Secret | None, errand: Errand, code: str) -> _Tokens:
        metadata = await self.metadata(provider)
        form: str = _prepare_token_request(
            "authorization_code", redirect_uri=errand.redirect_uri, code=code, code_verifier=errand.verifier
        )
        form, headers = authenticated(provider.client_id or "", secret, metadata.token_auth_methods, form)
        reply = await fetching.post(metadata.token_endpoint, form, headers)
        return _tokens(reply)

    async def _openid_account(self, provider: Provider, errand: Errand, tokens: _Tokens) -> Account:
        if tokens.id_token is None:
            raise NotGood("the provider gave no id_token")
        signed = await self._issuers.verified(provider.issuer, tokens.id_token)
        params = {"client_id": provider.client_id, "nonce": errand.nonce}
        if signed.header["alg"] != "Ed25519":  # A name so new that nobody has said which hash at_hash is then of.
            params["access_token"] = tokens.access_token
        self._check_id_token(provider, _CodeIDToken(signed.claims, signed.header, _expected(provider), params))
        claims = signed.claims
        if lacks_claims(provider, claims):
            claims = _joined(claims, await self._user_info(provider, tokens, str(claims["sub"])))
        return Account(provider.issuer, _subject(claims["sub"]), claims)

    def _check_id_token(self, provider: Provider, id_token: Any) -> None:
        """Issuer, audience, authorized party, nonce, and the times; raises `NotGood`."""
        try:
            id_token.validate(now=int(self._clock.now()), leeway=provider.options.clock_skew)
        except JoseError as error:
            raise NotGood(f"the id_token is not good: {error}") from None

    async def _user_info(self, provider: Provider, tokens: _Tokens, subject: str) -> dict[str, Any]:
        """What the provider tells besides the id_token; empty where it has no such endpoint."""
        metadata = await self.metadata(provider)
        if not metadata.userinfo_endpoint:
            return {}
        reply = await fetching.get(metadata.userinfo_endpoint, bearer=tokens.access_token)
        if reply.status != 200:
            raise FetchFailed(f"the userinfo endpoint answers with status {reply.status}")
        told = reply.object()
        if told.get("sub") != subject:
            raise NotGood("the userinfo is somebody else's")
        return told


def authenticated(
    client_id: str, secret: Secret | None, methods: tuple[str, ...], form: str
) -> tuple[str, dict[str, str]]:
    """The form and the headers with which we show who we are, in a way that the provider takes."""
    if secret is None:
        return f"{form}&client_id={quote_plus(client_id)}", {}
    if "client_secret_post" in methods:
        return f"{form}&client_id={quote_plus(client_id)}&client_secret={quote_plus(secret.reveal())}", {}
    # Both are encoded before they are joined (RFC 6749, 2.3.1), so that a colon in one of them does no harm.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return form, {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


async def github_account(provider: Provider, access_token: str) -> Account:
    """GitHub has no id_token: its API tells who it is. Raises `FetchFailed` or `NotGood`."""
    api = (provider.options.api_url or GITHUB_API).rstrip("/")
    user = (await _github(f"{api}/user", access_token)).object()
    emails = _objects(await _github(f"{api}/user/emails", access_token))
    nothing: dict[str, Any] = {}
    best = next((each for each in emails if each.get("primary") and each.get("verified")), nothing)
    claims: dict[str, Any] = {
        "login": user.get("login"),
        "name": user.get("name") or user.get("login"),
        "email": best.get("email"),
        "email_verified": best.get("verified"),
    }
    if "read:org" in provider.options.scopes:
        claims["groups"] = await _github_groups(api, access_token)
    if not isinstance(user.get("id"), int):
        raise NotGood("GitHub does not say who it is")
    return Account(provider.issuer, str(user["id"]), claims)


async def _github_groups(api: str, access_token: str) -> list[str]:
    """Organisations by their names, and teams as `organisation/team`."""
    organisations = _objects(await _github(f"{api}/user/orgs?per_page=100", access_token))
    teams = _objects(await _github(f"{api}/user/teams?per_page=100", access_token))
    of_teams = [
        f"{cast('dict[str, Any]', each.get('organization') or {}).get('login')}/{each.get('slug')}" for each in teams
    ]
    return [*(str(each.get("login")) for each in organisations), *of_teams]


async def _github(url: str, access_token: str) -> Reply:
    reply = await fetching.get(url, bearer=access_token, accept="application/vnd.github+json")
    if reply.status != 200:
        raise FetchFailed(f"GitHub's API answers with status {reply.status}")
    return reply


def _objects(reply: Reply) -> list[dict[str, Any]]:
    listed = reply.json()
    if not isinstance(listed, list):
        raise FetchFailed("the answer is not a list")
    return [cast("dict[str, Any]", each) for each in cast("list[Any]", listed) if isinstance(each, dict)]


def _expected(provider: Provider) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
        "sub": {"essential": True},
        "exp": {"essential": True},
        "iat": {"essential": True},
        "nonce": {"essential": True},
    }


def _joined(claims: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """The id_token's word before the other's; but an address and whether it is verified are told by one of them."""
    joined = {**told, **claims}
    if "email" in told and "email_verified" not in claims:
        joined["email"] = told["email"]
    return joined


def _subject(subject: str) -> str:
    if len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        raise NotGood("the subject is too long, or can't be printed")
    return subject


def _tokens(reply: Reply) -> _Tokens:
    """Raises `FetchFailed`. What the provider says of an error is its own, but for the code."""
    answer = reply.object()
    if reply.status != 200 or "error" in answer:
        raise FetchFailed(f"the code was not redeemed: status {reply.status}, {_code_of(answer.get('error'))}")
    access_token, id_token = answer.get("access_token"), answer.get("id_token")
    if not isinstance(access_token, str) or str(answer.get("token_type", "")).lower() != "bearer":
        raise FetchFailed("the provider gave no access token")
    return _Tokens(access_token, id_token if isinstance(id_token, str) else None)


def _code_of(error: object) -> str:
    """Such as `invalid_grant`; nothing longer or stranger."""
    known = isinstance(error, str) and len(error) <= 50 and error.replace("_", "").isalnum() and error.isascii()
    return f"error {error}" if known else "without a code"

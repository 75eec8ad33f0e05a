"""OAuth access tokens of configured issuers (RFC 9068, or any JWT like it): what an MCP client shows instead of our own.

A token counts only if it was made for us: its audience is a server's URL, the gateway's, or one that was configured.
What it permits is what its scopes say, of what its user may do, or, where it is nobody's, its mappings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from gatehouse.access.directory import Directory
from gatehouse.access.model import ALL, Grant, Principal
from gatehouse.access.policy import USE
from gatehouse.access.roles import OF_TEAM, permits
from gatehouse.access.single_sign_on.arrivals import Arrivals
from gatehouse.access.single_sign_on.claims import domain_allowed, email_of, given_by
from gatehouse.access.single_sign_on.flow import NotGood
from gatehouse.access.single_sign_on.libraries import Libraries
from gatehouse.access.single_sign_on.model import EVERY_SCOPE, Provider
from gatehouse.access.single_sign_on.providers import Providers
from gatehouse.access.tokens.service import PREFIX
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Unauthenticated

if TYPE_CHECKING:
    from gatehouse.access.single_sign_on.jose import Signed

SCOPE = "mcp:use"
"""Lets its bearer use servers, where a provider has no scopes of its own."""
_WHOLE_SCOPE, _PREFIX = "mcp", "mcp:"
_PERMISSION = re.compile(r"[a-z]+\.(?:[a-z]+|\*)|\*")
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_OF_OTHERS = frozenset({"nonce", "at_hash", "c_hash", "events"})
"""Claims of an id_token, or a logout token: neither was made to open anything."""
_CLIENT_CLAIMS = ("client_id", "azp", "cid", "appid")
_ENDPOINT = re.compile(r"/servers/([^/]{1,100})(?:/(?:mcp|sse|messages))?")
_WHOLE = frozenset({"", "/mcp", "/sse", "/messages"})
_HINT = "Sign in again, for this server."
_OURS = PREFIX.encode()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where this gateway is, for the audiences of tokens."""

    urls: Callable[[], Sequence[str]]
    """Of the gateway, as clients may know it, without a slash at the end."""
    server: Callable[[str], str | None]
    """The id of a virtual server by its id or slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """A token that was verified. `servers`: the ids of those that it was made for; None: for all."""

    provider: Provider = field(repr=False)
    subject: str
    client: str | None
    user: str | None
    """The id of the user whose account this is."""
    email: str | None
    permissions: frozenset[str]
    servers: frozenset[str] | None
    expires_at: float
    claims: Mapping[str, Any] = field(repr=False)


class AccessTokens:
    def __init__(
        self, providers: Providers, libraries: Libraries, arrivals: Arrivals, addresses: Addresses, clock: Clock
    ) -> None:
        self._providers = providers
        self._libraries = libraries
        self._arrivals = arrivals
        self._addresses = addresses
        self._clock = clock

    def expected(self) -> bool:
        """Whether tokens of any issuer are taken."""
        return bool(self._providers.for_tokens())

    def possible(self, token: bytes) -> bool:
        """Whether it looks like a JWT, where such are taken."""
        return not token.startswith(_OURS) and token.count(b".") == 2 and self.expected()

    def issuers(self) -> list[str]:
        """Those whose tokens are taken, for the metadata of protected resources."""
        return list(dict.fromkeys(one.issuer for one in self._providers.for_tokens()))

    def scopes(self) -> list[str]:
        """Those that a client needs in order to use servers; no more, so that nobody asks for more."""
        found = [scope for one in self._providers.for_tokens() for scope in _scopes_to_use(one)]
        return list(dict.fromkeys(found))

    async def verify(self, token: str) -> TokenClaims:
        """Raises `Unauthenticated` for what is no good here, `IssuerDown` where that can't be known."""
        try:
            return await self._verify(token)
        except NotGood as error:
            raise Unauthenticated(f"The access token is not good: {error}.", _HINT) from None

    def principal(self, claims: TokenClaims, directory: Directory) -> Principal:
        """Who bears it, with the rights that they have now."""
        user = directory.user(claims.user or claims.email or "")
        whose = user.email if user is not None else claims.email or claims.subject
        gone = claims.user is not None and user is None
        disabled = "the user of this access token is no more" if gone else None
        if user is not None and not user.active:
            disabled = f"user '{user.email}' is switched off"
        usable = permits(claims.permissions, USE)
        return Principal(
            id=_principal_id(claims),
            kind="client",
            name=whose if claims.client is None or claims.client == whose else f"{whose} by {claims.client}",
            # Who is bound to servers may use them by that alone, so without the scope there is none to be bound to.
            servers=claims.servers if usable or claims.servers is None else frozenset(),
            permissions=claims.permissions,
            expires_at=claims.expires_at,
            user=user.id if user is not None else None,
            grants=directory.grants_of(user.id) if user is not None else _mapped(claims, directory),
            disabled=disabled,
            # What was issued for a server is for no agent.
            agents=None if claims.servers is None else frozenset(),
        )

    async def _verify(self, token: str) -> TokenClaims:
        issuers = await self._libraries.issuers()
        named = issuers.issuer_of(token)
        # No other issuer is asked for anything.
        candidates = [one for one in self._providers.for_tokens() if one.issuer == named]
        if not candidates:
            raise NotGood("its issuer is not known here")
        signed = await issuers.verified(candidates[0].issuer, token)
        _check_kind(signed)
        provider, servers = self._audience(candidates, _texts(signed.claims.get("aud")))
        expires_at = issuers.check_times(signed, provider.options.clock_skew)
        return await self._read(provider, signed.claims, servers, expires_at)

    def _audience(
        self, candidates: Iterable[Provider], audiences: Sequence[str]
    ) -> tuple[Provider, frozenset[str] | None]:
        """For which of the providers it is good, and for which servers; raises `NotGood`."""
        for provider in candidates:
            paths = [path for one in audiences for path in self._paths(one)]
            if any(path in _WHOLE for path in paths) or set(audiences) & set(provider.options.audiences):
                return provider, None
            named = [match[1] for path in paths if (match := _ENDPOINT.fullmatch(path))]
            servers = frozenset(id_ for ref in named if (id_ := self._addresses.server(ref)) is not None)
            if servers:
                return provider, servers
        raise NotGood("it was made for something else")

    def _paths(self, audience: str) -> list[str]:
        """Where it is beneath this gateway, without a slash at the end; empty where it is elsewhere."""
        beneath = [audience.removeprefix(url) for url in self._addresses.urls() if audience.startswith(url)]
        return [path.rstrip("/") for path in beneath if not path or path.startswith("/")]

    async def _read(
        self, provider: Provider, claims: dict[str, Any], servers: frozenset[str] | None, expires_at: float
    ) -> TokenClaims:
        client = next((one for name in _CLIENT_CLAIMS if (one := _text(claims.get(name)))), None)
        subject = _text(claims.get("sub")) or client
        if subject is None:
            raise NotGood("it does not say whose it is")
        email = email_of(provider, claims)
        return TokenClaims(
            provider=provider,
            subject=subject,
            client=client,
            user=await self._arrivals.user_of(provider.issuer, subject),
            email=email if email is not None and domain_allowed(provider, email, claims) else None,
            permissions=_permissions(provider, _scopes(provider, claims)),
            servers=servers,
            expires_at=expires_at,
            claims=claims,
        )


def _check_kind(signed: Signed) -> None:
    """Raises `NotGood` for tokens that were made for something else than to be shown to a resource."""
    kind = str(signed.header.get("typ", "jwt")).lower()
    unlike = kind not in _TYPES and (kind != "jwt" or bool(signed.claims.keys() & _OF_OTHERS))
    if unlike or str(signed.claims.get("typ", "Bearer")).lower() != "bearer":
        raise NotGood("it is no access token")
    if "cnf" in signed.claims:
        raise NotGood("it is bound to a key, which can't be shown here")


def _permissions(provider: Provider, scopes: frozenset[str]) -> frozenset[str]:
    mapped = provider.options.scopes_to_permissions
    if mapped:
        return frozenset(one for scope in (*scopes, EVERY_SCOPE) for one in mapped.get(scope, ()))
    told = {scope.removeprefix(_PREFIX) for scope in scopes if scope.startswith(_PREFIX)}
    use = {USE} if scopes & {SCOPE, _WHOLE_SCOPE} else set[str]()
    return frozenset(use | {one for one in told if _PERMISSION.fullmatch(one)})


def _scopes_to_use(provider: Provider) -> list[str]:
    mapped = provider.options.scopes_to_permissions
    if not mapped:
        return [SCOPE]
    using = [scope for scope, permissions in mapped.items() if permits(frozenset(permissions), USE)]
    return [] if EVERY_SCOPE in using else using


def _scopes(provider: Provider, claims: Mapping[str, Any]) -> frozenset[str]:
    """Words of `scope` or `scp`, or their members; Entra ID names what a program may do by itself `roles`."""
    names = ("scope", "scp", "roles") if provider.preset == "entra" else ("scope", "scp")
    return frozenset(word for name in names for text in _texts(claims.get(name)) for word in text.split())


def _mapped(claims: TokenClaims, directory: Directory) -> tuple[Grant, ...]:
    """What the mappings give to who is no user."""
    given = given_by(claims.provider, claims.claims)
    wanted = [(OF_TEAM[belonging], team) for team, belonging in given.teams.items()] + sorted(given.roles)
    grants: list[Grant] = []
    for role, scope in wanted:
        team = None if scope == ALL else directory.team(scope)
        if role in directory.permissions and (scope == ALL or team is not None):
            place = (ALL, "") if team is None else (team.id, team.name)
            grants.append(Grant(role, directory.permissions[role], *place))
    return tuple(grants)


def _principal_id(claims: TokenClaims) -> str:
    """The same for every token of somebody by the same client, so that their sessions go on."""
    whole = "\0".join([claims.provider.issuer, claims.subject, claims.client or ""])
    return f"cli_{sha256(whole.encode()).hexdigest()[:32]}"


def _texts(value: object) -> list[str]:
    """One text, or a list of them."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def _text(value: object) -> str | None:
    usable = isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable()
    return value if usable and isinstance(value, str) else None

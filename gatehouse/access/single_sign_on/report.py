"""What can be seen of a provider from here, stage by stage, before anybody is sent there.

It is imported when a provider is first tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatehouse.access.single_sign_on import fetching, jwks
from gatehouse.access.single_sign_on.fetching import FetchFailed
from gatehouse.access.single_sign_on.flow import IssuerDown
from gatehouse.access.single_sign_on.jwks import Metadata
from gatehouse.access.single_sign_on.model import Provider, Stage
from gatehouse.access.single_sign_on.oidc_client import OidcClient, authenticated
from gatehouse.access.single_sign_on.presets import GITHUB_API, SIGN_IN
from gatehouse.store.secrets import Secret

_NO_CODE = "grant_type=authorization_code&code=none&redirect_uri=https%3A%2F%2Fexample.com&code_verifier=" + "0" * 43


async def examine(provider: Provider, secret: Secret | None, client: OidcClient) -> list[Stage]:
    """Asked anew, whatever is remembered. It ends with the first stage without which the others can't be tried."""
    if not provider.known_as.discovery:
        return await _github(provider, secret, client)
    try:
        metadata = await jwks.discover(provider.issuer)
    except FetchFailed as error:
        return [Stage("discovery", False, _sentence(error))]
    stages = [Stage("discovery", True, f"{metadata.issuer} describes itself."), await _keys(metadata)]
    if SIGN_IN in provider.options.use_for:
        stages += _endpoints(metadata)
        stages.append(await _client(provider, secret, metadata))
    return stages


async def _keys(metadata: Metadata) -> Stage:
    try:
        keys = await jwks.fetch_keys(metadata)
    except FetchFailed as error:
        return Stage("keys", False, _sentence(error))
    return Stage("keys", True, f"It has {len(keys)} that signatures can be checked with.")


def _endpoints(metadata: Metadata) -> Iterator[Stage]:
    missing = [name for name in ("authorization_endpoint", "token_endpoint") if not getattr(metadata, name)]
    words = f"It names no {' and no '.join(missing)}." if missing else "It names those for signing in."
    yield Stage("endpoints", not missing, words)


async def _client(provider: Provider, secret: Secret | None, metadata: Metadata) -> Stage:
    """A code that never was is refused for itself where the client is known, and for the client's sake where it is not."""
    if not metadata.token_endpoint:
        return Stage("client", False, "It can't be tried without a token endpoint.")
    form, headers = authenticated(provider.client_id or "", secret, metadata.token_auth_methods, _NO_CODE)
    try:
        reply = await fetching.post(metadata.token_endpoint, form, headers)
        refused = reply.object().get("error") in (
            "invalid_client",
            "unauthorized_client",
            "incorrect_client_credentials",
        )
    except FetchFailed as error:
        return Stage("client", False, _sentence(error))
    if refused:
        return Stage("client", False, "It does not take the client_id with this client_secret.")
    return Stage("client", True, "It takes the client_id and the client_secret, as far as can be seen.")


async def _github(provider: Provider, secret: Secret | None, client: OidcClient) -> list[Stage]:
    api = (provider.options.api_url or GITHUB_API).rstrip("/")
    try:
        reply = await fetching.get(f"{api}/meta", accept="application/vnd.github+json")
        answered = Stage("api", reply.status == 200, f"{api} answers with status {reply.status}.")
        return [answered, await _client(provider, secret, await client.metadata(provider))]
    except (FetchFailed, IssuerDown) as error:
        return [Stage("api", False, _sentence(error))]


def _sentence(error: Exception) -> str:
    words = str(error).rstrip(".")
    return f"{words[:1].upper()}{words[1:]}."

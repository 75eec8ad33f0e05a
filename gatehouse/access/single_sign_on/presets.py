"""What is known of identity providers: what their issuers look like, what to ask them for, and what their words mean."""

from __future__ import annotations

from dataclasses import dataclass

SIGN_IN, ACCESS_TOKENS = "sign_in", "access_tokens"
USES = (SIGN_IN, ACCESS_TOKENS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """`form` makes an issuer of the part in it that differs, which may then be given in its place."""

    title: str
    form: str = ""
    issuer: str = ""
    """Where there is but one."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups_claim: str = "groups"
    email_claims: tuple[str, ...] = ("email",)
    domain_claim: str = ""
    """Names the organisation that an account belongs to; an address of that domain alone does not make it one of theirs."""
    trust_email: bool = False
    """Whether its addresses are good although it does not say that they are verified."""
    open_to_all: bool = False
    """Anybody in the world may have an account there."""
    discovery: bool = True
    """False: plain OAuth 2.0, whose users are told by an API of its own."""
    issues_tokens: bool = True
    """Whether its access tokens can be read by others than itself."""


PRESETS = {
    "generic": Preset(title="OpenID Connect"),
    "google": Preset(
        title="Google",
        issuer="https://accounts.google.com",
        domain_claim="hd",
        open_to_all=True,
        issues_tokens=False,
    ),
    "github": Preset(
        title="GitHub",
        issuer="https://github.com/login/oauth",
        scopes=("read:user", "user:email"),
        open_to_all=True,
        discovery=False,
        issues_tokens=False,
    ),
    # One tenant's administrators decide on the addresses of all in it, and no token says that they are verified.
    "entra": Preset(
        title="Microsoft Entra ID",
        form="https://login.microsoftonline.com/{}/v2.0",
        email_claims=("email", "preferred_username"),
        trust_email=True,
    ),
    "okta": Preset(title="Okta", form="https://{}", scopes=("openid", "profile", "email", "groups")),
    "keycloak": Preset(title="Keycloak", form="https://{}"),
}
GITHUB_API = "https://api.github.com"
OF_ANY_TENANT = frozenset({"common", "organizations", "consumers"})
"""Stand in Entra's issuers where a tenant does, and then let in the users of all of them."""

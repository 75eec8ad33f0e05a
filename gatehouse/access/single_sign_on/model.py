"""An identity provider as it is stored, and as it is asked for: which issuer, what it is used for, whom it lets in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gatehouse.access.single_sign_on.presets import ACCESS_TOKENS, PRESETS, SIGN_IN, Preset

Short = Annotated[str, Meta(min_length=1, max_length=255)]
Use = Literal["sign_in", "access_tokens"]
DEFAULT_SKEW = 60
EVERY_SCOPE = "*"
"""As a key of `scopes_to_permissions`: what a token permits whatever its scopes."""
ANY_VALUE = "*"
"""As the value of a mapping: everybody who has the claim."""


class Mapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has this value in the claim belongs to the team, and has the role on the scope."""

    value: Annotated[Short, Meta(description="One of the claim's values; `*`: any")]
    claim: Annotated[str, Meta(max_length=255, description="Dots lead inwards; the claim of groups where left out")] = (
        ""
    )
    team: Annotated[str, Meta(description="Id or slug")] | None = None
    team_role: Literal["member", "owner"] = "member"
    role: Short | None = None
    scope: Annotated[str, Meta(description="`*`, or a team, for the role")] = "*"


class Options(Struct, frozen=True, kw_only=True):
    """What is stored as JSON."""

    use_for: tuple[Use, ...] = (SIGN_IN,)
    scopes: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()
    create_users: bool = False
    groups_claim: str = "groups"
    mappings: tuple[Mapping, ...] = ()
    audiences: tuple[str, ...] = ()
    scopes_to_permissions: dict[str, tuple[str, ...]] = {}
    clock_skew: int = DEFAULT_SKEW
    trust_email: bool = False
    api_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    id: str
    slug: str
    name: str
    preset: str
    issuer: str
    client_id: str | None
    sealed_secret: bytes | None = field(repr=False)
    options: Options
    enabled: bool
    created_at: float
    updated_at: float

    @property
    def known_as(self) -> Preset:
        return PRESETS[self.preset]

    @property
    def signs_in(self) -> bool:
        return self.enabled and SIGN_IN in self.options.use_for

    @property
    def issues_tokens(self) -> bool:
        return self.enabled and ACCESS_TOKENS in self.options.use_for

    def allows_domain(self, email: str) -> bool:
        domains = self.options.allowed_domains
        return not domains or email.rpartition("@")[2].lower() in domains


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that was tried of a provider."""

    name: str
    passed: bool
    words: str


class ProviderFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays, or is what the preset says."""

    issuer: (
        Annotated[str, Meta(max_length=255, description="Its URL, or what differs in it: a tenant, a domain")]
        | UnsetType
    ) = UNSET
    client_id: Short | UnsetType | None = UNSET
    client_secret: Annotated[str, Meta(min_length=1, max_length=2000)] | UnsetType | None = UNSET
    scopes: Annotated[list[Short], Meta(description="What to ask for at sign-in")] | UnsetType = UNSET
    use_for: list[Use] | UnsetType = UNSET
    allowed_domains: Annotated[list[Short], Meta(description="Of email addresses; all where empty")] | UnsetType = UNSET
    create_users: Annotated[bool, Meta(description="Whether who signs in first becomes a user")] | UnsetType = UNSET
    groups_claim: Short | UnsetType = UNSET
    mappings: Annotated[list[Mapping], Meta(max_length=1000)] | UnsetType = UNSET
    audiences: (
        Annotated[list[Short], Meta(description="Of access tokens that are for all servers, besides our own URL")]
        | UnsetType
    ) = UNSET
    scopes_to_permissions: (
        Annotated[
            dict[str, list[Short]],
            Meta(description="Where empty: `mcp` uses servers, and `mcp:` stands before permissions; `*`: any token"),
        ]
        | UnsetType
    ) = UNSET
    clock_skew: Annotated[int, Meta(ge=0, le=600, description="Seconds")] | UnsetType = UNSET
    trust_email: (
        Annotated[bool, Meta(description="Take addresses that the provider does not call verified")] | UnsetType
    ) = UNSET
    api_url: Annotated[str, Meta(max_length=255, description="Of a GitHub of one's own")] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class NewProvider(ProviderFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider to add."""

    name: Short
    slug: Annotated[
        str, Meta(description="1 to 63 of a-z, 0-9 and -; stands in the address that it sends people back to")
    ] = ""
    preset: Literal["generic", "google", "github", "entra", "okta", "keycloak"] = "generic"


class ProviderChange(ProviderFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client secret has to be given again with another issuer: it was given for the one before."""

    name: Short | UnsetType = UNSET

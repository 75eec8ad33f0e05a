"""What a provider says of somebody, read: their address, their groups, and what those give them here. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from gatehouse.access.people.checks import clean_email
from gatehouse.access.single_sign_on.model import ANY_VALUE, Provider
from gatehouse.access.single_sign_on.model import Mapping as Rule
from gatehouse.kit.errors import Invalid

Claims = Mapping[str, Any]
_OF_NO_COMPANY = frozenset({"gmail.com", "googlemail.com"})
"""Whoever has such an address of Google has it of Google, and of no organisation."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, as a provider knows them."""

    issuer: str
    subject: str
    claims: Claims = field(repr=False)


@dataclass(frozen=True, slots=True)
class Given:
    """What the mappings of a provider give somebody. Teams are named by id or slug."""

    teams: Mapping[str, str]
    """How one belongs to each: `owner` or `member`."""
    roles: frozenset[tuple[str, str]]
    """Each a role and a scope."""


def email_of(provider: Provider, claims: Claims) -> str | None:
    """An address that the provider vouches for, in lower case; None where there is none."""
    trusted = provider.options.trust_email
    for claim in provider.known_as.email_claims:
        email = _email(claims.get(claim))
        verified = claim == "email" and claims.get("email_verified") in (True, "true")
        if email is not None and (verified or trusted):
            return email
    return None


def domain_allowed(provider: Provider, email: str, claims: Claims) -> bool:
    domain = email.rpartition("@")[2]
    if not provider.options.allowed_domains:
        return True
    if domain not in provider.options.allowed_domains:
        return False
    # An address of the company's domain may be on somebody's private account, and stay there when they leave.
    says = provider.known_as.domain_claim
    return not says or domain in _OF_NO_COMPANY or claims.get(says) in provider.options.allowed_domains


def name_of(claims: Claims, email: str) -> str:
    given = claims.get("name")
    name = given.strip() if isinstance(given, str) else ""
    return "".join(one for one in name if one.isprintable())[:255] or email.partition("@")[0]


def values_of(claims: Claims, path: str) -> frozenset[str]:
    """The values of a claim, as texts. A name with dots is looked for as it stands, then as a way inwards."""
    found: object = claims.get(path)
    if found is None and "." in path:
        found = dict(claims)
        for step in path.split("."):
            found = _inside(found, step)
    values = cast("list[object]", found) if isinstance(found, list) else [found]
    return frozenset(text for text in map(_text, values) if text is not None)


def groups_left_out(provider: Provider, claims: Claims) -> bool:
    """Whether there are groups that matter, and were too many to be told (Entra ID's overage)."""
    if not provider.options.mappings:
        return False
    elsewhere = _inside(claims.get("_claim_names"), provider.options.groups_claim)
    return elsewhere is not None or claims.get("hasgroups") in (True, "true")


def lacks_claims(provider: Provider, claims: Claims) -> bool:
    """Whether something is asked of the claims that they do not tell."""
    asked = {rule.claim or provider.options.groups_claim for rule in provider.options.mappings}
    return email_of(provider, claims) is None or any(not values_of(claims, path) for path in asked)


def given_by(provider: Provider, claims: Claims) -> Given:
    matching = list(_matching(provider, claims))
    # An owner is one by any mapping that says so.
    ordered = sorted((rule for rule in matching if rule.team is not None), key=lambda rule: rule.team_role == "owner")
    teams = {rule.team: rule.team_role for rule in ordered if rule.team is not None}
    roles = frozenset((rule.role, rule.scope) for rule in matching if rule.role is not None)
    return Given(teams, roles)


def _matching(provider: Provider, claims: Claims) -> Iterator[Rule]:
    for rule in provider.options.mappings:
        values = values_of(claims, rule.claim or provider.options.groups_claim)
        if rule.value in values or (rule.value == ANY_VALUE and values):
            yield rule


def _inside(value: object, name: str) -> object:
    return cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None


def _email(value: object) -> str | None:
    try:
        return clean_email(value) if isinstance(value, str) else None
    except Invalid:
        return None


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None

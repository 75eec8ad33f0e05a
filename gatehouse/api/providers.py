"""Identity providers: who may vouch for people here, and whose access tokens are taken.

To change one is as good as being an administrator, since a provider says who somebody is: no team gives it.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct, UnsetType, structs

from gatehouse.access.model import ALL
from gatehouse.access.single_sign_on.model import Mapping, NewProvider, Provider, ProviderChange, ProviderFields, Stage
from gatehouse.api.actions import Action, permissions
from gatehouse.api.fields import Cursor, Limit, Timestamp, asked_page, timestamp
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint

Fields = TypeVar("Fields", bound=ProviderFields)


class ProviderSummary(Struct, frozen=True, kw_only=True):
    """An identity provider, without its secret."""

    id: str
    slug: str
    name: str
    preset: str
    issuer: str
    client_id: str | None
    client_secret_set: bool
    use_for: list[str]
    scopes: list[str]
    allowed_domains: list[str]
    create_users: bool
    groups_claim: str
    mappings: list[Mapping]
    audiences: list[str]
    scopes_to_permissions: dict[str, list[str]]
    clock_skew: int
    trust_email: bool
    api_url: str
    enabled: bool
    redirect_uri: Annotated[str, Meta(description="To be registered with the provider")]
    start: Annotated[str, Meta(description="Path to send a browser to for signing in")]
    created_at: Timestamp
    updated_at: Timestamp


class ProviderList(Struct, frozen=True):
    items: list[ProviderSummary]
    next: str | None


class ProviderQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


class ProviderReport(Struct, frozen=True, kw_only=True):
    """What can be seen of a provider from here, before anybody is sent there."""

    passed: bool
    stages: list[Stage]


async def list_providers(asked: Asked[ProviderQuery, None]) -> ProviderList:
    page = await asked.context.single_sign_on.providers.list(asked_page(asked.query.cursor, asked.query.limit))
    return ProviderList([_summary(asked, one) for one in page.items], page.next)


async def create_provider(asked: Asked[None, NewProvider]) -> ProviderSummary:
    return _summary(asked, await asked.context.single_sign_on.providers.create(_resolved(asked, asked.body)))


async def get_provider(asked: Asked[None, None]) -> ProviderSummary:
    return _summary(asked, await asked.context.single_sign_on.providers.get(asked.ref))


async def change_provider(asked: Asked[None, ProviderChange]) -> ProviderSummary:
    return _summary(asked, await asked.context.single_sign_on.providers.change(asked.ref, _resolved(asked, asked.body)))


async def delete_provider(asked: Asked[None, None]) -> None:
    await asked.context.single_sign_on.providers.delete(asked.ref)


async def test_provider(asked: Asked[None, None]) -> ProviderReport:
    single_sign_on = asked.context.single_sign_on
    provider = await single_sign_on.providers.get(asked.ref)
    secret = single_sign_on.providers.secret_of(provider)
    stages = await single_sign_on.libraries.examine(provider, secret)
    return ProviderReport(passed=all(stage.passed for stage in stages), stages=stages)


def _resolved(asked: Asked[Any, Any], body: Fields) -> Fields:
    """With teams by their ids, which stay when slugs change; raises `InvalidFields` for what there is not."""
    errors: list[FieldError] = []
    mapped, scopes = body.mappings, body.scopes_to_permissions
    if not isinstance(mapped, UnsetType):
        mapped = [_with_ids(asked, rule, f"mappings[{index}]", errors) for index, rule in enumerate(mapped)]
    if not isinstance(scopes, UnsetType):
        _check_permissions(scopes, errors)
    if errors:
        words = f"{errors[0].field} can't be used: {errors[0].message}."
        raise InvalidFields(words, errors, "See GET /api/v1/teams and GET /api/v1/roles.")
    return structs.replace(body, mappings=mapped)


def _with_ids(asked: Asked[Any, Any], rule: Mapping, place: str, errors: list[FieldError]) -> Mapping:
    directory = asked.context.directory()
    teams = {} if rule.team is None else {"team": rule.team}
    teams |= {} if rule.scope == ALL else {"scope": rule.scope}
    found = {name: directory.team(ref) for name, ref in teams.items()}
    errors += [
        FieldError(f"{place}.{name}", f"there is no team '{teams[name]}'") for name, team in found.items() if not team
    ]
    if rule.role is not None and rule.role not in directory.permissions:
        errors.append(FieldError(f"{place}.role", f"there is no role '{rule.role[:100]}'"))
    return structs.replace(rule, **{name: team.id for name, team in found.items() if team is not None})


def _check_permissions(mapped: dict[str, list[str]], errors: list[FieldError]) -> None:
    known = set(permissions())
    unknown = [(scope, one) for scope, listed in mapped.items() for one in listed if one not in known]
    errors += [
        FieldError(f"scopes_to_permissions.{scope}", f"there is no permission '{one[:100]}'") for scope, one in unknown
    ]


def _summary(asked: Asked[Any, Any], provider: Provider) -> ProviderSummary:
    flow = f"/api/v1/auth/oidc/{provider.slug}"
    own = {name: getattr(provider, name) for name in ("id", "slug", "name", "preset", "issuer", "client_id", "enabled")}
    return ProviderSummary(
        **own,
        **structs.asdict(provider.options),
        client_secret_set=provider.sealed_secret is not None,
        redirect_uri=f"{asked.public_url}{flow}/callback",
        start=f"{flow}/start",
        created_at=timestamp(provider.created_at),
        updated_at=timestamp(provider.updated_at),
    )


ENDPOINTS = (
    endpoint("GET /providers", Action.PROVIDER_READ, list_providers, "List identity providers"),
    endpoint("POST /providers", Action.PROVIDER_WRITE, create_provider, "Add an identity provider"),
    endpoint("GET /providers/{id}", Action.PROVIDER_READ, get_provider, "Show an identity provider"),
    endpoint("PATCH /providers/{id}", Action.PROVIDER_WRITE, change_provider, "Change an identity provider"),
    endpoint(
        "DELETE /providers/{id}", Action.PROVIDER_WRITE, delete_provider, "Remove one, with the roles that it gave"
    ),
    endpoint("POST /providers/{id}/test", Action.PROVIDER_WRITE, test_provider, "Try a provider", changes=False),
)

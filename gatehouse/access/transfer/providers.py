"""Identity providers in documents: their client secrets as references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import ALL
from gatehouse.access.people.checks import check_slug, free_slug
from gatehouse.access.single_sign_on import repository
from gatehouse.access.single_sign_on.checks import check
from gatehouse.access.single_sign_on.model import Mapping as Rule
from gatehouse.access.single_sign_on.model import Options, Provider
from gatehouse.access.single_sign_on.presets import PRESETS
from gatehouse.access.single_sign_on.providers import Providers
from gatehouse.access.transfer.words import PROVIDERS, TEAMS, scope_of, scope_settled, scope_word
from gatehouse.kit.errors import Invalid
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, Names, Reference, Stored, Verdict, Work

_AS_THEY_ARE = ("slug", "name", "preset", "issuer", "client_id", "options", "enabled")


class ProviderItem(Item, frozen=True, kw_only=True):
    """The teams of its mappings by their slugs."""

    slug: str
    name: str = ""
    preset: str = "generic"
    issuer: str = ""
    client_id: str | None = None
    client_secret: Reference | None = None
    options: Options = Options()
    enabled: bool = True

    @property
    def place(self) -> str:
        return self.issuer


class ProviderSection:
    name = PROVIDERS
    prefix = "idp"
    item = ProviderItem
    secret = frozenset({"client_secret"})
    personal = False

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        found: list[Stored] = []
        secrets: dict[str, str] = {}
        for one in sorted(await repository.all_providers(connection), key=lambda one: one.slug):
            names.add(self.name, one.id, one.slug)
            found.append(Stored(one.id, self._item(one, names, secrets)))
        return Contents(found, secrets)

    def key(self, item: ProviderItem) -> str:
        return item.slug

    def settle(self, item: ProviderItem, arriving: Arriving) -> ProviderItem:
        rules = [_settled(rule, arriving) for rule in item.options.mappings]
        options = structs.replace(item.options, mappings=tuple(rule for rule in rules if rule is not None))
        return structs.replace(item, options=options, name=item.name or item.slug)

    def renamed(self, item: ProviderItem, taken: Mapping[str, Stored]) -> ProviderItem:
        return structs.replace(item, slug=free_slug(item.slug, taken, "provider"))

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        known = {one.id: one for one in await repository.all_providers(connection)}
        for change in changes:
            before = known.get(change.id)
            after = self._provider(before or _blank(change, work.now), change, work)
            store = repository.add_provider if before is None else repository.store_provider
            await store(connection, after)

    def _item(self, one: Provider, names: Names, secrets: dict[str, str]) -> ProviderItem:
        rules = [
            _with(rule, names.name(TEAMS, rule.team), scope_word(rule.scope, names)) for rule in one.options.mappings
        ]
        options = structs.replace(one.options, mappings=tuple(rule for rule in rules if rule is not None))
        values: dict[str, Any] = {name: getattr(one, name) for name in _AS_THEY_ARE} | {"options": options}
        secret = self._providers.secret_of(one)
        if secret is not None:
            path = f"{self.name}/{one.slug}/client_secret"
            secrets[path] = secret.reveal()
            values["client_secret"] = Reference(path)
        return ProviderItem(**values)

    def _provider(self, before: Provider, change: Change, work: Work) -> Provider:
        item: ProviderItem = change.item
        rules = [_stored(rule, work.names) for rule in item.options.mappings]
        options = structs.replace(item.options, mappings=tuple(rules))
        values: dict[str, Any] = {name: getattr(item, name) for name in _AS_THEY_ARE} | {"options": options}
        after = replace(before, **values, updated_at=work.now)
        if change.verdict is not Verdict.CHANGED or "client_secret" in {field.name for field in change.fields}:
            secret = None if item.client_secret is None else work.secrets.get(item.client_secret.path, "")
            after = replace(after, sealed_secret=self._providers.sealed(after, secret))
        return check(after)


def _blank(change: Change, now: float) -> Provider:
    item: ProviderItem = change.item
    check_slug("provider", item.slug)
    if item.preset not in PRESETS:
        raise Invalid(f"There is no preset '{item.preset[:50]}'.", f"Accepted: {', '.join(PRESETS)}.")
    return Provider(
        id=change.id,
        slug=item.slug,
        name=item.name,
        preset=item.preset,
        issuer=item.issuer,
        client_id=item.client_id,
        sealed_secret=None,
        options=item.options,
        enabled=item.enabled,
        created_at=now,
        updated_at=now,
    )


def _settled(rule: Rule, arriving: Arriving) -> Rule | None:
    team = None if rule.team is None else arriving.now_called(TEAMS, rule.team)
    scope = scope_settled(rule.scope, arriving)
    if scope is None or (team is not None and arriving.names.id(TEAMS, team) is None):
        missing = rule.team if scope is not None else rule.scope
        arriving.notes.append(f"there is no team '{missing}' here: its mapping of '{rule.value[:100]}' is left out")
        return None
    return structs.replace(rule, team=team, scope=scope)


def _with(rule: Rule, team: str | None, scope: str | None) -> Rule | None:
    """None for a rule whose team is no more."""
    gone = scope is None or (rule.team is not None and team is None)
    return None if gone else structs.replace(rule, team=team, scope=scope or ALL)


def _stored(rule: Rule, names: Names) -> Rule:
    return structs.replace(rule, team=names.id(TEAMS, rule.team), scope=scope_of(rule.scope, names))

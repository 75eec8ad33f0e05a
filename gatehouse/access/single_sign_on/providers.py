"""Identity providers: kept in the database, and, as this worker knows them now, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gatehouse.access.people.checks import check_slug, slug
from gatehouse.access.single_sign_on import repository
from gatehouse.access.single_sign_on.checks import check, issuer_of
from gatehouse.access.single_sign_on.model import NewProvider, Options, Provider, ProviderChange, ProviderFields
from gatehouse.access.single_sign_on.presets import PRESETS, Preset
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid, NotFound
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import PEOPLE, Database
from gatehouse.store.secrets import SealBroken, Secret, Secrets

_PURPOSE = "provider.client_secret"
_TAKEN = "There is a provider with this slug already."
_OPTIONS = frozenset(Options.__struct_fields__)


class Providers:
    def __init__(self, database: Database, secrets: Secrets, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock
        self.current: tuple[Provider, ...] = ()
        """As of the last `reload`."""

    async def reload(self) -> bool:
        """Read all anew; True where anything has changed."""
        async with self._database.read() as connection:
            found = await repository.all_providers(connection)
        before, self.current = self.current, found
        return found != before

    async def create(self, new: NewProvider) -> Provider:
        """Raises `Invalid`, or `Conflict` where the slug is taken."""
        preset, now = PRESETS[new.preset], self._clock.now()
        made = Provider(
            id=new_id("idp"),
            slug=check_slug("provider", new.slug or slug(new.name) or new.preset),
            name=new.name,
            preset=new.preset,
            issuer=issuer_of(preset, "" if isinstance(new.issuer, UnsetType) else new.issuer),
            client_id=new.client_id or None,
            sealed_secret=None,
            options=_with_options(_usual(preset), new),
            enabled=True if isinstance(new.enabled, UnsetType) else new.enabled,
            created_at=now,
            updated_at=now,
        )
        made = check(replace(made, sealed_secret=self.sealed(made, new.client_secret)))
        async with self._database.write(conflict=_TAKEN) as connection:
            await repository.add_provider(connection, made)
        return made

    async def get(self, ref: str) -> Provider:
        """By id or slug; raises `NotFound`."""
        async with self._database.read() as connection:
            return _found(ref, await repository.provider(connection, ref))

    async def list(self, request: PageRequest) -> Page[Provider]:
        async with self._database.read() as connection:
            rows = await repository.provider_page(connection, request)
        return page(rows, request, lambda one: one.id)

    async def change(self, ref: str, change: ProviderChange) -> Provider:
        """Raises `Invalid`, or `NotFound`."""
        async with self._database.write() as connection:
            before = _found(ref, await repository.provider(connection, ref, lock=True))
            changed = check(replace(self._changed(before, change), updated_at=self._clock.now()))
            await repository.store_provider(connection, changed)
        return changed

    async def delete(self, ref: str) -> None:
        """With the memberships and roles that it gave; users stay, and so does which of its accounts is whose."""
        async with self._database.write() as connection:
            await self._database.count_up(connection, PEOPLE)
            gone = _found(ref, await repository.provider(connection, ref, lock=True))
            await repository.delete_provider(connection, gone.id)

    def for_sign_in(self) -> list[Provider]:
        """Those that people can choose now, by name."""
        return sorted((one for one in self.current if one.signs_in), key=lambda one: one.name.lower())

    def for_tokens(self) -> list[Provider]:
        """Those whose access tokens are taken now."""
        return [one for one in self.current if one.issues_tokens]

    def secret_of(self, provider: Provider) -> Secret | None:
        """What Gatehouse shows to the provider; raises `Conflict` where the master key is another than it was sealed with."""
        if provider.sealed_secret is None:
            return None
        try:
            return Secret(self._secrets.open(_PURPOSE, provider.sealed_secret, provider.id.encode()).decode())
        except SealBroken as error:
            raise Conflict(
                f"The client secret of provider '{provider.slug}' can't be opened: {error}", "Give it again."
            ) from None

    def _changed(self, before: Provider, change: ProviderChange) -> Provider:
        sent = _sent(change)
        if "issuer" in sent:
            sent["issuer"] = issuer_of(before.known_as, sent["issuer"])
        moved = sent.get("issuer", before.issuer) != before.issuer
        if moved and before.sealed_secret is not None and change.client_secret is UNSET:
            raise Invalid(
                "The client secret was given for the issuer before, and is shown to no other.",
                "Give the client secret, too, or clear it where there is none.",
            )
        secret = sent.pop("client_secret", UNSET)
        own = {name: value for name, value in sent.items() if name not in _OPTIONS}
        changed = replace(before, options=_with_options(before.options, change), **own)
        return changed if secret is UNSET else replace(changed, sealed_secret=self.sealed(changed, secret))

    def sealed(self, provider: Provider, secret: str | UnsetType | None) -> bytes | None:
        """An empty one stands for one that is still to be given."""
        if secret is None or isinstance(secret, UnsetType):
            return None
        return self._secrets.seal(_PURPOSE, secret.encode(), provider.id.encode())


def _usual(preset: Preset) -> Options:
    return Options(
        scopes=preset.scopes,
        groups_claim=preset.groups_claim,
        trust_email=preset.trust_email,
        create_users=not preset.open_to_all,
    )


def _with_options(options: Options, fields: ProviderFields) -> Options:
    sent = {name: value for name, value in _sent(fields).items() if name in _OPTIONS}
    if "allowed_domains" in sent:
        sent["allowed_domains"] = [domain.lower().lstrip("@") for domain in sent["allowed_domains"]]
    return msgspec.convert(msgspec.structs.asdict(options) | sent, Options)


def _sent(fields: ProviderFields) -> dict[str, Any]:
    values = {name: getattr(fields, name) for name in fields.__struct_fields__}
    return {name: value for name, value in values.items() if value is not UNSET}


def _found(ref: str, provider: Provider | None) -> Provider:
    if provider is None:
        raise NotFound(f"There is no provider '{ref[:100]}'.", "See GET /api/v1/providers.")
    return provider

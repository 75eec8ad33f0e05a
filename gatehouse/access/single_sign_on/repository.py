"""The SQL of providers, and of what may be used once."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import RowMapping, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.single_sign_on.model import Options, Provider
from gatehouse.access.tables import GRANTS, MEMBERS, PROVIDERS, USED_ONCE
from gatehouse.kit.pages import PageRequest

_options = msgspec.json.Decoder(Options)


async def provider(connection: AsyncConnection, ref: str, lock: bool = False) -> Provider | None:
    """By id or slug."""
    wanted = select(PROVIDERS).where(or_(PROVIDERS.c.id == ref, PROVIDERS.c.slug == ref))
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().first()
    return None if row is None else _provider_of(row)


async def all_providers(connection: AsyncConnection) -> tuple[Provider, ...]:
    rows = await connection.execute(select(PROVIDERS).order_by(PROVIDERS.c.id))
    return tuple(_provider_of(row) for row in rows.mappings())


async def provider_page(connection: AsyncConnection, page: PageRequest) -> list[Provider]:
    """One more than the page holds, so that it is known whether there is another."""
    wanted = select(PROVIDERS).order_by(PROVIDERS.c.id).limit(page.limit + 1)
    if page.after is not None:
        wanted = wanted.where(PROVIDERS.c.id > page.after)
    return [_provider_of(row) for row in (await connection.execute(wanted)).mappings()]


async def add_provider(connection: AsyncConnection, added: Provider) -> None:
    await connection.execute(insert(PROVIDERS).values(_values(added)))


async def store_provider(connection: AsyncConnection, changed: Provider) -> None:
    await connection.execute(update(PROVIDERS).where(PROVIDERS.c.id == changed.id).values(_values(changed)))


async def delete_provider(connection: AsyncConnection, provider_id: str) -> None:
    """With the memberships and roles that it gave."""
    await connection.execute(delete(MEMBERS).where(MEMBERS.c.origin == provider_id))
    await connection.execute(delete(GRANTS).where(GRANTS.c.origin == provider_id))
    await connection.execute(delete(PROVIDERS).where(PROVIDERS.c.id == provider_id))


async def use_once(connection: AsyncConnection, digest: str, expires_at: float, now: float) -> None:
    """Ends the write in `Conflict` where it was used before. What has expired is forgotten."""
    await connection.execute(delete(USED_ONCE).where(USED_ONCE.c.expires_at < now))
    await connection.execute(insert(USED_ONCE).values(digest=digest, expires_at=expires_at))


def _provider_of(row: RowMapping) -> Provider:
    values: dict[str, Any] = dict(row)
    values |= {"options": _options.decode(values["options"]), "enabled": bool(values["enabled"])}
    return Provider(**values)


def _values(one: Provider) -> dict[str, Any]:
    return {
        "id": one.id,
        "slug": one.slug,
        "name": one.name,
        "preset": one.preset,
        "issuer": one.issuer,
        "client_id": one.client_id,
        "sealed_secret": one.sealed_secret,
        "options": msgspec.json.encode(one.options),
        "enabled": one.enabled,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }

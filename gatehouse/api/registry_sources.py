"""Where the registry's entries come from, and reading it anew."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gatehouse.api.actions import Action
from gatehouse.api.context import ApiContext
from gatehouse.api.fields import Slug, Timestamp, maybe_timestamp, timestamp
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.registry.model import Source, SourceKind
from gatehouse.catalog.registry.sources import NewSource, SourceChanges

Url = Annotated[
    str, Meta(min_length=1, max_length=2000, description="Of the API, up to /servers: https://example.com/v0.1")
]
Token = Annotated[str, Meta(min_length=1, max_length=10_000, description="Sent as `Authorization: Bearer`")]
Servers = Annotated[list[dict[str, Any]], Meta(max_length=10_000, description="Each a server.json")]


class SourceView(Struct, frozen=True, kw_only=True):
    """A source. Its token is never told. `pages`: read by its last run, or by the one that is under way."""

    id: str
    name: str
    kind: SourceKind
    url: str | None
    has_token: bool
    enabled: bool
    syncing: bool
    pages: int
    entries: int
    deleted: int
    skipped: Annotated[int, Meta(description="Entries of its last run that can't be used")]
    synced_at: Timestamp | None
    whole_at: Annotated[Timestamp, Meta(description="When all of it was last read")] | None
    error: str | None
    created_at: Timestamp


class SourceList(Struct, frozen=True):
    items: list[SourceView]
    next: str | None = None


class SourceInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `url` for a registry on the network, or the `servers` of a file."""

    name: Slug
    url: Url | None = None
    token: Token | None = None
    servers: Servers | None = None
    enabled: bool = True


class SourceChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. `servers` replaces all that the file had; a `token` of null is none."""

    url: Url | UnsetType = UNSET
    token: Token | UnsetType | None = UNSET
    servers: Servers | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class SyncInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    whole: Annotated[bool, Meta(description="Read all of it, and flag what is there no more")] = False


async def list_sources(asked: Asked[None, None]) -> SourceList:
    return SourceList(await _views(asked.context))


async def get_source(asked: Asked[None, None]) -> SourceView:
    return await _view(asked.context, (await _source(asked)).id)


async def create_source(asked: Asked[None, SourceInput]) -> SourceView:
    body, context = asked.body, asked.context
    servers = None if body.servers is None else [msgspec.json.encode(one) for one in body.servers]
    new = NewSource(name=body.name, url=body.url, token=body.token, enabled=body.enabled, servers=servers)
    return await _view(context, (await context.registry.sources.create_source(new)).id)


async def change_source(asked: Asked[None, SourceChange]) -> SourceView:
    body, context = asked.body, asked.context
    source = await _source(asked)
    servers = UNSET if isinstance(body.servers, UnsetType) else [msgspec.json.encode(one) for one in body.servers]
    changes = SourceChanges(url=body.url, token=body.token, enabled=body.enabled, servers=servers)
    return await _view(context, (await context.registry.sources.change_source(source.id, changes)).id)


async def delete_source(asked: Asked[None, None]) -> None:
    await asked.context.registry.sources.delete_source((await _source(asked)).id)


async def sync_source(asked: Asked[None, SyncInput]) -> SourceView:
    """Begins a run, and answers at once; how far it is GET tells."""
    source = await _source(asked)
    await asked.context.registry.syncing.start(source.id, asked.body.whole)
    return await _view(asked.context, source.id)


async def _source(asked: Asked[Any, Any]) -> Source:
    await asked.context.registry.entries.prepare()
    return await asked.context.registry.sources.source(asked.params["source"])


async def _view(context: ApiContext, source_id: str) -> SourceView:
    return next(one for one in await _views(context) if one.id == source_id)


async def _views(context: ApiContext) -> list[SourceView]:
    registry = context.registry
    await registry.entries.prepare()
    sources, counts = await registry.sources.sources()
    return [_shown(one, counts.get(one.id, (0, 0)), registry.syncing.is_running(one.id)) for one in sources]


def _shown(source: Source, counts: tuple[int, int], running: bool) -> SourceView:
    return SourceView(
        id=source.id,
        name=source.name,
        kind=source.kind,
        url=source.url,
        has_token=source.sealed_token is not None,
        enabled=source.enabled,
        syncing=running or source.cursor is not None,
        pages=source.pages,
        entries=counts[0],
        deleted=counts[1],
        skipped=source.skipped,
        synced_at=maybe_timestamp(source.synced_at),
        whole_at=maybe_timestamp(source.whole_at),
        error=source.error,
        created_at=timestamp(source.created_at),
    )


ENDPOINTS = (
    endpoint("GET /registry/sources", Action.REGISTRY_READ, list_sources, "List where entries come from"),
    endpoint("POST /registry/sources", Action.REGISTRY_WRITE, create_source, "Add a registry, or a file of entries"),
    endpoint("GET /registry/sources/{source}", Action.REGISTRY_WRITE, get_source, "Show a source"),
    endpoint("PATCH /registry/sources/{source}", Action.REGISTRY_WRITE, change_source, "Change a source"),
    endpoint(
        "DELETE /registry/sources/{source}", Action.REGISTRY_WRITE, delete_source, "Remove a source and its entries"
    ),
    endpoint("POST /registry/sources/{source}/sync", Action.REGISTRY_WRITE, sync_source, "Read a source anew"),
)

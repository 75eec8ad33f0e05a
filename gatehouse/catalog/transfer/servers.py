"""Virtual servers in documents, with what they bind in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import binding, checks, repository
from gatehouse.catalog.binding import Wish
from gatehouse.catalog.changing import differing
from gatehouse.catalog.happenings import Report, ServerTurned
from gatehouse.catalog.model import Binding, Capability, Kind, Server
from gatehouse.catalog.naming import free_slug
from gatehouse.catalog.requests import WantedBinding
from gatehouse.catalog.transfer.capabilities import CAPABILITIES, capability_name
from gatehouse.catalog.transfer.placing import placement_of, settled, words_of
from gatehouse.catalog.transfer.upstreams import UPSTREAMS
from gatehouse.store.placement import Visibility
from gatehouse.store.tagging import clean_tags
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, Names, Stored, Work

SERVERS = "servers"
AS_THEY_ARE = tuple("slug name description instructions access record_content era tags enabled".split())
"""Fields that are called and mean the same in a document and in the catalog."""


class BindingItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name`: as it is advertised; the usual one where left out."""

    upstream: str
    kind: Kind
    key: str
    name: str | None = None
    title: str | None = None
    description: str | None = None
    aliases: tuple[str, ...] = ()
    enabled: bool = True


class ServerItem(Item, frozen=True, kw_only=True):
    slug: str
    name: str = ""
    description: str = ""
    instructions: str | None = None
    access: str = "token"
    record_content: bool = False
    era: str = "auto"
    tags: tuple[str, ...] = ()
    enabled: bool = True
    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    bindings: tuple[BindingItem, ...] = ()


class ServerSection:
    name = SERVERS
    prefix = "srv"
    item = ServerItem
    secret: frozenset[str] = frozenset()
    personal = False

    def __init__(self, report: Report) -> None:
        self._report = report

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        upstreams = {one.id: one.name for one in await repository.upstreams(connection)}
        known = {one.id: one for one in await repository.capabilities_of(connection, upstreams)}
        bound: dict[str, list[BindingItem]] = {}
        for one in await repository.bindings(connection):
            capability = known[one.capability_id]
            bound.setdefault(one.server_id, []).append(
                _binding_item(one, capability, upstreams[capability.upstream_id])
            )
        found: list[Stored] = []
        for server in sorted(await repository.servers(connection), key=lambda one: one.slug):
            names.add(self.name, server.id, server.slug)
            found.append(Stored(server.id, _item(server, tuple(bound.get(server.id, ())), names)))
        return Contents(found)

    def key(self, item: ServerItem) -> str:
        return item.slug

    def settle(self, item: ServerItem, arriving: Arriving) -> ServerItem:
        bindings = tuple(one for one in (_settled(one, arriving) for one in item.bindings) if one is not None)
        return structs.replace(settled(item, arriving), bindings=bindings, name=item.name or item.slug)

    def renamed(self, item: ServerItem, taken: Mapping[str, Stored]) -> ServerItem:
        return structs.replace(item, slug=free_slug(item.slug, taken))

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        known = {one.id: one for one in await repository.servers_by_id(connection, [one.id for one in changes])}
        capabilities = await _bound(connection, changes, work.names)
        for change in changes:
            before = known.get(change.id)
            after = _server(before or Server(change.id, "", "", created_at=work.now), change.item, work)
            if before is None:
                await repository.add_server(connection, after)
            else:
                await repository.store_server(connection, after)
            await _bind(connection, after, change.item, capabilities, work.names)
            work.told.append(partial(self._report, _turned(before, after)))


def _turned(before: Server | None, after: Server) -> ServerTurned:
    return ServerTurned(after, "added") if before is None else ServerTurned(after, "changed", differing(before, after))


def _settled(one: BindingItem, arriving: Arriving) -> BindingItem | None:
    upstream = arriving.now_called(UPSTREAMS, one.upstream)
    if arriving.names.id(CAPABILITIES, capability_name(upstream, one.kind, one.key)) is None:
        what = one.kind.value.replace("_", " ")
        arriving.notes.append(f"there is no {what} '{one.key[:100]}' of '{one.upstream}' here: it is not bound")
        return None
    return structs.replace(one, upstream=upstream)


async def _bound(connection: AsyncConnection, changes: Sequence[Change], names: Names) -> dict[str, Capability]:
    """The capabilities that are to be bound, by their names in documents."""
    wanted = {_name(one) for change in changes for one in change.item.bindings}
    ids = {names.id(CAPABILITIES, name): name for name in wanted}
    found = await repository.capabilities_by_id(connection, [id_ for id_ in ids if id_ is not None])
    return {ids[one.id]: one for one in found}


async def _bind(
    connection: AsyncConnection, server: Server, item: ServerItem, known: Mapping[str, Capability], names: Names
) -> None:
    """Exactly as the document says: what has another name here is not kept as an alias."""
    existing = await repository.bindings_of(connection, server.id)
    ids = {one.capability_id: one.id for one in existing}
    wishes = [Wish(known[_name(one)], one.upstream, _wanted(one, known[_name(one)].id)) for one in item.bindings]
    planned = [replace(one, id=ids.get(one.capability_id, one.id)) for one in binding.plan(server.id, wishes, ())]
    await repository.replace_bindings(connection, existing, planned)


def _wanted(one: BindingItem, capability_id: str) -> WantedBinding:
    return WantedBinding(
        capability=capability_id,
        name=one.name,
        title=one.title,
        description=one.description,
        aliases=one.aliases,
        enabled=one.enabled,
    )


def _name(one: BindingItem) -> str:
    return capability_name(one.upstream, one.kind, one.key)


def _item(server: Server, bindings: tuple[BindingItem, ...], names: Names) -> ServerItem:
    own: dict[str, Any] = {name: getattr(server, name) for name in AS_THEY_ARE}
    return ServerItem(**own, **words_of(server.placement, names), bindings=bindings)


def _binding_item(one: Binding, capability: Capability, upstream: str) -> BindingItem:
    return BindingItem(
        upstream=upstream,
        kind=capability.kind,
        key=capability.key,
        name=one.name,
        title=one.title,
        description=one.description,
        aliases=one.aliases,
        enabled=one.enabled,
    )


def _server(before: Server, item: ServerItem, work: Work) -> Server:
    placed = placement_of(item, work.names)
    own: dict[str, Any] = {name: getattr(item, name) for name in AS_THEY_ARE} | {"tags": clean_tags(item.tags)}
    placement = {"owner": placed.owner, "team": placed.team, "visibility": placed.visibility}
    after = replace(before, **own, **placement, updated_at=work.now)
    checks.check_server(after)
    return after

"""Capabilities in documents: as their upstream last offered them, with what people say of them instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import Raw, structs
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import checks, offers, repository
from gatehouse.catalog.model import LOCAL, Capability, Kind, Overrides
from gatehouse.catalog.tables import UPSTREAMS as UPSTREAMS_TABLE
from gatehouse.catalog.transfer.placing import Placed, placement_of, settled, words_of
from gatehouse.catalog.transfer.upstreams import UPSTREAMS
from gatehouse.kit import json
from gatehouse.kit.errors import Invalid
from gatehouse.store.tagging import clean_tags
from gatehouse.store.transfer.document import compact
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, LeftOut, Names, Stored, Work

CAPABILITIES = "capabilities"
JsonObject = dict[str, Raw]
_ONE_BY_ONE = 500


class CapabilityItem(Item, frozen=True, kw_only=True):
    """`definition`: the upstream's own words, each value as it wrote it; `gone`: it was no longer offered."""

    upstream: str
    kind: Kind
    key: str
    definition: JsonObject = msgspec.field(default_factory=dict[str, Raw])
    warnings: tuple[str, ...] = ()
    title: str | None = None
    description: str | None = None
    annotations: JsonObject | None = None
    tags: tuple[str, ...] = ()
    enabled: bool = True
    gone: bool = False
    placement: Placed | None = None


class CapabilitySection:
    name = CAPABILITIES
    prefix = "cap"
    item = CapabilityItem
    secret: frozenset[str] = frozenset()
    personal = False

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        everything = await repository.upstreams(connection)
        upstreams = {one.id: one.name for one in everything}
        local = {one.id for one in everything if one.kind == LOCAL}
        # In the order of their ids, which is that in which their upstream lists them.
        stored = await repository.capabilities_of(connection, upstreams)
        stored.sort(key=lambda one: upstreams[one.upstream_id])
        items = [_item(one, upstreams[one.upstream_id], names) for one in stored]
        found = [
            # What is Gatehouse's own is defined by its newest version, which stands in a section of its own.
            Stored(one.id, structs.replace(item, definition={}) if one.upstream_id in local else item)
            for one, item in zip(stored, items, strict=True)
        ]
        for one in found:
            names.add(self.name, one.id, self.key(one.item))
        return Contents(found)

    def key(self, item: CapabilityItem) -> str:
        return capability_name(item.upstream, item.kind, item.key)

    def settle(self, item: CapabilityItem, arriving: Arriving) -> CapabilityItem:
        if (UPSTREAMS, item.upstream) in arriving.skipped:
            raise LeftOut(f"upstream '{item.upstream}' was skipped")
        upstream = arriving.now_called(UPSTREAMS, item.upstream)
        if arriving.names.id(UPSTREAMS, upstream) is None:
            raise LeftOut(f"there is no upstream '{item.upstream}' here")
        placement = None if item.placement is None else settled(item.placement, arriving)
        return structs.replace(item, upstream=upstream, placement=placement)

    def renamed(self, item: CapabilityItem, taken: Mapping[str, Stored]) -> None:
        return None

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        before = {one.id: one for one in await repository.capabilities_by_id(connection, [one.id for one in changes])}
        after = [_capability(change, before.get(change.id), work) for change in changes]
        await repository.add_capabilities(connection, [one for one in after if one.id not in before])
        await repository.store_capabilities(connection, [one for one in after if one.id in before])
        touched = sorted({one.upstream_id for one in after})
        columns = UPSTREAMS_TABLE.c
        for start in range(0, len(touched), _ONE_BY_ONE):
            mine = columns.id.in_(touched[start : start + _ONE_BY_ONE])
            counted = update(UPSTREAMS_TABLE).where(mine).values(offer_revision=columns.offer_revision + 1)
            await connection.execute(counted)


def capability_name(upstream: str, kind: Kind, key: str) -> str:
    """What a capability is known by in documents: upstreams' names have no slash."""
    return f"{upstream}/{kind.value}/{key}"


def _item(one: Capability, upstream: str, names: Names) -> CapabilityItem:
    placed = one.placement
    return CapabilityItem(
        upstream=upstream,
        kind=one.kind,
        key=one.key,
        definition=_opened(one.definition),
        warnings=one.warnings,
        title=one.overrides.title,
        description=one.overrides.description,
        annotations=None if one.overrides.annotations is None else _opened(one.overrides.annotations),
        tags=one.tags,
        enabled=one.enabled,
        gone=one.gone_at is not None,
        placement=None if placed is None else Placed(**words_of(placed, names)),
    )


def _capability(change: Change, before: Capability | None, work: Work) -> Capability:
    item: CapabilityItem = change.item
    upstream = work.names.id(UPSTREAMS, item.upstream) or ""
    known = before or Capability(change.id, upstream, item.kind, item.key, b"", first_seen=work.now)
    definition = _definition(item, before)
    title, description = offers.words(definition)
    return replace(
        known,
        definition=definition,
        title=title,
        description=description,
        warnings=item.warnings,
        overrides=Overrides(
            item.title, item.description, None if item.annotations is None else json.dump(item.annotations)
        ),
        tags=clean_tags(item.tags),
        enabled=item.enabled,
        gone_at=_gone_at(item, before, work.now),
        placement=_placement(item, work.names),
    )


def _definition(item: CapabilityItem, before: Capability | None) -> bytes:
    if item.definition or before is None:
        return json.dump(item.definition or _smallest(item))
    return before.definition


def _gone_at(item: CapabilityItem, before: Capability | None, now: float) -> float | None:
    if not item.gone:
        return None
    return now if before is None or before.gone_at is None else before.gone_at


def _placement(item: CapabilityItem, names: Names) -> Any:
    if item.placement is None:
        return None
    placed = placement_of(item.placement, names)
    checks.check_placement(placed)
    return placed


def _smallest(item: CapabilityItem) -> dict[str, Any]:
    """For documents that are written by hand: what has to be there until the upstream says more."""
    field = {Kind.RESOURCE: "uri", Kind.TEMPLATE: "uriTemplate"}.get(item.kind)
    if field is not None:
        return {field: item.key, "name": item.key}
    return {"name": item.key} | ({"inputSchema": {"type": "object"}} if item.kind is Kind.TOOL else {})


def _opened(data: bytes) -> JsonObject:
    try:
        return json.fields(compact(data))
    except (json.BadJson, msgspec.DecodeError):
        raise Invalid("What is stored of a capability is not a JSON object.", "Refresh its upstream.") from None

"""Capabilities: looking through them, and saying something else of them than their upstream does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import repository
from gatehouse.catalog.changing import found, told
from gatehouse.catalog.model import Capability, Kind
from gatehouse.catalog.naming import qualified
from gatehouse.catalog.requests import CapabilityChanges, CapabilityFilter
from gatehouse.kit import json
from gatehouse.kit.errors import Invalid, NotFound
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.tagging import clean_tags

_ORDER = {kind: place for place, kind in enumerate(Kind)}


class Capabilities:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def capabilities(
        self, wanted: CapabilityFilter | None = None, request: PageRequest | None = None
    ) -> Page[Capability]:
        request = request or PageRequest()
        async with self._database.read() as connection:
            rows = await repository.capability_page(connection, request, wanted or CapabilityFilter())
        return page(rows, request, lambda one: one.id)

    async def capability(self, ref: str, kinds: Collection[Kind] = tuple(Kind)) -> Capability:
        """By id or `{upstream}_{name}`; raises `NotFound` for one of another kind too."""
        async with self._database.read() as connection:
            return _found(ref, kinds, await find(connection, ref, kinds))

    async def capabilities_by_id(self, ids: Collection[str]) -> dict[str, Capability]:
        """Those of them that exist."""
        async with self._database.read() as connection:
            return {one.id: one for one in await repository.capabilities_by_id(connection, ids)}

    async def offered(self, upstream_id: str) -> Sequence[Capability]:
        """All that an upstream offers now, in its own order."""
        async with self._database.read() as connection:
            stored = await repository.capabilities_of(connection, (upstream_id,))
        return tuple(one for one in stored if one.gone_at is None)

    async def change_capability(self, ref: str, kinds: Collection[Kind], changes: CapabilityChanges) -> Capability:
        async with self._database.write() as connection:
            known = _found(ref, kinds, await find(connection, ref, kinds))
            # Whoever changes capabilities waits in line for their upstream's row.
            upstream = found(
                "upstream", known.upstream_id, await repository.upstream(connection, known.upstream_id, True)
            )
            before = _found(ref, kinds, await find(connection, known.id, kinds))
            after = _changed(before, changes)
            if after == before:
                self._database.keep_revision(connection)
                return before
            await repository.store_capabilities(connection, (after,))
            await repository.store_upstream(connection, replace(upstream, offer_revision=upstream.offer_revision + 1))
        return after


async def find(connection: AsyncConnection, ref: str, kinds: Collection[Kind]) -> Capability | None:
    """By id or handle. Where a tool and a prompt have the same handle, it is the tool's."""
    by_id = await repository.capabilities_by_id(connection, (ref,))
    if by_id:
        return by_id[0] if by_id[0].kind in kinds else None
    upstream, separator, key = ref.partition("_")
    if not separator:
        return None
    exact = await repository.capabilities_by_key(connection, upstream, key, kinds)
    if exact:
        return min(exact, key=lambda one: _ORDER[one.kind])
    # A key with characters that no name may have stands in its handle without them.
    named = await repository.capabilities_named(connection, upstream, kinds)
    return next((one for one in named if qualified(upstream, one.key) == ref), None)


def _found(ref: str, kinds: Collection[Kind], capability: Capability | None) -> Capability:
    if capability is None:
        raise missing_capability(ref, kinds)
    return capability


def missing_capability(ref: str, kinds: Collection[Kind]) -> NotFound:
    """What is not there, and what the caller may not know of."""
    what = " or ".join(kind.replace("_", " ") for kind in kinds)
    return NotFound(f"There is no {what} '{ref[:200]}'.", "Name it by its id, or as UPSTREAM_NAME.")


def _changed(before: Capability, changes: CapabilityChanges) -> Capability:
    values = told(changes)
    overrides = {name: values.pop(name) for name in ("title", "description", "annotations") if name in values}
    if overrides.get("annotations") is not None:
        _check_annotations(overrides["annotations"])
    if "tags" in values:
        values["tags"] = clean_tags(values["tags"])
    return replace(before, overrides=replace(before.overrides, **overrides), **values)


def _check_annotations(data: bytes) -> None:
    try:
        json.check_text(data)
        json.fields(data)
    except json.BadJson:
        raise Invalid("annotations is not a JSON object.", 'Give one as in {"readOnlyHint": true}.') from None

"""Tags over all kinds of things: how often each is used, and giving one another name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog.model import AGENT, Kind
from gatehouse.catalog.repository import capability_seen
from gatehouse.catalog.tables import CAPABILITIES, SERVERS, UPSTREAMS
from gatehouse.kit import json
from gatehouse.store.database import Database
from gatehouse.store.placement import Sight
from gatehouse.store.tagging import Tagged, clean_tags, tagged

KINDS = {
    "upstreams": Tagged(UPSTREAMS, UPSTREAMS.c.kind != AGENT),
    "agents": Tagged(UPSTREAMS, UPSTREAMS.c.kind == AGENT),
    "tools": Tagged(CAPABILITIES, CAPABILITIES.c.kind == Kind.TOOL, capability_seen),
    "prompts": Tagged(CAPABILITIES, CAPABILITIES.c.kind == Kind.PROMPT, capability_seen),
    "resources": Tagged(CAPABILITIES, CAPABILITIES.c.kind.in_((Kind.RESOURCE, Kind.TEMPLATE)), capability_seen),
    "servers": Tagged(SERVERS),
}
_NONE = "[]"
_MANY = 500


class Tags:
    def __init__(self, database: Database, others: Mapping[str, Tagged] | None = None) -> None:
        """`others`: what has tags besides the things of the catalog."""
        self._database = database
        self._kinds = {**KINDS, **(others or {})}

    @property
    def kinds(self) -> Sequence[str]:
        return tuple(self._kinds)

    async def counts(self, sights: Mapping[str, Sight]) -> dict[str, Counter[str]]:
        """How many things of each kind in `sights` have each tag; by tag, then by kind."""
        found: dict[str, Counter[str]] = {}
        async with self._database.read() as connection:
            for name, sight in sights.items():
                for tags in (await _tags(connection, self._kinds[name], sight)).values():
                    for tag in tags:
                        found.setdefault(tag, Counter())[name] += 1
        return found

    async def rename(self, old: str, new: str, sights: Mapping[str, Sight]) -> Counter[str]:
        """How many things of each kind have `new` now, where they had `old`; who has both keeps one. Raises `Invalid`."""
        (new,) = clean_tags((new,))
        changed: Counter[str] = Counter()
        async with self._database.write() as connection:
            for name, sight in sights.items():
                known = await _tags(connection, self._kinds[name], sight, old)
                renamed = {id_: _renamed(tags, old, new) for id_, tags in known.items()}
                await _store(connection, self._kinds[name].table, renamed)
                if renamed:
                    changed[name] = len(renamed)
            if not changed:
                self._database.keep_revision(connection)
        return changed


async def _tags(
    connection: AsyncConnection, kind: Tagged, sight: Sight, tag: str | None = None
) -> dict[str, tuple[str, ...]]:
    """By id, of all that have any, or that have `tag`."""
    wanted = select(kind.table.c.id, kind.table.c.tags).where(*kind.conditions(sight), kind.table.c.tags != _NONE)
    if tag is not None:
        wanted = wanted.where(tagged(kind.table, tag))
    return {id_: msgspec.json.decode(tags, type=tuple[str, ...]) for id_, tags in await connection.execute(wanted)}


def _renamed(tags: Sequence[str], old: str, new: str) -> str:
    return json.dump(tuple(dict.fromkeys(new if tag == old else tag for tag in tags))).decode()


async def _store(connection: AsyncConnection, table: Table, renamed: Mapping[str, str]) -> None:
    if not renamed:
        return
    if table is CAPABILITIES:
        await _move_upstreams(connection, list(renamed))
    change = update(table).where(table.c.id == bindparam("this_id")).values(tags=bindparam("these_tags"))
    await connection.execute(change, [{"this_id": id_, "these_tags": tags} for id_, tags in renamed.items()])


async def _move_upstreams(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """Snapshots read capabilities anew only of upstreams whose offer moved."""
    moved: set[str] = set()
    for some in _chunks(ids):
        of = select(CAPABILITIES.c.upstream_id).where(CAPABILITIES.c.id.in_(some))
        moved.update((await connection.execute(of)).scalars())
    values: dict[str, Any] = {"offer_revision": UPSTREAMS.c.offer_revision + 1}
    for some in _chunks(sorted(moved)):
        await connection.execute(update(UPSTREAMS).where(UPSTREAMS.c.id.in_(some)).values(values))


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _MANY):
        yield values[start : start + _MANY]

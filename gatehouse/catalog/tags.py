"""Tags over all kinds of things: how often each is used, and giving one another name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog.checks import clean_tags
from gatehouse.catalog.model import AGENT, Kind
from gatehouse.catalog.repository import capability_seen, tagged
from gatehouse.catalog.tables import CAPABILITIES, SERVERS, UPSTREAMS
from gatehouse.kit import json
from gatehouse.store.database import Database
from gatehouse.store.placement import Sight, seen


@dataclass(frozen=True, slots=True)
class _Kind:
    table: Table
    which: ColumnElement[bool] | None = None

    def within(self, sight: Sight) -> Sequence[ColumnElement[bool]]:
        place = capability_seen(sight) if self.table is CAPABILITIES else seen(self.table, sight)
        return (place,) if self.which is None else (place, self.which)


_KINDS = {
    "upstreams": _Kind(UPSTREAMS, UPSTREAMS.c.kind != AGENT),
    "agents": _Kind(UPSTREAMS, UPSTREAMS.c.kind == AGENT),
    "tools": _Kind(CAPABILITIES, CAPABILITIES.c.kind == Kind.TOOL),
    "prompts": _Kind(CAPABILITIES, CAPABILITIES.c.kind == Kind.PROMPT),
    "resources": _Kind(CAPABILITIES, CAPABILITIES.c.kind.in_((Kind.RESOURCE, Kind.TEMPLATE))),
    "servers": _Kind(SERVERS),
}
KINDS = tuple(_KINDS)
_NONE = "[]"
_MANY = 500


class Tags:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, sights: Mapping[str, Sight]) -> dict[str, Counter[str]]:
        """How many things of each kind in `sights` have each tag; by tag, then by kind."""
        found: dict[str, Counter[str]] = {}
        async with self._database.read() as connection:
            for name, sight in sights.items():
                for tags in (await _tags(connection, name, sight)).values():
                    for tag in tags:
                        found.setdefault(tag, Counter())[name] += 1
        return found

    async def rename(self, old: str, new: str, sights: Mapping[str, Sight]) -> Counter[str]:
        """How many things of each kind have `new` now, where they had `old`; who has both keeps one. Raises `Invalid`."""
        (new,) = clean_tags((new,))
        changed: Counter[str] = Counter()
        async with self._database.write() as connection:
            for name, sight in sights.items():
                known = await _tags(connection, name, sight, old)
                renamed = {id_: _renamed(tags, old, new) for id_, tags in known.items()}
                await _store(connection, _KINDS[name].table, renamed)
                if renamed:
                    changed[name] = len(renamed)
            if not changed:
                self._database.keep_revision(connection)
        return changed


async def _tags(
    connection: AsyncConnection, name: str, sight: Sight, tag: str | None = None
) -> dict[str, tuple[str, ...]]:
    """By id, of all that have any, or that have `tag`."""
    kind = _KINDS[name]
    wanted = select(kind.table.c.id, kind.table.c.tags).where(*kind.within(sight), kind.table.c.tags != _NONE)
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

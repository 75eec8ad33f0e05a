"""Roots in documents, with the upstreams that are told of them by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog.own.tables import ROOTS as ROOTS_TABLE
from gatehouse.catalog.roots import Root, all_roots, checked_root, root_values
from gatehouse.catalog.transfer.upstreams import UPSTREAMS
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, Names, Stored, Work

ROOTS = "roots"


class RootItem(Item, frozen=True, kw_only=True):
    """`upstreams`: names; null: all of them."""

    uri: str
    name: str = ""
    upstreams: tuple[str, ...] | None = None


class RootSection:
    name = ROOTS
    prefix = "roo"
    item = RootItem
    secret: frozenset[str] = frozenset()
    personal = False

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        found = [Stored(one.id, _item(one, names)) for one in await all_roots(connection)]
        return Contents(sorted(found, key=lambda one: one.item.uri))

    def key(self, item: RootItem) -> str:
        return item.uri

    def settle(self, item: RootItem, arriving: Arriving) -> RootItem:
        if item.upstreams is None:
            return item
        wanted = [arriving.now_called(UPSTREAMS, name) for name in item.upstreams]
        known = tuple(sorted(name for name in wanted if arriving.names.id(UPSTREAMS, name) is not None))
        arriving.notes += [f"there is no upstream '{name}' here: it is not told" for name in set(wanted) - set(known)]
        return structs.replace(item, upstreams=known)

    def renamed(self, item: RootItem, taken: Mapping[str, Stored]) -> None:
        return None

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        known = {one.id: one for one in await all_roots(connection)}
        for change in changes:
            item: RootItem = change.item
            before = known.get(change.id)
            ids = (
                None if item.upstreams is None else tuple(work.names.id(UPSTREAMS, one) or "" for one in item.upstreams)
            )
            made_at = work.now if before is None else before.created_at
            values = root_values(checked_root(Root(change.id, item.uri, item.name, ids, made_at, work.now)))
            if before is None:
                await connection.execute(insert(ROOTS_TABLE).values(values))
            else:
                await connection.execute(update(ROOTS_TABLE).where(ROOTS_TABLE.c.id == change.id).values(values))


def _item(one: Root, names: Names) -> RootItem:
    known = None if one.upstreams is None else [names.name(UPSTREAMS, id_) for id_ in one.upstreams]
    told = None if known is None else tuple(sorted(name for name in known if name is not None))
    return RootItem(uri=one.uri, name=one.name, upstreams=told)

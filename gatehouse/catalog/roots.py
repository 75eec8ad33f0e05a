"""Roots: what Gatehouse answers where an upstream asks for them and the client that it works for has none of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import repository
from gatehouse.catalog.changing import missing
from gatehouse.catalog.own.tables import ROOTS
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.kit.ids import new_id
from gatehouse.kit.json import Raw
from gatehouse.store.database import Database

EXPLAINED = (
    "Roots tell an upstream which folders or addresses it is meant to work on; they grant no access by themselves."
)
_FILE = re.compile(r"file://[^\s\x00-\x20\"<>\\^`{|}\x7f]*/[^\s\x00-\x20\"<>\\^`{|}\x7f]*")
_LONGEST = 2000
_MOST = 200


@dataclass(frozen=True, slots=True)
class Root:
    """`upstreams`: ids of those that are told of it; None: all."""

    id: str
    uri: str
    name: str
    upstreams: tuple[str, ...] | None
    created_at: float
    updated_at: float


class Roots:
    """Stored for the installation; each worker keeps them in memory, for what can't wait for a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: tuple[Root, ...] = ()

    async def reload(self) -> bool:
        """Read them anew; whether they are other than before."""
        before, self._known = self._known, tuple(await self.all())
        return before != self._known

    @property
    def some(self) -> bool:
        """Whether there are any, as of the last `reload`."""
        return bool(self._known)

    def offered_to(self, upstream_id: str) -> tuple[Root, ...]:
        """As of the last `reload`."""
        return tuple(one for one in self._known if one.upstreams is None or upstream_id in one.upstreams)

    async def all(self) -> list[Root]:
        async with self._database.read() as connection:
            return await all_roots(connection)

    async def create(self, uri: str, name: str, upstreams: Sequence[str] | None) -> Root:
        """`upstreams`: ids or names. Raises `Invalid`, or `Conflict` where there is one with this uri."""
        now = self._clock.now()
        async with self._database.write() as connection:
            ids = await _ids(connection, upstreams)
            made = checked_root(Root(new_id("roo"), uri, name or uri.rstrip("/").rpartition("/")[2], ids, now, now))
            others = await all_roots(connection)
            _check_others(made, others)
            if len(others) >= _MOST:
                raise Conflict(f"There are {len(others)} roots already.", "Remove one that is of no use.")
            await connection.execute(insert(ROOTS).values(root_values(made)))
        return made

    async def change(
        self, id_: str, *, uri: str | None = None, name: str | None = None, upstreams: Sequence[str] | None = None,
        everywhere: bool = False,
    ) -> Root:  # fmt: skip
        """None leaves what is; `everywhere`: all upstreams are told of it from now on."""
        async with self._database.write() as connection:
            others = await all_roots(connection)
            before = next((one for one in others if one.id == id_), None)
            if before is None:
                raise missing("root", id_)
            ids = before.upstreams if upstreams is None else await _ids(connection, upstreams)
            after = replace(
                before,
                uri=before.uri if uri is None else uri,
                name=before.name if name is None else name,
                upstreams=None if everywhere else ids,
            )
            if after == before:
                self._database.keep_revision(connection)
                return before
            after = checked_root(replace(after, updated_at=self._clock.now()))
            _check_others(after, others)
            await connection.execute(update(ROOTS).where(ROOTS.c.id == id_).values(root_values(after)))
        return after

    async def delete(self, id_: str) -> None:
        async with self._database.write() as connection:
            gone = await connection.execute(delete(ROOTS).where(ROOTS.c.id == id_))
            if not gone.rowcount:
                raise missing("root", id_)


def listed(roots: Sequence[Root]) -> Raw:
    """The result of roots/list."""
    return json.raw({"roots": [{"uri": one.uri, "name": one.name} for one in roots]})


def checked_root(root: Root) -> Root:
    if len(root.uri) > _LONGEST or not _FILE.fullmatch(root.uri):
        raise Invalid(f"'{root.uri[:100]}' can't be a root.", "MCP takes file:// uris, as in file:///srv/projects.")
    if len(root.name) > 255 or not root.name.isprintable():
        raise Invalid("The name of a root takes up to 255 printable characters.")
    return root


def _check_others(root: Root, others: Sequence[Root]) -> None:
    if any(one.uri == root.uri and one.id != root.id for one in others):
        raise Conflict(f"There is a root {root.uri[:100]} already.", "Change it, and name its upstreams there.")


async def _ids(connection: AsyncConnection, refs: Sequence[str] | None) -> tuple[str, ...] | None:
    if refs is None:
        return None
    found: dict[str, None] = {}
    for ref in refs:
        upstream = await repository.upstream(connection, ref)
        if upstream is None:
            raise Invalid(f"There is no upstream '{ref[:100]}'.", "Name it by its id or name.")
        found[upstream.id] = None
    return tuple(found)


async def all_roots(connection: AsyncConnection) -> list[Root]:
    rows = (await connection.execute(select(ROOTS).order_by(ROOTS.c.id))).mappings()
    return [
        Root(
            row["id"],
            row["uri"],
            row["name"],
            None if row["upstreams"] is None else msgspec.json.decode(row["upstreams"], type=tuple[str, ...]),
            row["created_at"],
            row["updated_at"],
        )
        for row in rows
    ]


def root_values(root: Root) -> dict[str, object]:
    upstreams = None if root.upstreams is None else json.dump(root.upstreams).decode()
    return {
        "id": root.id,
        "uri": root.uri,
        "name": root.name,
        "upstreams": upstreams,
        "created_at": root.created_at,
        "updated_at": root.updated_at,
    }

"""The catalog's SQL. It decides nothing; transactions are its callers'."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, delete, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import rows
from gatehouse.catalog.model import LOCAL, Binding, Capability, Kind, Server, Upstream
from gatehouse.catalog.requests import CapabilityFilter, ServerFilter, UpstreamFilter
from gatehouse.catalog.tables import BINDINGS, CAPABILITIES, SERVERS, UPSTREAMS
from gatehouse.kit.pages import PageRequest
from gatehouse.store.placement import Sight, seen
from gatehouse.store.tagging import tagged

_MANY = 500
"""Values in one IN: databases allow some thousands."""
Item = TypeVar("Item")


async def upstream(connection: AsyncConnection, ref: str, lock: bool = False) -> Upstream | None:
    """By id or name; `lock` keeps other writers away from it until the transaction ends."""
    wanted = select(UPSTREAMS).where(or_(UPSTREAMS.c.id == ref, UPSTREAMS.c.name == ref))
    return await _one(connection, wanted.with_for_update() if lock else wanted, rows.upstream_of)


async def upstreams(connection: AsyncConnection) -> list[Upstream]:
    return await _all(connection, select(UPSTREAMS).order_by(UPSTREAMS.c.name), rows.upstream_of)


async def upstreams_by_id(connection: AsyncConnection, ids: Collection[str]) -> list[Upstream]:
    return await _among(connection, UPSTREAMS, UPSTREAMS.c.id, ids, rows.upstream_of)


async def upstream_page(connection: AsyncConnection, page: PageRequest, wanted: UpstreamFilter) -> list[Upstream]:
    found = _after(UPSTREAMS, page).where(seen(UPSTREAMS, wanted.sight))
    if wanted.q:
        found = found.where(
            _mentions(wanted.q, UPSTREAMS.c.name, UPSTREAMS.c.url, UPSTREAMS.c.command, UPSTREAMS.c.description)
        )
    if wanted.tag:
        found = found.where(tagged(UPSTREAMS, wanted.tag))
    if wanted.status:
        found = found.where(UPSTREAMS.c.status == wanted.status)
    # What Gatehouse itself offers stands among upstreams only where it is asked for.
    found = found.where(UPSTREAMS.c.kind == wanted.kind if wanted.kind else UPSTREAMS.c.kind != LOCAL)
    return await _all(connection, found, rows.upstream_of)


async def add_upstream(connection: AsyncConnection, added: Upstream) -> None:
    await connection.execute(insert(UPSTREAMS).values(rows.upstream_values(added)))


async def store_upstream(connection: AsyncConnection, changed: Upstream) -> None:
    await connection.execute(
        update(UPSTREAMS).where(UPSTREAMS.c.id == changed.id).values(rows.upstream_values(changed))
    )


async def delete_upstream(connection: AsyncConnection, upstream_id: str) -> None:
    await connection.execute(delete(UPSTREAMS).where(UPSTREAMS.c.id == upstream_id))


async def capabilities_by_id(connection: AsyncConnection, ids: Collection[str]) -> list[Capability]:
    return await _among(connection, CAPABILITIES, CAPABILITIES.c.id, ids, rows.capability_of)


async def capabilities_of(connection: AsyncConnection, upstream_ids: Collection[str]) -> list[Capability]:
    """All of them, gone ones too, in the order of their ids."""
    return await _among(connection, CAPABILITIES, CAPABILITIES.c.upstream_id, upstream_ids, rows.capability_of)


async def capabilities_by_key(
    connection: AsyncConnection, upstream_name: str, key: str, kinds: Collection[Kind]
) -> list[Capability]:
    wanted = _capabilities_of_upstream(upstream_name).where(
        CAPABILITIES.c.key_digest == rows.key_digest(key), CAPABILITIES.c.kind.in_(kinds)
    )
    return await _all(connection, wanted, rows.capability_of)


async def capabilities_named(
    connection: AsyncConnection, upstream_name: str, kinds: Collection[Kind]
) -> list[Capability]:
    wanted = _capabilities_of_upstream(upstream_name).where(CAPABILITIES.c.kind.in_(kinds))
    return await _all(connection, wanted.order_by(CAPABILITIES.c.id), rows.capability_of)


async def capability_page(connection: AsyncConnection, page: PageRequest, wanted: CapabilityFilter) -> list[Capability]:
    columns = CAPABILITIES.c
    conditions = [capability_seen(wanted.sight)]
    if wanted.kinds is not None:
        conditions.append(columns.kind.in_(wanted.kinds))
    if wanted.q:
        conditions.append(_mentions(wanted.q, columns.key, columns.title, columns.description, columns.override_title))
    if wanted.tag:
        conditions.append(tagged(CAPABILITIES, wanted.tag))
    if wanted.enabled is not None:
        conditions.append(columns.enabled == wanted.enabled)
    if wanted.gone is not None:
        conditions.append(columns.gone_at.is_not(None) if wanted.gone else columns.gone_at.is_(None))
    if wanted.upstream:
        ids = select(UPSTREAMS.c.id).where(or_(UPSTREAMS.c.id == wanted.upstream, UPSTREAMS.c.name == wanted.upstream))
        conditions.append(columns.upstream_id.in_(ids))
    return await _all(connection, _after(CAPABILITIES, page).where(*conditions), rows.capability_of)


async def capability_counts(connection: AsyncConnection, upstream_ids: Collection[str]) -> dict[str, dict[Kind, int]]:
    """Of those that are present, by upstream and kind."""
    found: dict[str, dict[Kind, int]] = {}
    for ids in _chunks(sorted(upstream_ids)):
        present = select(CAPABILITIES.c.upstream_id, CAPABILITIES.c.kind, func.count()).where(
            CAPABILITIES.c.upstream_id.in_(ids), CAPABILITIES.c.gone_at.is_(None)
        )
        grouped = present.group_by(CAPABILITIES.c.upstream_id, CAPABILITIES.c.kind)
        for upstream_id, kind, number in await connection.execute(grouped):
            found.setdefault(upstream_id, {})[Kind(kind)] = number
    return found


async def add_capabilities(connection: AsyncConnection, added: Iterable[Capability]) -> None:
    await _many(connection, insert(CAPABILITIES), [rows.capability_values(one) for one in added])


async def store_capabilities(connection: AsyncConnection, changed: Iterable[Capability]) -> None:
    await _store(connection, CAPABILITIES, [rows.capability_values(one) for one in changed])


async def server(connection: AsyncConnection, ref: str, lock: bool = False) -> Server | None:
    """By id or slug."""
    wanted = select(SERVERS).where(or_(SERVERS.c.id == ref, SERVERS.c.slug == ref))
    return await _one(connection, wanted.with_for_update() if lock else wanted, rows.server_of)


async def servers(connection: AsyncConnection) -> list[Server]:
    return await _all(connection, select(SERVERS).order_by(SERVERS.c.id), rows.server_of)


async def servers_by_id(connection: AsyncConnection, ids: Collection[str]) -> list[Server]:
    return await _among(connection, SERVERS, SERVERS.c.id, ids, rows.server_of)


async def server_page(connection: AsyncConnection, page: PageRequest, wanted: ServerFilter) -> list[Server]:
    found = _after(SERVERS, page).where(seen(SERVERS, wanted.sight))
    if wanted.q:
        found = found.where(_mentions(wanted.q, SERVERS.c.name, SERVERS.c.slug, SERVERS.c.description))
    if wanted.tag:
        found = found.where(tagged(SERVERS, wanted.tag))
    if wanted.enabled is not None:
        found = found.where(SERVERS.c.enabled == wanted.enabled)
    return await _all(connection, found, rows.server_of)


async def slugs(connection: AsyncConnection) -> set[str]:
    return set((await connection.execute(select(SERVERS.c.slug))).scalars())


async def add_server(connection: AsyncConnection, added: Server) -> None:
    await connection.execute(insert(SERVERS).values(rows.server_values(added)))


async def store_server(connection: AsyncConnection, changed: Server) -> None:
    await connection.execute(update(SERVERS).where(SERVERS.c.id == changed.id).values(rows.server_values(changed)))


async def delete_server(connection: AsyncConnection, server_id: str) -> None:
    await connection.execute(delete(SERVERS).where(SERVERS.c.id == server_id))


async def bindings_of(connection: AsyncConnection, server_id: str) -> list[Binding]:
    wanted = select(BINDINGS).where(BINDINGS.c.server_id == server_id)
    return await _all(connection, wanted.order_by(BINDINGS.c.position), rows.binding_of)


async def bindings_to(connection: AsyncConnection, capability_ids: Collection[str]) -> list[Binding]:
    return await _among(connection, BINDINGS, BINDINGS.c.capability_id, capability_ids, rows.binding_of)


async def bindings(connection: AsyncConnection) -> list[Binding]:
    ordered = select(BINDINGS).order_by(BINDINGS.c.server_id, BINDINGS.c.position)
    return await _all(connection, ordered, rows.binding_of)


async def replace_bindings(connection: AsyncConnection, old: Sequence[Binding], new: Sequence[Binding]) -> None:
    """Turn the set `old` of a server into `new`; what is in both is left alone."""
    before = {one.id: one for one in old}
    dropped = before.keys() - {one.id for one in new}
    for ids in _chunks(sorted(dropped)):
        await connection.execute(delete(BINDINGS).where(BINDINGS.c.id.in_(ids)))
    changed = [one for one in new if one.id in before and one != before[one.id]]
    await _store(connection, BINDINGS, [rows.binding_values(one) for one in changed])
    added = [one for one in new if one.id not in before]
    await _many(connection, insert(BINDINGS), [rows.binding_values(one) for one in added])


def _capabilities_of_upstream(name: str) -> Select[Any]:
    joined = CAPABILITIES.join(UPSTREAMS, UPSTREAMS.c.id == CAPABILITIES.c.upstream_id)
    return select(CAPABILITIES).select_from(joined).where(UPSTREAMS.c.name == name)


def capability_seen(sight: Sight) -> ColumnElement[bool]:
    """Where it says nothing of its own, a capability stands where its upstream does."""
    if sight.everything:
        return true()
    own, upstreams = CAPABILITIES.c.visibility, select(UPSTREAMS.c.id).where(seen(UPSTREAMS, sight))
    inherits = and_(own.is_(None), CAPABILITIES.c.upstream_id.in_(upstreams))
    return or_(inherits, and_(own.is_not(None), seen(CAPABILITIES, sight)))


def _after(table: Table, page: PageRequest) -> Select[Any]:
    """One more than the page holds, so that it is known whether there is another."""
    wanted = select(table).order_by(table.c.id).limit(page.limit + 1)
    return wanted if page.after is None else wanted.where(table.c.id > page.after)


def _mentions(words: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(*(func.lower(column).contains(words.lower(), autoescape=True) for column in columns))


async def _one(connection: AsyncConnection, wanted: Select[Any], make: Callable[[rows.Row], Item]) -> Item | None:
    row = (await connection.execute(wanted)).mappings().first()
    return None if row is None else make(_named(row))


async def _all(connection: AsyncConnection, wanted: Select[Any], make: Callable[[rows.Row], Item]) -> list[Item]:
    return [make(_named(row)) for row in (await connection.execute(wanted)).mappings()]


async def _among(
    connection: AsyncConnection,
    table: Table,
    column: ColumnElement[str],
    values: Collection[str],
    make: Callable[[rows.Row], Item],
) -> list[Item]:
    found: list[Item] = []
    for some in _chunks(sorted(values)):
        found += await _all(connection, select(table).where(column.in_(some)).order_by(table.c.id), make)
    return found


async def _store(connection: AsyncConnection, table: Table, changed: list[rows.Values]) -> None:
    if changed:
        by_id = update(table).where(table.c.id == bindparam("this_id"))
        names = [name for name in changed[0] if name != "id"]
        values = by_id.values({name: bindparam(name) for name in names})
        await connection.execute(values, [{**one, "this_id": one["id"]} for one in changed])


async def _many(connection: AsyncConnection, statement: Any, values: list[rows.Values]) -> None:
    if values:
        await connection.execute(statement, values)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _MANY):
        yield values[start : start + _MANY]


def _named(row: Any) -> rows.Row:
    """Column names as plain strings: those that rows come with are slow to look up."""
    return {str(name): value for name, value in row.items()}

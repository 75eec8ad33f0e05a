"""The registry's SQL. It decides nothing; transactions are its callers'."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, case, delete, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog.registry import rows
from gatehouse.catalog.registry.model import Entry, EntryStatus, Install, InstallRequest, InstallRequestState, Source
from gatehouse.catalog.registry.tables import ENTRIES, INSTALLS, REQUESTS, SOURCES
from gatehouse.kit.pages import PageRequest

_MANY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """`installed`: only those that are, or are not, among `upstreams`, the ids of those that the caller may see."""

    q: str | None = None
    category: str | None = None
    source: str | None = None
    auth: str | None = None
    transport: str | None = None
    installed: bool | None = None
    upstreams: Collection[str] = ()
    deleted: bool = False


async def sources(connection: AsyncConnection) -> list[Source]:
    found = await connection.execute(select(SOURCES).order_by(SOURCES.c.id))
    return [rows.source_of(row) for row in found.mappings()]


async def source(connection: AsyncConnection, ref: str, lock: bool = False) -> Source | None:
    wanted = select(SOURCES).where(or_(SOURCES.c.id == ref, SOURCES.c.name == ref))
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().first()
    return None if row is None else rows.source_of(row)


async def add_source(connection: AsyncConnection, added: Source) -> None:
    await connection.execute(insert(SOURCES).values(rows.source_values(added)))


async def store_source(connection: AsyncConnection, changed: Source) -> None:
    await connection.execute(update(SOURCES).where(SOURCES.c.id == changed.id).values(rows.source_values(changed)))


async def delete_source(connection: AsyncConnection, source_id: str) -> None:
    await connection.execute(delete(SOURCES).where(SOURCES.c.id == source_id))


async def entry(connection: AsyncConnection, ref: str) -> Entry | None:
    row = (await connection.execute(select(ENTRIES).where(ENTRIES.c.id == ref))).mappings().first()
    return None if row is None else rows.entry_of(row)


async def entries_by_id(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for some in _chunks(sorted(ids)):
        read = await connection.execute(select(ENTRIES).where(ENTRIES.c.id.in_(some)))
        found |= {row["id"]: rows.entry_of(row) for row in read.mappings()}
    return found


async def entries_named(connection: AsyncConnection, source_id: str, names: Collection[str]) -> dict[str, Entry]:
    wanted = select(ENTRIES).where(ENTRIES.c.source_id == source_id, ENTRIES.c.name.in_(sorted(names)))
    return {row["name"]: rows.entry_of(row) for row in (await connection.execute(wanted)).mappings()}


async def entries_stamp(connection: AsyncConnection) -> tuple[int, float]:
    found = (await connection.execute(select(func.count(), func.max(ENTRIES.c.changed_at)))).one()
    return int(found[0]), float(found[1] or 0.0)


async def entry_page(connection: AsyncConnection, page: PageRequest, wanted: EntryFilter) -> list[Entry]:
    """In the order of their ids; one more than the page has, where there are more. Not of sources that are switched off."""
    enabled = select(SOURCES.c.id).where(SOURCES.c.enabled)
    found = (
        _filtered(select(ENTRIES).where(ENTRIES.c.source_id.in_(enabled)), wanted)
        .order_by(ENTRIES.c.id)
        .limit(page.limit + 1)
    )
    if page.after is not None:
        found = found.where(ENTRIES.c.id > page.after)
    return [rows.entry_of(row) for row in (await connection.execute(found)).mappings()]


async def categories(connection: AsyncConnection) -> list[tuple[str, int]]:
    """With how many entries each has; those without one are under the empty name."""
    enabled = select(SOURCES.c.id).where(SOURCES.c.enabled)
    live = select(ENTRIES.c.category, func.count()).where(
        ENTRIES.c.status != EntryStatus.DELETED.value, ENTRIES.c.source_id.in_(enabled)
    )
    found = await connection.execute(live.group_by(ENTRIES.c.category).order_by(ENTRIES.c.category))
    return [(row[0], row[1]) for row in found]


async def entry_counts(connection: AsyncConnection) -> dict[str, tuple[int, int]]:
    """By source: how many there are, and how many more are flagged as deleted."""
    deleted = func.sum(case((ENTRIES.c.status == EntryStatus.DELETED.value, 1), else_=0))
    found = await connection.execute(select(ENTRIES.c.source_id, func.count(), deleted).group_by(ENTRIES.c.source_id))
    return {row[0]: (row[1] - int(row[2]), int(row[2])) for row in found}


async def add_entries(connection: AsyncConnection, added: Sequence[Entry]) -> None:
    if added:
        await connection.execute(insert(ENTRIES), [rows.entry_values(one) for one in added])


async def store_entries(connection: AsyncConnection, changed: Sequence[Entry]) -> None:
    if changed:
        values = [{**rows.entry_values(one), "this_id": one.id} for one in changed]
        names = [name for name in rows.entry_values(changed[0]) if name != "id"]
        by_id = update(ENTRIES).where(ENTRIES.c.id == bindparam("this_id"))
        await connection.execute(by_id.values({name: bindparam(name) for name in names}), values)


async def flag_unseen(connection: AsyncConnection, source_id: str, seen_in: str, now: float) -> int:
    """Those that a whole run did not bring are deleted there; how many they are."""
    unseen = or_(ENTRIES.c.round != seen_in, ENTRIES.c.round.is_(None))
    flagged = update(ENTRIES).where(
        ENTRIES.c.source_id == source_id, unseen, ENTRIES.c.status != EntryStatus.DELETED.value
    )
    return (await connection.execute(flagged.values(status=EntryStatus.DELETED.value, changed_at=now))).rowcount


async def installs(connection: AsyncConnection) -> list[Install]:
    found = await connection.execute(select(INSTALLS).order_by(INSTALLS.c.upstream_id))
    return [rows.install_of(row) for row in found.mappings()]


async def installs_of(connection: AsyncConnection, entry_ids: Collection[str]) -> list[Install]:
    wanted = select(INSTALLS).where(INSTALLS.c.entry_id.in_(sorted(entry_ids))).order_by(INSTALLS.c.upstream_id)
    return [rows.install_of(row) for row in (await connection.execute(wanted)).mappings()]


async def install(connection: AsyncConnection, upstream_id: str) -> Install | None:
    wanted = select(INSTALLS).where(INSTALLS.c.upstream_id == upstream_id)
    row = (await connection.execute(wanted)).mappings().first()
    return None if row is None else rows.install_of(row)


async def store_install(connection: AsyncConnection, made: Install) -> None:
    await connection.execute(delete(INSTALLS).where(INSTALLS.c.upstream_id == made.upstream_id))
    await connection.execute(insert(INSTALLS).values(rows.install_values(made)))


async def requests(
    connection: AsyncConnection, page: PageRequest, state: InstallRequestState | None, requester: str | None
) -> list[InstallRequest]:
    found = select(REQUESTS).order_by(REQUESTS.c.id).limit(page.limit + 1)
    if page.after is not None:
        found = found.where(REQUESTS.c.id > page.after)
    if state is not None:
        found = found.where(REQUESTS.c.state == state.value)
    if requester is not None:
        found = found.where(REQUESTS.c.requester == requester)
    return [rows.request_of(row) for row in (await connection.execute(found)).mappings()]


async def request(connection: AsyncConnection, request_id: str, lock: bool = False) -> InstallRequest | None:
    wanted = select(REQUESTS).where(REQUESTS.c.id == request_id)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().first()
    return None if row is None else rows.request_of(row)


async def add_request(connection: AsyncConnection, added: InstallRequest) -> None:
    await connection.execute(insert(REQUESTS).values(rows.request_values(added)))


async def store_request(connection: AsyncConnection, changed: InstallRequest) -> None:
    await connection.execute(update(REQUESTS).where(REQUESTS.c.id == changed.id).values(rows.request_values(changed)))


def _filtered(found: Select[tuple[object, ...]], wanted: EntryFilter) -> Select[tuple[object, ...]]:
    columns = ENTRIES.c
    if not wanted.deleted:
        found = found.where(columns.status != EntryStatus.DELETED.value)
    for word in (wanted.q or "").lower().split():
        found = found.where(columns.words.contains(word, autoescape=True))
    if wanted.category is not None:
        found = found.where(columns.category == wanted.category)
    if wanted.auth is not None:
        found = found.where(columns.auth == wanted.auth)
    if wanted.transport is not None:
        found = found.where(columns.transports.contains(f",{wanted.transport},", autoescape=True))
    if wanted.source is not None:
        ids = select(SOURCES.c.id).where(or_(SOURCES.c.id == wanted.source, SOURCES.c.name == wanted.source))
        found = found.where(columns.source_id.in_(ids))
    if wanted.installed is not None:
        there = columns.id.in_(_installed(wanted.upstreams))
        found = found.where(there if wanted.installed else ~there)
    return found


def _installed(upstreams: Collection[str]) -> Select[tuple[str]]:
    chosen = select(INSTALLS.c.entry_id)
    return chosen.where(INSTALLS.c.upstream_id.in_(sorted(upstreams)) if upstreams else false())


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _MANY):
        yield values[start : start + _MANY]

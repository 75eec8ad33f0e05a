"""The SQL of questions about calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, RowMapping, Select, Table, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.telemetry.plan import Segment
from gatehouse.telemetry.questions import Seen, Wanted
from gatehouse.telemetry.record import CallRecord, capped
from gatehouse.telemetry.repository import Mark
from gatehouse.telemetry.rollup import CUBES, DIRTY, FULL, GONE, MINUTE
from gatehouse.telemetry.tables import CALL_MARKS, CALL_ROLLUPS, CALLS, DIMENSIONS

GROUPS = 200
"""Classes of errors that are told apart at most."""
_decoder = msgspec.json.Decoder(CallRecord)
_TABLE = CALL_ROLLUPS.c


async def earliest(connection: AsyncConnection) -> int | None:
    return (await connection.execute(select(func.min(CALL_MARKS.c.start)))).scalar()


async def states(connection: AsyncConnection, marks: Collection[Mark]) -> dict[Mark, int]:
    found = select(CALL_MARKS).where(
        CALL_MARKS.c.start.in_({start for _, start in marks}), CALL_MARKS.c.level.in_({level for level, _ in marks})
    )
    return {(row.level, row.start): row.state for row in await connection.execute(found)}


async def dirty(connection: AsyncConnection, since: int, until: int) -> set[Mark]:
    found = select(CALL_MARKS.c.level, CALL_MARKS.c.start).where(
        CALL_MARKS.c.state == DIRTY, CALL_MARKS.c.start >= since, CALL_MARKS.c.start < until
    )
    return {(row.level, row.start) for row in await connection.execute(found)}


async def any_gone(connection: AsyncConnection, levels: Collection[int], since: int, until: int) -> bool:
    """Whether what is finer than these levels was deleted of some of this time."""
    found = select(CALL_MARKS.c.start).where(
        CALL_MARKS.c.state == GONE,
        CALL_MARKS.c.level.in_(levels),
        CALL_MARKS.c.start < until,
        CALL_MARKS.c.start > since - CALL_MARKS.c.level,
    )
    return (await connection.execute(found.limit(1))).first() is not None


async def sums(
    connection: AsyncConnection, segment: Segment, wanted: Wanted, by: Sequence[str], step: int
) -> Sequence[Row[Any]]:
    """By step, the dimensions in `by`, and outcome."""
    groups = [_bucket(segment, step), *(_TABLE[name] for name in by), _TABLE.outcome]
    names = ("calls", "total_us", "upstream_us", "bytes_in", "bytes_out", "tokens")
    measures = [*(func.sum(_TABLE[name]).label(name) for name in names), func.max(_TABLE.last_at).label("last_at")]
    found = select(*groups, *measures).where(*_where(segment, wanted, by)).group_by(*groups)
    return (await connection.execute(found)).all()


async def histograms(
    connection: AsyncConnection, segment: Segment, wanted: Wanted, by: Sequence[str], step: int, keys: Sequence[str]
) -> Sequence[Row[Any]]:
    """By step and dimension; of these keys alone, where there are some."""
    columns = [_bucket(segment, step), *(_TABLE[name] for name in by), _TABLE.histogram]
    found = select(*columns).where(*_where(segment, wanted, by))
    return (await connection.execute(found.where(_TABLE[by[0]].in_(keys)) if keys else found)).all()


async def newest(connection: AsyncConnection, wanted: Wanted, before: str | None, limit: int) -> list[CallRecord]:
    found = _calls(wanted).order_by(CALLS.c.id.desc()).limit(limit)
    return await _records(connection, found if before is None else found.where(CALLS.c.id < before))


async def newer(connection: AsyncConnection, wanted: Wanted, after: str, limit: int) -> list[CallRecord]:
    return await _records(connection, _calls(wanted).where(CALLS.c.id > after).order_by(CALLS.c.id).limit(limit))


async def slowest(connection: AsyncConnection, wanted: Wanted, limit: int) -> list[CallRecord]:
    found = _calls(wanted).order_by(CALLS.c.total_ms.desc(), CALLS.c.id.desc())
    return await _records(connection, found.limit(limit))


async def some(connection: AsyncConnection, ids: Collection[str], wanted: Wanted) -> list[CallRecord]:
    return await _records(connection, _calls(wanted).where(CALLS.c.id.in_(ids)))


async def errors(connection: AsyncConnection, wanted: Wanted) -> Sequence[RowMapping]:
    """`error_class`, `calls`, `first`, `last`, and `newest`: the id of that one."""
    of, count = CALLS.c.error_class, func.count()
    times = func.min(CALLS.c.at).label("first"), func.max(CALLS.c.at).label("last")
    found = (
        select(of, count.label("calls"), *times, func.max(CALLS.c.id).label("newest"))
        .where(of > "", *_filters(CALLS, wanted), *_between(wanted))
        .group_by(of)
    )
    return (await connection.execute(found.order_by(count.desc(), of).limit(GROUPS))).mappings().all()


def cube_for(names: Collection[str]) -> int:
    """The smallest that tells all of these dimensions apart."""
    return next(cube for cube, kept in CUBES.items() if kept.issuperset(names))


def _where(segment: Segment, wanted: Wanted, by: Sequence[str]) -> list[ColumnElement[bool]]:
    cube = FULL if segment.level == MINUTE else cube_for({*by, *_filtered(wanted), "outcome"})
    inside = _TABLE.level == segment.level, _TABLE.cube == cube, _TABLE.start >= segment.start
    return [*inside, _TABLE.start < segment.end, *_filters(CALL_ROLLUPS, wanted)]


def _bucket(segment: Segment, step: int) -> ColumnElement[int]:
    """Without a step, all is one: the start of the segment stands for it."""
    if step:
        return (_TABLE.start - _TABLE.start % step).label("bucket")
    return func.abs(0).label("bucket")


def _filtered(wanted: Wanted) -> set[str]:
    names = {name for name in DIMENSIONS if getattr(wanted, name) is not None}
    if wanted.seen is not None:
        names |= {"server", "principal"} if wanted.seen.principals else {"server"}
    return names


def _filters(table: Table, wanted: Wanted) -> list[ColumnElement[bool]]:
    values = {name: getattr(wanted, name) for name in DIMENSIONS}
    found = [table.c[name] == capped(value) for name, value in values.items() if value is not None]
    return found if wanted.seen is None else [*found, _seen(table, wanted.seen)]


def _seen(table: Table, seen: Seen) -> ColumnElement[bool]:
    servers = table.c.server.in_(seen.servers)
    return or_(servers, table.c.principal.in_(seen.principals)) if seen.principals else servers


def _between(wanted: Wanted) -> list[ColumnElement[bool]]:
    since = [] if wanted.since is None else [CALLS.c.at >= wanted.since]
    return since if wanted.until is None else [*since, CALLS.c.at < wanted.until]


def _calls(wanted: Wanted) -> Select[Any]:
    return select(CALLS.c.record).where(*_filters(CALLS, wanted), *_between(wanted))


async def _records(connection: AsyncConnection, found: Select[Any]) -> list[CallRecord]:
    return [_decoder.decode(record) for record in (await connection.execute(found)).scalars()]

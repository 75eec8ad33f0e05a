"""The SQL that writes calls and their rollups. `reading.py` has the SQL of questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Dialect, RowMapping, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.telemetry.histogram import merged
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.rollup import CUBES, HOUR, Row, Tally
from gatehouse.telemetry.tables import CALL_MARKS, CALL_ROLLUPS, CALLS, DIMENSIONS

CHUNK = 500
_SUMS = ("calls", "total_us", "upstream_us", "bytes_in", "bytes_out", "tokens", "last_at")
_encoder = msgspec.json.Encoder()
_dimensions = attrgetter(*DIMENSIONS)
Item = TypeVar("Item")
Mark = tuple[int, int]
"""Level and start."""


async def add_calls(connection: AsyncConnection, records: Sequence[CallRecord]) -> None:
    if records:
        # As the driver takes them: to bind each value of so many rows costs more than all else of them.
        await connection.exec_driver_sql(_insertion(connection.dialect), list(map(_call, records)))


async def known_calls(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    return set((await connection.execute(select(CALLS.c.id).where(CALLS.c.id.in_(ids)))).scalars())


async def lock_mark(connection: AsyncConnection, mark: Mark) -> int | None:
    """Its state, None where there is none yet. Lock days before their hours, and both in the order of time."""
    found = select(CALL_MARKS.c.state).where(*_is(mark)).with_for_update()
    return (await connection.execute(found)).scalar()


async def add_mark(connection: AsyncConnection, mark: Mark, state: int) -> None:
    """Ends the write in `Conflict` where somebody else added it meanwhile."""
    await connection.execute(insert(CALL_MARKS).values(level=mark[0], start=mark[1], state=state))


async def set_mark(connection: AsyncConnection, mark: Mark, state: int) -> None:
    await connection.execute(update(CALL_MARKS).where(*_is(mark)).values(state=state))


async def marks(connection: AsyncConnection, level: int, state: int, until: float) -> list[int]:
    """Starts of those in this state that end by then, oldest first."""
    found = select(CALL_MARKS.c.start).where(
        CALL_MARKS.c.level == level, CALL_MARKS.c.state == state, CALL_MARKS.c.start <= until - level
    )
    return list((await connection.execute(found.order_by(CALL_MARKS.c.start))).scalars())


async def has_hours(connection: AsyncConnection, day: Mark, states: Sequence[int]) -> bool:
    found = select(CALL_MARKS.c.start).where(*_hours_of(day), CALL_MARKS.c.state.in_(states)).limit(1)
    return (await connection.execute(found)).first() is not None


async def drop_marks(connection: AsyncConnection, level: int, start: int, end: int) -> None:
    await connection.execute(
        delete(CALL_MARKS).where(CALL_MARKS.c.level == level, CALL_MARKS.c.start >= start, CALL_MARKS.c.start < end)
    )


async def add_rows(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Add to what is there. Whoever calls holds the marks of these minutes, so nobody else changes them meanwhile."""
    stored = {(row.start, row.digest): row for row in await _stored(connection, rows)}
    fresh, changed = list[Row](), list[Row]()
    for row in rows:
        known = stored.get((row.start, row.digest))
        if known is not None:
            row.tally.merge(known.tally)
        (fresh if known is None else changed).append(row)
    await put_rows(connection, fresh)
    if changed:
        await connection.execute(_CHANGE, [_change(row) for row in changed])


async def put_rows(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Where there are none."""
    for chunk in _chunks(rows):
        await connection.execute(insert(CALL_ROLLUPS), [_rollup(row) for row in chunk])


async def rows_at(connection: AsyncConnection, level: int, start: int) -> list[Row]:
    found = await connection.execute(select(CALL_ROLLUPS).where(*_range(level, start, start + 1)))
    return [_row(values) for values in found.mappings()]


async def starts(connection: AsyncConnection, level: int, start: int, end: int) -> list[int]:
    """Those of the rollups in this time."""
    found = select(CALL_ROLLUPS.c.start).where(*_range(level, start, end)).distinct().order_by(CALL_ROLLUPS.c.start)
    return list((await connection.execute(found)).scalars())


async def drop_rows(connection: AsyncConnection, level: int, start: int, end: int) -> None:
    await connection.execute(delete(CALL_ROLLUPS).where(*_range(level, start, end)))


async def drop_calls(connection: AsyncConnection, before: float, most: int) -> bool:
    """Up to about so many of the oldest; says whether there may be more."""
    oldest = select(CALLS.c.at).where(CALLS.c.at < before).order_by(CALLS.c.at).offset(most).limit(1)
    last: float | None = (await connection.execute(oldest)).scalar()
    await connection.execute(delete(CALLS).where(CALLS.c.at < before if last is None else CALLS.c.at <= last))
    return last is not None


_CHANGE = (
    update(CALL_ROLLUPS)
    .where(
        CALL_ROLLUPS.c.level == bindparam("of_level"),
        CALL_ROLLUPS.c.cube == bindparam("of_cube"),
        CALL_ROLLUPS.c.start == bindparam("of_start"),
        CALL_ROLLUPS.c.digest == bindparam("of_digest"),
    )
    .values({name: bindparam(f"new_{name}") for name in (*_SUMS, "histogram")})
)


def _is(mark: Mark) -> tuple[Any, ...]:
    return CALL_MARKS.c.level == mark[0], CALL_MARKS.c.start == mark[1]


def _hours_of(day: Mark) -> tuple[Any, ...]:
    return CALL_MARKS.c.level == HOUR, CALL_MARKS.c.start >= day[1], CALL_MARKS.c.start < day[1] + day[0]


def _range(level: int, start: int, end: int) -> tuple[Any, ...]:
    table = CALL_ROLLUPS.c
    # The cubes are named so that the key serves.
    return table.level == level, table.cube.in_(list(CUBES)), table.start >= start, table.start < end


async def _stored(connection: AsyncConnection, rows: Sequence[Row]) -> list[Row]:
    found = list[Row]()
    for chunk in _chunks(rows):
        table = CALL_ROLLUPS.c
        wanted = select(CALL_ROLLUPS).where(
            table.level == chunk[0].level,
            table.cube == chunk[0].cube,
            table.start.in_({row.start for row in chunk}),
            table.digest.in_({row.digest for row in chunk}),
        )
        found += [_row(values) for values in (await connection.execute(wanted)).mappings()]
    return found


@lru_cache(maxsize=8)
def _insertion(dialect: Dialect) -> str:
    """With its placeholders in the order of the table's columns."""
    return str(insert(CALLS).compile(dialect=dialect))


def _call(record: CallRecord) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    return (
        record.id, record.at, *_dimensions(record), record.total_ms, record.error_class, _encoder.encode(record),
    )  # fmt: skip


def _rollup(row: Row) -> dict[str, Any]:
    names = {"level": row.level, "cube": row.cube, "start": row.start, "digest": row.digest}
    return {**names, **dict(zip(DIMENSIONS, row.key, strict=True)), **_sums(row.tally)}


def _change(row: Row) -> dict[str, Any]:
    place = {"of_level": row.level, "of_cube": row.cube, "of_start": row.start, "of_digest": row.digest}
    return {**place, **{f"new_{name}": value for name, value in _sums(row.tally).items()}}


def _sums(tally: Tally) -> dict[str, Any]:
    return {**{name: getattr(tally, name) for name in _SUMS}, "histogram": tally.histogram.dump()}


def _row(values: RowMapping) -> Row:
    tally = Tally(*(values[name] for name in _SUMS), histogram=merged([values["histogram"]]))
    return Row(values["level"], values["cube"], values["start"], tuple(values[name] for name in DIMENSIONS), tally)


def _chunks(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    every = list(items)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]

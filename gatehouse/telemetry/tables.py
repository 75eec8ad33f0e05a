"""The tables of telemetry: a row for each call, sums of them, and the state of the sums."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, String, Table

from gatehouse.store.database import METADATA
from gatehouse.store.types import BYTES, DIGEST, ID, NAME, TABLE, TIME

DIMENSIONS = ("server", "upstream", "name", "original", "method", "principal", "user", "team", "client", "outcome")
"""What calls are told apart by. Each is a column of both tables."""


def _dimensions() -> list[Column[str]]:
    columns = [Column(name, NAME, nullable=False) for name in DIMENSIONS[:-1]]
    return [*columns, Column("outcome", String(16), nullable=False)]


CALLS = Table(
    "calls",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("at", TIME, nullable=False),
    *_dimensions(),
    Column("total_ms", TIME, nullable=False),
    Column("error_class", NAME, nullable=False),
    Column("record", BYTES, nullable=False),
    Index("calls_by_time", "at"),
    Index("calls_by_error", "error_class", "at"),
    Index("calls_by_duration", "total_ms"),
    **TABLE,
)
"""`record` is the whole of it, as JSON; the other columns are for finding."""
CALL_ROLLUPS = Table(
    "call_rollups",
    METADATA,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("cube", SmallInteger, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", DIGEST, primary_key=True),
    *_dimensions(),
    Column("calls", BigInteger, nullable=False),
    Column("total_us", BigInteger, nullable=False),
    Column("upstream_us", BigInteger, nullable=False),
    Column("bytes_in", BigInteger, nullable=False),
    Column("bytes_out", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("last_at", TIME, nullable=False),
    Column("histogram", BYTES, nullable=False),
    sqlite_with_rowid=False,
    **TABLE,
)
"""`level` is how many seconds a row is about, `cube` which dimensions it tells apart, `digest` is over those.

In the order of its key, which MariaDB does anyhow, so that what a question reads lies together.
"""
CALL_MARKS = Table(
    "call_marks",
    METADATA,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    Index("call_marks_by_state", "state", "start"),
    **TABLE,
)
"""For each hour and day with calls, how its rollups stand. Whoever changes sums of that time locks its mark first."""

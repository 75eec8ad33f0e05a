"""Calls: their records, the rollups made of them, and how those stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gatehouse.store.types import BYTES, DIGEST, ID, NAME, TABLE, TIME

revision = "gatehouse_0003"
down_revision = "gatehouse_0002"

_DIMENSIONS = ("server", "upstream", "name", "original", "method", "principal", "user", "team", "client")


def upgrade() -> None:
    # MariaDB keeps what was made before a failure, and the next try goes on from there.
    _calls()
    _rollups()
    _marks()


def _dimensions() -> list[sa.Column[str]]:
    columns = [sa.Column(name, NAME, nullable=False) for name in _DIMENSIONS]
    return [*columns, sa.Column("outcome", sa.String(16), nullable=False)]


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", ID, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        *_dimensions(),
        sa.Column("total_ms", TIME, nullable=False),
        sa.Column("error_class", NAME, nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.Index("calls_by_time", "at"),
        sa.Index("calls_by_error", "error_class", "at"),
        sa.Index("calls_by_duration", "total_ms"),
        if_not_exists=True,
        **TABLE,
    )


def _rollups() -> None:
    op.create_table(
        "call_rollups",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("cube", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("digest", DIGEST, primary_key=True),
        *_dimensions(),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("total_us", sa.BigInteger, nullable=False),
        sa.Column("upstream_us", sa.BigInteger, nullable=False),
        sa.Column("bytes_in", sa.BigInteger, nullable=False),
        sa.Column("bytes_out", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("histogram", BYTES, nullable=False),
        sqlite_with_rowid=False,
        if_not_exists=True,
        **TABLE,
    )


def _marks() -> None:
    op.create_table(
        "call_marks",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Index("call_marks_by_state", "state", "start"),
        if_not_exists=True,
        **TABLE,
    )

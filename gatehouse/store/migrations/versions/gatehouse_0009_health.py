"""How upstreams are: why, since when, in maintenance until when, and the history of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gatehouse.store.types import BYTES, ID, LONG_TEXT, TABLE, TIME

revision = "gatehouse_0009"
down_revision = "gatehouse_0008"


def upgrade() -> None:
    # MariaDB keeps what was made before a failure, and the next try goes on from there.
    known = {one["name"] for one in sa.inspect(op.get_bind()).get_columns("upstreams")}
    columns = (
        sa.Column("status_cause", sa.String(16), nullable=False, server_default=""),
        sa.Column("maintenance_until", TIME),
        sa.Column("maintenance_note", LONG_TEXT),
    )
    for column in columns:
        if column.name not in known:
            op.add_column("upstreams", column)
    _changes()
    _signals()


def _changes() -> None:
    op.create_table(
        "upstream_changes",
        sa.Column("id", ID, primary_key=True),
        sa.Column("upstream_id", ID, sa.ForeignKey("upstreams.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("old_status", sa.String(16), nullable=False),
        sa.Column("new_status", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("reason", LONG_TEXT, nullable=False),
        sa.Index("upstream_changes_of_upstream", "upstream_id", "id"),
        sa.Index("upstream_changes_by_time", "at"),
        if_not_exists=True,
        **TABLE,
    )


def _signals() -> None:
    op.create_table(
        "health_signals",
        sa.Column("instance", ID, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("signals", BYTES, nullable=False),
        if_not_exists=True,
        **TABLE,
    )

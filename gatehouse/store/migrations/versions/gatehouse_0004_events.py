"""Events: what happened to upstreams, offers and tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gatehouse.store.types import BYTES, ID, TABLE, TIME

revision = "gatehouse_0004"
down_revision = "gatehouse_0003"


def upgrade() -> None:
    # MariaDB keeps what was made before a failure, and the next try goes on from there.
    op.create_table(
        "events",
        sa.Column("id", ID, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("family", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("upstream", ID, nullable=False),
        sa.Column("server", ID, nullable=False),
        sa.Column("token", ID, nullable=False),
        sa.Column("owner", ID),
        sa.Column("team", ID),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.Index("events_by_time", "at"),
        if_not_exists=True,
        **TABLE,
    )

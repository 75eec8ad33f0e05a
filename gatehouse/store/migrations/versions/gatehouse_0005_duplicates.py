"""Verdicts on tools that may be the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gatehouse.store.types import DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME

revision = "gatehouse_0005"
down_revision = "gatehouse_0004"


def upgrade() -> None:
    # MariaDB keeps what was made before a failure, and the next try goes on from there.
    op.create_table(
        "verdicts",
        sa.Column("id", ID, primary_key=True),
        sa.Column("digest", DIGEST, nullable=False, unique=True),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("keep", ID, sa.ForeignKey("capabilities.id", ondelete="CASCADE")),
        sa.Column("note", LONG_TEXT, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("by_name", NAME, nullable=False),
        sa.Column("at", TIME, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
    op.create_table(
        "judged_tools",
        sa.Column("verdict_id", ID, sa.ForeignKey("verdicts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tool_id", ID, sa.ForeignKey("capabilities.id", ondelete="CASCADE"), primary_key=True),
        sa.Index("judged_tools_by_tool", "tool_id"),
        if_not_exists=True,
        **TABLE,
    )

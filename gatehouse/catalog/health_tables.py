"""The table of how upstreams' statuses changed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from gatehouse.store.database import METADATA
from gatehouse.store.types import ID, LONG_TEXT, TABLE, TIME

UPSTREAM_CHANGES = Table(
    "upstream_changes",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("upstream_id", ID, ForeignKey("upstreams.id", ondelete="CASCADE"), nullable=False),
    Column("at", TIME, nullable=False),
    Column("old_status", String(16), nullable=False),
    Column("new_status", String(16), nullable=False),
    Column("cause", String(16), nullable=False),
    Column("reason", LONG_TEXT, nullable=False),
    Index("upstream_changes_of_upstream", "upstream_id", "id"),
    Index("upstream_changes_by_time", "at"),
    **TABLE,
)

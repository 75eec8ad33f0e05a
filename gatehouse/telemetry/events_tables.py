"""The table of events."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from gatehouse.store.database import METADATA
from gatehouse.store.types import BYTES, ID, TABLE, TIME

EVENTS = Table(
    "events",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("at", TIME, nullable=False),
    Column("family", String(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("upstream", ID, nullable=False),
    Column("server", ID, nullable=False),
    Column("token", ID, nullable=False),
    Column("owner", ID),
    Column("team", ID),
    Column("visibility", String(16), nullable=False),
    Column("record", BYTES, nullable=False),
    Index("events_by_time", "at"),
    **TABLE,
)
"""`record` is the whole of it, as JSON; the other columns are for finding, and empty where there is nothing to be found."""

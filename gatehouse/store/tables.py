"""The store's own tables: workers that are alive, leases, legacy sessions."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from gatehouse.store.database import METADATA
from gatehouse.store.types import BYTES, ID, NAME, TABLE, TIME

INSTANCES = Table(
    "instances",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("address", NAME, nullable=False),
    Column("heartbeat_at", TIME, nullable=False),
    **TABLE,
)
LEASES = Table(
    "leases",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("holder", NAME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    **TABLE,
)
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", NAME, primary_key=True),
    Column("server", NAME, nullable=False),
    Column("principal", NAME, nullable=False),
    Column("owner", NAME, nullable=False),
    Column("data", BYTES, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Index("sessions_by_expiry", "expires_at"),
    **TABLE,
)

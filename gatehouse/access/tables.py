"""The tables of access."""

from __future__ import annotations

from sqlalchemy import Column, Table

from gatehouse.store.database import METADATA
from gatehouse.store.types import DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("hint", NAME, nullable=False),
    Column("servers", LONG_TEXT),
    Column("permissions", LONG_TEXT, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME),
    Column("revoked_at", TIME),
    **TABLE,
)

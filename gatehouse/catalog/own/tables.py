"""The tables of own prompts and resources."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table

from gatehouse.store.database import METADATA
from gatehouse.store.types import BYTES, DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME

VERSIONS = Table(
    "own_versions",
    METADATA,
    Column("capability_id", ID, ForeignKey("capabilities.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", BYTES, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("is_binary", Boolean, nullable=False),
    Column("author", NAME, nullable=False),
    Column("author_name", NAME, nullable=False),
    Column("note", LONG_TEXT, nullable=False),
    Column("restored_from", Integer),
    Column("created_at", TIME, nullable=False),
    **TABLE,
)
BLOBS = Table(
    "own_blobs",
    METADATA,
    Column("capability_id", ID, ForeignKey("capabilities.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", DIGEST, primary_key=True),
    Column("data", BYTES, nullable=False),
    **TABLE,
)
"""What is binary; several versions may have the same."""
ROOTS = Table(
    "roots",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("uri", LONG_TEXT, nullable=False),
    Column("name", NAME, nullable=False),
    Column("upstreams", LONG_TEXT),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    **TABLE,
)
"""`upstreams`: ids as JSON; None: all of them."""

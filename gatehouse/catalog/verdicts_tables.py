"""The tables of verdicts: what people said of tools that may be the same."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from gatehouse.store.database import METADATA
from gatehouse.store.types import DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME

VERDICTS = Table(
    "verdicts",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("verdict", String(16), nullable=False),
    Column("keep", ID, ForeignKey("capabilities.id", ondelete="CASCADE")),
    Column("note", LONG_TEXT, nullable=False),
    Column("by", ID, nullable=False),
    Column("by_name", NAME, nullable=False),
    Column("at", TIME, nullable=False),
    **TABLE,
)
"""`digest` is of the ids of its tools, so that a set of tools has one verdict."""
JUDGED_TOOLS = Table(
    "judged_tools",
    METADATA,
    Column("verdict_id", ID, ForeignKey("verdicts.id", ondelete="CASCADE"), primary_key=True),
    Column("tool_id", ID, ForeignKey("capabilities.id", ondelete="CASCADE"), primary_key=True),
    Index("judged_tools_by_tool", "tool_id"),
    **TABLE,
)

"""Prompts and resources of Gatehouse's own, their versions, and roots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gatehouse.store.types import BYTES, DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME

revision = "gatehouse_0007"
down_revision = "gatehouse_0006"


def upgrade() -> None:
    # MariaDB keeps what was made before a failure, and the next try goes on from there.
    _versions()
    _blobs()
    _roots()


def _versions() -> None:
    op.create_table(
        "own_versions",
        sa.Column("capability_id", ID, sa.ForeignKey("capabilities.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", BYTES, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("is_binary", sa.Boolean, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("author_name", NAME, nullable=False),
        sa.Column("note", LONG_TEXT, nullable=False),
        sa.Column("restored_from", sa.Integer),
        sa.Column("created_at", TIME, nullable=False),
        if_not_exists=True,
        **TABLE,
    )


def _blobs() -> None:
    op.create_table(
        "own_blobs",
        sa.Column("capability_id", ID, sa.ForeignKey("capabilities.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("data", BYTES, nullable=False),
        if_not_exists=True,
        **TABLE,
    )


def _roots() -> None:
    op.create_table(
        "roots",
        sa.Column("id", ID, primary_key=True),
        sa.Column("uri", LONG_TEXT, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("upstreams", LONG_TEXT),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        if_not_exists=True,
        **TABLE,
    )

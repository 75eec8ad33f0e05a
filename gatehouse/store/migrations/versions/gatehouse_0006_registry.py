"""The registry: sources, their entries, and what was installed from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gatehouse.store.types import BYTES, DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME

revision = "gatehouse_0006"
down_revision = "gatehouse_0005"


def upgrade() -> None:
    # MariaDB keeps what was made before a failure, and the next try goes on from there.
    _sources()
    _entries()
    _installs()
    _requests()


def _sources() -> None:
    op.create_table(
        "registry_sources",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.String(63), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("url", LONG_TEXT),
        sa.Column("sealed_token", BYTES),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("since", sa.String(40)),
        sa.Column("cursor", LONG_TEXT),
        sa.Column("round", ID),
        sa.Column("digest", DIGEST),
        sa.Column("synced_at", TIME),
        sa.Column("whole_at", TIME),
        sa.Column("error", LONG_TEXT),
        sa.Column("pages", sa.BigInteger, nullable=False),
        sa.Column("skipped", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        if_not_exists=True,
        **TABLE,
    )


def _entries() -> None:
    op.create_table(
        "registry_entries",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("source_id", ID, sa.ForeignKey("registry_sources.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("status_message", LONG_TEXT, nullable=False),
        sa.Column("title", NAME, nullable=False),
        sa.Column("category", sa.String(63), nullable=False),
        sa.Column("auth", sa.String(16), nullable=False),
        sa.Column("transports", NAME, nullable=False),
        sa.Column("words", LONG_TEXT, nullable=False),
        sa.Column("document", BYTES, nullable=False),
        sa.Column("round", ID),
        sa.Column("changed_at", TIME, nullable=False),
        sa.UniqueConstraint("source_id", "name", name="registry_entries_by_name"),
        sa.Index("registry_entries_by_category", "category"),
        if_not_exists=True,
        **TABLE,
    )


def _installs() -> None:
    op.create_table(
        "registry_installs",
        sa.Column("upstream_id", ID, sa.ForeignKey("upstreams.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("entry_id", sa.String(63), nullable=False),
        sa.Column("source", sa.String(63), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("way", sa.String(63), nullable=False),
        sa.Column("sealed_values", BYTES, nullable=False),
        sa.Column("installed_by", NAME, nullable=False),
        sa.Column("installed_at", TIME, nullable=False),
        sa.Index("registry_installs_by_entry", "entry_id"),
        if_not_exists=True,
        **TABLE,
    )


def _requests() -> None:
    op.create_table(
        "registry_requests",
        sa.Column("id", ID, primary_key=True),
        sa.Column("entry_id", sa.String(63), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("way", sa.String(63), nullable=False),
        sa.Column("upstream_name", sa.String(63), nullable=False),
        sa.Column("sealed_values", BYTES, nullable=False),
        sa.Column("owner", ID),
        sa.Column("team", ID),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("requester", NAME, nullable=False),
        sa.Column("requester_name", NAME, nullable=False),
        sa.Column("message", LONG_TEXT, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", LONG_TEXT, nullable=False),
        sa.Column("decided_by", NAME),
        sa.Column("decided_at", TIME),
        sa.Column("upstream_id", ID),
        sa.Column("created_at", TIME, nullable=False),
        sa.Index("registry_requests_by_state", "state", "id"),
        if_not_exists=True,
        **TABLE,
    )

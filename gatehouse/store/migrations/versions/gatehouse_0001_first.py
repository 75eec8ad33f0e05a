"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.sql.schema import SchemaItem

from gatehouse.store.types import BYTES, DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME

revision = "gatehouse_0001"
down_revision = None


def upgrade() -> None:
    _store()
    _upstreams()
    _servers()
    _access()
    op.execute("INSERT INTO revision (id, value) VALUES (1, 1)")


def _table(name: str, *items: SchemaItem) -> None:
    # MariaDB keeps what was made before a failure, and the next try goes on from there.
    op.create_table(name, *items, **TABLE, if_not_exists=True)


def _store() -> None:
    _table(
        "revision",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    _table(
        "facts",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", BYTES, nullable=False),
    )
    _table(
        "instances",
        sa.Column("id", ID, primary_key=True),
        sa.Column("address", NAME, nullable=False),
        sa.Column("heartbeat_at", TIME, nullable=False),
    )
    _table(
        "leases",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("holder", NAME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    _table(
        "sessions",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("server", NAME, nullable=False),
        sa.Column("principal", NAME, nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.Column("data", BYTES, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Index("sessions_by_expiry", "expires_at"),
    )


def _upstreams() -> None:
    _table(
        "upstreams",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.String(63), nullable=False, unique=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("transport", sa.String(16), nullable=False),
        sa.Column("url", LONG_TEXT),
        sa.Column("command", LONG_TEXT),
        sa.Column("args", LONG_TEXT, nullable=False),
        sa.Column("cwd", LONG_TEXT),
        sa.Column("env_names", LONG_TEXT, nullable=False),
        sa.Column("sealed_env", BYTES),
        sa.Column("credential_type", sa.String(32)),
        sa.Column("sealed_credential", BYTES),
        sa.Column("share", sa.String(16), nullable=False),
        sa.Column("era", sa.String(16), nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("tags", LONG_TEXT, nullable=False),
        sa.Column("team", NAME),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("timeout", TIME),
        sa.Column("detected", BYTES),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", LONG_TEXT),
        sa.Column("status_since", TIME, nullable=False),
        sa.Column("checked_at", TIME),
        sa.Column("skipped", BYTES, nullable=False),
        sa.Column("offer_revision", sa.BigInteger, nullable=False),
        sa.Column("config_revision", sa.BigInteger, nullable=False),
        sa.Column("tools_changed", sa.BigInteger, nullable=False),
        sa.Column("prompts_changed", sa.BigInteger, nullable=False),
        sa.Column("resources_changed", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    _table(
        "capabilities",
        sa.Column("id", ID, primary_key=True),
        sa.Column("upstream_id", ID, sa.ForeignKey("upstreams.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", LONG_TEXT, nullable=False),
        sa.Column("key_digest", DIGEST, nullable=False),
        sa.Column("definition", BYTES, nullable=False),
        sa.Column("title", LONG_TEXT),
        sa.Column("description", LONG_TEXT),
        sa.Column("warnings", LONG_TEXT, nullable=False),
        sa.Column("override_title", LONG_TEXT),
        sa.Column("override_description", LONG_TEXT),
        sa.Column("override_annotations", BYTES),
        sa.Column("tags", LONG_TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("gone_at", TIME),
        sa.UniqueConstraint("upstream_id", "kind", "key_digest", name="capabilities_by_key"),
    )


def _servers() -> None:
    _table(
        "servers",
        sa.Column("id", ID, primary_key=True),
        sa.Column("slug", sa.String(63), nullable=False, unique=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("instructions", LONG_TEXT),
        sa.Column("access", sa.String(16), nullable=False),
        sa.Column("era", sa.String(16), nullable=False),
        sa.Column("tags", LONG_TEXT, nullable=False),
        sa.Column("team", NAME),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    _table(
        "bindings",
        sa.Column("id", ID, primary_key=True),
        sa.Column("server_id", ID, sa.ForeignKey("servers.id", ondelete="CASCADE"), nullable=False),
        sa.Column("capability_id", ID, sa.ForeignKey("capabilities.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", LONG_TEXT, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("title", LONG_TEXT),
        sa.Column("description", LONG_TEXT),
        sa.Column("aliases", LONG_TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.UniqueConstraint("server_id", "capability_id", name="bindings_by_capability"),
        sa.Index("bindings_of_capability", "capability_id"),
    )


def _access() -> None:
    _table(
        "tokens",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("digest", DIGEST, nullable=False, unique=True),
        sa.Column("hint", NAME, nullable=False),
        sa.Column("servers", LONG_TEXT),
        sa.Column("permissions", LONG_TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("revoked_at", TIME),
    )

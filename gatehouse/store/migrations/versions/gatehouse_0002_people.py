"""People and access: users, teams, roles, sessions, providers, audit; and whose each thing is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.sql.schema import SchemaItem

from gatehouse.store.types import BYTES, DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME

revision = "gatehouse_0002"
down_revision = "gatehouse_0001"


def upgrade() -> None:
    _placements()
    _tokens()
    _people()
    _ways_in()
    _audit()


def _table(name: str, *items: SchemaItem) -> None:
    # MariaDB keeps what was made before a failure, and the next try goes on from there.
    op.create_table(name, *items, **TABLE, if_not_exists=True)


def _column(table: str, column: sa.Column[object]) -> None:
    known = {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}
    if column.name not in known:
        op.add_column(table, column)


def _user(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=nullable)


def _team(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, ID, sa.ForeignKey("teams.id", ondelete="CASCADE"), nullable=nullable)


def _placements() -> None:
    _column("upstreams", sa.Column("owner", ID))
    _column("servers", sa.Column("owner", ID))
    _column("capabilities", sa.Column("owner", ID))
    _column("capabilities", sa.Column("team", ID))
    _column("capabilities", sa.Column("visibility", sa.String(16)))


def _tokens() -> None:
    _column("tokens", sa.Column("owner", ID))
    _column("tokens", sa.Column("team", ID))
    _column("tokens", sa.Column("visibility", sa.String(16), nullable=False, server_default="private"))
    _column("tokens", sa.Column("conditions", BYTES))
    _column("tokens", sa.Column("previous_digest", DIGEST))
    _column("tokens", sa.Column("previous_until", TIME))
    _column("tokens", sa.Column("created_by", ID))
    _column("tokens", sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("tokens_by_change", "tokens", ["changed"], if_not_exists=True)
    op.execute("DELETE FROM revision WHERE id > 1")
    op.execute("INSERT INTO revision (id, value) VALUES (2, 1), (3, 1)")
    _table(
        "token_usage",
        sa.Column("token_id", ID, primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", TIME, nullable=False),
        sa.Index("token_usage_by_day", "day", "last_used_at"),
    )


def _people() -> None:
    _table(
        "users",
        sa.Column("id", ID, primary_key=True),
        sa.Column("email", NAME, nullable=False, unique=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password", LONG_TEXT),
        sa.Column("origin", NAME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("seen_at", TIME),
    )
    _table(
        "identities",
        sa.Column("id", ID, primary_key=True),
        _user("user_id"),
        sa.Column("issuer", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("issuer", "subject", name="identities_by_subject"),
    )
    _table(
        "teams",
        sa.Column("id", ID, primary_key=True),
        sa.Column("slug", sa.String(63), nullable=False, unique=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    _table(
        "members",
        sa.Column("team_id", ID, sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("origin", NAME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Index("members_by_user", "user_id"),
    )
    _table(
        "invitations",
        sa.Column("id", ID, primary_key=True),
        sa.Column("digest", DIGEST, nullable=False, unique=True),
        sa.Column("email", NAME),
        _team("team_id", nullable=True),
        sa.Column("role", NAME, nullable=False),
        sa.Column("created_by", ID),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("used_by", ID),
    )
    _table(
        "join_requests",
        sa.Column("id", ID, primary_key=True),
        _team("team_id"),
        _user("user_id"),
        sa.Column("message", LONG_TEXT, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("decided_at", TIME),
        sa.Column("decided_by", ID),
        sa.Index("join_requests_by_team", "team_id"),
    )
    _table(
        "roles",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.String(63), nullable=False, unique=True),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("permissions", LONG_TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    _table(
        "grants",
        sa.Column("id", ID, primary_key=True),
        _user("user_id"),
        sa.Column("role", sa.String(63), nullable=False),
        sa.Column("scope", ID, nullable=False),
        sa.Column("origin", NAME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("user_id", "role", "scope", name="grants_by_scope"),
    )


def _ways_in() -> None:
    _table(
        "user_sessions",
        sa.Column("id", ID, primary_key=True),
        sa.Column("digest", DIGEST, nullable=False, unique=True),
        _user("user_id"),
        sa.Column("method", NAME, nullable=False),
        sa.Column("address", NAME),
        sa.Column("agent", NAME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Index("user_sessions_by_user", "user_id"),
    )
    _table(
        "providers",
        sa.Column("id", ID, primary_key=True),
        sa.Column("slug", sa.String(63), nullable=False, unique=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("preset", sa.String(32), nullable=False),
        sa.Column("issuer", NAME, nullable=False),
        sa.Column("client_id", NAME),
        sa.Column("sealed_secret", BYTES),
        sa.Column("options", BYTES, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    _table(
        "used_once",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("expires_at", TIME, nullable=False),
    )
    _table(
        "sign_in_failures",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
    )


def _audit() -> None:
    _table(
        "audit",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", ID, nullable=False, unique=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor_id", NAME, nullable=False),
        sa.Column("user_id", NAME),
        sa.Column("action", sa.String(63), nullable=False),
        sa.Column("resource_kind", sa.String(32), nullable=False),
        sa.Column("resource_id", NAME),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.Column("previous", DIGEST, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Index("audit_by_time", "at"),
        sa.Index("audit_by_actor", "actor_id", "number"),
        sa.Index("audit_by_user", "user_id", "number"),
        sa.Index("audit_by_resource", "resource_id", "number"),
    )

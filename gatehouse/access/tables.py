"""The tables of access. Columns with several values hold JSON."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from gatehouse.store.database import METADATA
from gatehouse.store.types import BYTES, DIGEST, ID, LONG_TEXT, NAME, TABLE, TIME


def _user(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=nullable)


def _team(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, ID, ForeignKey("teams.id", ondelete="CASCADE"), nullable=nullable)


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
    Column("owner", ID),
    Column("team", ID),
    Column("visibility", String(16), nullable=False),
    Column("conditions", BYTES),
    Column("previous_digest", DIGEST),
    Column("previous_until", TIME),
    Column("created_by", ID),
    Column("changed", BigInteger, nullable=False),
    Column("agents", LONG_TEXT),
    Column("tags", LONG_TEXT),
    Index("tokens_by_change", "changed"),
    **TABLE,
)
TOKEN_USAGE = Table(
    "token_usage",
    METADATA,
    Column("token_id", ID, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("last_used_at", TIME, nullable=False),
    Index("token_usage_by_day", "day", "last_used_at"),
    **TABLE,
)
USERS = Table(
    "users",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("email", NAME, nullable=False, unique=True),
    Column("name", NAME, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password", LONG_TEXT),
    Column("origin", NAME, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("seen_at", TIME),
    Column("tags", LONG_TEXT),
    **TABLE,
)
IDENTITIES = Table(
    "identities",
    METADATA,
    Column("id", ID, primary_key=True),
    _user("user_id"),
    Column("issuer", NAME, nullable=False),
    Column("subject", NAME, nullable=False),
    Column("created_at", TIME, nullable=False),
    UniqueConstraint("issuer", "subject", name="identities_by_subject"),
    **TABLE,
)
TEAMS = Table(
    "teams",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("slug", String(63), nullable=False, unique=True),
    Column("name", NAME, nullable=False),
    Column("description", LONG_TEXT, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    **TABLE,
)
MEMBERS = Table(
    "members",
    METADATA,
    Column("team_id", ID, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("origin", NAME, nullable=False),
    Column("created_at", TIME, nullable=False),
    Index("members_by_user", "user_id"),
    **TABLE,
)
INVITATIONS = Table(
    "invitations",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("email", NAME),
    _team("team_id", nullable=True),
    Column("role", NAME, nullable=False),
    Column("created_by", ID),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("used_at", TIME),
    Column("used_by", ID),
    **TABLE,
)
JOIN_REQUESTS = Table(
    "join_requests",
    METADATA,
    Column("id", ID, primary_key=True),
    _team("team_id"),
    _user("user_id"),
    Column("message", LONG_TEXT, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("decided_at", TIME),
    Column("decided_by", ID),
    Index("join_requests_by_team", "team_id"),
    **TABLE,
)
ROLES = Table(
    "roles",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(63), nullable=False, unique=True),
    Column("description", LONG_TEXT, nullable=False),
    Column("permissions", LONG_TEXT, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    **TABLE,
)
GRANTS = Table(
    "grants",
    METADATA,
    Column("id", ID, primary_key=True),
    _user("user_id"),
    Column("role", String(63), nullable=False),
    Column("scope", ID, nullable=False),
    Column("origin", NAME, nullable=False),
    Column("created_at", TIME, nullable=False),
    UniqueConstraint("user_id", "role", "scope", name="grants_by_scope"),
    **TABLE,
)
USER_SESSIONS = Table(
    "user_sessions",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("digest", DIGEST, nullable=False, unique=True),
    _user("user_id"),
    Column("method", NAME, nullable=False),
    Column("address", NAME),
    Column("agent", NAME),
    Column("created_at", TIME, nullable=False),
    Column("seen_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Index("user_sessions_by_user", "user_id"),
    **TABLE,
)
PROVIDERS = Table(
    "providers",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("slug", String(63), nullable=False, unique=True),
    Column("name", NAME, nullable=False),
    Column("preset", String(32), nullable=False),
    Column("issuer", NAME, nullable=False),
    Column("client_id", NAME),
    Column("sealed_secret", BYTES),
    Column("options", BYTES, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    **TABLE,
)
USED_ONCE = Table(
    "used_once",
    METADATA,
    Column("digest", DIGEST, primary_key=True),
    Column("expires_at", TIME, nullable=False),
    **TABLE,
)
"""What may be used a single time and has been: states of sign-ins, codes."""
SIGN_IN_FAILURES = Table(
    "sign_in_failures",
    METADATA,
    Column("digest", DIGEST, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", TIME, nullable=False),
    **TABLE,
)
AUDIT = Table(
    "audit",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", ID, nullable=False, unique=True),
    Column("at", TIME, nullable=False),
    Column("actor_id", NAME, nullable=False),
    Column("user_id", NAME),
    Column("action", String(63), nullable=False),
    Column("resource_kind", String(32), nullable=False),
    Column("resource_id", NAME),
    Column("outcome", String(16), nullable=False),
    Column("record", BYTES, nullable=False),
    Column("previous", DIGEST, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Index("audit_by_time", "at"),
    Index("audit_by_actor", "actor_id", "number"),
    Index("audit_by_user", "user_id", "number"),
    Index("audit_by_resource", "resource_id", "number"),
    **TABLE,
)
"""`record` is the JSON that `digest` is over, together with `previous`; the other columns are for finding."""

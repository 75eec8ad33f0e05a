"""Agents: which of them a token is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gatehouse.store.types import LONG_TEXT

revision = "gatehouse_0008"
down_revision = "gatehouse_0007"


def upgrade() -> None:
    """MariaDB keeps what was made before a failure, so that the column may be there already."""
    if "agents" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("tokens")}:
        op.add_column("tokens", sa.Column("agents", LONG_TEXT))

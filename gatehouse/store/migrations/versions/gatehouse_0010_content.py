"""Whether a server wants arguments and results in the records of its calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "gatehouse_0010"
down_revision = "gatehouse_0009"


def upgrade() -> None:
    known = {one["name"] for one in sa.inspect(op.get_bind()).get_columns("servers")}
    if "record_content" not in known:
        column = sa.Column("record_content", sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("servers", column)

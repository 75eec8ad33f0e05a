"""Tags on tokens and users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gatehouse.store.types import LONG_TEXT

revision = "gatehouse_0011"
down_revision = "gatehouse_0010"


def upgrade() -> None:
    for table in ("tokens", "users"):
        known = {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}
        if "tags" not in known:
            op.add_column(table, sa.Column("tags", LONG_TEXT))

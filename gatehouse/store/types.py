"""Column types and table options that mean the same on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

BYTES: TypeEngine[bytes] = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
"""Of any size: MariaDB's own choice would end at 64 KB."""
LONG_TEXT: TypeEngine[str] = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
TIME: TypeEngine[float] = Double()
"""Seconds since the epoch."""
ID = String(40)
NAME = String(255)
DIGEST = String(64)
"""SHA-256 in hex: what long values are found by, since an index over them has a limit that differs."""
TABLE: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
"""Options for each table: names that differ in case are different names, as on the other databases."""

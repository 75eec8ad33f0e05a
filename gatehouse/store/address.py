"""From the database URL that people write to the one that the driver takes. Never tells a password."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from gatehouse.kit.errors import Invalid

ACCEPTED = "sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME, mysql://... or mariadb://..."
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+aiomysql",
    "mysql+aiomysql": "mysql+aiomysql",
    "mariadb": "mysql+aiomysql",
    "mariadb+aiomysql": "mysql+aiomysql",
}


def parse_url(text: str) -> URL:
    """Raises `Invalid` with what is accepted."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise Invalid("The database URL can't be read.", f"Accepted: {ACCEPTED}.") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise Invalid(f"'{url.drivername}' is not a database that is known here.", f"Accepted: {ACCEPTED}.")
    if not url.database or url.database == ":memory:":
        wanted = "a file, as in sqlite:////var/lib/gatehouse.db" if driver.startswith("sqlite") else "a database name"
        raise Invalid("The database URL names no database.", f"Give it {wanted}.")
    return _translated(url.set(drivername=driver))


def driver_options(url: URL) -> dict[str, Any]:
    """Keyword arguments for the driver's connect."""
    match url.get_backend_name():
        case "sqlite":
            # The driver's own way to begin transactions comes too late and never covers DDL: we say BEGIN ourselves.
            return {"isolation_level": None}
        case "mysql":
            return {"charset": "utf8mb4", "connect_timeout": 10}
        case _:
            return {"timeout": 10}


def _translated(url: URL) -> URL:
    """libpq says `sslmode`, asyncpg says `ssl`."""
    if url.get_backend_name() != "postgresql" or "sslmode" not in url.query:
        return url
    return url.difference_update_query(["sslmode"]).update_query_dict({"ssl": url.query["sslmode"]})

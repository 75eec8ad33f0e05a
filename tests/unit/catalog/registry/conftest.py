"""Databases for the tests of this room."""

from tests.support.databases import backend, database, database_url, sqlite

__all__ = ["backend", "database", "database_url", "sqlite"]

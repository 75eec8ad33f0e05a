"""The schema's history. A new version is a file in `versions` and its name at the end of `REVISIONS`."""

REVISIONS = ("gatehouse_0001", "gatehouse_0002", "gatehouse_0003")
"""Oldest first. Kept here too, so that a start that has nothing to migrate need not load Alembic to know it."""

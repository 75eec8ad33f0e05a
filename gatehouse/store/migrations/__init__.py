"""The schema's history. A new version is a file in `versions` and its name at the end of `REVISIONS`."""

REVISIONS = tuple(f"gatehouse_{number:04}" for number in range(1, 12))
"""Oldest first. Kept here too, so that a start that has nothing to migrate need not load Alembic to know it."""

"""What of access has tags. A tag on a token or a user gives it nothing: it is for finding it."""

from __future__ import annotations

from gatehouse.access.tables import TOKENS, USERS
from gatehouse.store.tagging import Tagged, all_or_none

TAGGED = {
    "tokens": Tagged(TOKENS, TOKENS.c.revoked_at.is_(None)),
    "users": Tagged(USERS, within=all_or_none),
}

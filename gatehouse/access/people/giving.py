"""Nobody gives what they have not got: a role on a scope is given by who has all of it there. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from gatehouse.access.model import ALL, Grant, Principal
from gatehouse.access.roles import permits
from gatehouse.kit.errors import Forbidden

GIVING = "role.write"
"""The permission to give roles."""
ADMITTING = "team.write"
"""The permission to say who is in a team."""
INVITING = "user.write"
"""The permission to say who is a user at all."""


def lacking(giver: Principal, permissions: Iterable[str], scope: str) -> str | None:
    """A permission that the giver has not got on this scope (a team's id, or `*`); None where there is none.

    What counts are roles there, not that something is the giver's own or is public.
    """
    held = [grant.permissions for grant in giver.grants if grant.scope in (ALL, scope)]
    for permission in sorted(permissions):
        if not permits(giver.permissions, permission) or not any(permits(one, permission) for one in held):
            return permission
    return None


def check_giving(giver: Principal, role: str, permissions: Iterable[str], scope: str, action: str = GIVING) -> None:
    """Asked for taking a role away, too. `action`: what it needs besides all of the role. Raises `Forbidden`."""
    lacked = lacking(giver, {*permissions, action}, scope)
    if lacked is not None:
        raise Forbidden(
            f"'{giver.name}' lacks permission {lacked} {'on all' if scope == ALL else 'in this team'}, "
            f"and so can't give or take role '{role}' there.",
            "Ask somebody who has it.",
        )


def check_standing(by: Principal, grants: Iterable[Grant], email: str) -> None:
    """Who says how a user signs in could become that user, and so must have as much; raises `Forbidden`."""
    for grant in grants:
        lacked = lacking(by, grant.permissions, grant.scope)
        if lacked is not None:
            raise Forbidden(
                f"'{by.name}' lacks permission {lacked}, which '{email}' has, and so can't change how this user signs in.",
                "Ask an administrator.",
            )


def is_administrator(principal: Principal) -> bool:
    return lacking(principal, (ALL,), ALL) is None

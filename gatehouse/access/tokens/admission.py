"""Who was let in from where, so that the conditions of a token need not be read again at each of its requests."""

from __future__ import annotations

import math

from gatehouse.access.model import Circumstances, Decision, Principal
from gatehouse.access.policy import conditions_hold

REMEMBERED = 10_000
_MINUTE = 60


class Admissions:
    """Of one worker. Only who was let in is remembered, and until the answer could be another."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], tuple[Principal, float]] = {}

    def ask(self, principal: Principal, address: str | None, now: float) -> Decision | None:
        """`policy.conditions_hold`; None: it was asked before, and they hold.

        A principal is remembered as the value that it was, so that one whose token or user was changed is asked anew.
        """
        known = self._known.get((principal.id, address))
        if known is not None and known[0] is principal and now < known[1]:
            return None
        decision = conditions_hold(principal, Circumstances(now, address))
        if decision.allowed:
            self._remember(principal, address, now)
        return decision

    def _remember(self, principal: Principal, address: str | None, now: float) -> None:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        # Times of the week begin and end with minutes, in every time zone.
        until = (now // _MINUTE + 1) * _MINUTE if principal.conditions.windows else math.inf
        if principal.expires_at is not None:
            until = min(until, principal.expires_at)
        self._known[principal.id, address] = principal, until

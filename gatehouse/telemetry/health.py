"""What the calls and probes of an upstream say of how it is: rules in a table, pure.

A status is left only for a reason that came after it was entered, and takes more to leave than to enter where calls
could let it flap. Nothing here hides anything: a status is told, no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["unknown", "ok", "degraded", "down", "sign_in", "maintenance"]
Cause = Literal["probe", "calls"]
ENOUGH = 5
"""Calls, before their shares and times mean anything."""
FAILING, WELL_AGAIN = 0.2, 0.1
"""Shares of calls that fail by the upstream's own fault: from the one on it is degraded, below the other it is well."""
SLOW, USUAL_AGAIN = 5.0, 3.0
"""Times its usual 95th percentile, the same way."""
SLOW_FROM = 250.0
"""Milliseconds: what is faster bothers nobody, however many times its usual that is."""
UNREACHED = 3
"""Calls in a row that could not reach it."""
PROBES = 2
"""Probes in a row that failed."""
SETTLING, QUIET = 30.0, 60.0
"""Seconds: how long it stays degraded by calls at least, and how long none must have failed where there are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of the last minute, as far as it came after `state` was entered. Moments are seconds since the epoch; 0: never."""

    state: State
    cause: str = ""
    """Of `state`."""
    since: float = 0.0
    now: float
    calls: int = 0
    failed: int = 0
    """By the upstream's own fault: it could not be reached, gave no sign of life, or answered nothing of use."""
    locked: int = 0
    """Those of `failed` in which it wanted to be signed in to."""
    p95: float | None = None
    """Milliseconds."""
    usual: float | None = None
    """Its 95th percentile on other days; None where it is not known."""
    good_at: float = 0.0
    """The latest call that it answered."""
    failed_at: float = 0.0
    unreached: int = 0
    """Of the latest calls in a row."""
    unreached_since: float = 0.0
    """When that row began, which may be before `since`."""
    answered_at: float = 0.0
    """When it answered a probe, or a full look, for the last time."""
    probes_failed: int = 0
    """Of the latest in a row, where no call succeeded since."""
    probe_error: str = ""
    probe_locked: bool = False
    """The last probe was told to sign in."""

    @property
    def share(self) -> float:
        return self.failed / self.calls if self.calls else 0.0

    def slower(self, times: float) -> bool:
        """Than so many times the usual."""
        if self.p95 is None or self.usual is None or self.calls < ENOUGH:
            return False
        return self.p95 >= SLOW_FROM and self.p95 >= times * self.usual


@dataclass(frozen=True, slots=True)
class Verdict:
    state: State
    cause: Cause
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    states: frozenset[State]
    """In which it is asked."""
    holds: Callable[[Evidence], bool]
    verdict: Callable[[Evidence], Verdict]


def judged(seen: Evidence) -> Verdict | None:
    """What it is now; None: as before."""
    for rule in RULES:
        if seen.state in rule.states and rule.holds(seen):
            return rule.verdict(seen)
    return None


def _is_locked(seen: Evidence) -> bool:
    return seen.locked > 0 and seen.locked == seen.calls


def _is_out_of_reach(seen: Evidence) -> bool:
    """Where it answered a look after that began, it is not down, whatever becomes of calls."""
    return seen.unreached >= UNREACHED and seen.answered_at <= seen.unreached_since


def _is_silent(seen: Evidence) -> bool:
    return seen.probes_failed >= PROBES


def _fails(seen: Evidence) -> bool:
    return (seen.calls >= ENOUGH and seen.share >= FAILING) or seen.unreached >= UNREACHED


def _answers_calls(seen: Evidence) -> bool:
    return seen.good_at > seen.since and not seen.unreached


def _is_well_again(seen: Evidence) -> bool:
    if seen.probes_failed or seen.unreached >= UNREACHED:
        return False
    if seen.cause != "calls":
        return max(seen.answered_at, seen.good_at) > seen.since
    if seen.now - seen.since < SETTLING or seen.slower(USUAL_AGAIN):
        return False
    if seen.calls >= ENOUGH:
        return seen.share < WELL_AGAIN
    return seen.now - seen.failed_at >= QUIET


def _failing(seen: Evidence) -> Verdict:
    if seen.unreached >= UNREACHED:
        words = f"The last {seen.unreached} calls could not reach it, though it answers when it is looked at."
        return Verdict("degraded", "calls", words)
    words = f"{seen.failed} of {seen.calls} calls in the last minute failed by its own fault."
    return Verdict("degraded", "calls", words)


def _slow(seen: Evidence) -> Verdict:
    words = f"The slowest calls take {seen.p95 or 0.0:.0f} ms, usually {seen.usual or 0.0:.0f} ms (95th percentile)."
    return Verdict("degraded", "calls", words)


def _down_by_calls(seen: Evidence) -> Verdict:
    return Verdict("down", "calls", f"The last {seen.unreached} calls could not reach it.")


def _probe_failed(state: State) -> Callable[[Evidence], Verdict]:
    return lambda seen: Verdict(state, "probe", seen.probe_error)


_WELL: frozenset[State] = frozenset({"ok"})
_ANSWERING: frozenset[State] = frozenset({"ok", "degraded"})
_DEGRADED: frozenset[State] = frozenset({"degraded"})
_NOT_ANSWERING: frozenset[State] = frozenset({"down", "sign_in"})
_LOCKED_BY_CALLS = Verdict("sign_in", "calls", "Calls are told to sign in: set or renew its credential.")
RULES: tuple[Rule, ...] = (
    Rule(_ANSWERING, _is_locked, lambda _: _LOCKED_BY_CALLS),
    Rule(_ANSWERING, lambda seen: seen.probe_locked and seen.probes_failed > 0, _probe_failed("sign_in")),
    Rule(_ANSWERING, _is_silent, _probe_failed("down")),
    Rule(_ANSWERING, _is_out_of_reach, _down_by_calls),
    Rule(_WELL, _fails, _failing),
    Rule(_WELL, lambda seen: seen.slower(SLOW), _slow),
    Rule(_WELL, lambda seen: seen.probes_failed > 0, _probe_failed("degraded")),
    Rule(_NOT_ANSWERING, _answers_calls, lambda _: Verdict("ok", "calls")),
    Rule(_DEGRADED, _is_well_again, lambda seen: Verdict("ok", "calls" if seen.cause == "calls" else "probe")),
)
"""The first that holds counts."""

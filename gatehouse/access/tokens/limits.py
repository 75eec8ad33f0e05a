"""The rate and the daily quota of tokens: kept in memory, and over all workers with about a second's lag.

A rate is a bucket that leaks: each request adds one, and it holds as many as the rate has. What other workers let in,
learned from the database as the growth of a token's use that is not ours, is poured in too. What is refused adds
nothing, so that asking again and again keeps nobody out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gatehouse.access.model import Principal, Rate, Step
from gatehouse.access.tokens.usage import DAY, Today, Usage, midnight_after
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import RateLimited

LONGEST_DEBT = 10.0
"""Seconds' worth that workers together can overdraw a rate by and have to make up for; one period where that is longer."""
OVERLAP = 10.0
"""Seconds that a look at the use by others goes back behind the one before: they store late, and clocks differ."""
_LAG = 5.0
"""Seconds: what was counted between two looks that are this far apart is taken to have come at the second one."""
_TOLERANCE = 1e-6
_UNITS = {1: "a second", 60: "a minute", 3600: "an hour", DAY: "a day"}


@dataclass(slots=True)
class _Spent:
    """By one token. Its bucket had this `level` at the time `at`."""

    level: float = 0.0
    at: float = 0.0
    rate: Rate | None = None
    """As far as known; None: there is none, or nobody asked yet."""
    calls: int = 0
    """Of today, by all workers as far as known."""
    others: int = 0
    """Requests of today by other workers, as far as known."""

    def drain(self, rate: Rate, now: float) -> None:
        # A clock that was set back must not keep anybody waiting for the time to come again.
        passed = max(0.0, now - self.at)
        self.level = max(0.0, self.level - passed * rate.requests / rate.seconds)
        self.at = now

    def pour(self, requests: int, moment: float, rate: Rate) -> None:
        """What came at that moment, as far as it has not leaked out again at the time `at`."""
        if self.at < moment:
            self.drain(rate, moment)
            self.level += requests
        else:
            self.level += max(0.0, requests - (self.at - moment) * rate.requests / rate.seconds)


class Limiter:
    """Of this worker. `start` before use, then `share` about once a second.

    `spend_request` and `spend_call` are for principals that are limited, right before `Usage.count`, with nothing awaited
    in between.
    """

    def __init__(self, usage: Usage, clock: Clock) -> None:
        self._usage = usage
        self._clock = clock
        self._spent: dict[str, _Spent] = {}
        self._midnight = 0.0
        self._looked_at = 0.0

    async def start(self) -> None:
        """Learn what was used today before this worker was there."""
        await self._look()

    async def share(self) -> None:
        """Store what was counted here, and learn what was counted elsewhere; raises where the database is down."""
        await self._usage.flush()
        await self._look()

    def spend_request(self, principal: Principal, now: float) -> None:
        """Raises `RateLimited` where the rate is used up."""
        rate = principal.conditions.rate
        if rate is None:
            return
        spent = self._of(principal.id, now)
        spent.drain(rate, now)
        spent.rate = rate
        if spent.level + 1 > rate.requests + _TOLERANCE:
            raise self._slow_down(principal, rate, spent)
        spent.level += 1

    def spend_call(self, principal: Principal, now: float) -> None:
        """After `spend_request` for the same request; raises `RateLimited` where the calls of today are used up."""
        quota = principal.conditions.daily_quota
        if quota is None:
            return
        spent = self._of(principal.id, now)
        if spent.calls >= quota:
            spent.level = max(0.0, spent.level - 1)
            raise self._come_tomorrow(principal, quota, now)
        spent.calls += 1

    def look(self, principal: Principal, now: float) -> Step | None:
        """Whether one more call would be let through, without spending it; None where nothing is limited."""
        rate, quota = principal.conditions.rate, principal.conditions.daily_quota
        if rate is None and quota is None:
            return None
        spent = self._of(principal.id, now)
        if rate is not None:
            spent.drain(rate, now)
            if spent.level + 1 > rate.requests + _TOLERANCE:
                return Step("limit", False, _rate_words(principal, rate))
        if quota is not None and spent.calls >= quota:
            return Step("limit", False, _quota_words(principal, quota))
        return Step("limit", True, "its rate and its quota are not used up")

    def _of(self, principal_id: str, now: float) -> _Spent:
        if now >= self._midnight:
            self._turn(now)
        spent = self._spent.get(principal_id)
        if spent is None:
            spent = self._spent[principal_id] = _Spent()
        return spent

    def _turn(self, now: float) -> None:
        """Another day begins. What is at rest is forgotten."""
        self._midnight = midnight_after(now)
        kept: dict[str, _Spent] = {}
        for principal_id, spent in self._spent.items():
            if spent.rate is not None:
                spent.drain(spent.rate, now)
            if spent.level:
                kept[principal_id] = spent
                spent.calls = spent.others = 0
        self._spent = kept

    async def _look(self) -> None:
        found = await self._usage.today(self._looked_at - OVERLAP)
        now = self._clock.now()
        for token_id, today in found.items():
            self._learn(token_id, today, now)
        self._looked_at = now

    def _learn(self, token_id: str, today: Today, now: float) -> None:
        spent = self._of(token_id, now)
        growth = today.others_requests - spent.others
        spent.rate, spent.calls, spent.others = today.rate, today.calls, today.others_requests
        if spent.rate is not None and growth > 0:
            self._charge(spent, spent.rate, growth, now)

    def _charge(self, spent: _Spent, rate: Rate, growth: int, now: float) -> None:
        # When it came is not known. After a long time without a look, most of it came long ago.
        since = max(self._looked_at, self._midnight - DAY)
        spent.pour(growth, min(since + _LAG, now), rate)
        spent.drain(rate, now)
        debt = max(rate.requests, LONGEST_DEBT * rate.requests / rate.seconds)
        spent.level = min(spent.level, rate.requests + debt)

    def _slow_down(self, principal: Principal, rate: Rate, spent: _Spent) -> RateLimited:
        self._usage.refuse(principal.id)
        seconds = _at_least_one((spent.level + 1 - rate.requests) * rate.seconds / rate.requests)
        words = f"Not allowed: {_rate_words(principal, rate)}."
        return RateLimited(words, f"Try again in {_counted(seconds, 'second')}.", seconds)

    def _come_tomorrow(self, principal: Principal, quota: int, now: float) -> RateLimited:
        self._usage.refuse(principal.id)
        seconds = _at_least_one(self._midnight - now)
        words = f"Not allowed: {_quota_words(principal, quota)}."
        return RateLimited(words, f"Try again after midnight, UTC: in {_counted(seconds, 'second')}.", seconds)


def _rate_words(principal: Principal, rate: Rate) -> str:
    return f"token '{principal.name}' has used up its rate, {_counted(rate.requests, 'request')} {_UNITS[rate.seconds]}"


def _quota_words(principal: Principal, quota: int) -> str:
    return f"token '{principal.name}' has used up its quota, {_counted(quota, 'call')} a day"


def _at_least_one(seconds: float) -> int:
    return max(1, math.ceil(seconds - _TOLERANCE))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

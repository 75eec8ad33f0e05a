"""Refusals, and what failed, counted in memory until it is written: who tries all day makes few records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gatehouse.access.audit.records import Actor, Entry, actor
from gatehouse.access.model import Principal, Resource

MOST = 1000
"""Different refusals that are kept apart; the others are counted as one."""
MOST_OF_ONE = 50
"""The same for one caller at one address, so that who tries everything hides nobody else."""
PAUSE = 60.0
"""Seconds between two records of the same refusal."""
OTHERS = "others"
_MANY = "This caller was refused in more ways than are kept apart."
_ALL_KINDS = "More callers were refused in more ways than are kept apart."
_Key = tuple[str | None, ...]


@dataclass(slots=True)
class _Counted:
    entry: Entry
    since: float
    """When it happened first, of those that are not written yet."""
    count: int = 0
    due_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Taken:
    """Refusals that are about to be written."""

    key: _Key
    entry: Entry
    since: float


class Refusals:
    def __init__(self) -> None:
        self._counted: dict[_Key, _Counted] = {}
        self._by_caller: Counter[_Key] = Counter()

    def __len__(self) -> int:
        return len(self._counted)

    def count(self, entry: Entry, now: float) -> None:
        """`now` is seconds since the epoch."""
        caller = (entry.actor.id, entry.address)
        what = (entry.action, entry.resource_kind, entry.resource_id, entry.resource_name)
        key = (*caller, *what, entry.outcome, entry.reason)
        known = self._counted.get(key) or self._begun(key, caller, entry)
        if known.count == 0:
            known.since = now
        known.count += 1

    def due(self, now: float, everything: bool = False) -> list[Taken]:
        """What is to be written now. It stays counted until `written` says that it was."""
        self._forget(now)
        return [
            Taken(key, replace(one.entry, count=one.count), one.since)
            for key, one in self._counted.items()
            if one.count and (everything or one.due_at <= now)
        ]

    def written(self, taken: Iterable[Taken], now: float) -> None:
        for one in taken:
            known = self._counted[one.key]
            known.count -= one.entry.count
            known.since, known.due_at = now, now + PAUSE

    def _begun(self, key: _Key, caller: _Key, entry: Entry) -> _Counted:
        if len(self._counted) >= MOST:
            return self._shared((OTHERS,), replace(_unnamed(_ALL_KINDS), actor=Actor(OTHERS, OTHERS, OTHERS)))
        if self._by_caller[caller] >= MOST_OF_ONE:
            entry = replace(_unnamed(_MANY), actor=entry.actor, address=entry.address)
            return self._shared((*caller, OTHERS), entry)
        self._by_caller[caller] += 1
        self._counted[key] = _Counted(entry, 0.0)
        return self._counted[key]

    def _shared(self, key: _Key, entry: Entry) -> _Counted:
        return self._counted.setdefault(key, _Counted(entry, 0.0))

    def _forget(self, now: float) -> None:
        """What has not happened again for a while."""
        for key in [key for key, one in self._counted.items() if not one.count and one.due_at <= now]:
            entry = self._counted.pop(key).entry
            caller = (entry.actor.id, entry.address)
            if entry.action != OTHERS:
                self._by_caller[caller] -= 1
            if not self._by_caller[caller]:
                del self._by_caller[caller]


def refusal(principal: Principal, action: str, resource: Resource, reason: str, address: str | None) -> Entry:
    """For the faces that have a principal and a decision at hand."""
    return Entry(
        actor=actor(principal),
        action=action,
        resource_kind=resource.kind,
        resource_id=resource.id,
        resource_name=resource.name,
        outcome="refused",
        reason=reason,
        address=address,
    )


def _unnamed(reason: str) -> Entry:
    return Entry(actor=Actor("", "", ""), action=OTHERS, resource_kind=OTHERS, outcome="refused", reason=reason)

"""What an import would do, item by item. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from msgspec import structs

from gatehouse.kit import json
from gatehouse.kit.errors import Invalid
from gatehouse.kit.ids import new_id
from gatehouse.store.transfer.model import (
    SECRET,
    Arriving,
    Change,
    Contents,
    FieldChange,
    Given,
    LeftOut,
    OnConflict,
    Section,
    Stored,
    Vault,
    Verdict,
)

HIDDEN = "(secret)"


@dataclass(slots=True)
class Plan:
    """`secrets`: what references stand for here; `needed`: the paths of those that nobody gave."""

    changes: list[Change] = field(default_factory=list[Change])
    secrets: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    needed: list[str] = field(default_factory=list[str])

    def of(self, section: str) -> list[Change]:
        return [change for change in self.changes if change.section == section and change.applied]

    def count(self, verdict: Verdict) -> int:
        return sum(change.verdict is verdict for change in self.changes)


class Planner:
    """Makes one plan, section by section in their order."""

    def __init__(self, secrets: Vault, on_conflict: OnConflict, arriving: Arriving) -> None:
        self.plan = Plan()
        self._given = secrets
        self._on_conflict = on_conflict
        self._arriving = arriving

    def add(self, section: Section, here: Contents, items: Sequence[Given]) -> None:
        """Raises `Invalid` where two items have one name."""
        known = {section.key(one.item): one for one in here.items}
        # Ids sort as the items stand in the document, though all are made within one millisecond.
        ids = iter(sorted(new_id(section.prefix) for _ in items))
        seen: set[str] = set()
        for given in items:
            self._arriving.notes = []
            change = self._change(section, given, known, here.secrets, next(ids))
            if change.name in seen:
                raise Invalid(f"{section.name} has '{change.name[:100]}' twice.", "Leave one of them out.")
            seen.add(change.name)
            self._note(section, change, known)

    def _note(self, section: Section, change: Change, known: dict[str, Stored]) -> None:
        name = change.renamed_to or change.name
        if change.verdict in (Verdict.ADDED, Verdict.RENAMED):
            self._arriving.names.add(section.name, change.id, name)
            known[name] = Stored(change.id, change.item)
        if change.verdict is Verdict.RENAMED:
            self._arriving.renamed[section.name, change.name] = name
        if change.verdict in (Verdict.SKIPPED, Verdict.LEFT_OUT):
            self._arriving.skipped.add((section.name, change.name))
        self.plan.changes.append(change)

    def _change(
        self, section: Section, given: Given, known: Mapping[str, Stored], secrets_here: Vault, fresh_id: str
    ) -> Change:
        try:
            item = section.settle(given.item, self._arriving)
        except LeftOut as error:
            return Change(section.name, section.key(given.item), Verdict.LEFT_OUT, notes=(str(error),))
        name, here = section.key(item), known.get(section.key(item))
        notes = tuple(self._arriving.notes)
        if here is None:
            self._take_secrets(section, item, None, secrets_here)
            return Change(section.name, name, Verdict.ADDED, item, fresh_id, notes=notes)
        merged = structs.replace(here.item, **{name: getattr(item, name) for name in given.fields})
        fields = self._differing(section, here.item, merged, secrets_here)
        if not fields:
            return Change(section.name, name, Verdict.SAME, here.item, here.id, here.item, notes=notes)
        if self._on_conflict is OnConflict.UPDATE:
            self._take_secrets(section, merged, here.item, secrets_here)
            return Change(section.name, name, Verdict.CHANGED, merged, here.id, here.item, fields, notes=notes)
        if self._on_conflict is OnConflict.RENAME:
            return self._renamed(
                section, item, known, fresh_id, Change(section.name, name, Verdict.SKIPPED, notes=notes)
            )
        verdict = Verdict.SKIPPED if self._on_conflict is OnConflict.SKIP else Verdict.CONFLICT
        return Change(section.name, name, verdict, here.item, here.id, here.item, fields, notes=notes)

    def _renamed(
        self, section: Section, item: Any, known: Mapping[str, Stored], fresh_id: str, skipped: Change
    ) -> Change:
        renamed = section.renamed(item, known)
        if renamed is None:
            return replace(skipped, notes=(*skipped.notes, "it can't have another name"))
        self._take_secrets(section, renamed, None, {})
        return replace(skipped, verdict=Verdict.RENAMED, item=renamed, id=fresh_id, renamed_to=section.key(renamed))

    def _differing(self, section: Section, before: Any, after: Any, secrets_here: Vault) -> tuple[FieldChange, ...]:
        kept = self._kept(section, before, after, secrets_here)
        found: list[FieldChange] = []
        for name in section.item.__struct_fields__:
            old, new = json.dump(getattr(before, name)), json.dump(getattr(after, name))
            if name in section.secret:
                changed = _opened(old, secrets_here) != _opened(new, {**kept, **self._given})
                old, new = json.dump(_hidden(json.load(old))), json.dump(_hidden(json.load(new)))
            else:
                changed = old != new
            if changed:
                found.append(_field_change(name, json.load(old), json.load(new)))
        return tuple(found)

    def _take_secrets(self, section: Section, item: Any, before: Any, secrets_here: Vault) -> None:
        """For each reference the value that was given, or that is here and may stay."""
        kept = {} if before is None else self._kept(section, before, item, secrets_here)
        for path in references(section, item):
            value = self._given.get(path, kept.get(path))
            if value is None:
                self.plan.needed.append(path)
            else:
                self.plan.secrets[path] = value

    def _kept(self, section: Section, before: Any, after: Any, secrets_here: Vault) -> dict[str, str]:
        """The item's own secrets: it keeps them as long as they are sent to nobody else."""
        if before.place != after.place:
            return {}
        return {path: secrets_here[path] for path in references(section, before) if path in secrets_here}


def references(section: Section, item: Any) -> list[str]:
    """The paths of the secrets in an item."""
    return [path for name in sorted(section.secret) for path in _paths(json.load(json.dump(getattr(item, name))))]


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if SECRET in fields:
            yield str(fields[SECRET])
            return
        for inner in fields.values():
            yield from _paths(inner)


def _opened(data: bytes, secrets: Vault) -> Any:
    def value(path: str) -> list[str | None]:
        return [secrets.get(path)]

    return _replaced(json.load(data), value)


def _hidden(value: Any) -> Any:
    def hidden(path: str) -> str:
        return HIDDEN

    return _replaced(value, hidden)


def _replaced(value: Any, put: Callable[[str], Any]) -> Any:
    """`value` with something else in the place of each reference."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return put(fields[SECRET]) if SECRET in fields else {name: _replaced(one, put) for name, one in fields.items()}


def _field_change(name: str, before: Any, after: Any) -> FieldChange:
    if not isinstance(before, list) or not isinstance(after, list):
        return FieldChange(name, before, after)
    old, new = cast("list[Any]", before), cast("list[Any]", after)
    gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
    return FieldChange(name, gone, come) if gone or come else FieldChange(name, old, new)

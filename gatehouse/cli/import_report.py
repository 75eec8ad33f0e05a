"""What an import did, or would do, in words: what is added (+), changed (~), renamed (>), skipped (.), or can't be (!)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from gatehouse.catalog.transfer.foreign import Finding
from gatehouse.cli.output import counted, line, short, table
from gatehouse.kit import json

_SIGNS = {"added": "+", "changed": "~", "renamed": ">", "skipped": ".", "conflict": "!", "left out": "!", "same": "="}
_WORDS = {"same": "the same", "conflict": "in conflict"}
_MOST = 200
"""Characters of a value."""


class FieldChange(msgspec.Struct, frozen=True):
    name: str
    before: Any = None
    after: Any = None


class Change(msgspec.Struct, frozen=True):
    section: str
    name: str
    verdict: str
    renamed_to: str | None = None
    fields: list[FieldChange] = []
    notes: list[str] = []


class Report(msgspec.Struct, frozen=True):
    """The answer of `POST /import`, as far as it is read here."""

    dry_run: bool
    counts: dict[str, int] = {}
    changes: list[Change] = []
    needed: list[str] = []
    sealed: bool = False


def tell(report: Report) -> None:
    """The diff, section by section, and how many of each."""
    section = ""
    for change in report.changes:
        if change.section != section:
            section = change.section
            line(section)
        for text in _change(change):
            line(f"  {text}")
    counts = [f"{number} {_WORDS.get(verdict, verdict)}" for verdict, number in report.counts.items()]
    line(("Nothing was done yet: " if report.dry_run else "") + (", ".join(counts) or "nothing in it") + ".")


def tell_needed(report: Report) -> None:
    if not report.needed:
        return
    line(f"{counted(len(report.needed), 'secret')} that nobody gave, and without which upstreams may not answer:")
    for path in report.needed:
        line(f"  {path}")
    if report.sealed:
        line("They are in the document, sealed: give --passphrase-file.")
    else:
        line("Give them with --secrets FILE, a line each, as in PATH=value or PATH=${VARIABLE}.")


def tell_findings(findings: Sequence[Finding]) -> None:
    """What becomes of the things in another program's file."""
    if findings:
        rows = [(one.kind, one.name, one.fidelity.value, one.words) for one in findings]
        table(("KIND", "NAME", "COMES OVER", "WHAT TO KNOW"), rows)


def _change(change: Change) -> list[str]:
    name = change.name if change.renamed_to is None else f"{change.name} -> {change.renamed_to}"
    told = [
        f"{_SIGNS.get(change.verdict, '?')} {name}"
        + ("" if change.verdict in ("added", "changed") else f"  ({change.verdict})")
    ]
    told += [f"    {text}" for field in change.fields for text in _field(field)]
    return told + [f"    note: {note}" for note in change.notes]


def _field(field: FieldChange) -> list[str]:
    before: Any = field.before
    after: Any = field.after
    if not (isinstance(before, list) and isinstance(after, list)):
        return [f"{field.name}: {'another one' if before == after else f'{_value(before)} -> {_value(after)}'}"]
    gone, come = map(_value, cast("list[Any]", before)), map(_value, cast("list[Any]", after))
    left, entered = list(gone), list(come)
    if sorted(left) == sorted(entered):
        return [f"{field.name}: in another order"]
    return [f"{field.name}: - {one}" for one in left] + [f"{field.name}: + {one}" for one in entered]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        # What is usual in a binding or a member goes without saying.
        fields = cast("dict[str, Any]", value)
        value = {name: one for name, one in fields.items() if one not in (None, [], True)} or fields
    return short(value if isinstance(value, str) and value else json.dump(value).decode(), _MOST)

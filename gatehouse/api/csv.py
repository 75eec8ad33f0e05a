"""Answers as tables for spreadsheets (RFC 4180), where the caller accepts `text/csv` rather than JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec

MEDIA_TYPE = "text/csv"
_JSON = ("application/json", "application/*", "*/*")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
Row = dict[str, Any]


def is_wanted(accept: str) -> bool:
    """Whether CSV is asked for, and JSON is not or comes after it."""
    kinds = [one.partition(";")[0].strip().lower() for one in accept.split(",")]
    if MEDIA_TYPE not in kinds:
        return False
    return not any(kind in _JSON for kind in kinds[: kinds.index(MEDIA_TYPE)])


def table(answer: Any) -> bytes:
    """A row for each item, or point of a course, or one for all of it; a column for whatever any of them has."""
    rows = [dict(_flat(one)) for one in _rows(msgspec.to_builtins(answer))]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([columns] if columns else [])
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode()


def _rows(answer: Row) -> Iterable[Row]:
    if "items" in answer:
        return answer["items"]
    if answer.get("groups"):
        named = ("key", "name")
        return [{name: one[name] for name in named} | point for one in answer["groups"] for point in one["points"]]
    return answer.get("points", [answer])


def _flat(row: Row, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`principal_name` for what stands in an object; figures go without the name of theirs."""
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flat(cast("Row", value), prefix if name == "sums" else f"{prefix}{name}_")
        else:
            yield f"{prefix}{name}", value


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = " ".join(map(str, cast("list[object]", value)))
    if isinstance(value, str) and value.startswith(_FORMULAS):
        # A spreadsheet would take it for a formula, and names come from strangers.
        return f"'{value}"
    return value

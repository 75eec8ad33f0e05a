"""Comma-separated values on stdout (RFC 4180), for spreadsheets."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from gatehouse.cli.errors import clean

CsvFlag = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
_FORMULAS = ("=", "+", "-", "@", "\t")


def print_csv(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    """What a stranger named must not become a formula where the file is opened."""
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text

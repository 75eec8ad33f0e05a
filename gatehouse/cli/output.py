"""What commands print: tables and facts for people, JSON for programs. Upstreams' words are never markup."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gatehouse.cli.errors import clean
from gatehouse.kit import json
from gatehouse.kit.json import Raw

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_STYLES = {
    "ok": "green",
    "down": "red",
    "fail": "red",
    "warn": "yellow",
    "gone": "yellow",
    "sign_in": "yellow",
    "revoked": "dim",
}


def print_json(value: bytes | Raw | Any) -> None:
    """Print bytes of JSON, or a value, indented."""
    data = bytes(value) if isinstance(value, (bytes, Raw)) else json.dump(value)
    typer.echo(msgspec.json.format(data, indent=2).decode())


def print_items(items: Sequence[Raw]) -> None:
    print_json({"items": items, "next": None})


def line(text: str = "") -> None:
    typer.echo(clean(text))


def table(titles: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "") -> None:
    """Columns: wrapped to the terminal's width; each row on one line, whole, where the output is no terminal."""
    cells = [[clean("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not cells:
        typer.echo(empty or "There are none.")
    elif sys.stdout.isatty():
        _rich_table(titles, cells)
    else:
        _plain_table(titles, cells)


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values, one to a line; empty values are left out."""
    shown = [(name, clean(str(value))) for name, value in pairs if value not in (None, "", [], (), {})]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        typer.echo(f"{name:<{width}}  {value}".rstrip())


def short(text: str | None, length: int = 100) -> str:
    """The first line of `text`, cut at `length`."""
    first = (text or "").strip().partition("\n")[0]
    return first if len(first) <= length else first[: length - 1] + "…"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _rich_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        grid.add_column(title, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    Console().print(grid)


def _plain_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [list(titles), *([cell.replace("\n", " ") for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        typer.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())

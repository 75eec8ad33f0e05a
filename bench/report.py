"""What was measured, as rows: on the terminal, in Markdown, in JSON."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from contestants import find_nginx, nginx_version
from processes import all_cores
from rich.console import Console
from rich.table import Table


class LoadRow(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant under one load. `cpu` in seconds per call, `p50` and `p99` in seconds, `floor` in nginx's CPU."""

    what: str
    era: str
    connections: int
    who: str
    cpu: float | None
    floor: float | None
    budget: float | None
    met: bool | None
    rate: float
    p50: float
    p99: float
    calls: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure; `budget` is in the same unit. `note` says how it was come by."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    met: bool | None = None
    note: str = ""


class Report(msgspec.Struct):
    machine: str
    seconds: float = 0.0
    loads: list[LoadRow] = []
    rows: list[Row] = []
    notes: list[str] = []

    @property
    def missed(self) -> list[str]:
        loads = [f"{row.what}, {row.era}, c={row.connections}" for row in self.loads if row.met is False]
        return loads + [row.what for row in self.rows if row.met is False]


def machine() -> str:
    nginx, cores = find_nginx(), len(all_cores())
    shared = f"{cores} cores, one of them for whoever is measured" if cores > 1 else "1 core that all share"
    return f"{shared}; Python {platform.python_version()}, nginx {nginx_version(nginx) if nginx else 'not installed'}"


def row(what: str, value: float, unit: str, budget: float | None = None, note: str = "") -> Row:
    """A figure that keeps its budget where it is not above it."""
    return Row(
        what=what, value=value, unit=unit, budget=budget, met=None if budget is None else value <= budget, note=note
    )


Cell = Callable[[Any], str]


def _met(each: LoadRow | Row) -> str:
    return {None: "", True: "yes", False: "NO"}[each.met]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _figure(value: float | None) -> str:
    return _number(value, 0 if value is not None and value >= 100 else 2)


LOAD_COLUMNS: dict[str, Cell] = {
    "what": lambda each: each.what,
    "era": lambda each: each.era,
    "c": lambda each: str(each.connections),
    "who": lambda each: each.who,
    "CPU ms/call": lambda each: _number(each.cpu and each.cpu * 1000, 3),
    "x floor": lambda each: _number(each.floor, 2),
    "budget": lambda each: _number(each.budget, 1),
    "met": _met,
    "calls/s": lambda each: _number(each.rate, 0),
    "p50 ms": lambda each: _number(each.p50 * 1000, 2),
    "p99 ms": lambda each: _number(each.p99 * 1000, 2),
}
ROW_COLUMNS: dict[str, Cell] = {
    "what": lambda each: each.what,
    "measured": lambda each: f"{_figure(each.value)} {each.unit}",
    "budget": lambda each: "" if each.budget is None else f"{_figure(each.budget)} {each.unit}",
    "met": _met,
    "how": lambda each: each.note,
}
LEFT = ("what", "era", "who", "how")


def tables(report: Report) -> list[tuple[dict[str, Cell], Sequence[Any]]]:
    both: list[tuple[dict[str, Cell], Sequence[Any]]] = [(LOAD_COLUMNS, report.loads), (ROW_COLUMNS, report.rows)]
    return [(columns, rows) for columns, rows in both if rows]


def show(report: Report, console: Console) -> None:
    for columns, rows in tables(report):
        table = Table()
        for title in columns:
            table.add_column(title, justify="left" if title in LEFT else "right", overflow="fold")
        for each in rows:
            style = "bold red" if each.met is False else "bold" if each.met else None
            table.add_row(*(cell(each) for cell in columns.values()), style=style)
        console.print(table)
    for line in closing(report):
        console.print(line, highlight=False)


def markdown(report: Report) -> str:
    parts: list[str] = []
    for columns, rows in tables(report):
        lines = [list(columns), ["---" if title in LEFT else "--:" for title in columns]]
        lines += [[cell(each) for cell in columns.values()] for each in rows]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in closing(report))]) + "\n"


def closing(report: Report) -> list[str]:
    judged = any(each.met is not None for each in [*report.loads, *report.rows])
    kept = "Every budget was kept." if judged else "No budget was judged."
    missed = f"Missed: {'; '.join(report.missed)}." if report.missed else kept
    verified = f"{sum(each.calls for each in report.loads):,} answers of the loads were verified."
    return [f"{report.machine}; {report.seconds:.0f} s. {verified}", *report.notes, missed]

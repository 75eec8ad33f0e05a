"""What it costs a call that it is seen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from contestants import Door, Gatehouse
from crowd import compare
from parts import PREFIX, TOOLS, Bench
from report import row

RECORDS_BUDGET = 1.05


def records(bench: Bench) -> None:
    """CPU of a call with records of calls, and all that is made of them, beside that without."""
    bench.say("records of calls")
    beside(bench, "tools/call with records of calls", RECORDS_BUDGET, {"GATEHOUSE_RECORD_CALLS": "false"}, {})


def beside(bench: Bench, what: str, budget: float | None, plain: dict[str, str], other: dict[str, str]) -> None:
    """Two programs that differ in their settings alone, measured in turns."""
    with ExitStack() as stack:
        doors = [
            _opened(bench, stack.enter_context(bench.fresh(**settings)), name)
            for name, settings in (("without", plain), ("with", other))
        ]
        ratio, note = compare(bench, *doors)
    bench.report.rows.append(row(what, ratio, "x without", budget, note))


def _opened(bench: Bench, gatehouse: Gatehouse, name: str) -> Door:
    gatehouse.add_upstream("small", bench.upstream.url(f"/any/{TOOLS}/mcp"))
    return replace(gatehouse.serve("small", ["small"], PREFIX), name=name)


WATCHED_PARTS: dict[str, Callable[[Bench], None]] = {"records": records}

"""How long each statement takes at the database: told as text, without its parameters."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

Timed = Callable[[str, float], None]
"""Told a statement, and the seconds from handing it to the driver to its answer. It must neither block nor raise."""


def time_queries(engine: Engine, timed: Timed) -> None:
    """Statements that fail are timed, too: those that wait in vain for a lock are the slowest of all."""

    def begin(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        context.gatehouse_began = time.perf_counter()

    def end(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        timed(statement, time.perf_counter() - context.gatehouse_began)

    def failed(error: Any) -> None:
        # Where no connection was to be had, nothing was asked.
        began = getattr(error.execution_context, "gatehouse_began", None)
        if began is not None and error.statement is not None:
            timed(error.statement, time.perf_counter() - began)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", failed)

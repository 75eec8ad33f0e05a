"""Tasks that outlive the call that began them: each has an owner, a name, and an end that is seen.

The one place that makes bare asyncio tasks; everything else uses an anyio task group or an owner of this kind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger("gatehouse")


class Tasks:
    """Whoever makes one awaits its `cancel_all` at the end."""

    def __init__(self, patience: float = 5.0) -> None:
        """`patience`: seconds that `cancel_all` waits for tasks to end."""
        self._patience = patience
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, object], name: str) -> asyncio.Task[Any]:
        """Run it beside the caller. What it raises is logged under `name`; nobody needs to await the task."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def cancel_all(self) -> None:
        """Cancel what runs, and what that still begins, and wait for it; a task that will not end is logged and left."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while (running := self._others()) and (left := deadline - loop.time()) > 0:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=left)
        for task in self._others():
            _log.warning("Task '%s' did not end within %g seconds", task.get_name(), self._patience)

    def _others(self) -> set[asyncio.Task[Any]]:
        return self._tasks - {asyncio.current_task()}

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("Task '%s' failed", task.get_name(), exc_info=error)

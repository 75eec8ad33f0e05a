"""Work that several callers want at once and that is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gatehouse.kit.tasks import Tasks

Key = TypeVar("Key")
Value = TypeVar("Value")


class Flights(Generic[Key, Value]):
    """One piece of work a key at a time. It goes on when somebody who waits for it leaves."""

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._tasks = tasks
        self._name = name
        self._under_way: dict[Key, asyncio.Future[Value]] = {}

    async def join(self, key: Key, work: Callable[[], Awaitable[Value]]) -> Value:
        """What the work for `key` gives, or raises: that which is under way, else `work`."""
        future = self._under_way.get(key)
        if future is None:
            future = self._under_way[key] = asyncio.get_running_loop().create_future()
            task = self._tasks.spawn(self._run(future, work), self._name)
            task.add_done_callback(lambda _: self._land(key))
        return await asyncio.shield(future)

    async def settle(self, key: Key) -> None:
        """Wait until nothing is under way for `key`, however that ends."""
        future = self._under_way.get(key)
        if future is not None:
            await asyncio.wait({future})

    async def _run(self, future: asyncio.Future[Value], work: Callable[[], Awaitable[Value]]) -> None:
        try:
            future.set_result(await work())
        except Exception as error:
            # It is for those who wait to tell of it; where they have all left, it was of no use to anybody.
            future.set_exception(error)
            future.exception()

    def _land(self, key: Key) -> None:
        self._under_way.pop(key).cancel()

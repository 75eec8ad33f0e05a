"""Work that nobody needs any more once who asked for it has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request

Answer = TypeVar("Answer")


async def while_here(request: Request | None, work: Awaitable[Answer]) -> Answer:
    """What `work` gives; it is cancelled, once, where the client goes before. Raises `ClientDisconnect` then.

    The body of the request has to have been read.
    """
    if request is None:
        return await work
    here, gone, answers, errors = asyncio.current_task(), anyio.Event(), list[Answer](), list[Exception]()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()
        if here is not None:
            here.cancel()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            try:
                answers.append(await work)
            except Exception as error:  # raised below, since a task group would put it into a group of errors
                errors.append(error)
            group.cancel_scope.cancel()
    except asyncio.CancelledError:
        if not gone.is_set():
            raise
    if gone.is_set() and here is not None:
        here.uncancel()
        raise ClientDisconnect
    for error in errors:
        raise error
    return answers[0]

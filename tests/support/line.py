"""A line to another service that a test can cut, and mend."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import ByteStream, SocketStream

_CUT = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class Line:
    """Listens on a port of its own, and passes on what comes to `host:far`: `async with Line(5432) as line:`."""

    def __init__(self, far: int, host: str = "127.0.0.1") -> None:
        self.port = 0
        self._far = (host, far)
        self._open: set[ByteStream] = set()
        self._whole = True

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
        self.port = listener.extra(anyio.abc.SocketAttribute.local_port)
        await self._stack.enter_async_context(listener)
        self._group = await self._stack.enter_async_context(anyio.create_task_group())
        self._group.start_soon(listener.serve, self._serve)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.cancel_scope.cancel()
        await self._stack.__aexit__(kind, error, trace)

    async def cut(self) -> None:
        """Ends all connections, and those that are begun from now on."""
        self._whole = False
        for stream in tuple(self._open):
            await anyio.aclose_forcefully(stream)

    def mend(self) -> None:
        self._whole = True

    async def _serve(self, near: SocketStream) -> None:
        if not self._whole:
            await anyio.aclose_forcefully(near)
            return
        async with near, await anyio.connect_tcp(*self._far) as far, anyio.create_task_group() as group:
            self._open |= {near, far}
            group.start_soon(_copy, near, far)
            await _copy(far, near)
            group.cancel_scope.cancel()
        self._open -= {near, far}


async def _copy(source: ByteStream, target: ByteStream) -> None:
    try:
        async for chunk in source:
            await target.send(chunk)
        await target.send_eof()
    except _CUT:
        await anyio.aclose_forcefully(target)

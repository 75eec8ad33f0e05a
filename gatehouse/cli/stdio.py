"""Lines in from stdin and out to stdout, for a program that is an MCP server over stdio."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import suppress

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

READ = 256 * 1024
WAITING = 256
"""Messages that may wait, each way; past that the one who writes them waits."""


class Lines:
    """Chunks, cut anywhere, into lines without their ends; empty lines are passed over."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        *whole, rest = chunk.split(b"\n")
        for end in whole:
            line = b"".join([*self._pieces, end]).strip()
            self._pieces = []
            if line:
                yield line
        if rest:
            self._pieces.append(rest)

    def last(self) -> bytes:
        """What came after the last line end."""
        return b"".join(self._pieces).strip()


def read_lines(file: int) -> MemoryObjectReceiveStream[bytes]:
    """The lines of a file descriptor, until it ends; call it inside the event loop.

    A thread reads, since not every stdin can be waited for; it dies with the process, so that a stdin which stays open
    holds nothing up.
    """
    send, receive = anyio.create_memory_object_stream[bytes](WAITING)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_read, args=(file, send, loop), name="stdin", daemon=True).start()
    return receive


def _read(file: int, send: MemoryObjectSendStream[bytes], loop: asyncio.AbstractEventLoop) -> None:
    lines = Lines()
    try:
        while chunk := os.read(file, READ):
            for line in lines.feed(chunk):
                asyncio.run_coroutine_threadsafe(send.send(line), loop).result()
        if last := lines.last():
            asyncio.run_coroutine_threadsafe(send.send(last), loop).result()
    except (OSError, anyio.BrokenResourceError):
        pass  # Nothing more can be read, or nobody takes it.
    finally:
        with suppress(RuntimeError):  # The event loop has ended, and with it who would wait.
            loop.call_soon_threadsafe(send.close)


async def write_lines(file: int, messages: MemoryObjectReceiveStream[bytes]) -> None:
    """Write each message and a line end, whole, one after the other; raises `OSError` once nobody reads."""
    async with messages:
        async for message in messages:
            data = [one_line(message), *(one_line(more) for more in _waiting(messages))]
            await to_thread.run_sync(_write_all, file, b"".join(line + b"\n" for line in data))


def one_line(message: bytes) -> bytes:
    """JSON without line ends: they can only stand between its tokens."""
    if b"\n" not in message and b"\r" not in message:
        return message
    return message.replace(b"\r", b" ").replace(b"\n", b" ")


def _waiting(messages: MemoryObjectReceiveStream[bytes]) -> Iterator[bytes]:
    while True:
        try:
            yield messages.receive_nowait()
        except (anyio.WouldBlock, anyio.EndOfStream):
            return


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]

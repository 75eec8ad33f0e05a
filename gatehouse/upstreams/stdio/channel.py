"""A stdio upstream's stream of messages: one a line, on the stdin and stdout of a program (all eras, "stdio")."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import anyio
import msgspec

from gatehouse.kit import json
from gatehouse.kit.errors import UpstreamDown
from gatehouse.upstreams.stdio.output import Diary, LineSplitter, LineTooLong, StderrTail
from gatehouse.upstreams.stdio.process import Child, Launcher, Program

_LAST_WORDS = 300
"""Characters of the last line of stderr that stand in an error."""
_READ_OUT = 1.0
"""Seconds after its end in which what a program wrote is still read; its orphans may hold the pipe open."""
_SLACK = 5.0
"""Seconds beside the graces that the end of a whole family may take."""
_skim = msgspec.json.Decoder(msgspec.Raw).decode


@dataclass(frozen=True, slots=True)
class StdioLimits:
    """Bytes of one message from the upstream; bytes that wait to be read by it; seconds that `send` then waits for it;
    seconds from the end of its stdin to SIGTERM, and from that to SIGKILL."""

    largest: int = 64 * 1024 * 1024
    unread: int = 1024 * 1024
    send: float = 30.0
    grace: float = 2.0


class StdioChannel:
    """Implements `Channel` over one run of a program; what it says on stderr goes to `stderr`."""

    def __init__(
        self, program: Program, launcher: Launcher, stderr: StderrTail, limits: StdioLimits = StdioLimits()
    ) -> None:
        self._program = program
        self._launcher = launcher
        self._stderr = stderr
        self._limits = limits
        self._run: _Run | None = None
        self._ended: str | None = None
        self._over = asyncio.Event()
        self._on_close: Callable[[str], None] | None = None

    @property
    def alive(self) -> bool:
        return self._run is not None and self._ended is None

    async def open(self, on_message: Callable[[bytes], None], on_close: Callable[[str], None]) -> None:
        """Start the program; raises `UpstreamDown`. One that ends at once is told by `on_close`."""
        diary = self._stderr.begin(self._program.env)
        run = _Run(self._limits, diary, on_message, self._end)
        self._on_close = on_close
        try:
            run.child = await self._launcher.start(self._program, self._limits.grace, run.process_ended)
            await run.connect()
        except OSError as error:
            run.release()
            raise UpstreamDown(f"The pipes of '{self._program.name}' can't be read: {error.strerror}.") from None
        except BaseException:
            run.release()
            raise
        self._run = run

    async def send(self, message: bytes) -> None:
        if self._run is None or self._ended is not None:
            raise UpstreamDown(self._ended or "The upstream's process is not running.")
        try:
            await self._run.stdin.write(message)
        except UpstreamDown:
            # Its end, with its last words, explains more; where its pipe broke that is on the way.
            if self._run.stdin.lost.is_set():
                with anyio.move_on_after(2 * _READ_OUT):
                    await self._over.wait()
            if self._ended is not None:
                raise UpstreamDown(self._ended) from None
            raise

    async def close(self) -> None:
        """Close its stdin and wait; what does not end by that is ended, with all that it started."""
        self._on_close = None
        self._ended = self._ended or "The upstream was closed."
        self._over.set()
        if self._run is not None:
            await self._run.close()

    def _end(self, reason: str) -> None:
        on_close, self._on_close = self._on_close, None
        if self._ended is None:
            self._ended = f"'{self._program.name}' {reason}"
        self._over.set()
        if on_close is not None:
            on_close(self._ended)


class _Run:
    """The process and its three pipes, until all have come to their end."""

    def __init__(
        self, limits: StdioLimits, diary: Diary, on_message: Callable[[bytes], None], on_end: Callable[[str], None]
    ) -> None:
        self.child: Child | None = None
        self.stdin = _Input(limits)
        self._limits = limits
        self._diary = diary
        self._on_message = on_message
        self._on_end: Callable[[str], None] | None = on_end
        self._splitter = LineSplitter(limits.largest)
        self._stdout = _Output(self._take_stdout, self._stdout_ended)
        self._stderr = _Output(diary.feed, self._look)
        self._fate: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        child, loop = self.child, asyncio.get_running_loop()
        assert child is not None  # noqa: S101 - set by who calls this
        await loop.connect_write_pipe(lambda: self.stdin, child.stdin)
        await loop.connect_read_pipe(lambda: self._stdout, child.stdout)
        await loop.connect_read_pipe(lambda: self._stderr, child.stderr)

    def process_ended(self, words: str) -> None:
        """Its warden says how; what it wrote before that is read first."""
        self._fate = words
        self._look()
        if self._on_end is not None:
            self._wait_for_rest()

    async def close(self) -> None:
        """Bounded; where it is cancelled, the warden carries on without us."""
        self._on_end = None  # what it still says is read, so that it does not block, and dropped
        child = self.child
        if child is None:
            return
        self.stdin.end()
        child.end()
        with anyio.move_on_after(2 * self._limits.grace + _SLACK):
            await asyncio.shield(child.gone)
        self.release()
        for pipe in (self.stdin, self._stdout, self._stderr):
            await pipe.lost.wait()

    def release(self) -> None:
        """Let go of everything, and tell nothing more; what still runs is ended by its warden."""
        self._on_end = None
        if self._timer is not None:
            self._timer.cancel()
        child = self.child
        if child is not None:
            pipes = ((self.stdin, child.stdin), (self._stdout, child.stdout), (self._stderr, child.stderr))
            for pipe, file in pipes:
                if not pipe.abort():
                    file.close()
                    pipe.lost.set()
            child.abandon()
        self._diary.end()

    def _take_stdout(self, chunk: bytes) -> None:
        try:
            lines = self._splitter.feed(chunk)
        except LineTooLong:
            self._finish(f"sent a message of more than {self._limits.largest} bytes.")
            return
        for line in lines:
            if self._on_end is None:
                return
            if message := line.strip():
                self._take_line(message)

    def _take_line(self, line: bytes) -> None:
        if _is_message(line):
            self._on_message(line)
        else:
            self._diary.feed_noise(line)

    def _stdout_ended(self) -> None:
        self._look()
        if self._on_end is not None and self._fate is None:
            # Its exit is on the way; if it is not, a server that can't answer any more is no use.
            self._wait_for_rest()

    def _look(self) -> None:
        if self._fate is not None and self._stdout.lost.is_set() and self._stderr.lost.is_set():
            self._finish(self._fate)

    def _wait_for_rest(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_READ_OUT, self._give_up)

    def _give_up(self) -> None:
        self._finish(self._fate or "closed its output while it went on running")

    def _finish(self, what: str) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            self._diary.end()
            words = self._diary.last_words[:_LAST_WORDS]
            self.release()
            on_end(f"{what.rstrip('.')}. Its last words: {words}" if words else f"{what.rstrip('.')}.")


def _is_message(line: bytes) -> bool:
    """JSON, by its shape alone: an object, or an array of them (a batch, of 2025-03-26)."""
    if line[0] not in b"{[":
        return False
    try:
        json.check_text(line)
        _skim(line)
    except (msgspec.DecodeError, json.BadJson, RecursionError):
        return False
    return True


class _Output(asyncio.Protocol):
    """The stdout or the stderr of a program."""

    def __init__(self, take: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._take = take
        self._on_end = on_end
        self._transport: asyncio.ReadTransport | None = None
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._on_end()

    def abort(self) -> bool:
        """Whether there was a transport to end."""
        if self._transport is not None:
            self._transport.close()
        return self._transport is not None


class _Input(asyncio.BaseProtocol):
    """The stdin of a program. What waits in it is bounded: while the program does not read, nothing is added."""

    def __init__(self, limits: StdioLimits) -> None:
        self._limits = limits
        self._transport: asyncio.WriteTransport | None = None
        self._room = asyncio.Event()
        self._room.set()
        self.lost = asyncio.Event()

    async def write(self, message: bytes) -> None:
        """Raises `UpstreamDown` where it is closed, or was not read for too long."""
        if not self._room.is_set():
            await self._wait_for_room()
        if self._transport is None or self.lost.is_set():
            raise UpstreamDown("The upstream's process has closed its input.")
        if b"\n" in message or b"\r" in message:
            # Between the tokens of a message, which is the one place where JSON has line breaks.
            message = message.replace(b"\n", b" ").replace(b"\r", b" ")
        self._transport.write(message + b"\n")

    async def _wait_for_room(self) -> None:
        with anyio.move_on_after(self._limits.send):
            while not self._room.is_set():
                await self._room.wait()
            return
        raise UpstreamDown(f"The upstream's process has not read its input for {self._limits.send:g} s.")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.set_write_buffer_limits(high=self._limits.unread)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._room.set()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def end(self) -> None:
        """Close it, after what was already sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> bool:
        """Whether there was a transport to end."""
        transport = self._transport
        if transport is not None and not self.lost.is_set():
            # asyncio's transport must not be aborted when its end is already on the way: it would come twice.
            if not transport.is_closing() or transport.get_write_buffer_size() > 0:
                transport.abort()
        return transport is not None

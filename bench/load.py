"""The load generator: so many clients that each wait for their answer before they ask again, every answer verified.

python bench/load.py        reads a job from its standard input, says "ready" after warming up, waits for a line,
                            measures, and prints what it measured (see `wire.Job` and `wire.Measured`)
"""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter

import msgspec
import uvloop
import wire
from wire import Job, Measured, WrongAnswer

PATIENCE = 30.0
"""Seconds past the end of a measurement after which an answer is missing."""


class Client(asyncio.Protocol):
    """One connection. `answered(status, head, body)` is what to do with the next answer."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._job = crowd.job
        self._id = wire.FIRST_ID + number * 1_000_000
        self._buffer = bytearray()
        self._need = 0
        self._head_end = 0
        self._found = 0
        self._session = b""
        self._template = b""
        self.answered = self._initialized

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        if self._job.era == "legacy":
            self._transport.write(wire.initialize(self._job))
        else:
            self._prepare()

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.fail(f"a connection was closed: {exc or 'by the other side'}")

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if not self._head_end and not self._read_head():
            return
        if (self._need < 0 and not buffer.endswith(b"\r\n0\r\n\r\n")) or len(buffer) < self._need:
            return
        whole = bytes(buffer)
        head, body, status = whole[: self._head_end], whole[self._head_end :], whole[9:12]
        buffer.clear()
        self._head_end = 0
        try:
            self.answered(status, head, body)
        except WrongAnswer as error:
            self._crowd.fail(str(error))

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._head_end = end + 4
        length = header(bytes(self._buffer[:end]), b"content-length")
        self._need = self._head_end + int(length) if length else -1
        return True

    # The handshake of the legacy era.

    def _initialized(self, status: bytes, head: bytes, body: bytes) -> None:
        expect(status, b"200", body)
        self._session = header(head, b"mcp-session-id")
        if not self._session:
            raise WrongAnswer("initialize gave no session id")
        self.answered = self._acknowledged
        self._transport.write(wire.initialized(self._job, self._session))

    def _acknowledged(self, status: bytes, head: bytes, body: bytes) -> None:
        expect(status, b"202", body)
        self._prepare()

    def _prepare(self) -> None:
        work = self._job.work
        template = wire.list_template if work == "list" else wire.call_template
        self._template = template(self._job, self._session)
        self.answered = {"list": self._page, "stream": self._streamed}.get(work, self._called)
        self._crowd.done()

    # The work.

    def ask(self) -> None:
        self._id += 1
        self._found = 0
        self._started = perf_counter()
        self._transport.write(self._template.replace(b"%d", b"%d" % self._id))

    def open_stream(self) -> None:
        self._transport.set_protocol(Listener(self._crowd))
        self._transport.write(wire.get_stream(self._job, self._session))

    def close(self) -> None:
        self._transport.abort()

    def _called(self, status: bytes, head: bytes, body: bytes) -> None:
        expect(status, b"200", body)
        wire.check_call(self._job, self._id, body)
        self._crowd.answered(self, perf_counter() - self._started)

    def _streamed(self, status: bytes, head: bytes, body: bytes) -> None:
        expect(status, b"200", body)
        wire.check_stream(self._job, self._id, body)
        self._crowd.answered(self, perf_counter() - self._started)

    def _page(self, status: bytes, head: bytes, body: bytes) -> None:
        expect(status, b"200", body)
        tools, cursor = wire.check_page(self._id, body)
        self._found += tools
        if cursor:
            self._id += 1
            self._transport.write(wire.list_request(self._job, self._session, self._id, cursor))
            return
        if self._found != self._job.count:
            raise WrongAnswer(f"the list has {self._found} tools instead of {self._job.count}")
        self._crowd.answered(self, perf_counter() - self._started)


class Listener(asyncio.Protocol):
    """A connection that waits for the head of a stream, and then for nothing."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._opened = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.fail(f"a stream was closed: {exc or 'by the other side'}")

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 200") and not self._opened:
            self._crowd.fail(f"GET was answered {data[:200]!r}")
        elif not self._opened:
            self._opened = True
            self._crowd.done()


def expect(status: bytes, wanted: bytes, body: bytes) -> None:
    if status != wanted:
        raise WrongAnswer(f"HTTP {status.decode()} instead of {wanted.decode()}: {body[:300]!r}")


def header(head: bytes, name: bytes) -> bytes:
    at = head.lower().find(b"\r\n" + name + b":")
    return head[at + len(name) + 3 :].partition(b"\r\n")[0].strip() if at >= 0 else b""


class Crowd:
    """All clients of a job. `phase` starts them, and returns when each has had the answer to its last question."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.clients: list[Client] = []
        self._latencies: list[float] = []
        self._until = 0.0
        self._busy = 0
        self._over = asyncio.get_running_loop().create_future()

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for number in range(self.job.connections):
            self._begin(1)
            _, client = await loop.create_connection(lambda n=number: Client(self, n), "127.0.0.1", self.job.port)
            self.clients.append(client)
            await self._finished(PATIENCE)

    async def ask(self, seconds: float) -> tuple[list[float], float]:
        """The latencies, and how long it took; `seconds` is when each stops asking."""
        self._latencies = []
        started = perf_counter()
        self._until = started + seconds
        self._begin(len(self.clients))
        for client in self.clients:
            client.ask()
        await self._finished(seconds + PATIENCE)
        return self._latencies, perf_counter() - started

    async def open_streams(self) -> None:
        for client in self.clients:
            self._begin(1)
            client.open_stream()
            await self._finished(PATIENCE)

    def _begin(self, busy: int) -> None:
        self._busy = busy
        self._over = asyncio.get_running_loop().create_future()

    async def _finished(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over
        except TimeoutError:
            raise WrongAnswer("an answer did not come") from None

    def answered(self, client: Client, latency: float) -> None:
        self._latencies.append(latency)
        if perf_counter() < self._until:
            client.ask()
        else:
            self.done()

    def done(self) -> None:
        self._busy -= 1
        if not self._busy and not self._over.done():
            self._over.set_result(None)

    def fail(self, words: str) -> None:
        if not self._over.done():
            self._over.set_exception(WrongAnswer(words))


async def measure(job: Job) -> Measured:
    crowd = Crowd(job)
    try:
        await crowd.connect()
        if job.work == "hold":
            await hold(crowd)
            return Measured(calls=0, seconds=0, p50=0, p99=0)
        await crowd.ask(job.warm)
        pause()
        latencies, seconds = await crowd.ask(job.seconds)
    except (WrongAnswer, OSError) as error:
        return Measured(calls=0, seconds=0, p50=0, p99=0, wrong=str(error) or repr(error))
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * part)] for part in (0.5, 0.99))
    return Measured(calls=len(latencies), seconds=seconds, p50=p50, p99=p99)


async def hold(crowd: Crowd) -> None:
    """Sessions first, then a stream for each; whoever started this looks at the gateway in each pause."""
    pause()
    await crowd.open_streams()
    pause()
    for client in crowd.clients:
        client.close()


def pause() -> None:
    """Nothing is under way: it does no harm to block the loop."""
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        measured = runner.run(measure(msgspec.json.decode(sys.stdin.readline(), type=Job)))
    print(msgspec.json.encode(measured).decode(), flush=True)

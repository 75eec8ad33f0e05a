"""Streams that can be come back to: what is kept, who reads, and who has to wait."""

from __future__ import annotations

import anyio
import pytest

from gatehouse.relay import streams
from gatehouse.relay.streams import AHEAD, KEPT_BYTES, KEPT_EVENTS, KEPT_STREAMS, Detached, Stream, Streams

pytestmark = pytest.mark.anyio


class Reader:
    """Takes `allowed` events, then makes the stream wait until it is told to go on."""

    def __init__(self, allowed: int = 10**9) -> None:
        self.written: list[bytes] = []
        self.allowed = allowed
        self.more = anyio.Event()
        self.gone = False

    async def write(self, data: bytes) -> None:
        while len(self.written) >= self.allowed:
            await self.more.wait()
        if self.gone:
            raise ConnectionError
        self.written.append(data)

    @property
    def messages(self) -> list[bytes]:
        return [event.split(b"data: ")[1].strip() for event in self.written]

    def go_on(self) -> None:
        self.allowed = 10**9
        self.more.set()


async def test_a_stream_is_poured_from_where_its_reader_was() -> None:
    stream = Stream("3")
    for number in range(1, 6):
        stream.put(b"%d" % number)
    stream.finish()
    for after, expected in (
        (0, [b"1", b"2", b"3", b"4", b"5"]),
        (3, [b"4", b"5"]),
        (5, []),
        (0, [b"1", b"2", b"3", b"4", b"5"]),
    ):
        reader = Reader()
        await stream.pour(reader, after)
        assert reader.messages == expected
    assert b"id: 3-1\n" in reader.written[0]


async def test_what_comes_while_somebody_reads_is_written_at_once() -> None:
    stream, reader = Stream("0"), Reader()
    async with anyio.create_task_group() as group:
        group.start_soon(stream.pour, reader, 0)
        for number in range(3):
            await stream.send(b"%d" % number)
            await anyio.wait_all_tasks_blocked()
            assert len(reader.written) == number + 1
        stream.finish()
    assert stream.delivered == 3


async def test_where_nobody_reads_the_oldest_go() -> None:
    stream = Stream("0")
    with anyio.fail_after(5):
        for number in range(KEPT_EVENTS + 50):
            await stream.send(b"%d" % number)
    stream.finish()
    reader = Reader()
    await stream.pour(reader, 0)
    assert len(reader.messages) == KEPT_EVENTS
    assert reader.messages[0] == b"50"


async def test_where_nobody_reads_bytes_are_bounded_and_the_newest_stays() -> None:
    stream = Stream("0")
    for byte in (b"a", b"b", b"c"):
        stream.put(byte * KEPT_BYTES)
    stream.finish()
    reader = Reader()
    await stream.pour(reader, 0)
    assert reader.messages == [b"c" * KEPT_BYTES]


async def test_large_messages_are_not_lost_on_a_slow_reader() -> None:
    stream, reader = Stream("0"), Reader(allowed=0)
    large = [byte * (KEPT_BYTES // 2 + 1) for byte in (b"a", b"b", b"c", b"d")]
    async with anyio.create_task_group() as group:
        group.start_soon(stream.pour, reader, 0)
        await anyio.wait_all_tasks_blocked()

        async def write() -> None:
            for message in large:
                await stream.send(message)
            stream.finish()

        group.start_soon(write)
        await anyio.wait_all_tasks_blocked()
        assert stream.crowded and stream.last == 2
        reader.go_on()
    assert reader.messages == large


async def test_a_writer_waits_for_a_slow_reader_and_goes_on_when_that_has_gone() -> None:
    stream, reader = Stream("0"), Reader(allowed=1)
    sent = 0

    async def write() -> None:
        nonlocal sent
        for number in range(AHEAD * 2):
            await stream.send(b"%d" % number)
            sent = number + 1

    async def read() -> None:
        with pytest.raises(ConnectionError):
            await stream.pour(reader, 0)

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(write)
        await anyio.wait_all_tasks_blocked()
        assert AHEAD <= sent <= AHEAD + 2
        reader.gone = True
        reader.go_on()
    assert sent == AHEAD * 2


async def test_a_second_reader_takes_over_and_the_first_writes_nothing_more() -> None:
    stream, first, second = Stream("0"), Reader(), Reader()
    detached: list[bool] = []

    async def read_first() -> None:
        with pytest.raises(Detached):
            await stream.pour(first, 0)
        detached.append(True)

    async with anyio.create_task_group() as group:
        group.start_soon(read_first)
        await anyio.wait_all_tasks_blocked()
        stream.put(b"1")
        await anyio.wait_all_tasks_blocked()
        group.start_soon(stream.pour, second, 1)
        stream.put(b"2")
        await anyio.wait_all_tasks_blocked()
        stream.finish()
    assert detached and first.messages == [b"1"] and second.messages == [b"2"]
    assert not stream.read_now


async def test_an_event_id_leads_to_its_stream_and_nothing_else_does() -> None:
    kept = Streams()
    stream = kept.open()
    stream.put(b"a")
    assert kept.find(f"{stream.name}-1") == (stream, 1)
    assert kept.find(f"{stream.name}-0") == (stream, 0)
    for wrong in ("", "-", "x-1", f"{stream.name}", f"{stream.name}-", f"{stream.name}-2", f"{stream.name}--1",
                  f"{stream.name}-\u00b2", f"{stream.name}-\u0661", f"{stream.name}-{'9' * 5000}"):  # fmt: skip
        assert kept.find(wrong) is None, wrong


async def test_finished_streams_are_forgotten_but_for_the_last_ones() -> None:
    kept = Streams()
    running = kept.open()
    names: list[str] = []
    for _ in range(KEPT_STREAMS + 10):
        stream = kept.open()
        stream.finish()
        names.append(stream.name)
    kept.open()
    assert kept.find(f"{names[0]}-0") is None
    assert kept.find(f"{names[-1]}-0") is not None
    assert kept.find(f"{running.name}-0") == (running, 0)


async def test_the_priming_event_has_an_id_and_no_message() -> None:
    assert Stream("7").priming() == b"id: 7-0\ndata: \n\n"
    assert streams.KEPT_EVENTS > AHEAD

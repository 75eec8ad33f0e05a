import os

import anyio
import pytest

from gatehouse.cli.stdio import Lines, one_line, read_lines, write_lines

pytestmark = pytest.mark.anyio


def test_chunks_cut_anywhere_become_the_same_lines() -> None:
    data = b'{"a":1}\n\n  {"b":2}\r\n{"c":"\xc3\xa9"}'
    for size in range(1, len(data)):
        lines = Lines()
        found = [line for start in range(0, len(data), size) for line in lines.feed(data[start : start + size])]
        assert [*found, lines.last()] == [b'{"a":1}', b'{"b":2}', b'{"c":"\xc3\xa9"}']


def test_a_message_never_has_a_line_end_in_it() -> None:
    assert one_line(b'{\r\n  "a": 1\n}') == b'{    "a": 1 }'


async def test_lines_come_until_the_pipe_ends_the_last_one_without_a_line_end() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"one\ntw")
    with anyio.fail_after(10):
        async with read_lines(reader) as lines:
            assert await lines.receive() == b"one"
            os.write(writer, b"o")
            os.close(writer)
            assert [line async for line in lines] == [b"two"]
    os.close(reader)


async def test_messages_are_written_whole_and_in_order() -> None:
    reader, writer = os.pipe()
    send, receive = anyio.create_memory_object_stream[bytes](10)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write_lines, writer, receive)
            async with send:
                for number in range(10):
                    await send.send(b"%d\n" % number)
    os.close(writer)
    assert os.read(reader, 1000).split() == [b"%d" % number for number in range(10)]
    os.close(reader)


async def test_a_reader_that_went_away_is_an_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    send, receive = anyio.create_memory_object_stream[bytes](10)
    await send.send(b"x")
    with anyio.fail_after(10), pytest.raises(OSError):
        await write_lines(writer, receive)
    os.close(writer)
    send.close()

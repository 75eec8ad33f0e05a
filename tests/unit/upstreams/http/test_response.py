from __future__ import annotations

import tracemalloc

import anyio
import pytest

from gatehouse.upstreams.http import (
    BadResponse,
    BodyTooLarge,
    ConnectionLost,
    HttpClient,
    HttpResponse,
    ResponseTimedOut,
)
from tests.unit.upstreams.http.scripted import OK, HandClock, Peer, Script, once, playing, post

pytestmark = pytest.mark.anyio

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def answer_to(raw: bytes, **options: int) -> tuple[HttpResponse, bytes]:
    """What the client makes of `raw`, after which the server closes."""
    client = HttpClient(**options)
    try:
        async with playing(once(raw)) as played:
            response = await post(client, played)
            return response, await response.read()
    finally:
        await client.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"<html>not http</html>",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
        CHUNKED + b"zz\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000 + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: a\r\n" * 20_000,
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 3000,
        CHUNKED + b"2\r\nok\r\n0\r\nx: " + b"a" * 400_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_not_http_or_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with anyio.fail_after(5), pytest.raises(BadResponse) as refused:
        await answer_to(raw)
    assert "127.0.0.1:" in str(refused.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
        CHUNKED + b"2\r\nok\r\n",
        CHUNKED + b"2\r\nok\r\n0\r\n",
    ],
)
async def test_an_answer_that_is_cut_off_is_a_lost_connection(raw: bytes) -> None:
    with anyio.fail_after(5), pytest.raises(ConnectionLost) as lost:
        await answer_to(raw)
    assert lost.value.maybe_delivered


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello world",
        CHUNKED + b"5\r\nhello\r\n6;name=value\r\n world\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello world",
        b"HTTP/1.0 200 OK\r\n\r\nhello world",
    ],
)
async def test_a_body_past_the_limit_is_refused(raw: bytes) -> None:
    with anyio.fail_after(5), pytest.raises(BodyTooLarge):
        await answer_to(raw, body_limit=10)
    assert (await answer_to(raw, body_limit=11))[1] == b"hello world"


async def test_a_body_that_never_ends_is_cut_off_at_the_limit() -> None:
    async def endless(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED)
        while True:
            await peer.say(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    client = HttpClient(body_limit=1_000_000)
    async with playing(endless) as played:
        response = await post(client, played)
        with anyio.fail_after(5), pytest.raises(BodyTooLarge):
            await response.read()
        await client.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: Chunked\r\n\r\n"
        b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nContent-Type: trailer/x\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello world",
    ],
    ids=["length", "chunked with a trailer", "interim answers, then until close"],
)
async def test_an_answer_may_be_split_at_any_byte(raw: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        cut = peer.number
        await peer.say(raw[:cut])
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        await peer.say(raw[cut:])

    async with playing(script) as played:
        for _ in range(len(raw)):
            client = HttpClient()
            with anyio.fail_after(5):
                response = await post(client, played)
                assert (response.status, await response.read()) == (200, b"hello world")
            assert response.content_type == b"text/plain"
            assert b"link" not in response.headers
            await client.close()


async def test_an_answer_may_come_byte_by_byte() -> None:
    raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw += b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    async def script(peer: Peer) -> None:
        await peer.request()
        for position in range(len(raw)):
            await peer.say(raw[position : position + 1])
            await anyio.lowlevel.checkpoint()

    client = HttpClient()
    async with playing(script) as played:
        with anyio.fail_after(5):
            response = await post(client, played)
            assert b"".join([chunk async for chunk in response.chunks()]) == b"abcde"
        assert response.headers[b"x-a"] == b"1, 1"
        await client.close()


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body_is_complete_at_its_head(status: bytes) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(b"HTTP/1.1 " + status + b"\r\ncontent-type: text/plain\r\n\r\n")

    client = HttpClient()
    async with playing(script) as played:
        for _ in range(3):
            response = await post(client, played)
            assert response.complete
            assert await response.read() == b""
        assert len(played.peers) == 1
        await client.close()


@pytest.mark.parametrize(
    ("line", "content_type"),
    [
        (b"Content-Type: Application/JSON; charset=utf-8\r\n", b"application/json"),
        (b"content-type:text/event-stream\r\n", b"text/event-stream"),
        (b"", b""),
    ],
)
async def test_the_content_type_is_lower_case_and_bare(line: bytes, content_type: bytes) -> None:
    response, _ = await answer_to(b"HTTP/1.1 200 OK\r\n" + line + b"content-length: 0\r\n\r\n")
    assert response.content_type == content_type


async def test_a_redirect_is_an_answer_like_any_other() -> None:
    response, _ = await answer_to(b"HTTP/1.1 307 Moved\r\nlocation: http://other/\r\ncontent-length: 0\r\n\r\n")
    assert (response.status, response.headers[b"location"]) == (307, b"http://other/")


async def test_a_small_answer_is_complete_when_it_is_given() -> None:
    client = HttpClient()
    async with playing(once(OK)) as played:
        response = await post(client, played)
        assert response.complete
        with pytest.raises(StopIteration) as done:
            response.read().send(None)  # ends without being suspended
        assert done.value.value == b"ok"
        await client.close()


async def test_chunks_come_as_they_arrive_and_have_no_time_limit() -> None:
    go_on = anyio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED + b"5\r\nfirst\r\n")
        await go_on.wait()
        await peer.say(b"6\r\nsecond\r\n0\r\n\r\n")

    clock = HandClock()
    client = HttpClient(clock=clock)
    async with playing(script) as played:
        response = await client.request(b"GET", played.origin, b"/", b"", timeout=60)
        stream = response.chunks()
        assert await anext(stream) == b"first"
        clock.seconds += 3600
        client.sweep()
        go_on.set()
        with anyio.fail_after(5):
            assert [chunk async for chunk in stream] == [b"second"]
        await client.close()


async def test_what_came_before_a_stream_broke_is_given_before_the_error() -> None:
    client = HttpClient()
    async with playing(once(CHUNKED + b"5\r\nfirst\r\n")) as played:
        response = await post(client, played)
        seen: list[bytes] = []
        with anyio.fail_after(5), pytest.raises(ConnectionLost):
            async for chunk in response.chunks():
                seen.append(chunk)
        assert seen == [b"first"]
        await client.close()


def endless_stream(closed: anyio.Event) -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED + b"5\r\nfirst\r\n")
        await peer.until_closed()
        closed.set()

    return script


async def test_an_aborted_stream_closes_its_connection_at_once() -> None:
    closed = anyio.Event()
    client = HttpClient()
    async with playing(endless_stream(closed)) as played:
        response = await post(client, played)
        response.abort()
        with anyio.fail_after(5):
            await closed.wait()
        with pytest.raises(ConnectionLost, match="given up"):
            await response.read()
        await client.close()


async def test_a_stream_that_its_reader_leaves_closes_its_connection() -> None:
    closed = anyio.Event()
    client = HttpClient()
    async with playing(endless_stream(closed)) as played:
        stream = (await post(client, played)).chunks()
        assert await anext(stream) == b"first"
        await stream.aclose()
        with anyio.fail_after(5):
            await closed.wait()
        await client.close()


@pytest.mark.parametrize("how", ["read", "chunks"])
async def test_a_reader_that_is_cancelled_closes_its_connection(how: str) -> None:
    closed = anyio.Event()
    client = HttpClient()

    async def consume(response: HttpResponse) -> None:
        if how == "read":
            await response.read()
        else:
            async for _ in response.chunks():
                pass

    async with playing(endless_stream(closed)) as played:
        response = await post(client, played)
        with anyio.move_on_after(0.02):
            await consume(response)
        with anyio.fail_after(5):
            await closed.wait()
        await client.close()


async def test_aborting_a_complete_answer_leaves_its_connection_alone() -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(OK)

    client = HttpClient()
    async with playing(script) as played:
        for _ in range(3):
            response = await post(client, played)
            response.abort()
            assert await response.read() == b"ok"
        assert len(played.peers) == 1
        await client.close()


async def test_a_slow_reader_of_fifty_megabytes_holds_back_the_server() -> None:
    total, piece = 50 * 1024 * 1024, b"x" * 65536
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        while sent < total:
            await peer.say(piece)
            sent += len(piece)

    client = HttpClient()
    tracemalloc.start()
    try:
        async with playing(script) as played:
            received, furthest = 0, 0
            response = await post(client, played)
            async for chunk in response.chunks():
                received += len(chunk)
                for _ in range(5):
                    await anyio.lowlevel.checkpoint()
                furthest = max(furthest, sent - received)
            assert received == total
            assert furthest < 20 * 1024 * 1024  # the kernel's buffers of both sides, and no more
            assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
            await client.close()
    finally:
        tracemalloc.stop()


async def test_a_connection_that_was_held_back_serves_again() -> None:
    body = b"y" * 3_000_000

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    client = HttpClient()
    async with playing(script) as played:
        with anyio.fail_after(10):
            for _ in range(3):
                response = await post(client, played)
                for _ in range(20):
                    await anyio.lowlevel.checkpoint()
                assert await response.read() == body
        assert len(played.peers) == 1
        await client.close()


async def test_pieces_can_be_asked_for_one_by_one_and_the_last_is_empty() -> None:
    client = HttpClient()
    async with playing(once(CHUNKED + b"5\r\nfirst\r\n0\r\n\r\n")) as played:
        response = await post(client, played)
        assert [await response.next(), await response.next(), await response.next()] == [b"first", b"", b""]
        await client.close()


async def test_a_stream_that_breaks_gives_its_pieces_and_then_the_error() -> None:
    client = HttpClient()
    async with playing(once(CHUNKED + b"5\r\nfirst\r\n")) as played:
        response = await post(client, played)
        assert await response.next() == b"first"
        with anyio.fail_after(5), pytest.raises(ConnectionLost):
            await response.next()
        await client.close()


async def test_a_stream_that_is_quiet_for_too_long_is_given_up() -> None:
    closed = anyio.Event()
    client = HttpClient()
    async with playing(endless_stream(closed)) as played:
        response = await post(client, played)
        assert await response.next(60) == b"first"
        with anyio.fail_after(5):
            with pytest.raises(ResponseTimedOut):
                await response.next(0.05)
            await closed.wait()
        await client.close()


async def test_a_released_answer_that_ends_soon_gives_its_connection_back() -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(CHUNKED + b"5\r\nfirst\r\n")
            if not released.is_set():
                await released.wait()
            await peer.say(b"4\r\nrest\r\n0\r\n\r\n")

    released = anyio.Event()
    client = HttpClient(max_connections_per_origin=1)
    with anyio.fail_after(5):
        async with playing(script) as played:
            response = await post(client, played)
            response.release()
            released.set()
            assert await (await post(client, played)).read() == b"firstrest"
            assert len(played.peers) == 1
            await client.close()


@pytest.mark.parametrize("how", ["late", "long"])
async def test_a_released_answer_that_is_late_or_long_is_cut_off(how: str) -> None:
    closed = anyio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED + b"5\r\nfirst\r\n")
        await released.wait()
        if how == "long":
            await peer.say(b"f0000\r\n" + b"x" * 0xF0000 + b"\r\n")
        await peer.until_closed()
        closed.set()

    clock, released = HandClock(), anyio.Event()
    client = HttpClient(clock=clock)
    with anyio.fail_after(5):
        async with playing(script) as played:
            response = await post(client, played)
            response.release()
            released.set()
            if how == "late":
                clock.seconds += 2
                client.sweep()
            await closed.wait()
            await client.close()

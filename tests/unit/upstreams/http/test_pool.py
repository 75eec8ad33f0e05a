from __future__ import annotations

import asyncio
import socket

import anyio
import pytest

from gatehouse.upstreams.http import ConnectionLost, HttpClient, NotConnected, Origin
from tests.unit.upstreams.http.scripted import (
    OK,
    HandClock,
    Peer,
    always,
    free_port,
    playing,
    post,
    silent,
)

pytestmark = pytest.mark.anyio


async def test_a_connection_is_kept_and_the_last_used_serves_first() -> None:
    together = anyio.Event()

    async def script(peer: Peer) -> None:
        while request := await peer.request():
            if request.endswith(b"wait"):
                if len(played.peers) == 3:
                    together.set()
                await together.wait()
            await peer.say(OK.replace(b"ok", b"%02d" % peer.number))

    client = HttpClient()
    async with playing(script) as played:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(post, client, played, b"wait")
        answers = {await (await post(client, played)).read() for _ in range(5)}
        assert len(answers) == 1
        assert len(played.peers) == 3
        await client.close()


async def test_an_idle_connection_is_closed_after_the_idle_time() -> None:
    clock = HandClock()
    client = HttpClient(clock=clock, idle_timeout=30)
    async with playing(always(OK)) as played:
        await post(client, played)
        clock.seconds += 29
        client.sweep()
        await post(client, played)
        clock.seconds += 29
        client.sweep()
        assert not played.peers[0].closed.is_set()
        clock.seconds += 2
        client.sweep()
        with anyio.fail_after(5):
            await played.peers[0].closed.wait()
        await post(client, played)
        assert len(played.peers) == 2
        await client.close()


async def test_the_clients_own_timer_closes_idle_connections() -> None:
    client = HttpClient(idle_timeout=0.02)
    async with playing(always(OK)) as played:
        await post(client, played)
        with anyio.fail_after(5):
            await played.peers[0].closed.wait()
        await client.close()


@pytest.mark.parametrize("last_words", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n", b"x"])
async def test_an_idle_connection_that_the_server_ends_or_speaks_on_is_not_used_again(last_words: bytes) -> None:
    said = anyio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        if peer.number == 0:
            await idle.wait()
            await peer.say(last_words) if last_words else None
            if last_words:
                await peer.until_closed()
            else:
                await peer.stream.aclose()
            said.set()
        else:
            await peer.until_closed()

    idle = anyio.Event()
    client = HttpClient()
    with anyio.fail_after(5):
        async with playing(script) as played:
            assert await (await post(client, played)).read() == b"ok"
            idle.set()
            await said.wait()
            await anyio.wait_all_tasks_blocked()
            assert await (await post(client, played)).read() == b"ok"
            assert len(played.peers) == 2
            await client.close()


async def test_an_end_that_the_loop_has_not_seen_yet_is_found_before_writing() -> None:
    clock = HandClock()
    client = HttpClient(clock=clock)
    ours, theirs = socket.socket(), None
    with ours as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        origin = Origin("http", *listener.getsockname())

        def serve() -> socket.socket:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(OK)
            return connection

        with anyio.fail_after(5):
            for _ in range(2):
                async with anyio.create_task_group() as group:
                    group.start_soon(client.request, b"POST", origin, b"/", b"")
                    theirs = await anyio.to_thread.run_sync(serve)
                clock.seconds += 5
                theirs.close()  # in the same turn of the loop as the next request
    await client.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        OK + b"HTTP/1.1 200 O",
        OK + b"garbage",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nevil",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\n",
    ],
)
async def test_a_connection_that_may_carry_more_than_its_answer_is_not_kept(answer: bytes) -> None:
    client = HttpClient()
    async with playing(always(answer)) as played:
        for _ in range(2):
            assert await (await post(client, played)).read() in (b"ok", b"")
        assert len(played.peers) == 2
        with anyio.fail_after(5):
            for peer in played.peers:
                await peer.closed.wait()
        await client.close()


async def test_an_answer_that_overtakes_its_request_ends_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.stream.receive(10)
        await peer.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await peer.until_closed()

    client = HttpClient()
    with anyio.fail_after(10):
        async with playing(script) as played:
            assert (await post(client, played, b"x" * 50_000_000)).status == 413
            assert (await post(client, played, b"x" * 50_000_000)).status == 413
            assert len(played.peers) == 2
            await client.close()


async def test_a_long_body_arrives_whole_and_its_connection_is_kept() -> None:
    async def script(peer: Peer) -> None:
        while request := await peer.request():
            size = len(request.partition(b"\r\n\r\n")[2])
            await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n%08d" % size)

    client = HttpClient()
    with anyio.fail_after(10):
        async with playing(script) as played:
            for size in (2_000_000, 10, 65536, 65537):
                assert int(await (await post(client, played, b"x" * size)).read()) == size
            assert len(played.peers) == 1
            await client.close()


async def test_past_the_cap_requests_wait_for_a_connection_in_their_turn() -> None:
    client = HttpClient(max_connections_per_origin=2)
    answered: list[int] = []

    async def ask(number: int) -> None:
        response = await post(client, played, b"%d" % number)
        assert await response.read() == b"ok"
        answered.append(number)

    with anyio.fail_after(5):
        async with playing(always(OK)) as played:
            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(ask, number)
            assert sorted(answered) == list(range(20))
            assert len(played.peers) == 2
            await client.close()


async def test_a_wait_for_a_connection_ends_with_the_request_s_time() -> None:
    client = HttpClient(max_connections_per_origin=1)
    async with playing(silent) as played, anyio.create_task_group() as group:
        group.start_soon(raises, ConnectionLost, post, client, played)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(5), pytest.raises(NotConnected, match=r"all 1 connections .* were busy"):
            await post(client, played, timeout=0.05)
        await client.close()


async def test_a_place_whose_connection_ended_goes_to_the_next_in_the_queue() -> None:
    client = HttpClient(max_connections_per_origin=1)
    answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"
    with anyio.fail_after(5):
        async with playing(always(answer)) as played:
            async with anyio.create_task_group() as group:
                for _ in range(10):
                    group.start_soon(post, client, played)
            assert len(played.peers) == 10
            await client.close()


async def test_a_place_that_could_not_be_opened_goes_to_the_next_in_the_queue() -> None:
    client = HttpClient(max_connections_per_origin=1)
    origin = Origin("http", "127.0.0.1", free_port())
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(raises, NotConnected, client.request, b"GET", origin, b"/", b"")
    await client.close()


async def test_those_who_leave_the_queue_take_no_place_with_them() -> None:
    client = HttpClient(max_connections_per_origin=1)
    go_on = anyio.Event()

    async def script(peer: Peer) -> None:
        while await peer.request():
            await go_on.wait()
            await peer.say(OK)

    with anyio.fail_after(5):
        async with playing(script) as played:
            async with anyio.create_task_group() as group:
                group.start_soon(post, client, played)
                await anyio.wait_all_tasks_blocked()
                async with anyio.create_task_group() as impatient:
                    for _ in range(5):
                        impatient.start_soon(post, client, played)
                    await anyio.wait_all_tasks_blocked()
                    impatient.cancel_scope.cancel()
                group.start_soon(post, client, played)
                go_on.set()
            assert len(played.peers) == 1
            await client.close()


async def test_a_place_given_to_one_who_leaves_in_the_same_moment_is_not_lost() -> None:
    client = HttpClient(max_connections_per_origin=1)

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" if peer.number == 0 else OK)

    with anyio.fail_after(5):
        async with playing(script) as played:
            holder = await post(client, played)
            # A plain task: a scope of anyio would not cancel what has been woken already.
            waiting = asyncio.get_running_loop().create_task(post(client, played))
            await anyio.wait_all_tasks_blocked()
            holder.abort()
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
            assert await (await post(client, played)).read() == b"ok"
            await client.close()


async def test_closing_the_client_ends_what_is_under_way_and_what_waits() -> None:
    client = HttpClient(max_connections_per_origin=1)
    with anyio.fail_after(5):
        async with playing(silent) as played, anyio.create_task_group() as group:
            group.start_soon(raises, ConnectionLost, post, client, played)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(raises, NotConnected, post, client, played)
            await anyio.wait_all_tasks_blocked()
            await client.close()


async def test_five_hundred_and_twelve_requests_at_once() -> None:
    client = HttpClient()
    sizes: list[int] = []

    async def ask() -> None:
        for _ in range(3):
            sizes.append(len(await (await post(client, played, timeout=30)).read()))

    with anyio.fail_after(30):
        async with playing(always(OK)) as played:
            async with anyio.create_task_group() as group:
                for _ in range(512):
                    group.start_soon(ask)
            assert sizes == [2] * 512 * 3
            assert len(played.peers) <= 512
            await client.close()


async def raises(error: type[Exception], function: object, *arguments: object) -> None:
    assert callable(function)
    with pytest.raises(error):
        await function(*arguments)

from __future__ import annotations

import math
import socket
import ssl
from pathlib import Path

import anyio
import pytest

from gatehouse.kit.errors import Invalid
from gatehouse.upstreams.http import ConnectionLost, HttpClient, HttpResponse, NotConnected, Origin, ResponseTimedOut
from tests.unit.upstreams.http.certificate import certificate
from tests.unit.upstreams.http.scripted import (
    OK,
    HandClock,
    Peer,
    Played,
    always,
    free_port,
    full_backlog,
    once,
    playing,
)

pytestmark = pytest.mark.anyio


async def post(client: HttpClient, played: Played, body: bytes = b"{}", timeout: float | None = 5) -> HttpResponse:
    return await client.request(b"POST", played.origin, b"/mcp", b"accept: */*\r\n", body, timeout=timeout)


async def silent(peer: Peer) -> None:
    """Take everything, answer nothing."""
    await peer.until_closed()


# Not connected.


async def test_a_refused_connection_says_so() -> None:
    client = HttpClient()
    with pytest.raises(NotConnected, match=r"Could not connect to 127\.0\.0\.1:\d+: connection refused\."):
        await client.request(b"GET", Origin("http", "127.0.0.1", free_port()), b"/?secret", b"")
    await client.close()


@pytest.mark.parametrize("host", ["does-not-exist.invalid", f"{'a' * 70}.invalid"])
async def test_a_name_that_means_nothing_says_so(host: str) -> None:
    client = HttpClient()
    with pytest.raises(NotConnected, match=r"the name can't be resolved|the host is not a host name"):
        await client.request(b"GET", Origin("http", host, 80), b"/", b"")
    await client.close()


@pytest.mark.parametrize(("connect_timeout", "timeout"), [(0.05, 60.0), (60.0, 0.05), (0.05, None)])
async def test_connecting_is_bounded_by_its_own_time_and_that_of_the_request(
    connect_timeout: float, timeout: float | None
) -> None:
    client = HttpClient(connect_timeout=connect_timeout)
    with full_backlog() as origin:
        with anyio.fail_after(5), pytest.raises(NotConnected, match="no connection within"):
            await client.request(b"GET", origin, b"/", b"", timeout=timeout)
    await client.close()


async def test_an_address_that_the_egress_rules_refuse_is_never_connected_to() -> None:
    asked: list[str] = []

    def nowhere(ip: str) -> bool:
        asked.append(ip)
        return False

    client = HttpClient(allow_address=nowhere)
    async with playing(always(OK)) as played:
        with pytest.raises(NotConnected, match="egress rules"):
            await post(client, played)
        with pytest.raises(NotConnected, match="egress rules"):
            await client.request(b"GET", Origin("http", "localhost", played.origin.port), b"/", b"")
        assert not played.peers
    assert "127.0.0.1" in asked
    await client.close()


async def test_of_several_addresses_only_those_that_the_egress_rules_allow_are_tried() -> None:
    client = HttpClient(allow_address=lambda ip: ip == "127.0.0.1")
    async with playing(always(OK)) as played:
        response = await client.request(b"GET", Origin("http", "localhost", played.origin.port), b"/", b"")
        assert await response.read() == b"ok"
    await client.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_localhost_is_found_on_either_family(host: str) -> None:
    client = HttpClient()
    try:
        async with playing(always(OK), host=host) as played:
            response = await client.request(b"GET", Origin("http", "localhost", played.origin.port), b"/", b"")
            assert await response.read() == b"ok"
    except OSError as error:
        pytest.skip(f"no {host} on this machine: {error}")
    except NotConnected:
        found = {entry[4][0] for entry in socket.getaddrinfo("localhost", 80)}
        if host in found:
            raise
        pytest.skip(f"localhost is not {host} on this machine")
    finally:
        await client.close()


async def test_a_closed_client_sends_nothing() -> None:
    client = HttpClient()
    async with playing(always(OK)) as played:
        await client.close()
        await client.close()
        with pytest.raises(NotConnected, match="closed"):
            await post(client, played)
        assert not played.peers


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (b"", b""),
        (b"/a b", b""),
        (b"/\r\nx: y", b""),
        (b"/\xc3\xa9", b""),
        (b"/", b"x: y"),
        (b"/", b"\r\n"),
        (b"/", b"x: y\r\n\r\n"),
        (b"/", b"x: y\r\n\r\nGET / HTTP/1.1\r\n"),
    ],
)
async def test_a_request_that_would_not_be_one_request_is_refused(target: bytes, headers: bytes) -> None:
    client = HttpClient()
    with pytest.raises(Invalid):
        await client.request(b"GET", Origin("http", "127.0.0.1", 1), target, headers)
    await client.close()


# Lost.


async def test_a_server_that_closes_without_answering_may_have_acted() -> None:
    client = HttpClient()
    async with playing(once(b"")) as played:
        with pytest.raises(ConnectionLost) as lost:
            await post(client, played)
    assert lost.value.maybe_delivered
    await client.close()


async def test_a_server_that_closes_before_it_has_the_whole_request_can_not_have_acted() -> None:
    async def script(peer: Peer) -> None:
        await peer.stream.receive(10)

    client = HttpClient()
    async with playing(script) as played:
        with anyio.fail_after(5), pytest.raises(ConnectionLost) as lost:
            await post(client, played, b"x" * 50_000_000)
    assert not lost.value.maybe_delivered
    await client.close()


async def dies_at_the_second_request(peer: Peer) -> None:
    await peer.request()
    await peer.say(OK)
    if peer.number == 0:
        await peer.request()
    else:
        await peer.until_closed()


async def test_a_post_on_a_connection_that_dies_is_not_repeated() -> None:
    client = HttpClient()
    async with playing(dies_at_the_second_request) as played:
        await post(client, played)
        with pytest.raises(ConnectionLost) as lost:
            await post(client, played)
        assert lost.value.maybe_delivered
        assert lost.value.stale
        assert len(played.peers) == 1
        await client.close()


async def test_a_get_on_a_kept_connection_that_dies_is_repeated_on_a_new_one() -> None:
    client = HttpClient()
    async with playing(dies_at_the_second_request) as played:
        for _ in range(2):
            assert await (await client.request(b"GET", played.origin, b"/", b"")).read() == b"ok"
        assert len(played.peers) == 2
        await client.close()


async def test_a_get_on_a_new_connection_that_dies_is_not_repeated() -> None:
    client = HttpClient()
    async with playing(once(b"")) as played:
        with pytest.raises(ConnectionLost):
            await client.request(b"GET", played.origin, b"/", b"")
        assert len(played.peers) == 1
    await client.close()


# Out of time.


async def test_a_server_that_does_not_answer_in_time_loses_its_connection() -> None:
    client = HttpClient()
    async with playing(silent) as played:
        with anyio.fail_after(5):
            with pytest.raises(ResponseTimedOut, match="did not answer in time"):
                await post(client, played, timeout=0.05)
            await played.peers[0].closed.wait()
    await client.close()


async def test_a_body_that_does_not_end_in_time_is_given_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        await peer.until_closed()

    client = HttpClient()
    async with playing(script) as played:
        response = await post(client, played, timeout=0.05)
        with anyio.fail_after(5):
            with pytest.raises(ResponseTimedOut, match="did not finish"):
                await response.read()
            await played.peers[0].closed.wait()
    await client.close()


async def test_one_sweep_ends_each_request_at_its_own_time() -> None:
    clock = HandClock()
    client = HttpClient(clock=clock)
    ended: list[float] = []

    async def ask(seconds: float) -> None:
        with pytest.raises(ResponseTimedOut):
            await post(client, played, timeout=seconds)
        ended.append(seconds)

    async def turn(seconds: float) -> None:
        clock.seconds += seconds
        client.sweep()
        await anyio.wait_all_tasks_blocked()

    arrived = anyio.Semaphore(0)

    async def script(peer: Peer) -> None:
        await peer.request()
        arrived.release()
        await peer.until_closed()

    with anyio.fail_after(5):
        async with playing(script) as played, anyio.create_task_group() as group:
            for seconds in (30, 10, 20):
                group.start_soon(ask, seconds)
            for _ in range(3):
                await arrived.acquire()
            await turn(9)
            assert ended == []
            await turn(2)
            assert ended == [10]
            await turn(10)
            assert ended == [10, 20]
            await turn(10)
            assert ended == [10, 20, 30]
    await client.close()


async def test_a_request_without_a_time_limit_outlasts_every_sweep() -> None:
    clock, arrived, go_on = HandClock(), anyio.Event(), anyio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        arrived.set()
        await go_on.wait()
        await peer.say(OK)

    client = HttpClient(clock=clock)
    status = 0

    async def ask() -> None:
        nonlocal status
        status = (await post(client, played, timeout=None)).status

    with anyio.fail_after(5):
        async with playing(script) as played:
            async with anyio.create_task_group() as group:
                group.start_soon(ask)
                await arrived.wait()
                clock.seconds += 1e9
                client.sweep()
                go_on.set()
            assert status == 200
    await client.close()


# The pool.


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
            async with anyio.create_task_group() as group:
                group.start_soon(post, client, played)
                await anyio.wait_all_tasks_blocked()
                holder.abort()
                group.cancel_scope.cancel()
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


# Cancelled.


async def test_a_cancelled_request_closes_its_connection_at_once() -> None:
    client = HttpClient()
    with anyio.fail_after(5):
        async with playing(silent) as played:
            async with anyio.create_task_group() as group:
                group.start_soon(post, client, played, b"{}", None)
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
            await played.peers[0].closed.wait()
            await client.close()


async def test_a_request_cancelled_as_its_stream_begins_closes_its_connection() -> None:
    client = HttpClient()
    scope = anyio.CancelScope()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        scope.cancel()
        await peer.until_closed()

    with anyio.fail_after(5):
        async with playing(script) as played:
            with scope:
                response = await post(client, played, timeout=None)
                await response.read()
            await played.peers[0].closed.wait()
            await client.close()


async def test_cancelling_while_connecting_frees_the_place() -> None:
    client = HttpClient(max_connections_per_origin=1)
    with full_backlog() as origin:
        with anyio.fail_after(5):
            for _ in range(3):
                with anyio.move_on_after(0.02) as scope:
                    await client.request(b"GET", origin, b"/", b"", timeout=None)
                assert scope.cancelled_caught
    await client.close()


# What is sent.


async def test_what_is_sent_is_one_plain_request() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        while request := await peer.request():
            seen.append(request)
            await peer.say(OK)

    client = HttpClient()
    async with playing(script) as played:
        await client.request(b"POST", played.origin, b"/a?b", b"x: y\r\n", b"{}")
        await client.request(b"POST", played.origin, b"/", b"")
        await client.request(b"GET", played.origin, b"/", b"x: y\r\n")
        await client.request(b"PUT", played.origin, b"/", b"", b"z")
        host = b"host: 127.0.0.1:%d\r\n" % played.origin.port
        assert seen == [
            b"POST /a?b HTTP/1.1\r\n" + host + b"x: y\r\ncontent-length: 2\r\n\r\n{}",
            b"POST / HTTP/1.1\r\n" + host + b"content-length: 0\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + host + b"x: y\r\n\r\n",
            b"PUT / HTTP/1.1\r\n" + host + b"content-length: 1\r\n\r\nz",
        ]
        await client.close()


# TLS.


async def test_a_certificate_that_is_not_trusted_says_so(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, "127.0.0.1")
    client = HttpClient()
    async with playing(always(OK), tls=server) as played:
        with anyio.fail_after(5), pytest.raises(NotConnected, match="its certificate is not trusted"):
            await post(client, played)
    await client.close()


async def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    server, trusting = certificate(tmp_path, "127.0.0.2")
    client = HttpClient(ssl_context=trusting)
    async with playing(always(OK), tls=server) as played:
        with anyio.fail_after(5), pytest.raises(NotConnected, match="its certificate is not trusted"):
            await post(client, played)
    await client.close()


async def test_tls_against_a_server_that_speaks_none_says_so() -> None:
    async def script(peer: Peer) -> None:
        await peer.stream.receive()
        await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    client = HttpClient(ssl_context=ssl.create_default_context())
    async with playing(script) as played:
        origin = Origin("https", "127.0.0.1", played.origin.port)
        with anyio.fail_after(5), pytest.raises(NotConnected, match="Could not connect"):
            await client.request(b"GET", origin, b"/", b"")
    await client.close()


async def test_a_tls_handshake_that_never_ends_is_given_up_and_closed() -> None:
    client = HttpClient(connect_timeout=0.1, ssl_context=ssl.create_default_context())
    async with playing(silent) as played:
        origin = Origin("https", "127.0.0.1", played.origin.port)
        with anyio.fail_after(5):
            with pytest.raises(NotConnected, match="no connection within"):
                await client.request(b"GET", origin, b"/", b"", timeout=math.inf)
            await played.peers[0].closed.wait()
    await client.close()


async def test_requests_over_tls_share_a_connection(tmp_path: Path) -> None:
    server, trusting = certificate(tmp_path, "127.0.0.1")
    client = HttpClient(ssl_context=trusting)
    async with playing(always(OK), tls=server) as played:
        for _ in range(3):
            assert await (await post(client, played)).read() == b"ok"
        assert len(played.peers) == 1
        await client.close()


async def test_a_body_that_ends_with_the_connection_is_whole_only_where_tls_ended_properly(tmp_path: Path) -> None:
    server, trusting = certificate(tmp_path, "127.0.0.1")

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\nhello")

    client = HttpClient(ssl_context=trusting)
    async with playing(script, tls=server) as played:
        with anyio.fail_after(5):
            assert await (await post(client, played)).read() == b"hello"
    await client.close()


async def raises(error: type[Exception], function: object, *arguments: object) -> None:
    assert callable(function)
    with pytest.raises(error):
        await function(*arguments)

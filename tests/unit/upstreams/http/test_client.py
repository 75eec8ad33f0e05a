from __future__ import annotations

import socket

import anyio
import pytest

from gatehouse.kit.errors import Invalid
from gatehouse.upstreams.http import HttpClient, NotConnected, Origin, ResponseTimedOut
from tests.unit.upstreams.http.scripted import (
    OK,
    HandClock,
    Peer,
    always,
    free_port,
    full_backlog,
    playing,
    post,
    silent,
)

pytestmark = pytest.mark.anyio


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

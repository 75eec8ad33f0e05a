from __future__ import annotations

import anyio
import pytest

from gatehouse.upstreams.http import ConnectionLost, HttpClient
from tests.unit.upstreams.http.scripted import (
    OK,
    Peer,
    full_backlog,
    once,
    playing,
    post,
    silent,
)

pytestmark = pytest.mark.anyio


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

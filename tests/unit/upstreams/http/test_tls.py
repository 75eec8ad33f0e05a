from __future__ import annotations

import math
import ssl
from pathlib import Path

import anyio
import pytest
from anyio.streams.tls import TLSStream

from gatehouse.upstreams.http import ConnectionLost, HttpClient, NotConnected, Origin
from tests.unit.upstreams.http.certificate import certificate
from tests.unit.upstreams.http.scripted import (
    OK,
    Peer,
    always,
    playing,
    post,
    silent,
)

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize("properly", [True, False])
async def test_a_body_that_ends_with_the_connection_is_whole_only_where_tls_ended_properly(
    tmp_path: Path, properly: bool
) -> None:
    server, trusting = certificate(tmp_path, "127.0.0.1")

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\nhello")
        if not properly:
            assert isinstance(peer.stream, TLSStream)
            await peer.stream.transport_stream.aclose()  # without the alert that ends TLS: anyone could have cut it

    client = HttpClient(ssl_context=trusting)
    async with playing(script, tls=server) as played:
        with anyio.fail_after(5):
            response = await post(client, played)
            if properly:
                assert await response.read() == b"hello"
            else:
                with pytest.raises(ConnectionLost):
                    await response.read()
    await client.close()

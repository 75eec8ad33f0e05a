"""The proxy of the tests adds headers, and hides nothing that a server has to see."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute, SocketStream

from tests.support.header_proxy import header_proxy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def mirror() -> AsyncGenerator[str]:
    """The URL of a server that answers with the head of the request."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def answer(client: SocketStream) -> None:
        async with client:
            head = (await client.receive()).partition(b"\r\n\r\n")[0]
            await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(head) + head)

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        yield f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}/mcp"
        tasks.cancel_scope.cancel()


async def seen(url: str, **headers: str) -> list[str]:
    async with httpx.AsyncClient() as client:
        return (await client.post(url, headers=headers, content=b"{}")).text.splitlines()


async def test_a_foreign_host_and_origin_are_passed_on(mirror: str) -> None:
    async with header_proxy(mirror, {}) as url:
        lines = await seen(url, host="evil.example.com", origin="http://evil.example.com")
    assert "host: evil.example.com" in lines
    assert "origin: http://evil.example.com" in lines


async def test_its_own_host_and_origin_become_those_of_the_server(mirror: str) -> None:
    server = mirror.removesuffix("/mcp")
    async with header_proxy(mirror, {}) as url:
        lines = await seen(url, origin=url.removesuffix("/mcp"))
    assert f"Host: {server.removeprefix('http://')}" in lines
    assert f"Origin: {server}" in lines


async def test_headers_are_added(mirror: str) -> None:
    async with header_proxy(mirror, {"Authorization": "Bearer secret"}) as url:
        assert "Authorization: Bearer secret" in await seen(url)

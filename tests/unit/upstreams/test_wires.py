"""What goes with every request to an upstream."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.protocol.call import Failure
from tests.support.upstream_links import Events, bench, modern_client, tool_call
from tests.support.upstream_scripts import Heard, Reply, modern_handshake, scripted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("credential", "headers"),
    [
        ({"type": "bearer", "token": "s3cret"}, {"authorization": "Bearer s3cret"}),
        ({"type": "basic", "username": "u", "password": "s3cret"}, {"authorization": "Basic dTpzM2NyZXQ="}),
        ({"type": "headers", "headers": {"X-Key": "s3cret", "X-Other": "o"}}, {"x-key": "s3cret", "x-other": "o"}),
        (None, {}),
    ],
)
async def test_a_credential_goes_with_every_request_and_into_no_error(credential: Any, headers: dict[str, str]) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        if not await modern_handshake(heard, reply):
            await reply.nothing(401)

    async with scripted(handler) as server, bench(credential=credential) as made:
        got = await made.link(server.url).send(tool_call(modern_client()), None, Events())
        assert isinstance(got, Failure) and "wants credentials" in got.message and "s3cret" not in got.message
        for heard in server.heard:
            assert headers.items() <= heard.headers.items()
            assert heard.headers["user-agent"].startswith("gatehouse/")


@pytest.mark.parametrize(
    "credential",
    [
        {"type": "bearer", "token": "s3cret\n"},
        {"type": "bearer", "token": "s3cret\r\nx: y"},
        {"type": "bearer", "token": "s3cret…"},
        {"type": "headers", "headers": {"X-Key": "s3cret\0"}},
        {"type": "headers", "headers": {"X Key": "s3cret"}},
    ],
)
async def test_a_credential_that_is_no_header_is_refused_without_being_shown(credential: Any) -> None:
    async def handler(heard: Heard, reply: Reply) -> None:
        await modern_handshake(heard, reply)

    async with scripted(handler) as server, bench(credential=credential) as made:
        got = await made.link(server.url).send(tool_call(modern_client()), None, Events())
        assert isinstance(got, Failure) and "characters that HTTP does not allow" in got.message
        assert "s3cret" not in got.message and not server.heard

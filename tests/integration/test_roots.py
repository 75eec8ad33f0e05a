"""Roots of Gatehouse's own, for the official SDK on both sides, in both eras."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx2
import mcp_types as types
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.support.everything.running import everything
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio
SRV = "file:///srv/projects"


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    """With a root, and an upstream that speaks both eras."""
    directory: Path = tmp_path_factory.mktemp("roots")
    async with Gateway(directory / "data") as gateway, everything(directory) as url:
        await gateway.expect(201, "POST", "/roots", {"uri": SRV})
        await gateway.add_upstream("box", url=url)
        await gateway.create_server("Desk", ["box"], access="anonymous")
        yield gateway


async def asked(gateway: Gateway, mode: Literal["auto", "legacy"], **options: Any) -> str:
    """What the upstream says after it asked for roots."""
    async with httpx2.AsyncClient(timeout=60) as http:
        transport = streamable_http_client(f"{gateway.url}/servers/desk/mcp", http_client=http)
        with anyio.fail_after(60):
            async with Client(transport, mode=mode, **options) as client:
                result = await client.call_tool("test_input_required_result_list_roots", {})
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    return content.text


async def theirs(context: Any) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[types.Root(uri="file:///home/ada")])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_upstream_hears_of_our_roots_where_the_client_has_none(
    gateway: Gateway, mode: Literal["auto", "legacy"]
) -> None:
    assert await asked(gateway, mode) == f"Roots: {SRV}"


@pytest.mark.filterwarnings("ignore:.*[Rr]oots")
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_has_roots_is_asked_for_its_own(gateway: Gateway, mode: Literal["auto", "legacy"]) -> None:
    assert await asked(gateway, mode, list_roots_callback=theirs) == "Roots: file:///home/ada"

"""Clients that people really use list the tools of a virtual server, and call one."""

from __future__ import annotations

import pytest

from tests.support.clients.drivers import (
    Connect,
    Driver,
    Inspector,
    LegacyPython,
    PythonSdk,
    Target,
    TypeScript,
    fastmcp,
)

pytestmark = pytest.mark.anyio

# The arguments of this one travel as headers, too, on the modern wire.
TOOL, ARGUMENTS, TEXT = "test_x_mcp_header", {"region": "north"}, "Region: north"

CLIENTS: dict[str, Driver] = {
    "python-sdk-modern": PythonSdk("auto"),
    "python-sdk-legacy": PythonSdk("legacy"),
    "python-sdk-1.x": LegacyPython(),
    "python-sdk-1.x-sse": LegacyPython(sse=True),
    "fastmcp": fastmcp,
    "typescript-sdk-1.x": TypeScript("legacy_typescript.mjs"),
    "typescript-sdk-1.x-sse": TypeScript("legacy_typescript.mjs", sse=True),
    "typescript-sdk-2.x-modern": TypeScript("modern_typescript.mjs"),
    "inspector": Inspector(),
    "inspector-sse": Inspector(sse=True),
    "connect-modern": Connect("auto"),
    "connect-legacy": Connect("legacy"),
}
VERSIONS = {
    "python-sdk-modern": "2026-07-28",
    "python-sdk-legacy": "2025-11-25",
    "python-sdk-1.x": "2025-11-25",
    "python-sdk-1.x-sse": "2025-11-25",
    "typescript-sdk-2.x-modern": "2026-07-28",
    "connect-modern": "2026-07-28",
    "connect-legacy": "2025-11-25",
}
"""The version that each speaks, where it tells."""


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_real_client_lists_tools_and_calls_one(name: str, front: Target) -> None:
    answer = await CLIENTS[name](front, TOOL, ARGUMENTS)
    assert TOOL in answer.tools
    assert "test_simple_text" in answer.tools
    assert answer.text == TEXT
    assert answer.version == VERSIONS.get(name, "")

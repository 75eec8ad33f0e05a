"""Client of the 1.x line of the Python SDK: URL TOOL ARGUMENTS, the token in TOKEN, over SSE where the path says so."""

# It runs where its own packages are, and they are not where types are checked.
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportAssignmentType=false

import json
import os
import sys

import anyio
import httpx
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, tool: str, arguments: str) -> None:
    headers = {"authorization": f"Bearer {os.environ['TOKEN']}"}
    if url.endswith("/sse"):
        async with sse_client(url, headers=headers) as (incoming, outgoing):
            await use(ClientSession(incoming, outgoing), tool, arguments)
    else:
        async with (
            httpx.AsyncClient(headers=headers) as client,
            streamable_http_client(url, http_client=client) as (incoming, outgoing, _),
        ):
            await use(ClientSession(incoming, outgoing), tool, arguments)


async def use(session: ClientSession, tool: str, arguments: str) -> None:
    async with session:
        handshake = await session.initialize()
        listed = await session.list_tools()
        result = await session.call_tool(tool, json.loads(arguments))
        answer = {
            "version": str(handshake.protocolVersion),
            "tools": [each.name for each in listed.tools],
            "text": result.content[0].text,
        }
        print(json.dumps(answer))


_, URL, TOOL, ARGUMENTS = sys.argv
anyio.run(main, URL, TOOL, ARGUMENTS)

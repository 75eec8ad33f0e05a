"""FastMCP's client: URL TOOL ARGUMENTS, the token in TOKEN."""

# It runs where its own packages are, and they are not where types are checked.
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

import json
import os
import sys

import anyio
from fastmcp import Client


async def main(url: str, tool: str, arguments: str) -> None:
    async with Client(url, auth=os.environ["TOKEN"]) as client:
        listed = await client.list_tools()
        result = await client.call_tool(tool, json.loads(arguments))
        print(json.dumps({"tools": [each.name for each in listed], "text": result.content[0].text}))


_, URL, TOOL, ARGUMENTS = sys.argv
anyio.run(main, URL, TOOL, ARGUMENTS)

"""`gatehouse call`: call a tool as an agent would, over MCP."""

from __future__ import annotations

import difflib
from contextlib import closing
from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli.address import find_endpoint
from gatehouse.cli.arguments import missing, read_arguments, usage
from gatehouse.cli.errors import REFUSED, Misused, Refused, note
from gatehouse.cli.mcp import McpClient, Tool
from gatehouse.cli.output import JsonFlag, counted, line, print_json

app = typer.Typer(add_completion=False)


class Block(msgspec.Struct, frozen=True):
    """One piece of a tool's answer."""

    type: str = ""
    text: str = ""
    data: str = ""
    mimeType: str = ""
    uri: str = ""
    resource: dict[str, Any] = {}


class Result(msgspec.Struct, frozen=True):
    content: list[Block] = []
    structuredContent: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    isError: bool = False
    resultType: str = "complete"


@app.command()
def call(
    server: Annotated[str, typer.Argument(help="A server's slug or id, or the URL of an MCP endpoint.")],
    tool: Annotated[str, typer.Argument(help="The tool.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE | KEY:=JSON]...")] = None,
    json_args: Annotated[str, typer.Option(metavar="OBJECT", help="Arguments as a JSON object.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Call a tool, and print what it says. Progress goes to stderr."""
    with closing(McpClient(find_endpoint(server))) as client:
        found = _find(client.tools(), tool, server)
        values = read_arguments(arguments or [], found.inputSchema, json_args)
        lacking = missing(values, found.inputSchema)
        if lacking:
            how = f"gatehouse call {server} {tool} {usage(found.inputSchema)}"
            raise Misused(f"{tool} needs {', '.join(lacking)}.", f"Usage: {how}")
        answer = client.call(found, values, note)
    result = read_result(answer)
    print_json(answer) if as_json else show(result)
    if result.isError:
        raise typer.Exit(REFUSED)


def read_result(answer: msgspec.Raw) -> Result:
    """Raises `Refused` where it is not the end of the call."""
    try:
        result = msgspec.json.decode(answer, type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(f"The tool's result can't be read: {error}.", "Look at it with --json.") from None
    if result.resultType == "input_required":
        raise Refused("The tool asks a question back.", "Use an MCP client that can answer; `call` only calls.")
    return result


def show(result: Result) -> None:
    """Text as it is; structured content where there is no text; the rest as notes on stderr."""
    texts = [block for block in result.content if block.text or block.resource.get("text")]
    for block in texts:
        line(block.text or str(block.resource["text"]))
    if not texts and result.structuredContent is not msgspec.UNSET:
        print_json(result.structuredContent)
    for block in result.content:
        if block not in texts:
            note(_described(block))
    if result.isError:
        note("The tool reports an error.")


def _described(block: Block) -> str:
    if block.type in ("image", "audio"):
        return f"[{block.type}, {block.mimeType}, {counted(len(block.data) * 3 // 4, 'byte')}: --json shows it]"
    uri = block.uri or str(block.resource.get("uri", ""))
    return f"[{block.type} {uri}]".replace(" ]", "]")


def _find(tools: list[Tool], name: str, server: str) -> Tool:
    for tool in tools:
        if tool.name == name:
            return tool
    names = [tool.name for tool in tools]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:5]
    hint = f"It has {', '.join(near)}." if near else "It has no tools at all."
    raise Refused(f"'{server}' has no tool '{name}'.", hint)

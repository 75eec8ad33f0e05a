"""`gatehouse explain`: why somebody may, or may not, use a server or a tool."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from gatehouse.cli.api import Api, json_as
from gatehouse.cli.output import JsonFlag, line, print_json, table

app = typer.Typer(add_completion=False)


class _Step(msgspec.Struct, frozen=True):
    about: str
    passed: bool
    words: str


class _Principal(msgspec.Struct, frozen=True):
    kind: str
    name: str


class _Explanation(msgspec.Struct, frozen=True):
    allowed: bool
    principal: _Principal
    steps: list[_Step]


@app.command()
def explain(  # noqa: PLR0913 - each parameter is an option of the command
    server: Annotated[str, typer.Argument(metavar="[SERVER]", help="Left out: /mcp, where everything is.")] = "",
    tool: Annotated[str, typer.Argument(metavar="[TOOL]", help="As it is called there.")] = "",
    principal: Annotated[
        str, typer.Option("--for", metavar="WHO", help="Id of a token, id or email of a user; left out: you.")
    ] = "",
    agent: Annotated[str, typer.Option(metavar="AGENT", help="Instead of a server: to call this agent.")] = "",
    address: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="From which address.")] = "",
    through_api: Annotated[
        bool, typer.Option("--api", help="To call the tool (id or handle) through the API.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Tell, question by question, why somebody may or may not use a server, or a tool in it."""
    asked = {"server": server, "tool": tool, "principal": principal, "address": address, "agent": agent}
    asked |= {"via": "api"} if through_api else {}
    with Api() as api:
        answer = api.get("/explain", **{name: value for name, value in asked.items() if value})
    if as_json:
        return print_json(answer)
    found = json_as(answer, _Explanation)
    who = f"{found.principal.kind} '{found.principal.name}'"
    what = f"tool '{tool}' of {server or '/mcp'}" if tool else f"server '{server}'" if server else "/mcp"
    what = f"agent '{agent}'" if agent else what
    line(f"{who} may {'' if found.allowed else 'not '}use {what}.\n")
    table(("", "QUESTION", "ANSWER"), [("yes" if one.passed else "NO", one.about, one.words) for one in found.steps])

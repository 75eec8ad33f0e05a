"""`gatehouse tool`: the tools of all upstreams."""

from __future__ import annotations

from typing import Annotated

import typer

from gatehouse.cli.api import Api, json_as
from gatehouse.cli.output import JsonFlag, print_items, short, table
from gatehouse.cli.wire import Capability

app = typer.Typer(help="The tools of all upstreams.", no_args_is_help=True, add_completion=False)


@app.callback()
def tools() -> None:
    """The tools of all upstreams."""


@app.command("list")
def list_tools(
    query: Annotated[str, typer.Argument(metavar="[WORDS]", help="Only those that say this.")] = "",
    upstream: Annotated[str, typer.Option(help="Only those of this upstream.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """List them, or find some."""
    wanted = {"q": query} if query else {}
    with Api() as api:
        items = api.items("/tools", **wanted, **({"upstream": upstream} if upstream else {}))
    if as_json:
        return print_items(items)
    rows = [_row(json_as(item, Capability)) for item in items]
    table(("UPSTREAM", "TOOL", "DESCRIPTION"), rows, "There are no tools here.")


def _row(tool: Capability) -> tuple[str, str, str]:
    gone = " (gone)" if tool.state == "gone" else "" if tool.enabled else " (off)"
    return tool.upstream.name if tool.upstream else "", tool.name + gone, short(tool.title or tool.description, 80)

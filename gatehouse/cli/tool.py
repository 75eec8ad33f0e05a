"""`gatehouse tool`: the tools of all upstreams."""

from __future__ import annotations

from typing import Annotated

import typer

from gatehouse.cli import own
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.changes import Clearable, changes
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, short, table
from gatehouse.cli.place import EnabledChange, TagsChange, TeamChange, VisibilityChange, clear_option
from gatehouse.cli.wire import Capability

app = typer.Typer(help="The tools of all upstreams.", no_args_is_help=True, add_completion=False)
Ref = Annotated[str, typer.Argument(metavar="TOOL", help="UPSTREAM_NAME, or its id.")]
CLEARABLE: Clearable = {
    "description": ("description", None),
    "tags": ("tags", []),
    "team": ("team", None),
    "title": ("title", None),
    "visibility": ("visibility", None),
}


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


@app.command()
def show(tool: Ref, as_json: JsonFlag = False) -> None:
    """Show what is known of one."""
    with Api() as api:
        answer = api.get(f"/tools/{segment(tool)}")
    if as_json:
        return print_json(answer)
    one = json_as(answer, own.Own)
    facts(
        [
            ("Name", one.name),
            ("Id", one.id),
            ("At /mcp", one.handle),
            ("From", one.upstream.name),
            ("Title", one.title),
            ("Description", one.description),
            ("State", one.shown_state),
            ("Tags", ", ".join(one.tags)),
            ("Visibility", one.visibility),
            ("In servers", ", ".join(server.name for server in one.servers)),
        ]
    )


@app.command()
def change(  # noqa: PLR0913 - each parameter is an option of the command
    tool: Ref,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    description: Annotated[str | None, typer.Option(help="What agents are told of it.")] = None,
    tag: TagsChange = None,
    team: TeamChange = None,
    visibility: VisibilityChange = None,
    enabled: EnabledChange = None,
    clear: Annotated[list[str] | None, clear_option(*CLEARABLE)] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say something else of one than its upstream does, in every server. What is cleared is its upstream's again."""
    said = {
        "title": title, "description": description, "tags": tag or None, "team": team, "visibility": visibility,
        "enabled": enabled,
    }  # fmt: skip
    body = changes(said, clear or (), CLEARABLE)
    with Api() as api:
        answer = api.patch(f"/tools/{segment(tool)}", body)
    print_json(answer) if as_json else line(f"Changed '{json_as(answer, own.Own).handle}'.")


def _row(tool: Capability) -> tuple[str, str, str]:
    gone = " (gone)" if tool.state == "gone" else "" if tool.enabled else " (off)"
    return tool.upstream.name if tool.upstream else "", tool.name + gone, short(tool.title or tool.description, 80)

"""`gatehouse duplicates`: tools that do the same, and what people say of them."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from gatehouse.cli.api import Api, Listing, json_as, segment
from gatehouse.cli.errors import Misused
from gatehouse.cli.output import JsonFlag, counted, line, print_items, print_json, table
from gatehouse.cli.wire import Ref

app = typer.Typer(help="Tools that do the same, and which of them to keep.", add_completion=False)
_PATH = "/tools/duplicates"


class Slug(msgspec.Struct, frozen=True):
    slug: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    handle: str
    name: str
    upstream: Ref
    servers: list[Slug] = []
    calls: int | None = None
    last_used_at: str | None = None
    keep: bool = False


class Tool(msgspec.Struct, frozen=True):
    id: str
    handle: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    verdict: str
    tools: list[Tool]
    keep: str | None = None
    note: str = ""
    by_name: str = ""
    at: str = ""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    score: float
    reason: str
    members: list[Member]
    verdict: Verdict | None = None


@app.callback(invoke_without_command=True)
def duplicates(
    context: typer.Context,
    upstream: Annotated[str, typer.Option(help="Only groups with a tool of this upstream.")] = "",
    min_score: Annotated[float, typer.Option(help="Only groups at least so much alike.", min=0, max=1)] = 0.0,
    as_json: JsonFlag = False,
) -> None:
    """Show groups of tools that do the same: where they are bound, and how often they were called in 30 days."""
    if context.invoked_subcommand:
        return
    query: dict[str, str] = {"upstream": upstream} if upstream else {}
    with Api() as api:
        items = api.items(_PATH, min_score=str(min_score), **query)
    if as_json:
        return print_items(items)
    groups = [json_as(item, Group) for item in items]
    for number, group in enumerate(groups, 1):
        _show(number, group)
    if not groups:
        line("No tools do the same, as far as can be told.")
        return
    line(f"{counted(len(groups), 'group')}. Say which is right, and this is remembered:")
    example = " ".join(member.handle for member in groups[0].members)
    line(f"  gatehouse duplicates verdict {example} --same | --different | --keep {groups[0].members[0].handle}")


@app.command()
def verdict(
    tools: Annotated[list[str], typer.Argument(help="Two tools or more: ids, or UPSTREAM_NAME.")],
    same: Annotated[bool, typer.Option("--same", help="They do the same.")] = False,
    different: Annotated[
        bool, typer.Option("--different", help="They don't, and are not shown together again.")
    ] = False,
    keep: Annotated[str, typer.Option(help="They do the same, and this one is to be used.")] = "",
    note: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Say whether tools do the same, and which one to keep. What was said of the same tools before is replaced."""
    if sum((same, different, bool(keep))) != 1:
        raise Misused("A verdict is one of --same, --different and --keep TOOL.", "Give one of them.")
    if len(tools) < 2:
        raise Misused("A verdict is about two tools or more.", "Name another one.")
    said = "keep" if keep else "different" if different else "same"
    # The one to keep need not be named twice.
    named = [*tools, keep] if keep and keep not in tools else tools
    with Api() as api:
        answer = api.put(
            f"{_PATH}/verdicts",
            {"tools": named, "verdict": said, "note": note, **({"keep": keep} if keep else {})},
        )
    if as_json:
        return print_json(answer)
    words = {"same": "They do the same.", "different": "They are not shown together again.", "keep": f"Keep {keep}."}
    line(f"Remembered: {words[said]}")
    line(f"To take it back: gatehouse duplicates forget {json_as(answer, Verdict).id}")


@app.command()
def verdicts(as_json: JsonFlag = False) -> None:
    """List what was said so far, and by whom."""
    with Api() as api:
        items = json_as(api.get(f"{_PATH}/verdicts"), Listing).items
    if as_json:
        return print_items(items)
    rows = [_row(json_as(item, Verdict)) for item in items]
    table(("ID", "VERDICT", "TOOLS", "BY", "AT", "NOTE"), rows, "Nothing was said so far.")


@app.command()
def forget(verdict_id: Annotated[str, typer.Argument(help="The id of a verdict.")]) -> None:
    """Take back what was said."""
    with Api() as api:
        api.delete(f"{_PATH}/verdicts/{segment(verdict_id)}")
    line("Forgotten.")


def _show(number: int, group: Group) -> None:
    line(f"{number}. {group.score:.2f}  {group.reason}")
    if group.verdict is not None:
        note = f": {group.verdict.note}" if group.verdict.note else ""
        line(f"   {group.verdict.by_name} said: {group.verdict.verdict}{note}")
    rows = [
        (
            "keep" if member.keep else "",
            member.handle,
            member.upstream.name,
            ", ".join(server.slug for server in member.servers),
            "?" if member.calls is None else member.calls,
            (member.last_used_at or "")[:10],
        )
        for member in group.members
    ]
    table(("", "TOOL", "UPSTREAM", "SERVERS", "CALLS IN 30 DAYS", "LAST"), rows)
    line()


def _row(one: Verdict) -> tuple[str, ...]:
    tools = ", ".join(f"{tool.handle} (keep)" if tool.id == one.keep else tool.handle for tool in one.tools)
    return one.id, one.verdict, tools, one.by_name, one.at[:10], one.note

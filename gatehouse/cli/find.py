"""`gatehouse find`: one search over everything."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from gatehouse.cli.api import Api, Listing, json_as
from gatehouse.cli.output import JsonFlag, line, print_json, short, table
from gatehouse.cli.wire import Ref

app = typer.Typer(help="Search everything, and what could be installed.", add_completion=False)
USUAL, MOST = 20, 500


class Slug(msgspec.Struct, frozen=True):
    slug: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    name: str
    title: str | None = None
    description: str | None = None
    upstream: Ref | None = None
    servers: list[Slug] = []
    enabled: bool = True
    gone: bool = False


@app.command()
def find(  # noqa: PLR0913 - each parameter is an option of the command
    words: Annotated[list[str] | None, typer.Argument(help="What to look for; left out: everything, by name.")] = None,
    kind: Annotated[
        str, typer.Option(help="tool, prompt, resource, resource_template, upstream, server, agent or registry_entry.")
    ] = "",
    upstream: Annotated[str, typer.Option(help="Only what is of this upstream.")] = "",
    tag: Annotated[str, typer.Option(help="Only what has this tag.")] = "",
    team: Annotated[str, typer.Option(help="Only what is of this team.")] = "",
    unused_for: Annotated[str, typer.Option(help="Only what nobody called for so long, as in 30d.")] = "",
    used: Annotated[
        str, typer.Option(help="Only what was called within so long; without words, most called first.")
    ] = "",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=MOST)] = USUAL,
    as_json: JsonFlag = False,
) -> None:
    """Search everything: best first, beginnings of words and typing errors forgiven."""
    options = {"kind": kind, "upstream": upstream, "tag": tag, "team": team, "unused_for": unused_for, "used": used}
    query: dict[str, str | int] = {name: value for name, value in options.items() if value}
    with Api() as api:
        answer = api.get("/search", q=" ".join(words or ()), limit=limit, **query)
    if as_json:
        return print_json(answer)
    page = json_as(answer, Listing)
    rows = [_row(json_as(item, Found)) for item in page.items]
    table(("KIND", "NAME", "UPSTREAM", "SERVERS", "DESCRIPTION"), rows, "Nothing was found: try fewer or other words.")
    if page.next:
        line(f"There is more: --limit, up to {MOST}, or more words.")


def _row(one: Found) -> tuple[str, str, str, str, str]:
    state = " (gone)" if one.gone else "" if one.enabled else " (off)"
    upstream = one.upstream.name if one.upstream and one.kind not in {"upstream", "agent"} else ""
    servers = ", ".join(server.slug for server in one.servers)
    return one.kind, one.name + state, upstream, servers, short(one.title or one.description, 60)

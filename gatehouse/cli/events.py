"""`gatehouse events`: what happened to upstreams, servers and tokens."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli.api import Api, json_as
from gatehouse.cli.call_wire import ServerOption, UpstreamOption, When, moment, wanted
from gatehouse.cli.errors import Misused
from gatehouse.cli.live import live_lines
from gatehouse.cli.output import JsonFlag, line, print_items, table
from gatehouse.kit.json import Raw

app = typer.Typer(help="What happened to upstreams, servers and tokens.", add_completion=False)
PAGE = 500
KindOption = Annotated[
    str, typer.Option(metavar="KIND", help="As in upstream.down, or upstream. for all of upstreams.")
]
TokenOption = Annotated[str, typer.Option(metavar="ID", help="Only of this token.")]


class Event(msgspec.Struct, frozen=True):
    id: str
    at: str
    kind: str
    message: str
    count: int = 1
    data: dict[str, Any] = {}


class Page(msgspec.Struct, frozen=True):
    items: list[Raw]
    next: str | None = None


@app.command()
def events(  # noqa: PLR0913 - each parameter is an option of the command
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Tell of events as they come.")] = False,
    kind: KindOption = "",
    since: When = "",
    until: When = "",
    upstream: UpstreamOption = "",
    server: ServerOption = "",
    token: TokenOption = "",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List what happened, newest first; or follow it."""
    query = wanted(kind=kind, since=since, until=until, upstream=upstream, server=server, token=token)
    if follow and (since or until):
        raise Misused("What is followed begins now.", "Leave --since and --until out.")
    if follow:
        return tell(query, as_json)
    with Api() as api:
        items = _newest(api, query, limit)
    if as_json:
        return print_items(items)
    table(("WHEN", "KIND", "WHAT"), (row(json_as(item, Event)) for item in items), "There are no such events.")


def tell(query: dict[str, str | int], as_json: bool) -> None:
    """Until interrupted; with `as_json` a JSON document on each line."""
    with contextlib.suppress(KeyboardInterrupt):
        for text in live_lines("/events/live", query):
            if as_json:
                typer.echo(text)
            else:
                line("  ".join(row(json_as(text.encode(), Event))))


def row(one: Event) -> tuple[str, ...]:
    times = f" ({one.count} times)" if one.count > 1 else ""
    return moment(one.at), one.kind, one.message + times


def _newest(api: Api, query: dict[str, str | int], limit: int) -> list[Raw]:
    found: list[Raw] = []
    cursor: str | None = None
    while len(found) < limit:
        more = {"cursor": cursor} if cursor else {}
        page = json_as(api.get("/events", limit=min(PAGE, limit - len(found)), **query, **more), Page)
        found += page.items
        cursor = page.next
        if not cursor:
            break
    return found

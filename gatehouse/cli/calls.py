"""`gatehouse calls`: who called what, how it ended, how long it took."""

from __future__ import annotations

import contextlib
from typing import Annotated

import msgspec
import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.call_wire import (
    Call,
    ClientOption,
    OutcomeOption,
    PrincipalOption,
    ServerOption,
    TeamOption,
    ToolOption,
    UpstreamOption,
    UserOption,
    When,
    Who,
    milliseconds,
    moment,
    wanted,
)
from gatehouse.cli.csv import CsvFlag, print_csv
from gatehouse.cli.errors import Misused
from gatehouse.cli.live import live_lines
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, table
from gatehouse.kit.json import Raw

app = typer.Typer(help="Who called what, and how it ended.", add_completion=False)
PAGE = 500
TITLES = ("WHEN", "WHO", "CLIENT", "SERVER", "WHAT", "OUTCOME", "MS")


class Page(msgspec.Struct, frozen=True):
    items: list[Raw]
    next: str | None = None


@app.command()
def calls(  # noqa: PLR0913 - each parameter is an option of the command
    call: Annotated[str, typer.Argument(metavar="[CALL]", help="Show this one, by its id.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Tell of calls as they come.")] = False,
    since: When = "",
    until: When = "",
    server: ServerOption = "",
    upstream: UpstreamOption = "",
    tool: ToolOption = "",
    principal: PrincipalOption = "",
    user: UserOption = "",
    team: TeamOption = "",
    client: ClientOption = "",
    outcome: OutcomeOption = "",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """List calls, newest first; show one; or follow them."""
    query = wanted(
        since=since, until=until, server=server, upstream=upstream, tool=tool, principal=principal, user=user,
        team=team, client=client, outcome=outcome,
    )  # fmt: skip
    if call and (follow or query):
        raise Misused("A call by its id has nothing to be filtered or followed.", "Leave the id or the options out.")
    if call:
        return _show(call, as_json)
    if follow:
        return tell(query, as_json)
    with Api() as api:
        items = _newest(api, query, limit)
    if as_json:
        return print_items(items)
    found = [json_as(item, Call) for item in items]
    if as_csv:
        return print_csv(CSV_TITLES, (csv_row(one) for one in found))
    table((*TITLES, "ID"), [(*row(one), one.id) for one in found], "There are no such calls.")


def tell(query: dict[str, str | int], as_json: bool) -> None:
    """Until interrupted; with `as_json` a JSON document on each line."""
    with contextlib.suppress(KeyboardInterrupt):
        for text in live_lines("/calls/live", query):
            if as_json:
                typer.echo(text)
            else:
                line("  ".join(str(cell or "-") for cell in row(json_as(text.encode(), Call))))


def row(one: Call) -> tuple[object, ...]:
    what = one.name or one.original or one.method
    return (
        moment(one.at), one.principal.name, one.client.name, _place(one.server), what, _outcome(one),
        milliseconds(one.total_ms),
    )  # fmt: skip


CSV_TITLES = (
    "id", "at", "outcome", "principal", "principal_name", "client", "client_version", "era", "server", "name",
    "upstream", "original", "method", "total_ms", "upstream_ms", "bytes_in", "bytes_out", "tokens", "error_class",
)  # fmt: skip


def csv_row(one: Call) -> tuple[object, ...]:
    return (
        one.id, one.at, one.outcome, one.principal.id, one.principal.name, one.client.name, one.client.version,
        one.client.era, _place(one.server), one.name, _place(one.upstream), one.original,
        one.method, one.total_ms, one.upstream_ms, one.bytes_in, one.bytes_out, one.tokens, one.error_class,
    )  # fmt: skip


def _show(call: str, as_json: bool) -> None:
    with Api() as api:
        answer = api.get(f"/calls/{segment(call)}")
    if as_json:
        return print_json(answer)
    one = json_as(answer, Call)
    facts(
        [
            ("Id", one.id),
            ("When", one.at),
            ("Who", f"{one.principal.kind} {one.principal.name} ({one.principal.id})"),
            ("Client", " ".join(word for word in (one.client.name, one.client.version, one.client.era) if word)),
            ("Server", _place(one.server) or "none: through the API"),
            ("Method", one.method),
            ("Name", one.name),
            ("Upstream", _place(one.upstream)),
            ("Its name there", one.original),
            ("Outcome", _outcome(one)),
            ("Error", one.error),
            ("Took", _course(one)),
            ("Bytes", f"{one.bytes_in} in, {one.bytes_out} out, about {one.tokens} tokens"),
            ("Trace", one.trace_id),
            ("Arguments", _content(one.arguments)),
            ("Result", _content(one.result)),
        ]
    )


def _place(one: Who | None) -> str | None:
    return one.name if one is not None else None


def _course(one: Call) -> str:
    """Where the time went, in order."""
    back = max(0.0, one.total_ms - one.queue_ms - one.upstream_ms)
    parts = f"{one.queue_ms:.1f} until sent on, {one.upstream_ms:.1f} at the upstream, {back:.1f} until answered"
    return f"{one.total_ms:.1f} ms: {parts}"


def _content(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _outcome(one: Call) -> str:
    named = one.error_class if one.error_class != one.outcome else None
    return f"{one.outcome} ({named})" if named else one.outcome


def _newest(api: Api, query: dict[str, str | int], limit: int) -> list[Raw]:
    found: list[Raw] = []
    cursor: str | None = None
    while len(found) < limit:
        more = {"cursor": cursor} if cursor else {}
        page = json_as(api.get("/calls", limit=min(PAGE, limit - len(found)), **query, **more), Page)
        found += page.items
        cursor = page.next
        if not cursor:
            break
    return found

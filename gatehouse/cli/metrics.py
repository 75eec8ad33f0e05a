"""`gatehouse metrics`: figures about calls."""

from __future__ import annotations

from typing import Annotated

import typer

from gatehouse.cli import call_wire as wire
from gatehouse.cli.api import Api, json_as
from gatehouse.cli.call_wire import (
    ClientOption,
    OutcomeOption,
    PrincipalOption,
    ServerOption,
    Sums,
    TeamOption,
    ToolOption,
    UpstreamOption,
    UserOption,
    When,
    milliseconds,
    moment,
    wanted,
)
from gatehouse.cli.calls import CSV_TITLES, TITLES, csv_row, row
from gatehouse.cli.csv import CsvFlag, print_csv
from gatehouse.cli.output import JsonFlag, print_json, table

app = typer.Typer(help="Figures about calls.", no_args_is_help=True, add_completion=False)
SUMS = ("CALLS", "ERRORS", "MEAN MS", "P50", "P95", "P99", "BYTES", "TOKENS")
SUMS_CSV = ("calls", "errors", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "bytes_in", "bytes_out", "tokens")
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=500)]


@app.command()
def totals(  # noqa: PLR0913 - each parameter is an option of the command
    since: When = "24h", until: When = "", server: ServerOption = "", upstream: UpstreamOption = "",
    tool: ToolOption = "", principal: PrincipalOption = "", user: UserOption = "", team: TeamOption = "",
    client: ClientOption = "", outcome: OutcomeOption = "", as_json: JsonFlag = False, as_csv: CsvFlag = False,
) -> None:  # fmt: skip
    """Sum up calls."""
    query = wanted(
        since=since, until=until, server=server, upstream=upstream, tool=tool, principal=principal, user=user,
        team=team, client=client, outcome=outcome,
    )  # fmt: skip
    answer = _asked("totals", query, as_json)
    if answer is None:
        return
    found = json_as(answer, wire.Totals)
    if as_csv:
        return print_csv(("since", "until", *SUMS_CSV), [(found.since, found.until, *_plain(found.sums))])
    table(("SINCE", "UNTIL", *SUMS), [(moment(found.since), moment(found.until), *_shown(found.sums))])
    table(("OUTCOME", "CALLS"), sorted(found.sums.outcomes.items()), "There were no calls.")


@app.command()
def series(  # noqa: PLR0913 - each parameter is an option of the command
    since: When = "24h", until: When = "", server: ServerOption = "", upstream: UpstreamOption = "",
    tool: ToolOption = "", principal: PrincipalOption = "", user: UserOption = "", team: TeamOption = "",
    client: ClientOption = "", outcome: OutcomeOption = "",
    step: Annotated[str, typer.Option(metavar="1m|1h|1d", help="Left out: what suits the range.")] = "",
    by: Annotated[str, typer.Option(help="Tell the course of each apart: as with `top`.")] = "",
    as_json: JsonFlag = False, as_csv: CsvFlag = False,
) -> None:  # fmt: skip
    """Show the course of calls over time."""
    query = wanted(
        since=since, until=until, server=server, upstream=upstream, tool=tool, principal=principal, user=user,
        team=team, client=client, outcome=outcome, step=step, by=by,
    )  # fmt: skip
    answer = _asked("series", query, as_json)
    if answer is None:
        return
    found = json_as(answer, wire.Series)
    curves = [(one.name, one.points) for one in found.groups] if by else [("all", found.points)]
    if as_csv:
        rows = ((name, one.start, *_plain(one.sums)) for name, points in curves for one in points)
        return print_csv((by or "of", "start", *SUMS_CSV), rows)
    busy = [(name, moment(one.start), *_shown(one.sums)) for name, points in curves for one in points if one.sums.calls]
    table(((by or "of").upper(), "START", *SUMS), busy, "There were no calls.")


@app.command()
def top(  # noqa: PLR0913 - each parameter is an option of the command
    by: Annotated[
        str, typer.Option(help="server, upstream, agent, tool, prompt, resource, method, principal, token, user, team, client or outcome.")
    ] = "tool",
    measure: Annotated[str, typer.Option(help="calls, errors, latency, bytes or tokens.")] = "calls",
    since: When = "24h", until: When = "", server: ServerOption = "", upstream: UpstreamOption = "",
    tool: ToolOption = "", principal: PrincipalOption = "", user: UserOption = "", team: TeamOption = "",
    client: ClientOption = "", outcome: OutcomeOption = "", limit: Limit = 10,
    as_json: JsonFlag = False, as_csv: CsvFlag = False,
) -> None:  # fmt: skip
    """Show what is called most, fails most, or takes longest."""
    query = wanted(
        by=by, measure=measure, since=since, until=until, server=server, upstream=upstream, tool=tool,
        principal=principal, user=user, team=team, client=client, outcome=outcome, limit=limit,
    )  # fmt: skip
    answer = _asked("top", query, as_json)
    if answer is None:
        return
    items = json_as(answer, wire.Top).items
    if as_csv:
        return print_csv(("key", "name", *SUMS_CSV), ((one.key, one.name, *_plain(one.sums)) for one in items))
    table((by.upper(), *SUMS), [(one.name, *_shown(one.sums)) for one in items], "There were no calls.")


@app.command()
def unused(
    of: Annotated[str, typer.Option(help="tool, prompt, resource, server, token or upstream.")] = "tool",
    unused_for: Annotated[str, typer.Option("--for", metavar="30d", help="For how long.")] = "30d",
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Show what nobody uses, and what depends on it."""
    answer = _asked("unused", wanted(of=of, unused_for=unused_for), as_json)
    if answer is None:
        return
    items = json_as(answer, wire.UnusedList).items
    rows = [(one.kind, one.name, one.id, one.last_used_at, ", ".join(one.servers)) for one in items]
    if as_csv:
        return print_csv(("kind", "name", "id", "last_used_at", "servers"), rows)
    shown = [(name, last or "never", servers, id_) for _, name, id_, last, servers in rows]
    table(
        (of.upper(), "LAST USED", "IN SERVERS", "ID"),
        shown,
        f"Nothing that is {unused_for} old or older went unused for so long.",
    )


@app.command()
def errors(  # noqa: PLR0913 - each parameter is an option of the command
    since: When = "24h",
    until: When = "",
    server: ServerOption = "",
    upstream: UpstreamOption = "",
    tool: ToolOption = "",
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Show errors by their class."""
    query = wanted(since=since, until=until, server=server, upstream=upstream, tool=tool)
    answer = _asked("errors", query, as_json)
    if answer is None:
        return
    items = json_as(answer, wire.Errors).items
    rows = [(one.error_class, one.calls, one.first, one.last, one.example.error, one.example.id) for one in items]
    if as_csv:
        return print_csv(("error_class", "calls", "first", "last", "example", "call"), rows)
    table(("ERROR", "CALLS", "FIRST", "LAST", "EXAMPLE", "CALL"), rows, "There were no errors.")


@app.command()
def slowest(  # noqa: PLR0913 - each parameter is an option of the command
    since: When = "24h",
    until: When = "",
    server: ServerOption = "",
    upstream: UpstreamOption = "",
    tool: ToolOption = "",
    limit: Limit = 10,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Show the slowest calls."""
    query = wanted(since=since, until=until, server=server, upstream=upstream, tool=tool, limit=limit)
    answer = _asked("slowest", query, as_json)
    if answer is None:
        return
    items = json_as(answer, wire.Calls).items
    if as_csv:
        return print_csv(CSV_TITLES, (csv_row(one) for one in items))
    table((*TITLES, "ID"), [(*row(one), one.id) for one in items], "There were no calls.")


def _asked(what: str, query: dict[str, str | int], as_json: bool) -> bytes | None:
    """The answer; None where it has been printed as it is."""
    with Api() as api:
        answer = api.get(f"/metrics/{what}", **query)
    if as_json:
        print_json(answer)
        return None
    return answer


def _shown(sums: Sums) -> tuple[object, ...]:
    times = (milliseconds(value) for value in (sums.mean_ms, sums.p50_ms, sums.p95_ms, sums.p99_ms))
    return (sums.calls, sums.errors, *times, sums.bytes_in + sums.bytes_out, sums.tokens)


def _plain(sums: Sums) -> tuple[object, ...]:
    times = (sums.mean_ms, sums.p50_ms, sums.p95_ms, sums.p99_ms)
    return (sums.calls, sums.errors, *times, sums.bytes_in, sums.bytes_out, sums.tokens)

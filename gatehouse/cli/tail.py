"""`gatehouse tail`: calls and events as they come."""

from __future__ import annotations

import contextlib
from typing import Annotated

import msgspec
import typer

from gatehouse.cli import calls, events
from gatehouse.cli.api import json_as
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
    wanted,
)
from gatehouse.cli.errors import Misused
from gatehouse.cli.events import Event, KindOption, TokenOption
from gatehouse.cli.live import live_lines
from gatehouse.cli.output import JsonFlag, line

app = typer.Typer(help="Tell of calls and events as they come.", add_completion=False)


class Told(msgspec.Struct, frozen=True):
    """One of them."""

    call: Call | None = None
    event: Event | None = None


@app.command()
def tail(  # noqa: PLR0913 - each parameter is an option of the command
    calls_only: Annotated[bool, typer.Option("--calls-only", help="Leave events out.")] = False,
    events_only: Annotated[bool, typer.Option("--events-only", help="Leave calls out.")] = False,
    server: ServerOption = "",
    upstream: UpstreamOption = "",
    tool: ToolOption = "",
    principal: PrincipalOption = "",
    user: UserOption = "",
    team: TeamOption = "",
    client: ClientOption = "",
    outcome: OutcomeOption = "",
    kind: KindOption = "",
    token: TokenOption = "",
    as_json: JsonFlag = False,
) -> None:
    """Tell of calls and events as they come, until interrupted.

    An option that only calls have leaves events out, and the other way round.
    """
    if calls_only and events_only:
        raise Misused("With both --calls-only and --events-only nothing is left.", "Leave one of them out.")
    query = wanted(
        server=server, upstream=upstream, tool=tool, principal=principal, user=user, team=team, client=client,
        outcome=outcome, kind=kind, token=token, calls="false" if events_only else "", events="false" if calls_only else "",
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):
        for text in live_lines("/live", query):
            _tell(text, as_json)


def _tell(text: str, as_json: bool) -> None:
    if as_json:
        return typer.echo(text)
    told = json_as(text.encode(), Told)
    if told.call is not None:
        line("  ".join(str(cell or "-") for cell in calls.row(told.call)))
    elif told.event is not None:
        line("  ".join(events.row(told.event)))

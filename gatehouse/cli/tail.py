"""`gatehouse tail`: calls as they come."""

from __future__ import annotations

import typer

from gatehouse.cli.call_wire import (
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
from gatehouse.cli.calls import tell
from gatehouse.cli.output import JsonFlag

app = typer.Typer(help="Tell of calls as they come.", add_completion=False)


@app.command()
def tail(  # noqa: PLR0913 - each parameter is an option of the command
    server: ServerOption = "",
    upstream: UpstreamOption = "",
    tool: ToolOption = "",
    principal: PrincipalOption = "",
    user: UserOption = "",
    team: TeamOption = "",
    client: ClientOption = "",
    outcome: OutcomeOption = "",
    as_json: JsonFlag = False,
) -> None:
    """Tell of calls as they come, until interrupted. It is `gatehouse calls --follow`."""
    query = wanted(
        server=server, upstream=upstream, tool=tool, principal=principal, user=user, team=team, client=client,
        outcome=outcome,
    )  # fmt: skip
    tell(query, as_json)

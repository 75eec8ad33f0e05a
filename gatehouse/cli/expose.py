"""`gatehouse expose`: a stdio server on HTTP and SSE, without a gateway."""

from __future__ import annotations

from typing import Annotated

import typer

from gatehouse.app.expose import expose as serve_command
from gatehouse.cli import pairs

app = typer.Typer(add_completion=False)


@app.command()
def expose(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND ARG...", help="What starts the server.")],
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="On which port.", min=0, max=65535)] = 4445,
    env: Annotated[list[str] | None, typer.Option("--env", "-e", help="Set for the command: KEY=VALUE.")] = None,
) -> None:
    """Put a stdio server on HTTP (/mcp) and SSE (/sse), until it is stopped."""
    serve_command(command, host, port, pairs.environment(env or []))

"""`gatehouse up`: run the gateway."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gatehouse.app.serve import Extras, serve
from gatehouse.cli.browser import leave_closed, open_page, somebody_is_here
from gatehouse.settings import load_settings, origins

app = typer.Typer(add_completion=False)


@app.command()
def up(  # noqa: PLR0913 - each parameter is an option of the command
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="Settings in TOML or JSON, or an mcp.json.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where to listen. [default: 127.0.0.1]", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="[default: 4444]", min=0, max=65535, show_default=False)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. [default: 1]", min=1, show_default=False)] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the database and keys are.")] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="A database other than SQLite in the data.")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Add a small MCP server to try things on.")] = False,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Fill it with data as a company has it, to look at; wants a --data of its own."),
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the console in a browser.")] = False,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error; LOGGER=LEVEL for one.")] = None,
    public_url: Annotated[str | None, typer.Option(metavar="URL", help="The address that clients use.")] = None,
    allow_anonymous: Annotated[
        bool, typer.Option("--allow-anonymous", help="Anonymous servers, though others can reach this one.")
    ] = False,
) -> None:
    """Run the gateway, until it is stopped."""
    overrides = {
        "host": host,
        "port": port,
        "workers": workers,
        "data": str(data.absolute()) if data else None,
        "database": database,
        "log_level": log_level,
        "public_url": public_url,
        "allow_anonymous": allow_anonymous or None,
    }
    settings, servers = load_settings(config, overrides)
    wanted = not no_browser and somebody_is_here(os.environ, sys.stdout.isatty())
    extras = Extras(servers, sample, demo)
    serve(settings, origins(config, overrides), extras, open_page if wanted else leave_closed)

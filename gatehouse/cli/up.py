"""`gatehouse up`: run the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatehouse.app import serve
from gatehouse.cli.browser import open_when_ready
from gatehouse.settings import Settings, load_settings

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
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the console.")] = False,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
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
    if not no_browser:
        open_when_ready(_local_url(settings))
    serve(settings, servers, sample)


def _local_url(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"

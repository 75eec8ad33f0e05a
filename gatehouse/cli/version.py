"""`gatehouse version`."""

from __future__ import annotations

import json
import platform
from typing import Annotated

import typer

from gatehouse import __version__

app = typer.Typer(add_completion=False)


@app.command()
def version(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print the version."""
    if as_json:
        typer.echo(json.dumps({"version": __version__, "python": platform.python_version()}))
    else:
        typer.echo(f"gatehouse {__version__} (Python {platform.python_version()})")

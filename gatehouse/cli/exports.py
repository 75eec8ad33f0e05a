"""`gatehouse export`."""

from __future__ import annotations

import typer

from gatehouse.cli.api import Api
from gatehouse.cli.output import JsonFlag, print_json

app = typer.Typer(add_completion=False)


@app.command()
def export(as_json: JsonFlag = False) -> None:
    """Print everything that is set up, for `gatehouse import` elsewhere. It is JSON with or without --json."""
    with Api() as api:
        print_json(api.get("/export"))

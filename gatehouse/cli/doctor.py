"""`gatehouse doctor`: look for what is wrong, and say what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from gatehouse.cli import checks
from gatehouse.cli.address import find_gateway
from gatehouse.cli.checks import Finding
from gatehouse.cli.errors import REFUSED
from gatehouse.cli.output import JsonFlag, line, print_json, table
from gatehouse.settings import load_settings

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    config: Annotated[str, typer.Option("--config", "-c", metavar="FILE", help="The file that `up` is given.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Look for what is wrong, and say what to do."""
    findings = list(_look(config))
    if as_json:
        items = [{"check": one.check, "state": one.state, "detail": one.detail, "hint": one.hint} for one in findings]
        print_json({"items": items, "ok": not _failed(findings)})
    else:
        table(("CHECK", "STATUS", "FOUND"), [(one.check, one.state, one.detail) for one in findings])
        for one in findings:
            if one.hint:
                line(f"{one.check}: {one.hint}")
    if _failed(findings):
        raise typer.Exit(REFUSED)


def _look(config: str) -> list[Finding]:
    settings, _ = load_settings(checks.existing(config), {})
    address = find_gateway()
    gateway, running = checks.gateway(address)
    here = [checks.python(), checks.data_directory(settings.data_dir), checks.database(settings.database_url)]
    if not running:
        return [*here, gateway, checks.port(settings.host, settings.port)]
    return [*here, gateway, *checks.behind(address)]


def _failed(findings: list[Finding]) -> bool:
    return any(one.state == "fail" for one in findings)

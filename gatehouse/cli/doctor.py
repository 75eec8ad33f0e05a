"""`gatehouse doctor`: look for what is wrong, and say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatehouse.cli import checks
from gatehouse.cli.address import Address, find_gateway
from gatehouse.cli.errors import REFUSED, Misused
from gatehouse.cli.findings import Finding
from gatehouse.cli.output import JsonFlag, line, print_json, table
from gatehouse.settings import Settings, load_settings

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    config: Annotated[str, typer.Option("--config", "-c", metavar="FILE", help="The file that `up` is given.")] = "",
    bundle: Annotated[
        Path | None, typer.Option(metavar="FILE.zip", help="Write what helps others to help, without secrets.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Put the last lines of this log in the bundle.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Look for what is wrong, and say what to do."""
    if log is not None and bundle is None:
        raise Misused("--log is for a bundle.", "Give --bundle FILE.zip, too.")
    settings, _ = load_settings(checks.existing(config), {})
    address = find_gateway()
    findings = _look(settings, address)
    if bundle is not None:
        from gatehouse.cli.bundle import write_bundle  # noqa: PLC0415 - not needed without one

        write_bundle(bundle, settings, address, findings, log)
    _tell(findings, as_json)
    if bundle is not None and not as_json:
        line(f"Written: {bundle}. Read it before you give it to somebody.")
    if _failed(findings):
        raise typer.Exit(REFUSED)


def _tell(findings: list[Finding], as_json: bool) -> None:
    if as_json:
        items = [{"check": one.check, "state": one.state, "detail": one.detail, "hint": one.hint} for one in findings]
        print_json({"items": items, "ok": not _failed(findings)})
    else:
        table(("CHECK", "STATUS", "FOUND"), [(one.check, one.state, one.detail) for one in findings])
        for one in findings:
            if one.hint:
                line(f"{one.check}: {one.hint}")


def _look(settings: Settings, address: Address) -> list[Finding]:
    gateway, running = checks.gateway(address)
    here = [checks.python(), checks.data_directory(settings.data_dir), checks.database(settings.database_url)]
    if not running:
        return [*here, gateway, checks.port(settings.host, settings.port)]
    return [*here, gateway, *checks.behind(address)]


def _failed(findings: list[Finding]) -> bool:
    return any(one.state == "fail" for one in findings)

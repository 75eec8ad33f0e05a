"""`gatehouse log`: how much the gateway logs."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from gatehouse.cli.api import Api, json_as
from gatehouse.cli.errors import Misused
from gatehouse.cli.output import JsonFlag, line, print_json, table

app = typer.Typer(help="How much the gateway logs.", no_args_is_help=True, add_completion=False)
ALL = "*"


class Levels(msgspec.Struct, frozen=True):
    levels: dict[str, str]
    usual: dict[str, str]
    until: str | None = None


@app.callback()
def root() -> None:
    """How much the gateway logs."""


@app.command()
def level(
    levels: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LOGGER=]LEVEL...", help="As in gatehouse.upstreams=debug, or debug for all."),
    ] = None,
    duration: Annotated[str, typer.Option("--for", metavar="DURATION", help="Then the usual ones come back.")] = "1h",
    reset: Annotated[bool, typer.Option("--reset", help="Go back to the usual levels now.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show the levels of the log, or change them for a while, in all workers.

    What is asked for takes the place of what was asked for before.
    """
    wanted = dict(map(_pair, levels or []))
    if reset and wanted:
        raise Misused("--reset goes back to the usual levels, and others are named.", "Leave one of them out.")
    with Api() as api:
        answer = api.put("/logs/levels", {"levels": wanted, "for": duration}) if wanted or reset else _shown(api)
    if as_json:
        return print_json(answer)
    found = json_as(answer, Levels)
    rows = [(_name(name), one, "") for name, one in found.usual.items() if name not in found.levels]
    rows += [(_name(name), one, f"until {_moment(found.until)}") for name, one in found.levels.items()]
    table(("LOGGER", "LEVEL", ""), rows)
    if found.levels:
        line("Back to the usual ones: gatehouse log level --reset")


def _shown(api: Api) -> bytes:
    return api.get("/logs/levels")


def _pair(text: str) -> tuple[str, str]:
    name, equals, level = text.rpartition("=")
    if not level or (equals and not name):
        raise Misused(f"'{text}' is not a level.", "Write it as in gatehouse.upstreams=debug, or debug for all.")
    return (name if equals else ALL), level


def _name(logger: str) -> str:
    return "all others" if logger == ALL else logger


def _moment(until: str | None) -> str:
    return f"{until[:10]} {until[11:19]} UTC" if until else ""

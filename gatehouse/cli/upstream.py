"""`gatehouse upstream`: what Gatehouse calls."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from gatehouse.cli.add import offered
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import REFUSED
from gatehouse.cli.health import health, maintenance
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, short, table
from gatehouse.cli.upstream_changes import change
from gatehouse.cli.wire import Capability, Upstream

app = typer.Typer(help="MCP servers that Gatehouse calls.", no_args_is_help=True, add_completion=False)
app.command("health")(health)
app.command("maintenance")(maintenance)
app.command("change")(change)
Name = Annotated[str, typer.Argument(metavar="UPSTREAM", help="Its name or id.")]


class Checked(msgspec.Struct, frozen=True):
    ok: bool
    error: str | None = None
    milliseconds: float | None = None


class LogLines(msgspec.Struct, frozen=True):
    lines: list[str]


@app.command("list")
def list_upstreams(as_json: JsonFlag = False) -> None:
    """List them, with how they are."""
    with Api() as api:
        items = api.items("/upstreams")
    if as_json:
        return print_items(items)
    upstreams = [json_as(item, Upstream) for item in items]
    rows = [(one.name, state(one), one.counts.get("tools", 0), one.speaks, short(one.address, 60)) for one in upstreams]
    table(
        ("NAME", "STATUS", "TOOLS", "SPEAKS", "ADDRESS"),
        rows,
        "There are no upstreams. Add one: gatehouse add NAME URL",
    )
    for one in upstreams:
        if one.error:
            line(f"{one.name}: {one.error}")


@app.command()
def show(name: Name, as_json: JsonFlag = False) -> None:
    """Show one, and everything that it offers."""
    with Api() as api:
        answer = api.get(f"/upstreams/{segment(name)}")
    if as_json:
        return print_json(answer)
    describe(json_as(answer, Upstream))


@app.command()
def refresh(name: Name, as_json: JsonFlag = False) -> None:
    """Ask it again what it offers."""
    with Api() as api:
        answer = api.post(f"/upstreams/{segment(name)}/refresh")
        upstream = json_as(answer or api.get(f"/upstreams/{segment(name)}"), Upstream)
    if as_json:
        print_json(answer)
    elif upstream.status == "down":
        line(f"{upstream.name} can't be reached: {upstream.error}")
    elif upstream.status == "sign_in":
        line(f"{upstream.name} needs a sign-in: {upstream.error}")
    else:
        line(f"{upstream.name}: {offered(upstream.counts)}.")
    if upstream.status in ("down", "sign_in"):
        raise typer.Exit(REFUSED)


@app.command()
def check(name: Name, as_json: JsonFlag = False) -> None:
    """See whether it answers just now."""
    with Api() as api:
        answer = api.post(f"/upstreams/{segment(name)}/check")
    checked = json_as(answer, Checked)
    if as_json:
        print_json(answer)
    elif checked.ok:
        took = f" in {checked.milliseconds:.0f} ms" if checked.milliseconds is not None else ""
        line(f"{name} answers{took}.")
    else:
        line(f"{name} does not answer: {checked.error}")
    if not checked.ok:
        raise typer.Exit(REFUSED)


@app.command()
def remove(name: Name, as_json: JsonFlag = False) -> None:
    """Remove it, and its tools from every server."""
    with Api() as api:
        api.delete(f"/upstreams/{segment(name)}")
    print_json({"removed": name}) if as_json else line(f"Removed '{name}'.")


@app.command()
def log(name: Name, as_json: JsonFlag = False) -> None:
    """Show the last lines that a stdio upstream wrote to stderr."""
    with Api() as api:
        answer = api.get(f"/upstreams/{segment(name)}/log")
    if as_json:
        return print_json(answer)
    for text in json_as(answer, LogLines).lines:
        line(text)


def state(upstream: Upstream) -> str:
    return upstream.status if upstream.enabled else "disabled"


def describe(upstream: Upstream) -> None:
    info = upstream.server_info or {}
    facts(
        [
            ("Name", upstream.name),
            ("Id", upstream.id),
            ("Status", state(upstream)),
            ("Error", upstream.error),
            ("Address", upstream.address),
            ("Speaks", upstream.speaks),
            ("Server", " ".join(str(info[key]) for key in ("name", "version") if info.get(key))),
            ("Credential", (upstream.credential or {}).get("type")),
            ("Environment", ", ".join(upstream.env)),
            ("Shared by", upstream.share),
            ("Tags", ", ".join(upstream.tags)),
        ]
    )
    _offer("TOOL", upstream.tools)
    _offer("PROMPT", upstream.prompts)
    _offer("RESOURCE", upstream.resources + upstream.resource_templates)
    for skipped in upstream.skipped:
        line(f"Left out {skipped.kind} '{skipped.name}': {skipped.reason}")
    for warning in upstream.warnings:
        line(f"Note: {warning}")


def _offer(title: str, items: list[Capability]) -> None:
    if items:
        line()
        table((title, "DESCRIPTION"), [(one.name, short(one.title or one.description, 70)) for one in items])

"""`gatehouse registry`: MCP servers that are ready to be installed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gatehouse.cli import pairs, registry_sources
from gatehouse.cli.add import offered
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import REFUSED, Misused, note
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, short, table
from gatehouse.cli.registry_wire import Asked, Entry, Field, Installed, Preview, Update, Way
from gatehouse.kit import json

app = typer.Typer(help="MCP servers that are ready to be installed.", no_args_is_help=True, add_completion=False)
app.command("sources")(registry_sources.list_sources)
app.command("add-source")(registry_sources.add_source)
app.command("remove-source")(registry_sources.remove_source)
app.command("enable")(registry_sources.enable)
app.command("disable")(registry_sources.disable)
app.command("sync")(registry_sources.sync)
Which = Annotated[str, typer.Argument(metavar="ENTRY", help="Its id, as `registry list` shows it.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Fill in a field of the form; KEY=- reads it from stdin."),
]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Run what is shown here without asking.")]
AnywayFlag = Annotated[bool, typer.Option("--save-anyway", help="Save it although it does not answer.")]


@app.command("list")
def list_entries(  # noqa: PLR0913 - each parameter is an option of the command
    words: Annotated[list[str] | None, typer.Argument(help="Words that it is about.")] = None,
    category: Annotated[str, typer.Option(help="Only of this category.")] = "",
    source: Annotated[str, typer.Option(help="Only of this source.")] = "",
    auth: Annotated[str, typer.Option(help="none, optional, key or oauth.")] = "",
    transport: Annotated[str, typer.Option(help="http, sse or stdio.")] = "",
    installed: Annotated[
        bool | None, typer.Option("--installed/--not-installed", help="What is an upstream, or not.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List what can be installed."""
    told = {"q": " ".join(words or []), "category": category, "source": source, "auth": auth, "transport": transport}
    query: dict[str, str | int] = {name: value for name, value in told.items() if value}
    query |= {} if installed is None else {"installed": str(installed).lower()}
    with Api() as api:
        items = api.items("/registry", **query)
    if as_json:
        return print_items(items)
    entries = [json_as(item, Entry) for item in items]
    rows = [
        (
            one.id,
            short(one.title, 30),
            one.category,
            one.auth,
            ",".join(one.transports),
            one.mark,
            short(one.description, 60),
        )
        for one in entries
    ]
    table(("ENTRY", "TITLE", "CATEGORY", "AUTH", "SPEAKS", "INSTALLED", "DESCRIPTION"), rows, "Nothing was found.")


@app.command()
def show(entry: Which, as_json: JsonFlag = False) -> None:
    """Show one, the ways to install it, and what each needs."""
    with Api() as api:
        answer = api.get(f"/registry/{segment(entry)}")
    if as_json:
        return print_json(answer)
    one = json_as(answer, Entry)
    facts(
        [
            ("Entry", one.id),
            ("Name", one.name),
            ("Title", one.title),
            ("Description", one.description),
            ("Version", one.version),
            ("Status", " ".join((one.status, one.status_message)).strip()),
            ("Source", one.source),
            ("Category", one.category),
            ("Authentication", one.auth),
            ("Documentation", one.docs),
            ("Repository", one.repository),
            ("Installed as", one.mark),
        ]
    )
    for way in one.ways:
        _describe(way)
    line()
    line(f"Next: gatehouse registry install {one.id}")


@app.command()
def install(  # noqa: PLR0913 - each parameter is an option of the command
    entry: Which,
    name: Annotated[str, typer.Argument(help="What to call the upstream; made from its title if left out.")] = "",
    way: Annotated[str, typer.Option(help="One of its ways; the first that is possible if left out.")] = "",
    values: SetOption = None,
    team: Annotated[str, typer.Option(help="Give it to a team.")] = "",
    visibility: Annotated[str, typer.Option(help="private, team or public.")] = "",
    message: Annotated[str, typer.Option(help="For who has to approve it.")] = "",
    yes: YesFlag = False,
    save_anyway: AnywayFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Install one. What it needs is asked for; secrets best so, or with KEY=- from stdin."""
    path = f"/registry/{segment(entry)}"
    with Api() as api:
        one = json_as(api.get(path), Entry)
        chosen = _way(one, way)
        filled = _filled(chosen.fields, _given(values), as_json)
        told = {"name": name, "team": team, "visibility": visibility, "message": message}
        body: dict[str, Any] = {field: value for field, value in told.items() if value}
        body |= {"way": chosen.name, "values": filled, "save_anyway": save_anyway}
        preview = json_as(api.post(f"{path}/preview", {"way": chosen.name, "values": filled}), Preview)
        body |= _accepted(preview.command_line, preview.env, yes)
        answer = api.post(f"{path}/install", body)
    _tell(answer, as_json)


@app.command()
def updates(as_json: JsonFlag = False) -> None:
    """List newer versions of what is installed, and what each would change."""
    with Api() as api:
        answer = api.get("/registry/updates")
    if as_json:
        return print_json(answer)
    found = [json_as(item, Update) for item in _items(answer)]
    if not found:
        return line("Everything is as its registry has it.")
    for one in found:
        line(
            f"{one.upstream_name}: {one.name} {one.installed} -> {one.version or 'deleted'} {one.status_message}".rstrip()
        )
        for change in one.changes:
            line(f"  - {change.field}: {change.before or 'none'}")
            line(f"  + {change.field}: {change.after or 'none'}")
        for field in one.fields:
            line(f"  ? {field.key}: {field.description or 'has to be filled in'}")
        line(f"  {one.problem}" if one.problem else f"  Take it: gatehouse registry update {one.upstream_name}")


@app.command()
def update(
    upstream: Annotated[str, typer.Argument(help="Name or id of the upstream.")],
    values: SetOption = None,
    yes: YesFlag = False,
    save_anyway: AnywayFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Take the newer version of an upstream's registry entry."""
    with Api() as api:
        found = [json_as(item, Update) for item in _items(api.get("/registry/updates"))]
        one = next((each for each in found if upstream in (each.upstream, each.upstream_name)), None)
        if one is None or one.version is None:
            raise Misused(f"There is no newer version for '{upstream}'.", "Look at `gatehouse registry updates`.")
        filled = _filled(one.fields, _given(values), as_json)
        body: dict[str, Any] = {"version": one.version, "values": filled, "save_anyway": save_anyway}
        body |= _accepted(one.command_line, [], yes)
        answer = api.post(f"/upstreams/{segment(one.upstream)}/update", body)
    _tell(answer, as_json)


@app.command()
def requests(
    every: Annotated[bool, typer.Option("--all", help="Those that were decided, too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List who waits for leave to install something."""
    with Api() as api:
        items = api.items("/registry/requests", **({} if every else {"state": "waiting"}))
    if as_json:
        return print_items(items)
    found = [json_as(item, Asked) for item in items]
    rows = [
        (one.id, one.state, one.requester, one.entry, one.url or one.command_line, one.message or one.reason)
        for one in found
    ]
    table(("REQUEST", "STATE", "FROM", "ENTRY", "WOULD REACH OR RUN", "WORDS"), rows, "Nobody waits.")


@app.command()
def approve(
    request: Annotated[str, typer.Argument(help="Its id.")],
    yes: YesFlag = False,
    save_anyway: AnywayFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Install what somebody asked for."""
    with Api() as api:
        found = [json_as(item, Asked) for item in api.items("/registry/requests", state="waiting")]
        one = next((each for each in found if each.id == request), None)
        body: dict[str, Any] = {"save_anyway": save_anyway}
        body |= _accepted(one.command_line if one else None, [], yes)
        answer = api.post(f"/registry/requests/{segment(request)}/approve", body)
    _tell(answer, as_json)


@app.command()
def decline(
    request: Annotated[str, typer.Argument(help="Its id.")],
    reason: Annotated[str, typer.Argument(help="Shown to who asked.")],
    as_json: JsonFlag = False,
) -> None:
    """Decline what somebody asked for."""
    with Api() as api:
        answer = api.post(f"/registry/requests/{segment(request)}/decline", {"reason": reason})
    print_json(answer) if as_json else line(f"Declined '{request}'.")


def _describe(way: Way) -> None:
    line()
    line(f"Way '{way.name}' ({way.transport}): {way.summary}")
    if way.reason:
        line(f"  Not possible here: {way.reason}")
    rows = [
        (
            f"  {one.key}",
            "required" if one.required else "",
            "secret" if one.secret else "",
            one.default or "",
            one.description or "",
        )
        for one in way.fields
    ]
    if rows:
        table(("  FIELD", "", "", "DEFAULT", "DESCRIPTION"), rows)


def _way(entry: Entry, name: str) -> Way:
    found = next((one for one in entry.ways if (one.name == name if name else one.reason is None)), None)
    if found is None:
        reason = "" if name or not entry.ways else f" {entry.ways[0].reason}"
        raise Misused(
            f"'{entry.id}' has no way '{name}'." if name else f"'{entry.id}' can't be installed here.{reason}",
            f"Its ways: {', '.join(one.name for one in entry.ways) or 'none'}.",
        )
    return found


def _given(values: list[str] | None) -> dict[str, str]:
    given = pairs.environment(values or [])
    for key, value in given.items():
        if value == "-":
            given[key] = typer.get_text_stream("stdin").readline().rstrip("\r\n")
    return given


def _filled(fields: list[Field], given: dict[str, str], quiet: bool) -> dict[str, str]:
    """With what is missing, where somebody sits at a terminal who can be asked."""
    asked = [one for one in fields if one.required and not given.get(one.key)]
    if quiet or not asked or not typer.get_text_stream("stdin").isatty():
        return given
    for one in asked:
        words = f"{one.label} ({one.description})" if one.description else one.label
        given[one.key] = str(typer.prompt(words, hide_input=one.secret))
    return given


def _accepted(command: str | None, env: list[str], yes: bool) -> dict[str, str]:
    """The consent to what runs on the machine of the gateway; raises `Misused` where nobody gives it."""
    if command is None:
        return {}
    note(f"This runs on the machine of the gateway:\n\n  {command}\n")
    if env:
        note(f"With these variables set: {', '.join(env)}")
    if not yes and not typer.get_text_stream("stdin").isatty():
        raise Misused("Nobody is here to agree to that.", "Read it, and say --yes.")
    if not yes:
        typer.confirm("Run it?", abort=True)
    return {"accept_command": command}


def _tell(answer: bytes, as_json: bool) -> None:
    made = json_as(answer, Installed)
    if as_json:
        print_json(answer)
    elif made.upstream is None:
        line(made.message)
    elif made.state == "installed":
        line(f"Installed '{made.upstream.name}': {offered(made.upstream.counts)}.")
        line(f"Next: gatehouse server create my-tools --all-from {made.upstream.name}")
    elif made.state == "sign_in":
        line(f"Installed '{made.upstream.name}', which needs a sign-in: {made.message}")
    else:
        line(f"Saved '{made.upstream.name}', but it does not answer: {made.message}")
    if made.state == "down":
        raise typer.Exit(REFUSED)


def _items(answer: bytes) -> list[json.Raw]:
    return json_as(json.fields(answer)["items"], list[json.Raw])

"""The commands about where entries of the registry come from."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import REFUSED, Misused, note
from gatehouse.cli.output import JsonFlag, counted, line, print_json, short, table
from gatehouse.cli.registry_wire import Source, SourceList
from gatehouse.kit import json

Name = Annotated[str, typer.Argument(metavar="SOURCE", help="Its name or id.")]
PAUSE = 0.5
"""Seconds between looks at a run."""


def list_sources(as_json: JsonFlag = False) -> None:
    """List where entries come from."""
    with Api() as api:
        answer = api.get("/registry/sources")
    if as_json:
        return print_json(answer)
    sources = json_as(answer, SourceList).items
    rows = [(one.name, one.kind, _state(one), one.entries, one.synced_at or "never", one.url) for one in sources]
    table(("SOURCE", "KIND", "STATUS", "ENTRIES", "READ", "URL"), rows)
    for one in sources:
        if one.error:
            line(f"{one.name}: {one.error}")


def add_source(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    target: Annotated[
        str, typer.Argument(metavar="URL | FILE", help="Of a registry's API, or a file of server.json documents.")
    ],
    token: Annotated[bool, typer.Option("--token", help="Ask for a token to show, or read it from stdin.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Add a registry, or the entries of a file."""
    body: dict[str, Any] = {"name": name}
    if target.startswith(("http://", "https://")):
        body |= {"url": target} | ({"token": _read_token()} if token else {})
    else:
        body |= {"servers": read_file(Path(target))}
    with Api() as api:
        answer = api.post("/registry/sources", body)
    if as_json:
        return print_json(answer)
    one = json_as(answer, Source)
    if one.url:
        line(f"Added '{one.name}'.")
        line(f"Next: gatehouse registry sync {one.name}")
    else:
        line(f"Added '{one.name}' with {counted(one.entries, 'server')}.")


def remove_source(source: Name, as_json: JsonFlag = False) -> None:
    """Remove one, with its entries. What was installed of them stays."""
    with Api() as api:
        api.delete(f"/registry/sources/{segment(source)}")
    print_json({"removed": source}) if as_json else line(f"Removed '{source}'.")


def enable(source: Name, as_json: JsonFlag = False) -> None:
    """Switch one on: it is read every hour."""
    _switch(source, True, as_json)


def disable(source: Name, as_json: JsonFlag = False) -> None:
    """Switch one off: its entries are not listed, and it is not read."""
    _switch(source, False, as_json)


def sync(
    source: Name,
    whole: Annotated[bool, typer.Option("--whole", help="Read all of it, and flag what is there no more.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Read one now, and wait for the end of it."""
    path = f"/registry/sources/{segment(source)}"
    with Api() as api:
        answer = api.post(f"{path}/sync", {"whole": whole})
        one, pages = json_as(answer, Source), -1
        while one.syncing:
            if one.pages != pages and not as_json:
                pages = one.pages
                note(f"Read {counted(pages, 'page')}, {one.entries} entries so far.")
            time.sleep(PAUSE)
            answer = api.get(path)
            one = json_as(answer, Source)
    if as_json:
        print_json(answer)
    elif one.error:
        line(f"{one.name} can't be read: {one.error}")
    else:
        skipped = f"; {one.skipped} can't be used" if one.skipped else ""
        line(f"{one.name} has {one.entries} entries, and {one.deleted} that were deleted{skipped}.")
    if one.error:
        raise typer.Exit(REFUSED)


def _switch(source: str, enabled: bool, as_json: bool) -> None:
    with Api() as api:
        answer = api.patch(f"/registry/sources/{segment(source)}", {"enabled": enabled})
    print_json(answer) if as_json else line(f"'{source}' is {'on' if enabled else 'off'}.")


def _state(source: Source) -> str:
    if not source.enabled:
        return "off"
    return "fail" if source.error else "reading" if source.syncing else "ok"


def read_file(file: Path) -> list[Any]:
    """One server.json, a list of them, or `{"servers": [...]}`; raises `Misused`."""
    try:
        found: Any = json.load(json.strip_comments(file.read_text()))
    except OSError as error:
        raise Misused(
            f"{file} can't be read: {error.strerror}.", "Name a file, or an http:// or https:// URL."
        ) from None
    except ValueError as error:
        raise Misused(f"{short(str(file))} is not JSON: {error}.") from None
    if isinstance(found, dict):
        whole = cast("dict[str, Any]", found)
        found = whole.get("servers", [whole])
    servers = cast("list[Any]", found) if isinstance(found, list) else []
    if not servers or not all(isinstance(one, dict) for one in servers):
        raise Misused(f"{file} holds no server.json.", "It is one, a list of them, or an object with 'servers'.")
    return [one.get("server", one) for one in servers]


def _read_token() -> str:
    """Never as an argument: those are seen by other users of the machine, and kept in histories."""
    stream = typer.get_text_stream("stdin")
    token = str(typer.prompt("Token", hide_input=True)) if stream.isatty() else stream.readline().strip()
    if not token:
        raise Misused("No token came on stdin.", "Pipe it in, as one line.")
    return token

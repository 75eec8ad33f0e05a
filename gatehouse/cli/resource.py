"""`gatehouse resource`: resources and resource templates of upstreams, and those that are made here."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli import own
from gatehouse.cli.api import Api, json_as
from gatehouse.cli.changes import changes
from gatehouse.cli.errors import Misused
from gatehouse.cli.errors import note as tell
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, short, table

app = typer.Typer(help="Resources: those of upstreams, and your own.", no_args_is_help=True, add_completion=False)
Ref = Annotated[str, typer.Argument(metavar="RESOURCE", help="Its uri, handle or id.")]
File = Annotated[str, typer.Option("--file", "-f", metavar="FILE", help="Its content; - is stdin.")]
Media = Annotated[str, typer.Option("--type", help="Media type; guessed from the name of the file if left out.")]
Argument = Annotated[
    list[str] | None,
    typer.Option("--argument", "-a", help="Of a template: says more of a variable, as in day:integer."),
]


class _Content(msgspec.Struct, frozen=True, rename="camel"):
    uri: str = ""
    text: str | None = None
    blob: str | None = None
    mime_type: str = ""


class _Contents(msgspec.Struct, frozen=True):
    contents: list[_Content]


@app.command()
def add(  # noqa: PLR0913 - each is an option
    name: Annotated[str, typer.Argument(help="What it is called.")],
    text: Annotated[str, typer.Option("--text", "-t", help="Its content.")] = "",
    file: File = "",
    uri: Annotated[str, typer.Option(help="Its uri; made from its name if left out.")] = "",
    template: Annotated[str, typer.Option(help="Make a template, as in note://{day}, and {{day}} in its text.")] = "",
    media: Media = "",
    argument: Argument = None,
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="To find it by.")] = None,
    team: own.Team = "",
    visibility: own.Visibility = "",
    note: own.Note = "",
    as_json: JsonFlag = False,
) -> None:
    """Make a resource, of text or of bytes, or a resource template."""
    said = {
        "uri": uri, "uri_template": template, "title": title, "description": description, "tags": tag, "team": team,
        "visibility": visibility, "note": note, "arguments": own.arguments(argument or []),
    }  # fmt: skip
    body = {"name": name, **_content(text, file, media), **{key: value for key, value in said.items() if value}}
    with Api() as api:
        answer = api.post("/resources", body)
    if as_json:
        return print_json(answer)
    made = json_as(answer, own.Own)
    line(f"Made {made.kind.replace('_', ' ')} '{made.name}'.")
    line(f"Next: gatehouse resource read {made.name}")


@app.command("list")
def list_resources(
    query: Annotated[str, typer.Argument(metavar="[WORDS]", help="Only those that say this.")] = "",
    mine: Annotated[bool, typer.Option("--own", help="Only those that were made here.")] = False,
    tag: Annotated[str, typer.Option(help="Only those with this tag.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """List them, or find some."""
    items = own.listed("resources", {key: value for key, value in (("q", query), ("tag", tag)) if value}, mine)
    if as_json:
        return print_items(items)
    found = [json_as(item, own.Own) for item in items]
    rows = [
        (one.upstream.name, one.name, one.definition.get("mimeType"), one.definition.get("size"), _called(one))
        for one in found
    ]
    table(
        ("UPSTREAM", "URI", "TYPE", "BYTES", "NAME"),
        rows,
        "There are no resources here. Make one: gatehouse resource add NAME",
    )


@app.command()
def show(resource: Ref, as_json: JsonFlag = False) -> None:
    """Show what is known of one."""
    with Api() as api:
        answer = api.get(own.find(api, "resources", resource))
    if as_json:
        return print_json(answer)
    one = json_as(answer, own.Own)
    facts(
        [
            ("Uri", one.name),
            ("Id", one.id),
            ("Name", one.definition.get("name")),
            ("From", "here" if one.own else one.upstream.name),
            ("Title", one.title),
            ("Description", one.description),
            ("Media type", one.definition.get("mimeType")),
            ("Bytes", one.definition.get("size")),
            ("SHA-256", one.source.get("digest")),
            ("Version", one.version or None),
            ("State", one.shown_state),
            ("Tags", ", ".join(one.tags)),
            ("Visibility", one.visibility),
            ("In servers", ", ".join(server.name for server in one.servers)),
        ]
    )


@app.command()
def read(
    resource: Ref,
    uri: Annotated[str, typer.Option(help="Of a template: the uri made from it.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Left out: stdout.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Print its content, or put it into a file."""
    with Api() as api:
        answer = api.post(f"{own.find(api, 'resources', resource)}/read", {"uri": uri} if uri else {})
    if as_json:
        return print_json(answer)
    for content in json_as(answer, _Contents).contents:
        _put(content, output)


@app.command()
def change(  # noqa: PLR0913 - each is an option
    resource: Ref,
    text: Annotated[str, typer.Option("--text", "-t", help="Its content.")] = "",
    file: File = "",
    media: Media = "",
    argument: Argument = None,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="To find it by, in place of all before.")] = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether it can be used.")] = None,
    visibility: Annotated[str | None, typer.Option(help="Who sees it: private, team or public.")] = None,
    note: own.Note = "",
    as_json: JsonFlag = False,
) -> None:
    """Change one: what is in it becomes a new version."""
    said = {"name": name, "title": title, "description": description, "tags": tag or None, "enabled": enabled}
    content: dict[str, Any] = _content(text, file, media) if text or file else {"mime_type": media or None}
    said |= {**content, "visibility": visibility, "arguments": own.arguments(argument) if argument else None}
    body = changes(said)
    with Api() as api:
        answer = api.patch(own.find(api, "resources", resource), {**body, "note": note} if note else body)
    if as_json:
        return print_json(answer)
    changed = json_as(answer, own.Own)
    line(f"Changed '{changed.name}'." + (f" This is version {changed.version}." if changed.own else ""))


def _content(text: str, file: str, media: str) -> dict[str, Any]:
    if bool(text) == bool(file):
        raise Misused("The resource has no content, or two.", "Give --text or --file, and not both.")
    guessed = media or mimetypes.guess_type(file)[0] or ""
    said = {"mime_type": guessed} if guessed else {}
    if text:
        return {"text": text, **said}
    data = own.read_file(file)
    try:
        return {"text": data.decode(), **said}
    except UnicodeDecodeError:
        return {"blob": base64.b64encode(data).decode(), **said}


def _put(content: _Content, output: Path | None) -> None:
    data = content.text.encode() if content.text is not None else base64.b64decode(content.blob or "")
    if output is not None:
        try:
            output.expanduser().write_bytes(data)
        except OSError as error:
            raise Misused(f"{output} can't be written: {error.strerror}.", "Name another file.") from None
        tell(f"Wrote {len(data)} bytes to {output}.")
    elif content.text is not None:
        line(content.text)
    else:
        raise Misused(f"It is binary ({content.mime_type or 'of no type'}, {len(data)} bytes).", "Name a file with -o.")


def _called(one: own.Own) -> str:
    state = f" ({one.shown_state})" if one.shown_state else ""
    return short(one.title or one.definition.get("name"), 50) + state


own.add_history(app, "resources")

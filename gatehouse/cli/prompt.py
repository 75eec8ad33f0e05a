"""`gatehouse prompt`: prompts of upstreams, and those that are made here."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli import own
from gatehouse.cli.api import Api, json_as
from gatehouse.cli.changes import changes
from gatehouse.cli.errors import Misused
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, short, table
from gatehouse.kit import json

app = typer.Typer(help="Prompts: those of upstreams, and your own.", no_args_is_help=True, add_completion=False)
Ref = Annotated[str, typer.Argument(metavar="PROMPT", help="Its name, handle or id.")]
File = Annotated[
    str,
    typer.Option(
        "--file", "-f", metavar="FILE", help="The text; or a .json file with arguments and messages. - is stdin."
    ),
]
Argument = Annotated[
    list[str] | None,
    typer.Option("--argument", "-a", help="As in name, name! (required), n:integer, 'tone:warm|formal', 'day=today'."),
]


class _Part(msgspec.Struct, frozen=True):
    type: str
    text: str = ""


class _Message(msgspec.Struct, frozen=True):
    role: str
    content: _Part


class _Rendered(msgspec.Struct, frozen=True):
    messages: list[_Message]


@app.command()
def add(  # noqa: PLR0913 - each is an option
    name: Annotated[str, typer.Argument(help="What agents call it by.")],
    text: Annotated[str, typer.Option("--text", "-t", help="What the user says, with {{name}} for arguments.")] = "",
    file: File = "",
    argument: Argument = None,
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="To find it by.")] = None,
    team: own.Team = "",
    visibility: own.Visibility = "",
    note: own.Note = "",
    as_json: JsonFlag = False,
) -> None:
    """Make a prompt."""
    said = {
        "title": title,
        "description": description,
        "tags": tag,
        "team": team,
        "visibility": visibility,
        "note": note,
    }
    body = {"name": name, **_content(text, file, argument), **{key: value for key, value in said.items() if value}}
    with Api() as api:
        answer = api.post("/prompts", body)
    if as_json:
        return print_json(answer)
    made = json_as(answer, own.Own)
    line(f"Made prompt '{made.name}', at /mcp as {made.handle}.")
    line(f"Try it: gatehouse prompt render {made.name}")


@app.command("list")
def list_prompts(
    query: Annotated[str, typer.Argument(metavar="[WORDS]", help="Only those that say this.")] = "",
    mine: Annotated[bool, typer.Option("--own", help="Only those that were made here.")] = False,
    tag: Annotated[str, typer.Option(help="Only those with this tag.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """List them, or find some."""
    items = own.listed("prompts", {key: value for key, value in (("q", query), ("tag", tag)) if value}, mine)
    if as_json:
        return print_items(items)
    prompts = [json_as(item, own.Own) for item in items]
    rows = [(one.upstream.name, one.name, one.shown_state, short(one.title or one.description, 70)) for one in prompts]
    table(
        ("UPSTREAM", "PROMPT", "", "DESCRIPTION"),
        rows,
        "There are no prompts here. Make one: gatehouse prompt add NAME",
    )


@app.command()
def show(prompt: Ref, as_json: JsonFlag = False) -> None:
    """Show one, and what is in it where it was made here."""
    with Api() as api:
        answer = api.get(own.find(api, "prompts", prompt))
    if as_json:
        return print_json(answer)
    one = json_as(answer, own.Own)
    facts(
        [
            ("Name", one.name),
            ("Id", one.id),
            ("At /mcp", one.handle),
            ("From", "here" if one.own else one.upstream.name),
            ("Title", one.title),
            ("Description", one.description),
            ("Version", one.version or None),
            ("State", one.shown_state),
            ("Tags", ", ".join(one.tags)),
            ("Visibility", one.visibility),
            ("In servers", ", ".join(server.name for server in one.servers)),
        ]
    )
    for argument in one.definition.get("arguments", []):
        needed = " (required)" if argument.get("required") else ""
        line(f"  {argument['name']}{needed}  {argument.get('description', '')}".rstrip())
    for message in one.source.get("messages", []):
        line(f"\n{message['role']}:\n{_shown(msgspec.convert(message['content'], _Part))}")


@app.command()
def change(  # noqa: PLR0913 - each is an option
    prompt: Ref,
    text: Annotated[str, typer.Option("--text", "-t", help="What the user says, in place of all messages.")] = "",
    file: File = "",
    argument: Argument = None,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="To find it by, in place of all before.")] = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether it can be used.")] = None,
    visibility: Annotated[str | None, typer.Option(help="Who sees it: private, team or public.")] = None,
    note: own.Note = "",
    as_json: JsonFlag = False,
) -> None:
    """Change one: what is in it becomes a new version."""
    said = {"title": title, "description": description, "tags": tag or None, "enabled": enabled}
    content = _content(text, file, argument) if text or file else _arguments(argument)
    body = changes({**content, **said, "visibility": visibility})
    with Api() as api:
        answer = api.patch(own.find(api, "prompts", prompt), {**body, "note": note} if note else body)
    if as_json:
        return print_json(answer)
    changed = json_as(answer, own.Own)
    line(f"Changed prompt '{changed.name}'." + (f" This is version {changed.version}." if changed.own else ""))


@app.command()
def render(
    prompt: Annotated[
        str, typer.Argument(metavar="[PROMPT]", help="Its name, handle or id; none with --text or --file.")
    ] = "",
    values: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Its arguments.")] = None,
    text: Annotated[str, typer.Option("--text", "-t", help="Try this text, without storing it.")] = "",
    file: File = "",
    argument: Argument = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what it says with these arguments."""
    unsaved = bool(text or file)
    given = _values([prompt, *(values or [])] if unsaved and prompt else values or [])
    with Api() as api:
        if unsaved:
            answer = api.post("/prompts/preview", {**_content(text, file, argument), "values": given})
        elif prompt:
            answer = api.post(f"{own.find(api, 'prompts', prompt)}/get", {"arguments": given})
        else:
            raise Misused("No prompt is named.", "Name one, or give a text with --text or --file.")
    if as_json:
        return print_json(answer)
    for number, message in enumerate(json_as(answer, _Rendered).messages):
        line(f"{'' if number == 0 else chr(10)}{message.role}:\n{_shown(message.content)}")


def _content(text: str, file: str, argument: list[str] | None) -> dict[str, Any]:
    if bool(text) == bool(file):
        raise Misused("The prompt has no text, or two.", "Give --text or --file, and not both.")
    data = own.read_file(file) if file else b""
    if file.endswith(".json"):
        return {**_loaded(file, data), **_arguments(argument)}
    said = own.as_text(file, data) if file else text
    return {"messages": [{"role": "user", "content": said}], **_arguments(argument)}


def _arguments(argument: list[str] | None) -> dict[str, Any]:
    return {"arguments": own.arguments(argument)} if argument else {}


def _loaded(file: str, data: bytes) -> dict[str, Any]:
    try:
        return {name: json.load(value) for name, value in json.fields(data).items()}
    except json.BadJson as error:
        raise Misused(f"{file} is not a JSON object: {error}.", "It takes arguments and messages.") from None


def _values(said: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in said:
        name, separator, value = text.partition("=")
        if not separator:
            raise Misused(f"'{text[:50]}' is no argument.", "Write each as NAME=VALUE.")
        found[name] = value
    return found


def _shown(content: _Part) -> str:
    return content.text if content.type == "text" else f"[{content.type}]"


own.add_history(app, "prompts")

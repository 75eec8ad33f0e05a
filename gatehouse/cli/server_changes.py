"""`gatehouse server change`, `bind`, `unbind` and `rename`: what becomes of a server that is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from gatehouse.cli import pick
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.changes import Clearable, changes
from gatehouse.cli.errors import Refused
from gatehouse.cli.output import JsonFlag, counted, line, print_json
from gatehouse.cli.place import EnabledChange, TagsChange, TeamChange, VisibilityChange, clear_option
from gatehouse.cli.server_choices import AllFrom, Name, Prompts, Resources, Tools, Wanted, choose
from gatehouse.cli.wire import Binding, Bindings, Server

CLEARABLE: Clearable = {
    "description": ("description", None),
    "instructions": ("instructions", None),
    "tags": ("tags", None),
    "team": ("team", None),
}


def change(  # noqa: PLR0913 - each parameter is an option of the command
    server: Name,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    slug: Annotated[str | None, typer.Option(help="Its place in the URL. Clients have to be told the new one.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    instructions: Annotated[str | None, typer.Option(help="What agents are told about it.")] = None,
    access: Annotated[str | None, typer.Option(help="token, or anonymous: open without one.")] = None,
    record_content: Annotated[
        bool | None, typer.Option("--record-content/--no-record-content", help="Keep arguments and results of calls.")
    ] = None,
    era: Annotated[str | None, typer.Option(help="Which clients it serves: auto, legacy or modern.")] = None,
    tag: TagsChange = None,
    team: TeamChange = None,
    visibility: VisibilityChange = None,
    enabled: EnabledChange = None,
    clear: Annotated[list[str] | None, clear_option(*CLEARABLE)] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change what it is called, what is said of it, and who may use it. What is left out stays."""
    said = {
        "name": name, "slug": slug, "description": description, "instructions": instructions, "access": access,
        "record_content": record_content, "era": era, "tags": tag or None, "team": team, "visibility": visibility,
        "enabled": enabled,
    }  # fmt: skip
    body = changes(said, clear or (), CLEARABLE)
    with Api() as api:
        answer = api.patch(f"/servers/{segment(server)}", body)
    if as_json:
        return print_json(answer)
    changed = json_as(answer, Server)
    line(f"Changed '{changed.slug}': {changed.url}")


def bind(
    server: Name,
    tool: Tools = None,
    prompt: Prompts = None,
    resource: Resources = None,
    all_from: AllFrom = None,
    as_json: JsonFlag = False,
) -> None:
    """Put more tools, prompts and resources into it. What is in it stays, under the names that it has."""
    with Api() as api:
        chosen = choose(api, Wanted(tool or [], prompt or [], resource or [], all_from or []))
        before = _bindings(api, server)
        there = {one.capability for one in before}
        new = [id_ for ids in chosen.values() for id_ in ids if id_ not in there]
        answer = _put(api, server, [*map(_kept, before), *({"capability": id_} for id_ in new)])
    if as_json:
        return print_json(answer)
    named = [one.name for one in json_as(answer, Bindings).items if one.capability not in there]
    line(f"Put into '{server}': {', '.join(named)}." if named else f"All of it is in '{server}' already.")


def unbind(
    server: Name,
    pattern: Annotated[
        list[str],
        typer.Argument(metavar="PATTERN...", help="Names as agents see them, or UPSTREAM/NAME, with * and ?."),
    ],
    as_json: JsonFlag = False,
) -> None:
    """Take tools, prompts and resources out of it. Their upstream keeps them."""
    with Api() as api:
        before = _bindings(api, server)
        gone = set(pick.pick(_choices(before), pattern, "binding"))
        answer = _put(api, server, [_kept(one) for one in before if one.capability not in gone])
    print_json(answer) if as_json else line(f"Took {counted(len(gone), 'binding')} out of '{server}'.")


def rename(  # noqa: PLR0913 - each parameter is an option of the command
    server: Name,
    binding: Annotated[str, typer.Argument(metavar="BINDING", help="Its name as agents see it, or UPSTREAM/NAME.")],
    name: Annotated[str | None, typer.Argument(metavar="[NEW NAME]", help="Left out: it stays.")] = None,
    title: Annotated[str | None, typer.Option(help="What people see here; '' for the usual.")] = None,
    description: Annotated[str | None, typer.Option(help="What agents are told here; '' for the usual.")] = None,
    enabled: EnabledChange = None,
    as_json: JsonFlag = False,
) -> None:
    """Give a tool or prompt another name, title or description in this server. The name before can still be called."""
    said = changes({"name": name, "title": title, "description": description, "enabled": enabled})
    body = {field: None if value == "" else value for field, value in said.items()}
    with Api() as api:
        before = _bindings(api, server)
        one = _the_one(before, binding)
        answer = _put(api, server, [_kept(each) | (body if each is one else {}) for each in before])
    if as_json:
        return print_json(answer)
    after = next(each for each in json_as(answer, Bindings).items if each.id == one.id)
    former = f"; clients can still call '{one.name}'" if after.name != one.name else ""
    line(f"Changed '{after.name}' in '{server}'{former}.")


def _bindings(api: Api, server: str) -> list[Binding]:
    return json_as(api.get(f"/servers/{segment(server)}/bindings"), Bindings).items


def _put(api: Api, server: str, bindings: list[dict[str, Any]]) -> bytes:
    return api.put(f"/servers/{segment(server)}/bindings", {"bindings": bindings})


def _kept(one: Binding) -> dict[str, Any]:
    """As it is: its name and aliases stay where they are left out."""
    return {
        "capability": one.capability, "title": one.title, "description": one.description, "enabled": one.enabled,
    }  # fmt: skip


def _choices(bindings: Sequence[Binding]) -> list[pick.Choice]:
    return [
        pick.Choice(one.capability, one.upstream.name, name)
        for one in bindings
        for name in dict.fromkeys((one.name, one.original_name))
    ]


def _the_one(bindings: Sequence[Binding], wanted: str) -> Binding:
    """By the name that agents see, before any other."""
    seen = [one for one in bindings if one.name == wanted]
    if not seen:
        ids = pick.pick(_choices(bindings), [wanted], "binding")
        seen = [one for one in bindings if one.capability in ids]
    if len(seen) > 1:
        names = ", ".join(f"{one.upstream.name}/{one.original_name}" for one in seen[:5])
        raise Refused(f"'{wanted}' is more than one binding.", f"Say which: {names}.")
    return seen[0]

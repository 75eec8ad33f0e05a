"""`gatehouse server`: virtual servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from gatehouse.catalog.client_config import CLIENTS, TRANSPORTS
from gatehouse.cli import pick
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import Misused, Refused, note
from gatehouse.cli.output import JsonFlag, counted, facts, line, print_items, print_json, short, table
from gatehouse.cli.wire import Capability, Config, Server

app = typer.Typer(help="Virtual servers: chosen tools behind one URL.", no_args_is_help=True, add_completion=False)
Name = Annotated[str, typer.Argument(metavar="SERVER", help="Its slug or id.")]
Patterns = list[str] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Patterns for each list, and upstreams of which everything is taken."""

    tools: list[str]
    prompts: list[str]
    resources: list[str]
    upstreams: list[str]


@app.command()
def create(  # noqa: PLR0913 - each parameter is an option of the command
    name: Annotated[str, typer.Argument(help="What to call it.")],
    tool: Annotated[
        Patterns, typer.Option(metavar="PATTERN", help="Tools: a name, UPSTREAM/NAME, with * and ?.")
    ] = None,
    prompt: Annotated[Patterns, typer.Option(metavar="PATTERN", help="Prompts.")] = None,
    resource: Annotated[Patterns, typer.Option(metavar="PATTERN", help="Resources and templates.")] = None,
    all_from: Annotated[Patterns, typer.Option(metavar="UPSTREAM", help="Everything of an upstream.")] = None,
    slug: Annotated[str, typer.Option(help="Its place in the URL.")] = "",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    instructions: Annotated[str, typer.Option(help="What agents are told about it.")] = "",
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Open it without a token.")] = False,
    record_content: Annotated[
        bool, typer.Option("--record-content", help="Keep arguments and results in the records of its calls.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Create one from chosen tools, prompts and resources."""
    said = {"slug": slug, "description": description, "instructions": instructions}
    body: dict[str, Any] = {"name": name, "access": "anonymous" if anonymous else "token"}
    body |= {"record_content": True} if record_content else {}
    body |= {key: value for key, value in said.items() if value}
    with Api() as api:
        body |= choose(api, Wanted(tool or [], prompt or [], resource or [], all_from or []))
        answer = api.post("/servers", body)
    if as_json:
        return print_json(answer)
    _created(json_as(answer, Server))


@app.command("list")
def list_servers(as_json: JsonFlag = False) -> None:
    """List them."""
    with Api() as api:
        items = api.items("/servers")
    if as_json:
        return print_items(items)
    servers = [json_as(item, Server) for item in items]
    rows = [(one.slug, one.name, len(one.tools), one.access, one.url) for one in servers]
    table(
        ("SERVER", "NAME", "TOOLS", "ACCESS", "URL"),
        rows,
        "There are no servers. Create one: gatehouse server create NAME",
    )


@app.command()
def show(name: Name, as_json: JsonFlag = False) -> None:
    """Show one, and what is in it."""
    with Api() as api:
        answer = api.get(f"/servers/{segment(name)}")
        server = json_as(answer, Server)
        known = {} if as_json else {one.id: one for path in _LISTS for one in _capabilities(api, path)}
    if as_json:
        return print_json(answer)
    facts(
        [
            ("Name", server.name),
            ("Id", server.id),
            ("URL", server.url),
            ("SSE", server.sse_url),
            ("Access", server.access),
            ("Description", server.description),
            ("Instructions", server.instructions),
        ]
    )
    for title, ids in (("TOOL", server.tools), ("PROMPT", server.prompts), ("RESOURCE", server.resources)):
        if ids:
            line()
            table((title, "UPSTREAM", "DESCRIPTION"), [_member(known.get(id_), str(id_)) for id_ in ids])


@app.command()
def delete(name: Name, as_json: JsonFlag = False) -> None:
    """Delete one. Its upstreams stay."""
    with Api() as api:
        api.delete(f"/servers/{segment(name)}")
    print_json({"deleted": name}) if as_json else line(f"Deleted '{name}'.")


@app.command()
def config(
    name: Name,
    client: Annotated[str, typer.Option(help=f"{', '.join(CLIENTS)}.")] = "json",
    transport: Annotated[str, typer.Option(help=f"{', '.join(TRANSPORTS)}.")] = "http",
    as_json: JsonFlag = False,
) -> None:
    """Print what to paste into a client; where to paste it goes to stderr."""
    if client not in CLIENTS:
        raise Misused(f"'{client}' is not a client that is known here.", f"Choose one of {', '.join(CLIENTS)}.")
    if transport not in TRANSPORTS:
        raise Misused(f"'{transport}' is not a transport.", f"Choose one of {', '.join(TRANSPORTS)}.")
    with Api() as api:
        answer = api.get(f"/servers/{segment(name)}/config", client=client, transport=transport)
    if as_json:
        return print_json(answer)
    made = json_as(answer, Config)
    note(f"Into {made.file_hint}:")
    typer.echo(made.text.rstrip("\n"))
    for text in made.notes:
        note(text)
    for other in made.also:
        note(f"\nOr {other.file_hint}:\n{other.text.rstrip()}")


_LISTS = {"/tools": "tools", "/prompts": "prompts", "/resources": "resources"}


def choose(api: Api, wanted: Wanted) -> dict[str, list[str]]:
    """Ids for each list of a server; raises `Refused` for a pattern or an upstream that gives nothing."""
    chosen: dict[str, list[str]] = {}
    for path, key in _LISTS.items():
        patterns: list[str] = getattr(wanted, key)
        if patterns or wanted.upstreams:
            choices = [_choice(one) for one in _capabilities(api, path)]
            ids = pick.pick(choices, patterns, key.removesuffix("s"))
            whole = [id_ for upstream in wanted.upstreams for id_ in pick.from_upstream(choices, upstream)]
            chosen[key] = list(dict.fromkeys(ids + whole))
    if wanted.upstreams and not any(chosen.values()):
        raise Refused(
            f"'{', '.join(wanted.upstreams)}' offers nothing.",
            "Look at it with `gatehouse upstream list`, and refresh it.",
        )
    return chosen


def _capabilities(api: Api, path: str) -> list[Capability]:
    return [json_as(item, Capability) for item in api.items(path)]


def _choice(capability: Capability) -> pick.Choice:
    upstream = capability.upstream.name if capability.upstream else ""
    return pick.Choice(capability.id, upstream, capability.name, capability.uri)


def _member(capability: Capability | None, id_: str) -> tuple[str, str, str]:
    if capability is None:
        return id_, "", ""
    upstream = capability.upstream.name if capability.upstream else ""
    return capability.name, upstream, short(capability.title or capability.description, 70)


def _created(server: Server) -> None:
    line(f"Created '{server.slug}' with {counted(len(server.tools), 'tool')}: {server.url}")
    if not (server.tools or server.prompts or server.resources):
        line("It is empty. Choose what is in it with --tool 'PATTERN' or --all-from UPSTREAM, or in the console.")
    if server.access == "token":
        line(f"Next: gatehouse token create my-agent --server {server.slug}")
    line(f"Then: gatehouse server config {server.slug} --client claude")

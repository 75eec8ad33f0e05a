"""`gatehouse server`: virtual servers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gatehouse.catalog.client_config import CLIENTS, TRANSPORTS
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import Misused, note
from gatehouse.cli.output import JsonFlag, counted, facts, line, print_items, print_json, short, table
from gatehouse.cli.server_changes import bind, change, rename, unbind
from gatehouse.cli.server_choices import (
    LISTS,
    AllFrom,
    Name,
    Prompts,
    Resources,
    Tools,
    Wanted,
    capabilities,
    choose,
)
from gatehouse.cli.wire import Binding, Config, Server

app = typer.Typer(help="Virtual servers: chosen tools behind one URL.", no_args_is_help=True, add_completion=False)


@app.command()
def create(  # noqa: PLR0913 - each parameter is an option of the command
    name: Annotated[str, typer.Argument(help="What to call it.")],
    tool: Tools = None,
    prompt: Prompts = None,
    resource: Resources = None,
    all_from: AllFrom = None,
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
        known = {} if as_json else {one.id: one for path in LISTS for one in capabilities(api, path)}
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
    said = {one.id: one.title or one.description or "" for one in known.values()}
    for title, ids in (("TOOL", server.tools), ("PROMPT", server.prompts), ("RESOURCE", server.resources)):
        bound = [one for one in server.bindings if one.capability in ids]
        if bound:
            line()
            rows = [_member(one, one.title or one.description or said.get(one.capability, "")) for one in bound]
            table((title, "UPSTREAM", "ITS NAME THERE", "", "DESCRIPTION"), rows)


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


app.command("change")(change)
app.command("bind")(bind)
app.command("unbind")(unbind)
app.command("rename")(rename)


def _member(binding: Binding, said: str) -> tuple[str, str, str, str, str]:
    state = "gone" if binding.state == "gone" else "" if binding.enabled else "off"
    former = binding.original_name if binding.original_name != binding.name else ""
    return binding.name, binding.upstream.name, former, state, short(said, 70)


def _created(server: Server) -> None:
    line(f"Created '{server.slug}' with {counted(len(server.tools), 'tool')}: {server.url}")
    if not (server.tools or server.prompts or server.resources):
        line("It is empty. Choose what is in it with --tool 'PATTERN' or --all-from UPSTREAM, or in the console.")
    if server.access == "token":
        line(f"Next: gatehouse token create my-agent --server {server.slug}")
    line(f"Then: gatehouse server config {server.slug} --client claude")

"""`gatehouse token`: what agents and programs show."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import note
from gatehouse.cli.output import JsonFlag, line, print_items, print_json, table
from gatehouse.cli.wire import Server, Token

app = typer.Typer(help="Tokens for agents and programs.", no_args_is_help=True, add_completion=False)
USE_SERVERS = "server.use"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    server: Annotated[
        list[str] | None, typer.Option(metavar="SERVER", help="Open this server, and nothing else.")
    ] = None,
    permission: Annotated[
        list[str] | None, typer.Option(help="Allow this of the API, as 'upstream.read' or '*'.")
    ] = None,
    expires: Annotated[str, typer.Option(metavar="30d", help="How long it is good; for ever if left out.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Create one. It is printed alone on stdout, once."""
    permissions = permission or ([] if server else [USE_SERVERS])
    body: dict[str, Any] = {"name": name, "permissions": permissions}
    body |= ({"servers": server} if server else {}) | ({"expires_in": expires} if expires else {})
    with Api() as api:
        answer = api.post("/tokens", body)
    if as_json:
        return print_json(answer)
    token = json_as(answer, Token)
    note(f"Token '{token.name}' opens {_opens(server or [], permissions)}. It is shown this once:")
    typer.echo(token.token)


@app.command("list")
def list_tokens(as_json: JsonFlag = False) -> None:
    """List them, without their secrets."""
    with Api() as api:
        items = api.items("/tokens")
        tokens = [json_as(item, Token) for item in items]
        slugs = {} if as_json else _slugs(api, tokens)
    if as_json:
        return print_items(items)
    rows = [_row(token, slugs) for token in tokens]
    table(("NAME", "ID", "ENDS IN", "STATUS", "EXPIRES", "OPENS"), rows, "There are no tokens.")


@app.command()
def revoke(token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id.")], as_json: JsonFlag = False) -> None:
    """Make one useless, now and for ever."""
    with Api() as api:
        api.delete(f"/tokens/{segment(token)}")
    print_json({"revoked": token}) if as_json else line(f"Revoked '{token}'.")


def _slugs(api: Api, tokens: list[Token]) -> dict[str, str]:
    if not any(token.servers for token in tokens):
        return {}
    return {server.id: server.slug for server in (json_as(item, Server) for item in api.items("/servers"))}


def _row(token: Token, slugs: dict[str, str]) -> tuple[object, ...]:
    servers = [slugs.get(id_, id_) for id_ in token.servers or []]
    state = "revoked" if token.revoked_at else "ok"
    return token.name, token.id, token.hint, state, token.expires_at or "never", _opens(servers, token.permissions)


def _opens(servers: list[str], permissions: list[str]) -> str:
    if permissions == [USE_SERVERS] and not servers:
        return "every server"
    return ", ".join([*servers, *permissions])

"""`gatehouse role`: roles, and who has which where."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.changes import changes
from gatehouse.cli.errors import Misused, Refused
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, table
from gatehouse.cli.wire import Grant, Role

app = typer.Typer(help="Roles, and who has which where.", no_args_is_help=True, add_completion=False)
Which = Annotated[str, typer.Argument(metavar="ROLE", help="Its name.")]
Who = Annotated[str, typer.Argument(metavar="USER", help="Email address or id.")]
Team = Annotated[str, typer.Option(metavar="TEAM", help="On this team; on all if left out.")]
ALL = "*"


@app.command("list")
def list_roles(as_json: JsonFlag = False) -> None:
    """List them, with what they permit."""
    with Api() as api:
        items = api.items("/roles")
    if as_json:
        return print_items(items)
    roles = [json_as(item, Role) for item in items]
    rows = [
        (one.name, "always there" if one.built_in else "", ", ".join(one.permissions), one.description) for one in roles
    ]
    table(("ROLE", "", "PERMITS", "DESCRIPTION"), rows)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What to call it: a-z, 0-9 and -.")],
    permission: Annotated[
        list[str] | None, typer.Option("--permission", "-p", help="What it permits, as 'server.read' or 'tool.*'.")
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Make one."""
    if not permission:
        raise Misused(
            "The role would permit nothing.", "Name what it permits with -p, as in -p server.read -p 'tool.*'."
        )
    body: dict[str, Any] = {"name": name, "permissions": permission, "description": description}
    with Api() as api:
        answer = api.post("/roles", body)
    if as_json:
        return print_json(answer)
    line(f"Made role '{json_as(answer, Role).name}'. Next: gatehouse role grant USER {name}")


@app.command()
def show(role: Which, as_json: JsonFlag = False) -> None:
    """Show one, and what it permits."""
    with Api() as api:
        answer = api.get(f"/roles/{segment(role)}")
    if as_json:
        return print_json(answer)
    one = json_as(answer, Role)
    facts(
        [
            ("Role", one.name),
            ("Id", one.id),
            ("Made", "always there" if one.built_in else "here"),
            ("Permits", ", ".join(one.permissions)),
            ("Description", one.description),
        ]
    )


@app.command()
def change(
    role: Which,
    name: Annotated[str | None, typer.Option(help="Its new name: a-z, 0-9 and -.")] = None,
    permission: Annotated[
        list[str] | None,
        typer.Option("--permission", "-p", help="What it permits from now on, in place of all before."),
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change one, for all who have it."""
    body = changes({"name": name, "permissions": permission or None, "description": description})
    with Api() as api:
        answer = api.patch(f"/roles/{segment(role)}", body)
    if as_json:
        return print_json(answer)
    changed = json_as(answer, Role)
    line(f"Changed role '{changed.name}', which permits {', '.join(changed.permissions)}.")


@app.command()
def delete(role: Which, as_json: JsonFlag = False) -> None:
    """Delete one that nobody has."""
    with Api() as api:
        api.delete(f"/roles/{segment(role)}")
    print_json({"deleted": role}) if as_json else line(f"Deleted '{role}'.")


@app.command()
def grant(user: Who, role: Which, team: Team = "", as_json: JsonFlag = False) -> None:
    """Give somebody a role, on all or on a team."""
    with Api() as api:
        answer = api.post("/grants", {"user": user, "role": role, "scope": team or ALL})
    if as_json:
        return print_json(answer)
    given = json_as(answer, Grant)
    line(f"'{given.email}' has role '{given.role}' on {_where(given)}.")


@app.command()
def revoke(user: Who, role: Which, team: Team = "", as_json: JsonFlag = False) -> None:
    """Take a role away, on all or on a team."""
    with Api() as api:
        query = {"user": user} | ({"team": team} if team else {})
        found = [json_as(item, Grant) for item in api.items("/grants", **query)]
        given = next((one for one in found if one.role == role and (one.scope == ALL) == (not team)), None)
        if given is None:
            where = f"team '{team}'" if team else "all"
            raise Refused(f"'{user}' has no role '{role}' on {where}.", f"See `gatehouse role grants --user {user}`.")
        api.delete(f"/grants/{segment(given.id)}")
    print_json({"revoked": given.id}) if as_json else line(f"'{given.email}' has role '{role}' no more.")


@app.command()
def grants(
    user: Annotated[str, typer.Option(metavar="USER", help="Of this user.")] = "",
    team: Annotated[str, typer.Option(metavar="TEAM", help="On this team.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """List who has which role where, as far as you may see it."""
    query = ({"user": user} if user else {}) | ({"team": team} if team else {})
    with Api() as api:
        items = api.items("/grants", **query)
    if as_json:
        return print_items(items)
    given = [json_as(item, Grant) for item in items]
    rows = [(one.email, one.role, _where(one), one.origin, one.id) for one in given]
    table(("USER", "ROLE", "ON", "GIVEN BY", "ID"), rows, "There are none.")


def _where(given: Grant) -> str:
    return "all" if given.scope == ALL else f"team '{given.team or given.scope}'"

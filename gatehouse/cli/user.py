"""`gatehouse user`: people who sign in."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.changes import changes
from gatehouse.cli.errors import Misused, note
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, table
from gatehouse.cli.place import TagsChange
from gatehouse.cli.wire import Invitation, User

app = typer.Typer(help="People who sign in.", no_args_is_help=True, add_completion=False)
Who = Annotated[str, typer.Argument(metavar="USER", help="Email address or id.")]


class _PasswordLink(msgspec.Struct, frozen=True):
    email: str
    link: str
    expires_at: str


@app.command("list")
def list_users(
    search: Annotated[str, typer.Option("--search", "-s", metavar="WORDS", help="In the address or the name.")] = "",
    tag: Annotated[str, typer.Option(help="Only those that have this tag.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """List them."""
    with Api() as api:
        items = api.items("/users", **{key: value for key, value in (("q", search), ("tag", tag)) if value})
    if as_json:
        return print_items(items)
    users = [json_as(item, User) for item in items]
    rows = [(one.email, one.name, _state(one), one.origin, one.seen_at or "never", one.id) for one in users]
    table(("USER", "NAME", "STATUS", "MADE BY", "LAST SEEN", "ID"), rows, "There are no users.")


@app.command()
def add(
    email: Annotated[str, typer.Argument(help="Their address.")],
    name: Annotated[str, typer.Option(help="Their name; the part before the @ if left out.")] = "",
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read it from stdin where that is no terminal.")
    ] = False,
    tag: Annotated[list[str] | None, typer.Option(help="Tag them.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make one. Without a password they sign in by the other ways there are."""
    body: dict[str, Any] = {"email": email, "name": name or email.partition("@")[0]}
    body |= {"password": _read_password()} if password else {}
    body |= {"tags": tag} if tag else {}
    with Api() as api:
        answer = api.post("/users", body)
    if as_json:
        return print_json(answer)
    line(f"Made '{json_as(answer, User).email}'.")


@app.command()
def show(user: Who, as_json: JsonFlag = False) -> None:
    """Show one, with teams and roles."""
    with Api() as api:
        answer = api.get(f"/users/{segment(user)}")
    if as_json:
        return print_json(answer)
    one = json_as(answer, User)
    facts(
        [
            ("User", one.email),
            ("Name", one.name),
            ("Id", one.id),
            ("Status", _state(one)),
            ("Password", "yes" if one.has_password else "none"),
            ("Made by", one.origin),
            ("Made at", one.created_at),
            ("Last seen", one.seen_at or "never"),
            ("Teams", ", ".join(f"{team.slug} ({team.role})" for team in one.teams)),
            ("Roles", ", ".join(f"{grant.role} on {grant.team or 'all'}" for grant in one.grants)),
            ("Tags", ", ".join(one.tags)),
        ]
    )


@app.command()
def change(
    user: Who,
    email: Annotated[str | None, typer.Option(help="Their new address.")] = None,
    name: Annotated[str | None, typer.Option(help="Their new name.")] = None,
    tag: TagsChange = None,
    clear: Annotated[list[str] | None, typer.Option(metavar="WHAT", help="Take off: tags.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change the address, the name or the tags."""
    body = changes({"email": email, "name": name, "tags": tag or None}, clear or (), {"tags": ("tags", [])})
    with Api() as api:
        answer = api.patch(f"/users/{segment(user)}", body)
    if as_json:
        return print_json(answer)
    changed = json_as(answer, User)
    line(f"Changed '{changed.email}' ({changed.name}).")


@app.command()
def reset(user: Who, as_json: JsonFlag = False) -> None:
    """Make a link to a new password. It is printed alone on stdout, once."""
    with Api() as api:
        answer = api.post(f"/users/{segment(user)}/reset")
    if as_json:
        return print_json(answer)
    made = json_as(answer, _PasswordLink)
    note(f"With this link '{made.email}' sets a new password, until {made.expires_at}. It is shown this once:")
    typer.echo(made.link)


@app.command()
def disable(user: Who, as_json: JsonFlag = False) -> None:
    """Switch one off: signed out, and their tokens open nothing."""
    _switch(user, False, as_json)


@app.command()
def enable(user: Who, as_json: JsonFlag = False) -> None:
    """Switch one on again."""
    _switch(user, True, as_json)


@app.command()
def remove(
    user: Who,
    heir: Annotated[str, typer.Option(metavar="USER", help="Who gets what is theirs.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Delete one. Their tokens are revoked."""
    with Api() as api:
        api.delete(f"/users/{segment(user)}", **({"heir": heir} if heir else {}))
    print_json({"removed": user}) if as_json else line(f"Removed '{user}'.")


@app.command()
def invite(
    email: Annotated[str, typer.Argument(help="Who alone can take it; whoever has the link if left out.")] = "",
    role: Annotated[str, typer.Option(help="A role on all that comes with it; none if left out.")] = "",
    expires: Annotated[str, typer.Option(metavar="7d", help="How long it is good.")] = "7d",
    as_json: JsonFlag = False,
) -> None:
    """Invite somebody who is new. The link is printed alone on stdout, once."""
    body = {"expires_in": expires} | ({"email": email} if email else {}) | ({"role": role} if role else {})
    with Api() as api:
        answer = api.post("/invitations", body)
    print_json(answer) if as_json else tell_invitation(json_as(answer, Invitation))


def tell_invitation(invitation: Invitation) -> None:
    who = f"'{invitation.email}'" if invitation.email else "one person, whoever comes first"
    note(f"This link is for {who}, until {invitation.expires_at}. It is shown this once:")
    typer.echo(invitation.link)


def _switch(user: str, active: bool, as_json: bool) -> None:
    with Api() as api:
        answer = api.patch(f"/users/{segment(user)}", {"active": active})
    if as_json:
        return print_json(answer)
    line(f"Switched '{json_as(answer, User).email}' {'on' if active else 'off'}.")


def _state(user: User) -> str:
    return "ok" if user.active else "off"


def _read_password() -> str:
    """Never as an argument: those are seen by other users of the machine, and kept in histories."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Misused("No password came on stdin.", "Pipe it in, as one line.")
    return password

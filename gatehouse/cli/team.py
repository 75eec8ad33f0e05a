"""`gatehouse team`: teams, and who is in them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.call_wire import moment
from gatehouse.cli.changes import changes
from gatehouse.cli.errors import Refused
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, short, table
from gatehouse.cli.user import tell_invitation
from gatehouse.cli.wire import Invitation, Member, Team

app = typer.Typer(help="Teams, and who is in them.", no_args_is_help=True, add_completion=False)
Which = Annotated[str, typer.Argument(metavar="TEAM", help="Its slug or id.")]
Who = Annotated[str, typer.Argument(metavar="USER", help="Email address or id.")]
Owner = Annotated[bool, typer.Option("--owner", help="As an owner, who says who else is in it.")]
Asker = Annotated[str, typer.Argument(metavar="WHO", help="Who asks: the address, or the id of the request.")]


class Request(msgspec.Struct, frozen=True):
    """Somebody asks to join."""

    id: str
    user: str
    email: str
    name: str
    state: str
    created_at: str
    message: str = ""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    slug: Annotated[str, typer.Option(help="Its short name; made from the name if left out.")] = "",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    public: Annotated[bool, typer.Option("--public", help="Everybody may find it, and ask to join.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make one. You are its owner."""
    body: dict[str, Any] = {"name": name, "visibility": "public" if public else "private"}
    body |= {key: value for key, value in {"slug": slug, "description": description}.items() if value}
    with Api() as api:
        answer = api.post("/teams", body)
    if as_json:
        return print_json(answer)
    team = json_as(answer, Team)
    line(f"Made team '{team.slug}'.")
    if team.role is None:
        line(f"Nobody is in it yet. Next: gatehouse team add {team.slug} ada@example.com --owner")


@app.command("list")
def list_teams(as_json: JsonFlag = False) -> None:
    """List those that you may see."""
    with Api() as api:
        items = api.items("/teams")
    if as_json:
        return print_items(items)
    teams = [json_as(item, Team) for item in items]
    rows = [
        (one.slug, one.name, one.members, one.visibility, one.role or "", short(one.description, 60)) for one in teams
    ]
    table(("TEAM", "NAME", "MEMBERS", "VISIBILITY", "YOU ARE", "DESCRIPTION"), rows, "There are no teams.")


@app.command()
def show(team: Which, as_json: JsonFlag = False) -> None:
    """Show one, and who is in it."""
    with Api() as api:
        answer = api.get(f"/teams/{segment(team)}")
        items = api.items(f"/teams/{segment(team)}/members")
    if as_json:
        return print_json({"team": json_as(answer, dict[str, Any]), "members": items})
    one = json_as(answer, Team)
    facts(
        [
            ("Team", one.slug),
            ("Name", one.name),
            ("Id", one.id),
            ("Visibility", one.visibility),
            ("You are", one.role),
            ("Description", one.description),
        ]
    )
    line()
    members = [json_as(item, Member) for item in items]
    rows = [(member.email, member.name, member.role, "" if member.active else "off") for member in members]
    table(("MEMBER", "NAME", "ROLE", ""), rows, "Nobody is in it.")


@app.command()
def change(
    team: Which,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    slug: Annotated[str | None, typer.Option(help="Its short name, in addresses and commands.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    public: Annotated[
        bool | None, typer.Option("--public/--private", help="Whether everybody may find it, and ask to join.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change what it is called, and who may find it."""
    visibility = None if public is None else "public" if public else "private"
    body = changes({"name": name, "slug": slug, "description": description, "visibility": visibility})
    with Api() as api:
        answer = api.patch(f"/teams/{segment(team)}", body)
    if as_json:
        return print_json(answer)
    changed = json_as(answer, Team)
    line(f"Changed team '{changed.slug}' ({changed.name}, {changed.visibility}).")


@app.command()
def add(team: Which, user: Who, owner: Owner = False, as_json: JsonFlag = False) -> None:
    """Put somebody into it; or, where they are in it already, make them an owner or a member."""
    role = "owner" if owner else "member"
    path = f"/teams/{segment(team)}/members"
    with Api() as api:
        known = {member.email: member for member in (json_as(item, Member) for item in api.items(path))}
        there = next((one for one in known.values() if user.lower() in (one.id, one.email)), None)
        if there is None:
            answer = api.post(path, {"user": user, "role": role})
        else:
            answer = api.patch(f"{path}/{segment(there.id)}", {"role": role})
    if as_json:
        return print_json(answer)
    member = json_as(answer, Member)
    line(f"'{member.email}' is {'an owner' if member.role == 'owner' else 'a member'} of team '{team}'.")


@app.command()
def remove(team: Which, user: Who, as_json: JsonFlag = False) -> None:
    """Send somebody away from it."""
    with Api() as api:
        api.delete(f"/teams/{segment(team)}/members/{segment(user)}")
    print_json({"removed": user}) if as_json else line(f"'{user}' is not in team '{team}' any more.")


@app.command()
def leave(team: Which, as_json: JsonFlag = False) -> None:
    """Leave it."""
    with Api() as api:
        api.delete(f"/teams/{segment(team)}/members/me")
    print_json({"left": team}) if as_json else line(f"You are not in team '{team}' any more.")


@app.command()
def join(
    team: Which,
    message: Annotated[str, typer.Option("--message", "-m", metavar="WORDS", help="For its owners to read.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Ask to join a public one."""
    with Api() as api:
        answer = api.post(f"/teams/{segment(team)}/requests", {"message": message})
    if as_json:
        return print_json(answer)
    line(f"Asked to join team '{team}'. Its owners will answer.")


@app.command()
def requests(
    team: Which,
    answered: Annotated[bool, typer.Option("--all", help="Those that were answered, too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List who asks to join it."""
    with Api() as api:
        items = api.items(f"/teams/{segment(team)}/requests", **({} if answered else {"state": "open"}))
    if as_json:
        return print_items(items)
    found = [json_as(item, Request) for item in items]
    rows = [(one.email, one.name, one.state, moment(one.created_at), short(one.message, 60), one.id) for one in found]
    table(("WHO", "NAME", "STATE", "ASKED AT", "MESSAGE", "REQUEST"), rows, f"Nobody asks to join team '{team}'.")


@app.command()
def accept(team: Which, who: Asker, as_json: JsonFlag = False) -> None:
    """Let somebody join who asks to."""
    answer = _answer(team, who, "accept")
    print_json(answer) if as_json else line(f"'{json_as(answer, Request).email}' is a member of team '{team}'.")


@app.command()
def decline(team: Which, who: Asker, as_json: JsonFlag = False) -> None:
    """Don't let somebody join who asks to."""
    answer = _answer(team, who, "decline")
    print_json(answer) if as_json else line(f"Declined: '{json_as(answer, Request).email}' stays outside.")


@app.command()
def invite(
    team: Which,
    email: Annotated[str, typer.Argument(help="Who alone can take it; whoever has the link if left out.")] = "",
    owner: Owner = False,
    expires: Annotated[str, typer.Option(metavar="7d", help="How long it is good.")] = "7d",
    as_json: JsonFlag = False,
) -> None:
    """Invite somebody into it. The link is printed alone on stdout, once."""
    body = {"role": "owner" if owner else "member", "expires_in": expires} | ({"email": email} if email else {})
    with Api() as api:
        answer = api.post(f"/teams/{segment(team)}/invitations", body)
    print_json(answer) if as_json else tell_invitation(json_as(answer, Invitation))


@app.command()
def delete(
    team: Which,
    heir: Annotated[str, typer.Option(metavar="TEAM", help="Which team gets what it has.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Delete one. Its tokens are revoked."""
    with Api() as api:
        api.delete(f"/teams/{segment(team)}", **({"heir": heir} if heir else {}))
    print_json({"deleted": team}) if as_json else line(f"Deleted '{team}'.")


def _answer(team: str, who: str, word: str) -> bytes:
    """To the open request of a user, or to the request of an id."""
    path = f"/teams/{segment(team)}/requests"
    with Api() as api:
        request = who if who.startswith("req_") else _asked_by(api, path, team, who)
        return api.post(f"{path}/{segment(request)}/{word}")


def _asked_by(api: Api, path: str, team: str, who: str) -> str:
    found = [json_as(item, Request) for item in api.items(path, state="open")]
    ids = [one.id for one in found if who.lower() in (one.email, one.user)]
    if not ids:
        raise Refused(f"'{who}' does not ask to join team '{team}'.", f"See `gatehouse team requests {team}`.")
    return ids[0]

"""`gatehouse invitation`: the links that were given out, and taking one."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.call_wire import moment
from gatehouse.cli.errors import Misused
from gatehouse.cli.output import JsonFlag, line, print_items, print_json, table

app = typer.Typer(
    help="Links by which people come in. `user invite` and `team invite` make them.",
    no_args_is_help=True,
    add_completion=False,
)
ToTeam = Annotated[str, typer.Option("--team", metavar="TEAM", help="Into this team; to the installation if left out.")]


class _Team(msgspec.Struct, frozen=True):
    slug: str


class _Listed(msgspec.Struct, frozen=True):
    id: str
    state: str
    created_at: str
    expires_at: str
    email: str | None = None
    role: str | None = None


class _Accepted(msgspec.Struct, frozen=True):
    team: _Team | None = None
    role: str | None = None


@app.command("list")
def list_invitations(team: ToTeam = "", as_json: JsonFlag = False) -> None:
    """List them, without their links."""
    with Api() as api:
        items = api.items(_path(team))
    if as_json:
        return print_items(items)
    listed = [json_as(item, _Listed) for item in items]
    rows = map(_row, listed)
    table(("INVITATION", "FOR", "ROLE", "STATE", "MADE AT", "GOOD UNTIL"), rows, "There are no invitations.")


@app.command()
def withdraw(
    invitation: Annotated[str, typer.Argument(metavar="INVITATION", help="Its id.")],
    team: ToTeam = "",
    as_json: JsonFlag = False,
) -> None:
    """Make a link useless."""
    with Api() as api:
        api.delete(f"{_path(team)}/{segment(invitation)}")
    print_json({"withdrawn": invitation}) if as_json else line(f"Withdrew '{invitation}'.")


@app.command()
def accept(as_json: JsonFlag = False) -> None:
    """Take one as the user whose token this is. Asks for the link, or reads it from stdin where that is no terminal."""
    code = _read_code()
    with Api() as api:
        answer = api.post("/invitations/accept", {"code": code})
    if as_json:
        return print_json(answer)
    got = json_as(answer, _Accepted)
    what = f"are in team '{got.team.slug}' as {got.role}" if got.team else f"have role '{got.role}' on all"
    line(f"You {what} now." if got.team or got.role else "You took it. It gives no team and no role.")


def _row(one: _Listed) -> tuple[object, ...]:
    times = map(moment, (one.created_at, one.expires_at))
    return one.id, one.email or "who has the link", one.role or "none", one.state, *times


def _path(team: str) -> str:
    return f"/teams/{segment(team)}/invitations" if team else "/invitations"


def _read_code() -> str:
    """Of a link, or by itself. Never as an argument: those are seen by other users of the machine."""
    text = str(typer.prompt("Link", hide_input=True)) if sys.stdin.isatty() else sys.stdin.readline()
    code = text.strip().rpartition("#")[2]
    if not code:
        raise Misused("No link came on stdin.", "Pipe it in, as one line: the link, or what stands behind its #.")
    return code

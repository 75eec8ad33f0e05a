"""`gatehouse session`: where people are signed in to the console."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.call_wire import moment
from gatehouse.cli.errors import Misused
from gatehouse.cli.output import JsonFlag, line, print_items, print_json, short, table

app = typer.Typer(help="Where people are signed in to the console.", no_args_is_help=True, add_completion=False)
OfUser = Annotated[str, typer.Option("--user", metavar="USER", help="Of this user; your own if left out.")]


class Session(msgspec.Struct, frozen=True):
    id: str
    method: str
    created_at: str
    seen_at: str
    expires_at: str
    address: str | None = None
    agent: str | None = None


@app.command("list")
def list_sessions(user: OfUser = "", as_json: JsonFlag = False) -> None:
    """List those that are not over."""
    with Api() as api:
        items = api.items(_path(user))
    if as_json:
        return print_items(items)
    sessions = [json_as(item, Session) for item in items]
    titles = ("SESSION", "SIGNED IN BY", "FROM", "BROWSER", "SINCE", "LAST SEEN", "ENDS")
    table(titles, map(_row, sessions), f"{_whom(user)} signed in nowhere.")


@app.command()
def revoke(
    session: Annotated[str, typer.Argument(metavar="[SESSION]", help="Its id.")] = "",
    everywhere: Annotated[bool, typer.Option("--all", help="All of them: signed out everywhere.")] = False,
    user: OfUser = "",
    as_json: JsonFlag = False,
) -> None:
    """End one, or all: who uses it has to sign in again."""
    if bool(session) == everywhere:
        raise Misused(
            "Say which session is to end: one, or all.", "Name the id that `gatehouse session list` tells, or --all."
        )
    with Api() as api:
        api.delete(_path(user) if everywhere else f"{_path(user)}/{segment(session)}")
    if as_json:
        return print_json({"revoked": "all" if everywhere else session})
    line(f"{_whom(user)} signed out everywhere." if everywhere else f"Revoked '{session}'.")


def _row(one: Session) -> tuple[object, ...]:
    times = map(moment, (one.created_at, one.seen_at, one.expires_at))
    return one.id, one.method, one.address, short(one.agent, 50), *times


def _path(user: str) -> str:
    return f"/users/{segment(user)}/sessions" if user else "/auth/sessions"


def _whom(user: str) -> str:
    return f"'{user}' is" if user else "You are"

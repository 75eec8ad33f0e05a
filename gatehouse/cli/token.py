"""`gatehouse token`: what agents and programs show."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.changes import Clearable, changes
from gatehouse.cli.errors import Misused, note
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, table
from gatehouse.cli.place import TagsChange
from gatehouse.cli.wire import Access, Ref, Server, Token, Usage, Window

app = typer.Typer(help="Tokens for agents and programs.", no_args_is_help=True, add_completion=False)
Id = Annotated[str, typer.Argument(metavar="TOKEN", help="Its id.")]
USE_SERVERS = "server.use"
CLEARABLE: Clearable = {
    "expires": ("expires_in", None),
    "ip": ("allowed_ips", None),
    "rate": ("rate_limit", None),
    "quota": ("daily_quota", None),
    "window": ("windows", None),
    "tags": ("tags", None),
}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = "Write days, hours and a time zone, as in 'mon-fri 08:00-18:00 Europe/Berlin' or '22:00-06:00'."


@app.command()
def create(  # noqa: PLR0913 - each parameter is an option of the command
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    server: Annotated[list[str] | None, typer.Option(metavar="SERVER", help="Open this server.")] = None,
    agent: Annotated[list[str] | None, typer.Option(metavar="AGENT", help="Open this agent to A2A clients.")] = None,
    permission: Annotated[
        list[str] | None, typer.Option(help="Allow this of the API, as 'upstream.read' or '*'.")
    ] = None,
    expires: Annotated[str, typer.Option(metavar="30d", help="How long it is good; for ever if left out.")] = "",
    ip: Annotated[list[str] | None, typer.Option(metavar="CIDR", help="Only from this address or network.")] = None,
    rate: Annotated[str, typer.Option(metavar="60/m", help="So many requests in a second, minute or hour.")] = "",
    quota: Annotated[int, typer.Option(metavar="N", help="So many calls a day.")] = 0,
    window: Annotated[
        list[str] | None,
        typer.Option(metavar="TIMES", help="Only at these times, as 'mon-fri 08:00-18:00 Europe/Berlin'."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag it.")] = None,
    team: Annotated[str, typer.Option(help="Make it this team's: it outlives you.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would open, and make none.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Create one. It is printed alone on stdout, once.

    With none of --server, --agent and --permission it opens every server that you may use.
    """
    permissions = permission or ([] if server or agent else [USE_SERVERS])
    said: dict[str, Any] = {
        "servers": server,
        "agents": agent,
        "expires_in": expires,
        "allowed_ips": ip,
        "rate_limit": rate,
        "daily_quota": quota,
        "windows": [read_window(text) for text in window or []],
        "tags": tag,
        "team": team,
    }
    body: dict[str, Any] = {"name": name, "permissions": permissions}
    body |= {field: value for field, value in said.items() if value}
    with Api() as api:
        answer = api.post("/tokens/preview" if dry_run else "/tokens", body)
    if as_json:
        return print_json(answer)
    if dry_run:
        return _show_access(json_as(answer, Access))
    token = json_as(answer, Token)
    note(f"Token '{token.name}' opens {_opens([*(server or []), *(agent or [])], permissions)}. It is shown this once:")
    typer.echo(token.token)


@app.command("list")
def list_tokens(
    tag: Annotated[str, typer.Option(help="Only those that have this tag.")] = "", as_json: JsonFlag = False
) -> None:
    """List those that you may see, without their secrets."""
    with Api() as api:
        items = api.items("/tokens", **({"tag": tag} if tag else {}))
        tokens = [json_as(item, Token) for item in items]
        slugs = {} if as_json else _slugs(api, tokens)
    if as_json:
        return print_items(items)
    rows = [_row(token, slugs) for token in tokens]
    titles = ("NAME", "ID", "ENDS IN", "STATUS", "OF", "EXPIRES", "LAST USED", "OPENS")
    table(titles, rows, "There are no tokens.")


@app.command()
def show(token: Id, as_json: JsonFlag = False) -> None:
    """Show one, when it is good, and what exactly it opens."""
    with Api() as api:
        answer = api.get(f"/tokens/{segment(token)}")
        access = None if as_json else json_as(api.get(f"/tokens/{segment(token)}/access"), Access)
    if access is None:
        return print_json(answer)
    facts(_facts(json_as(answer, Token)))
    line()
    _show_access(access)


@app.command()
def change(  # noqa: PLR0913 - each parameter is an option of the command
    token: Id,
    name: Annotated[str | None, typer.Option(help="Who uses it.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="30d", help="How long it is good, from now on.")] = None,
    ip: Annotated[list[str] | None, typer.Option(metavar="CIDR", help="Only from this address or network.")] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="60/m", help="So many requests in a second, minute or hour.")
    ] = None,
    quota: Annotated[int | None, typer.Option(metavar="N", help="So many calls a day.")] = None,
    window: Annotated[
        list[str] | None,
        typer.Option(metavar="TIMES", help="Only at these times, as 'mon-fri 08:00-18:00 Europe/Berlin'."),
    ] = None,
    tag: TagsChange = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT", help="Ask no more for: expires, ip, rate, quota or window; or take off: tags."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change its name, or when it is good. What is left out stays; --ip and --window stand in place of all before."""
    said = {
        "name": name,
        "expires_in": expires,
        "allowed_ips": ip or None,
        "rate_limit": rate,
        "daily_quota": quota,
        "windows": [read_window(text) for text in window or []] or None,
        "tags": tag or None,
    }
    body = changes(said, clear or (), CLEARABLE)
    with Api() as api:
        answer = api.patch(f"/tokens/{segment(token)}", body)
    print_json(answer) if as_json else facts(_facts(json_as(answer, Token)))


@app.command()
def rotate(
    token: Id,
    overlap: Annotated[str, typer.Option(metavar="1h", help="How long the text before stays good.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Give one a new text. It is printed alone on stdout, once."""
    with Api() as api:
        answer = api.post(f"/tokens/{segment(token)}/rotate", {"overlap": overlap} if overlap else {})
    if as_json:
        return print_json(answer)
    rotated = json_as(answer, Token)
    until = f"is good until {rotated.previous_until}" if rotated.previous_until else "is good no more"
    note(f"Token '{rotated.name}' has a new text, shown this once; the one before {until}:")
    typer.echo(rotated.token)


@app.command()
def usage(
    token: Id,
    days: Annotated[int, typer.Option(metavar="30", help="How many days back.")] = 30,
    as_json: JsonFlag = False,
) -> None:
    """Show how one was used, day by day (UTC)."""
    with Api() as api:
        answer = api.get(f"/tokens/{segment(token)}/usage", days=days)
    if as_json:
        return print_json(answer)
    used = json_as(answer, Usage)
    rows = [(one.day, one.requests, one.calls, one.refused) for one in used.days if one.requests or one.refused]
    if rows:
        rows.append(("all", used.totals.requests, used.totals.calls, used.totals.refused))
    table(("DAY", "REQUESTS", "CALLS", "REFUSED"), rows, f"It was not used in the last {days} days.")
    if used.last_used_at:
        note(f"Last used: {used.last_used_at}")


@app.command()
def revoke(token: Id, as_json: JsonFlag = False) -> None:
    """Make one useless, now and for ever."""
    with Api() as api:
        api.delete(f"/tokens/{segment(token)}")
    print_json({"revoked": token}) if as_json else line(f"Revoked '{token}'.")


def read_window(text: str) -> dict[str, Any]:
    """`mon-fri 08:00-18:00 Europe/Berlin`, as the API takes it; days, hours or time zone may be left out."""
    words = text.split()
    window: dict[str, Any] = {}
    if words and not words[0][0].isdigit() and "/" not in words[0]:
        window["days"] = _read_days(words.pop(0))
    if words and words[0][0].isdigit():
        window["start"], dash, window["end"] = words.pop(0).partition("-")
        if not dash:
            raise Misused(f"'{text}' has no end.", _WINDOW)
    if words:
        window["timezone"] = words.pop(0)
    if words or not window:
        raise Misused(f"'{text}' is not a time of the week.", _WINDOW)
    return window


def _read_days(text: str) -> list[str]:
    """`sat,sun`, `mon-fri`, or over the end of the week, as in `fri-mon`."""
    found: dict[str, None] = {}
    for part in text.lower().split(","):
        first, _, last = part.partition("-")
        start, end = _day(first), _day(last or first)
        found |= dict.fromkeys(DAYS[at % len(DAYS)] for at in range(start, end + 1 + len(DAYS) * (end < start)))
    return list(found)


def _day(text: str) -> int:
    if text[:3] not in DAYS:
        raise Misused(f"'{text}' is not a day.", _WINDOW)
    return DAYS.index(text[:3])


def _show_access(access: Access) -> None:
    if not access.usable:
        return line(f"It opens nothing: {access.reason}.")
    rows = [
        (one.slug, kind, ", ".join(names) or "none")
        for one in access.servers
        for kind, names in (("tools", one.tools), ("prompts", one.prompts), ("resources", one.resources))
        if names or kind == "tools"
    ]
    table(("SERVER", "", "WHAT IS IN IT"), rows, "It opens no server.")
    if access.agents:
        line()
        table(("AGENT",), [(one.name,) for one in access.agents])
    if access.api:
        line()
        table(("PERMISSION", "ON"), [(one.permission, ", ".join(one.on)) for one in access.api])


def _facts(token: Token) -> list[tuple[str, object]]:
    return [
        ("Name", token.name),
        ("Id", token.id),
        ("Ends in", token.hint),
        ("Of", _whose(token)),
        ("Status", _status(token)),
        ("Expires", token.expires_at or "never"),
        ("Last used", token.last_used_at or "never"),
        ("Old text until", token.previous_until),
        ("Addresses", ", ".join(token.allowed_ips)),
        ("Times", "; ".join(_window(window) for window in token.windows)),
        ("Rate", token.rate_limit),
        ("Calls a day", token.daily_quota),
        ("Tags", ", ".join(token.tags)),
    ]


def _window(window: Window) -> str:
    return f"{','.join(window.days)} {window.start}-{window.end} {window.timezone}"


def _slugs(api: Api, tokens: list[Token]) -> dict[str, str]:
    """Slugs of servers and names of agents, by id, as far as they are needed."""
    servers = api.items("/servers") if any(token.servers for token in tokens) else []
    agents = api.items("/agents") if any(token.agents for token in tokens) else []
    slugs = {server.id: server.slug for server in (json_as(item, Server) for item in servers)}
    return slugs | {agent.id: agent.name for agent in (json_as(item, Ref) for item in agents)}


def _row(token: Token, slugs: dict[str, str]) -> tuple[object, ...]:
    servers = [slugs.get(id_, id_) for id_ in (*(token.servers or []), *(token.agents or []))]
    expires, used = token.expires_at or "never", token.last_used_at or "never"
    opens = _opens(servers, token.permissions)
    return token.name, token.id, token.hint, _status(token), _whose(token), expires, used, opens


def _status(token: Token) -> str:
    return "revoked" if token.revoked_at else "ok"


def _whose(token: Token) -> str:
    if token.team:
        return f"team {token.team_name or token.team}"
    return token.owner_name or token.owner or "the installation"


def _opens(servers: list[str], permissions: list[str]) -> str:
    if permissions == [USE_SERVERS] and not servers:
        return "every server"
    return ", ".join([*servers, *permissions])

"""`gatehouse whoami`: as whom the commands come to the gateway, and what that one may do."""

from __future__ import annotations

import msgspec
import typer

from gatehouse.cli.api import Api, json_as
from gatehouse.cli.output import JsonFlag, facts, print_json

app = typer.Typer(add_completion=False)


class _User(msgspec.Struct, frozen=True):
    email: str


class _Grant(msgspec.Struct, frozen=True):
    role: str
    scope: str
    scope_name: str = ""


class _Asking(msgspec.Struct, frozen=True):
    id: str
    kind: str
    name: str
    user: _User | None = None
    grants: list[_Grant] = []
    permissions: list[str] = []
    servers: list[str] | None = None
    expires_at: str | None = None


@app.command()
def whoami(as_json: JsonFlag = False) -> None:
    """Show as whom your commands come, and what they may do."""
    with Api() as api:
        answer = api.get("/auth/session")
    if as_json:
        return print_json(answer)
    one = json_as(answer, _Asking)
    facts(
        [
            ("Gateway", api.address.url),
            ("You are", f"{one.kind} '{one.name}'"),
            ("Id", one.id),
            ("User", one.user.email if one.user else "none"),
            ("Roles", ", ".join(f"{grant.role} on {_where(grant)}" for grant in one.grants)),
            ("Permissions", ", ".join(one.permissions)),
            ("Servers", "" if one.servers is None else ", ".join(one.servers)),
            ("Expires", one.expires_at or "never"),
        ]
    )


def _where(grant: _Grant) -> str:
    return "all" if grant.scope == "*" else f"team '{grant.scope_name or grant.scope}'"

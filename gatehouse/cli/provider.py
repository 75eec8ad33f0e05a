"""`gatehouse provider`: identity providers, who vouch for people and issue access tokens."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.changes import Clearable, changes
from gatehouse.cli.errors import REFUSED, Misused
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, table
from gatehouse.cli.wire import Team

app = typer.Typer(help="Identity providers, for single sign-on.", no_args_is_help=True, add_completion=False)
Which = Annotated[str, typer.Argument(metavar="PROVIDER", help="Its slug or id.")]
Issuer = Annotated[str | None, typer.Option(help="Its URL; a tenant for entra, a domain for okta.")]
ClientId = Annotated[str | None, typer.Option(help="As which Gatehouse is registered there.")]
AskSecret = Annotated[
    bool, typer.Option("--secret", help="Ask for the client secret, or read it from stdin where that is no terminal.")
]
Uses = Annotated[list[str] | None, typer.Option("--use", metavar="FOR", help="sign_in or access_tokens, or both.")]
Domains = Annotated[list[str] | None, typer.Option("--domain", help="Only addresses of this domain.")]
CreateUsers = Annotated[
    bool | None, typer.Option("--create-users/--no-create-users", help="Make users of who signs in first.")
]
TrustEmail = Annotated[
    bool | None, typer.Option("--trust-email/--no-trust-email", help="Take addresses that it does not call verified.")
]
GroupsClaim = Annotated[str | None, typer.Option(metavar="CLAIM", help="Where the groups stand.")]
Teams = Annotated[
    list[str] | None,
    typer.Option("--team", metavar="GROUP=TEAM[:owner]", help="Who is in the group belongs to the team."),
]
Roles = Annotated[
    list[str] | None, typer.Option("--role", metavar="GROUP=ROLE[@TEAM]", help="Who is in the group has the role.")
]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="What to ask for at sign-in.")]
Audiences = Annotated[
    list[str] | None, typer.Option("--audience", help="Of access tokens that are for all servers, besides our URL.")
]
Permits = Annotated[
    list[str] | None,
    typer.Option(
        "--permit", metavar="SCOPE=PERMISSION", help="What access tokens with this scope permit; *: any token."
    ),
]
ApiUrl = Annotated[str | None, typer.Option(help="Of a GitHub of one's own.")]
CLEARABLE: Clearable = {
    "client-id": ("client_id", None),
    "secret": ("client_secret", None),
    "domain": ("allowed_domains", []),
    "mappings": ("mappings", []),
    "audience": ("audiences", []),
    "permit": ("scopes_to_permissions", {}),
    "api-url": ("api_url", ""),
}


class Mapping(msgspec.Struct, frozen=True):
    value: str
    claim: str = ""
    team: str | None = None
    team_role: str = "member"
    role: str | None = None
    scope: str = "*"


class Provider(msgspec.Struct, frozen=True):
    id: str
    slug: str
    name: str
    preset: str
    issuer: str
    client_id: str | None = None
    client_secret_set: bool = False
    use_for: list[str] = []
    scopes: list[str] = []
    allowed_domains: list[str] = []
    create_users: bool = False
    groups_claim: str = ""
    mappings: list[Mapping] = []
    audiences: list[str] = []
    scopes_to_permissions: dict[str, list[str]] = {}
    clock_skew: int = 0
    trust_email: bool = False
    api_url: str = ""
    enabled: bool = True
    redirect_uri: str = ""


class Stage(msgspec.Struct, frozen=True):
    name: str
    passed: bool
    words: str


class Report(msgspec.Struct, frozen=True):
    passed: bool
    stages: list[Stage]


@app.command()
def add(  # noqa: PLR0913 - each parameter is an option of the command
    name: Annotated[str, typer.Argument(help="As it stands on the button.")],
    preset: Annotated[
        str, typer.Option(metavar="KIND", help="google, github, entra, okta, keycloak or generic.")
    ] = "generic",
    slug: Annotated[str, typer.Option(help="Stands in addresses; made from the name if left out.")] = "",
    issuer: Issuer = None,
    client_id: ClientId = None,
    secret: AskSecret = False,
    use: Uses = None,
    domain: Domains = None,
    create_users: CreateUsers = None,
    trust_email: TrustEmail = None,
    groups_claim: GroupsClaim = None,
    team: Teams = None,
    role: Roles = None,
    scope: Scopes = None,
    audience: Audiences = None,
    permit: Permits = None,
    api_url: ApiUrl = None,
    as_json: JsonFlag = False,
) -> None:
    """Add one. Then register the address that is printed with it, and try it."""
    said: dict[str, Any] = {
        "preset": preset,
        "slug": slug,
        "issuer": issuer,
        "client_id": client_id,
        "use_for": use,
        "allowed_domains": domain,
        "create_users": create_users,
        "trust_email": trust_email,
        "groups_claim": groups_claim,
        "mappings": _mappings(team, role),
        "scopes": scope,
        "audiences": audience,
        "scopes_to_permissions": _permissions(permit),
        "api_url": api_url,
    }
    body = {"name": name} | {field: value for field, value in said.items() if value not in (None, "", [], {})}
    body |= {"client_secret": _read_secret()} if secret else {}
    with Api() as api:
        answer = api.post("/providers", body)
    if as_json:
        return print_json(answer)
    provider = json_as(answer, Provider)
    line(f"Added '{provider.slug}'.")
    if "sign_in" in provider.use_for:
        line(f"Register this address with it:  {provider.redirect_uri}")
    line(f"Next: gatehouse provider test {provider.slug}")


@app.command("list")
def list_providers(as_json: JsonFlag = False) -> None:
    """List them."""
    with Api() as api:
        items = api.items("/providers")
    if as_json:
        return print_items(items)
    providers = [json_as(item, Provider) for item in items]
    rows = [
        (one.slug, one.name, one.preset, "ok" if one.enabled else "off", ", ".join(one.use_for), one.issuer)
        for one in providers
    ]
    table(("PROVIDER", "NAME", "KIND", "STATUS", "USED FOR", "ISSUER"), rows, "There are no providers.")


@app.command()
def show(provider: Which, as_json: JsonFlag = False) -> None:
    """Show one, without its secret."""
    with Api() as api:
        answer = api.get(f"/providers/{segment(provider)}")
        one = json_as(answer, Provider)
        teams = {} if as_json or not one.mappings else _slugs(api)
    if as_json:
        return print_json(answer)
    facts(
        [
            ("Provider", one.slug),
            ("Name", one.name),
            ("Id", one.id),
            ("Kind", one.preset),
            ("Status", "ok" if one.enabled else "off"),
            ("Used for", ", ".join(one.use_for)),
            ("Issuer", one.issuer),
            ("Client id", one.client_id),
            ("Client secret", "given" if one.client_secret_set else "none"),
            ("Redirect URI", one.redirect_uri),
            ("Scopes", " ".join(one.scopes)),
            ("Domains", ", ".join(one.allowed_domains) or "all"),
            ("Makes users", "yes" if one.create_users else "no"),
            ("Trusts addresses", "all" if one.trust_email else "verified ones"),
            ("Audiences", ", ".join(one.audiences)),
            (
                "Scopes permit",
                "; ".join(f"{scope}: {', '.join(its)}" for scope, its in one.scopes_to_permissions.items()),
            ),
            ("Clock skew", f"{one.clock_skew} s"),
            ("API", one.api_url),
        ]
    )
    if one.mappings:
        table(("CLAIM", "VALUE", "GIVES"), (_mapping_row(one, rule, teams) for rule in one.mappings))


@app.command()
def test(provider: Which, as_json: JsonFlag = False) -> None:
    """Try one, stage by stage; exits with 1 where a stage fails."""
    with Api() as api:
        answer = api.post(f"/providers/{segment(provider)}/test", {})
    report = json_as(answer, Report)
    if as_json:
        print_json(answer)
    else:
        rows = [(stage.name, "ok" if stage.passed else "fail", stage.words) for stage in report.stages]
        table(("STAGE", "STATUS", "SEEN"), rows)
    if not report.passed:
        raise typer.Exit(REFUSED)


@app.command()
def change(  # noqa: PLR0913 - each parameter is an option of the command
    provider: Which,
    name: Annotated[str | None, typer.Option(help="As it stands on the button.")] = None,
    issuer: Issuer = None,
    client_id: ClientId = None,
    secret: AskSecret = False,
    use: Uses = None,
    domain: Domains = None,
    create_users: CreateUsers = None,
    trust_email: TrustEmail = None,
    groups_claim: GroupsClaim = None,
    team: Teams = None,
    role: Roles = None,
    scope: Scopes = None,
    audience: Audiences = None,
    permit: Permits = None,
    api_url: ApiUrl = None,
    clock_skew: Annotated[
        int | None, typer.Option(metavar="SECONDS", help="How far its clock may be from ours.", min=0, max=600)
    ] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is used at all.")] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT", help=f"Empty this: {', '.join(CLEARABLE)}."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change one. What is left out stays; of an option that can be repeated all stands in place of all before.

    --team and --role together are the mappings. With another --issuer the client secret is to be given again.
    """
    said = {
        "name": name,
        "issuer": issuer,
        "client_id": client_id,
        "use_for": use or None,
        "allowed_domains": domain or None,
        "create_users": create_users,
        "trust_email": trust_email,
        "groups_claim": groups_claim,
        "mappings": _mappings(team, role) or None,
        "scopes": scope or None,
        "audiences": audience or None,
        "scopes_to_permissions": _permissions(permit) or None,
        "api_url": api_url,
        "clock_skew": clock_skew,
        "enabled": enabled,
        "client_secret": _read_secret() if secret else None,
    }
    body = changes(said, clear or (), CLEARABLE)
    with Api() as api:
        answer = api.patch(f"/providers/{segment(provider)}", body)
    if as_json:
        return print_json(answer)
    changed = json_as(answer, Provider)
    line(f"Changed '{changed.slug}'. Next: gatehouse provider test {changed.slug}")


@app.command()
def remove(provider: Which, as_json: JsonFlag = False) -> None:
    """Remove one, with the memberships and roles that it gave. Users stay."""
    with Api() as api:
        api.delete(f"/providers/{segment(provider)}")
    print_json({"removed": provider}) if as_json else line(f"Removed '{provider}'.")


def team_mapping(text: str) -> dict[str, str]:
    """`GROUP=TEAM` or `GROUP=TEAM:owner`; raises `Misused`."""
    group, team = _split(text, "--team GROUP=TEAM[:owner]")
    team, _, belonging = team.partition(":")
    if belonging not in ("", "owner", "member"):
        raise Misused(f"'{belonging}' is not how one belongs to a team.", "Write owner or member behind the colon.")
    return {"value": group, "team": team, "team_role": belonging or "member"}


def role_mapping(text: str) -> dict[str, str]:
    """`GROUP=ROLE` or `GROUP=ROLE@TEAM`; raises `Misused`."""
    group, role = _split(text, "--role GROUP=ROLE[@TEAM]")
    role, _, team = role.partition("@")
    return {"value": group, "role": role, "scope": team or "*"}


def permission(text: str) -> tuple[str, str]:
    """`SCOPE=PERMISSION`; raises `Misused`."""
    scope, equals, permitted = text.rpartition("=")
    if not equals or not scope or not permitted:
        raise Misused(f"'{text}' does not say what a scope permits.", "Write it as --permit tools.run=server.use.")
    return scope, permitted


def _mappings(teams: Iterable[str] | None, roles: Iterable[str] | None) -> list[dict[str, str]]:
    return [*map(team_mapping, teams or ()), *map(role_mapping, roles or ())]


def _permissions(texts: Iterable[str] | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for scope, permitted in map(permission, texts or ()):
        found.setdefault(scope, []).append(permitted)
    return found


def _split(text: str, form: str) -> tuple[str, str]:
    """At the last `=`, since names of groups may have some, as in LDAP."""
    group, equals, given = text.rpartition("=")
    if not equals or not group or not given:
        raise Misused(f"'{text}' is not a mapping.", f"Write it as {form}.")
    return group, given


def _slugs(api: Api) -> dict[str, str]:
    """Of teams by their ids, by which mappings name them."""
    return {team.id: team.slug for team in (json_as(item, Team) for item in api.items("/teams"))}


def _mapping_row(provider: Provider, rule: Mapping, teams: dict[str, str]) -> tuple[object, ...]:
    return rule.claim or provider.groups_claim, rule.value, ", ".join(_given(rule, teams))


def _given(rule: Mapping, teams: dict[str, str]) -> Iterable[str]:
    if rule.team is not None:
        yield f"{rule.team_role} of {teams.get(rule.team, rule.team)}"
    if rule.role is not None:
        yield f"{rule.role} on {'all' if rule.scope == '*' else teams.get(rule.scope, rule.scope)}"


def _read_secret() -> str:
    """Never as an argument: those are seen by other users of the machine, and kept in histories."""
    if sys.stdin.isatty():
        return str(typer.prompt("Client secret", hide_input=True))
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise Misused("No client secret came on stdin.", "Pipe it in, as one line.")
    return secret

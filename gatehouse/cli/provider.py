"""`gatehouse provider`: identity providers, who vouch for people and issue access tokens."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import REFUSED, Misused
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, table
from gatehouse.cli.wire import Team

app = typer.Typer(help="Identity providers, for single sign-on.", no_args_is_help=True, add_completion=False)
Which = Annotated[str, typer.Argument(metavar="PROVIDER", help="Its slug or id.")]


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
    trust_email: bool = False
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
    issuer: Annotated[str, typer.Option(help="Its URL; a tenant for entra, a domain for okta.")] = "",
    client_id: Annotated[str, typer.Option(help="As which Gatehouse is registered there.")] = "",
    secret: Annotated[
        bool,
        typer.Option("--secret", help="Ask for the client secret, or read it from stdin where that is no terminal."),
    ] = False,
    slug: Annotated[str, typer.Option(help="Stands in addresses; made from the name if left out.")] = "",
    use: Annotated[
        list[str] | None, typer.Option(metavar="FOR", help="sign_in or access_tokens, or both; sign_in if left out.")
    ] = None,
    domain: Annotated[list[str] | None, typer.Option(help="Only addresses of this domain.")] = None,
    create_users: Annotated[
        bool | None, typer.Option("--create-users/--no-create-users", help="Make users of who signs in first.")
    ] = None,
    groups_claim: Annotated[str, typer.Option(metavar="CLAIM", help="Where the groups stand.")] = "",
    team: Annotated[
        list[str] | None, typer.Option(metavar="GROUP=TEAM[:owner]", help="Who is in the group belongs to the team.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(metavar="GROUP=ROLE[@TEAM]", help="Who is in the group has the role.")
    ] = None,
    audience: Annotated[
        list[str] | None, typer.Option(help="Of access tokens that are for all servers, besides our URL.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Add one. Then register the address that is printed with it, and try it."""
    told: dict[str, Any] = {
        "preset": preset,
        "issuer": issuer,
        "client_id": client_id,
        "slug": slug,
        "use_for": use,
        "allowed_domains": domain,
        "groups_claim": groups_claim,
        "mappings": [*map(team_mapping, team or []), *map(role_mapping, role or [])],
        "audiences": audience,
    }
    body = {"name": name} | {field: value for field, value in told.items() if value}
    body |= {} if create_users is None else {"create_users": create_users}
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

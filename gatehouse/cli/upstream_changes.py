"""`gatehouse upstream change` and `gatehouse agent change`: where they are, what they are shown, what is said of them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gatehouse.catalog.model import Transport
from gatehouse.catalog.transfer.clients import credential
from gatehouse.cli import pairs
from gatehouse.cli.add import is_url, offered, read_target
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.changes import Clearable, changes
from gatehouse.cli.output import JsonFlag, line, print_json
from gatehouse.cli.place import EnabledChange, TagsChange, TeamChange, VisibilityChange, clear_option
from gatehouse.cli.wire import Upstream

CLEARABLE: Clearable = {
    "credential": ("credential", None),
    "description": ("description", None),
    "env": ("env", None),
    "tags": ("tags", None),
    "team": ("team", None),
    "timeout": ("timeout", None),
}
AGENT_CLEARABLE: Clearable = {word: field for word, field in CLEARABLE.items() if word != "env"}
NewName = Annotated[str | None, typer.Option("--name", help="What to call it.")]
Headers = Annotated[
    list[str] | None, typer.Option("--header", "-H", help="Sent to its URL: 'Name: value'; in place of what was sent.")
]
Description = Annotated[str | None, typer.Option(help="What it is for.")]
Timeout = Annotated[float | None, typer.Option(metavar="SECONDS", help="How long a call may be without any sign.")]


def change(  # noqa: PLR0913 - each parameter is an option of the command
    upstream: Annotated[str, typer.Argument(metavar="UPSTREAM", help="Its name or id.")],
    target: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL | -- COMMAND ARG...]", help="Where it is now, or what starts it."),
    ] = None,
    name: NewName = None,
    transport: Annotated[Transport | None, typer.Option("--transport", "-t", help="How to speak to it.")] = None,
    header: Headers = None,
    env: Annotated[
        list[str] | None,
        typer.Option("--env", "-e", help="Set for a command: KEY=VALUE; all in place of those before."),
    ] = None,
    era: Annotated[str | None, typer.Option(help="What to speak: auto, legacy or modern.")] = None,
    share: Annotated[
        str | None, typer.Option(help="Who shares a session with it: auto, shared, user or session.")
    ] = None,
    timeout: Timeout = None,
    description: Description = None,
    tag: TagsChange = None,
    team: TeamChange = None,
    visibility: VisibilityChange = None,
    enabled: EnabledChange = None,
    clear: Annotated[list[str] | None, clear_option(*CLEARABLE)] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change where it is, its credential, and what is said of it. What is left out stays; then it is looked at."""
    said = {
        "name": name, "transport": transport, "credential": credential(pairs.headers(header or [])),
        "env": pairs.environment(env) if env else None, "era": era, "share": share, "timeout": timeout,
        "description": description, "tags": tag or None, "team": team, "visibility": visibility, "enabled": enabled,
    }  # fmt: skip
    body = changes(_moved(upstream, target, transport) | said, clear or (), CLEARABLE)
    with Api() as api:
        answer = api.patch(f"/upstreams/{segment(upstream)}", body)
    print_json(answer) if as_json else _show(json_as(answer, Upstream))


def change_agent(  # noqa: PLR0913 - each parameter is an option of the command
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Its name or id.")],
    name: NewName = None,
    url: Annotated[str | None, typer.Option(help="Where it is, or where its card is.")] = None,
    header: Headers = None,
    timeout: Timeout = None,
    description: Description = None,
    tag: TagsChange = None,
    team: TeamChange = None,
    visibility: VisibilityChange = None,
    enabled: EnabledChange = None,
    clear: Annotated[list[str] | None, clear_option(*AGENT_CLEARABLE)] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change where it is, its credential, and what is said of it. What is left out stays; then it is looked at."""
    said = {
        "name": name, "url": url, "credential": credential(pairs.headers(header or [])), "timeout": timeout,
        "description": description, "tags": tag or None, "team": team, "visibility": visibility, "enabled": enabled,
    }  # fmt: skip
    body = changes(said, clear or (), AGENT_CLEARABLE)
    with Api() as api:
        answer = api.patch(f"/agents/{segment(agent)}", body)
    print_json(answer) if as_json else _show(json_as(answer, Upstream))


def _moved(name: str, target: list[str] | None, transport: Transport | None) -> dict[str, Any]:
    """A URL in place of what it was, or a command; nothing where neither was given."""
    if not target:
        return {}
    body = read_target(name, target, transport or Transport.AUTO)
    if is_url(target):
        return {"url": body["url"]}
    return {"command": body["command"], "args": body["args"]}


def _show(upstream: Upstream) -> None:
    if not upstream.enabled:
        return line(f"Changed '{upstream.name}', which is switched off.")
    if upstream.status == "down":
        return line(f"Changed '{upstream.name}', but it can't be reached: {upstream.error or 'no reason given'}")
    if upstream.status == "sign_in":
        return line(f"Changed '{upstream.name}', which needs a sign-in: {upstream.error}")
    said = f": {offered(upstream.counts)}" if upstream.counts else ""
    line(f"Changed '{upstream.name}', which is {upstream.status}{said}.")

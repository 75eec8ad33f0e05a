"""`gatehouse add`: give Gatehouse an upstream."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from gatehouse.catalog.model import Transport
from gatehouse.catalog.transfer.clients import credential
from gatehouse.cli import pairs
from gatehouse.cli.api import Api, json_as
from gatehouse.cli.errors import Misused
from gatehouse.cli.output import JsonFlag, counted, line, print_json
from gatehouse.cli.wire import Duplicates, Upstream

app = typer.Typer(add_completion=False)
_LIKE_A_HOST = re.compile(r"(localhost|[\w-]+(\.[\w-]+)+)(:\d+)?(/.*)?")
_KINDS = {"tools": "tool", "prompts": "prompt", "resources": "resource", "resource_templates": "resource template"}


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    target: Annotated[
        list[str], typer.Argument(metavar="URL | -- COMMAND ARG...", help="Where it is, or what starts it.")
    ],
    transport: Annotated[Transport, typer.Option("--transport", "-t", help="How to speak to it.")] = Transport.AUTO,
    header: Annotated[list[str] | None, typer.Option("--header", "-H", help="Sent to a URL: 'Name: value'.")] = None,
    env: Annotated[list[str] | None, typer.Option("--env", "-e", help="Set for a command: KEY=VALUE.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Add an MCP server, and show what it offers."""
    body = read_target(name, target, transport) | _secrets(target, header or [], env or [])
    with Api() as api:
        answer = api.post("/upstreams", body)
    if as_json:
        print_json(answer)
    else:
        show_added(json_as(answer, Upstream))


def read_target(name: str, target: list[str], transport: Transport) -> dict[str, Any]:
    """The upstream that a name and a URL or command describe; raises `Misused`."""
    if is_url(target):
        if len(target) > 1:
            raise Misused(f"'{target[1]}' after the URL is not understood.", "Give one URL, or a command after --.")
        if transport is Transport.STDIO:
            raise Misused("A URL is not reached over stdio.", "Leave --transport out, or give a command after --.")
        return {"name": name, "url": target[0], "transport": transport.value}
    if transport in (Transport.HTTP, Transport.SSE):
        raise Misused(f"A command is not reached over {transport.value}.", "Leave --transport out, or give a URL.")
    if len(target) == 1 and _LIKE_A_HOST.fullmatch(target[0]) and not _is_program(target[0]):
        raise Misused(f"'{target[0]}' is neither a URL nor a program here.", f"For a URL, write https://{target[0]}.")
    return {"name": name, "command": target[0], "args": target[1:], "transport": Transport.STDIO.value}


def show_added(upstream: Upstream) -> None:
    """What was found, and what to do next."""
    if upstream.status == "down":
        line(f"Added '{upstream.name}', but it can't be reached: {upstream.error or 'no reason given'}")
        line(f"Correct what is wrong, then: gatehouse upstream refresh {upstream.name}")
        return
    if upstream.status == "sign_in":
        line(f"Added '{upstream.name}', which needs a sign-in: {upstream.error}")
        return
    line(f"Added '{upstream.name}' ({upstream.speaks}): {offered(upstream.counts)}.")
    for skipped in upstream.skipped:
        line(f"Left out {skipped.kind} '{skipped.name}': {skipped.reason}")
    for warning in upstream.warnings:
        line(f"Note: {warning}")
    if upstream.duplicates is not None and upstream.duplicates.count:
        line(alike(upstream.duplicates))
        line(f"See them: gatehouse duplicates --upstream {upstream.name}")
    line(f"Next: gatehouse server create my-tools --all-from {upstream.name}")


def offered(counts: dict[str, int]) -> str:
    """`3 tools and 1 prompt`, or that there is nothing."""
    parts = [counted(counts[key], noun) for key, noun in _KINDS.items() if counts.get(key)]
    return (
        " and ".join([", ".join(parts[:-1]), parts[-1]])
        if len(parts) > 1
        else parts[0]
        if parts
        else "it offers nothing"
    )


def alike(found: Duplicates) -> str:
    """`3 of its tools are like existing ones: create_issue in github and jira, ...`"""
    some = [f"{one.name} in {', '.join(sorted({like.upstream for like in one.like}))}" for one in found.examples]
    more = ", ..." if found.count > len(some) else "."
    noun = (
        "1 of its tools is like an existing one"
        if found.count == 1
        else f"{found.count} of its tools are like existing ones"
    )
    return f"{noun}: {'; '.join(some)}{more}"


def _secrets(target: list[str], header: list[str], env: list[str]) -> dict[str, Any]:
    if header and not is_url(target):
        raise Misused("-H is for URLs: a command gets no headers.", "Set variables with -e KEY=VALUE.")
    if env and is_url(target):
        raise Misused("-e is for commands: a URL has no environment.", "Send a header with -H 'Name: value'.")
    shown = credential(pairs.headers(header))
    return ({"credential": shown} if shown else {}) | ({"env": pairs.environment(env)} if env else {})


def is_url(target: list[str]) -> bool:
    """Whether it begins with a URL, and not with a command."""
    return target[0].startswith(("http://", "https://"))


def _is_program(word: str) -> bool:
    return shutil.which(word) is not None or Path(word).is_file()
